"""Isolation: detects torrents that crash the engine, and holds suspects back.

This is the shell of the machine `supervisor.engine.poison.poison`. The isolation tracks which torrents the running
engine was sent, and when the engine is calm. Convicted torrents are quarantined durably. `health` reports held-back
torrents.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from protocol.internal.flight_recorder import Flight
from protocol.wire.desired import Quarantine
from protocol.wire.events.torrent_events import StateChanged
from supervisor.engine.facts import Convicted, Problem
from supervisor.engine.poison import blame, poison
from supervisor.engine.poison.poison import CALM_MAX_S, FEW, Case, Convict, Excuse, Load
from supervisor.engine.process.child import Death
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.log import logs
from supervisor.log.short_name import short_name

TOLD_PER_TURN: Final = 100
"""The number of held-back torrents with a state that is published in one iteration of the loop."""

_OUTLOOK: Final = "the others are loaded automatically then"


class Isolation:
    """Decides which torrents may be loaded, and evaluates crashes.

    Args:
        torrents: the records of the slot.
        load: sends the running engine all admitted torrents that are not loaded yet.
        emit: called with these facts: state changes of held-back torrents, the problem for `health`, and convictions.
    """

    def __init__(
        self,
        *,
        torrents: OwnTorrents,
        snapshot: Snapshot,
        load: Callable[[], None],
        emit: Callable[[StateChanged | Problem | Convicted], None],
        log: logs.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = torrents
        self._snapshot = snapshot
        self._load = load
        self._emit = emit
        self._log = log
        self._clock = clock
        self._case = Case()
        self._given: dict[str, None] = {}
        self._given_at = self._quiet_since = self._ready_at = self._clock()
        self._verdicts: dict[str, Quarantine] = {}
        """The quarantines that are not durable yet, by torrent."""
        self._writing: set[str] = set()
        self._last_crash = ""
        self._last_report: str | None = None
        for torrent, desired in torrents.torrents.items():
            if desired.quarantine is not None:
                snapshot.quarantined(torrent, desired.quarantine.reason)

    # -- what may be loaded ---------------------------------------------------------------------------------------

    def admits(self, torrent: str) -> bool:
        """Whether a torrent may be loaded now."""
        if torrent in self._verdicts or not self._case.admits(torrent):
            return False
        desired = self._own.torrents.get(torrent) or self._own.leaving.get(torrent)
        return desired is None or desired.quarantine is None

    def admit(self, torrent: str) -> bool:
        """Whether a torrent may be loaded now.

        If so, notes the torrent as sent, and the caller must send the torrent.
        """
        if torrent in self._given:
            return True
        if not self.admits(torrent):
            return False
        self._given[torrent] = None
        self._given_at = self._quiet_since = self._clock()
        return True

    # -- evidence -------------------------------------------------------------------------------------------------

    def engine_spawned(self) -> None:
        """Notes that a new engine was started. It has no torrents yet."""
        self._given = {}

    def engine_ready(self) -> None:
        """Notes that a new engine is ready. Its torrents are sent next."""
        self._given = {}
        self._given_at = self._quiet_since = self._ready_at = self._clock()

    def excuses(
        self, death: Death, told: str, flight: Flight, *, killed_by_us: bool, shortage: bool, report: str | None = None
    ) -> bool:
        """Examines a death of the engine.

        Returns whether the death was part of the search for a poison torrent. Such a death does not count as a crash.

        Args:
            told: the description of the death.
            flight: the operations in flight.
            report: the name of the crash report.
            killed_by_us, shortage: the arguments of `supervisor.engine.poison.blame.may_be_a_torrents`.
        """
        loaded, self._given = tuple(self._given), {}
        blamed = blame.may_be_a_torrents(
            exit_code=death.exit_code, signal=death.signal, killed_by_us=killed_by_us, shortage=shortage
        )
        if not blamed or blame.over_a_source(flight):
            return False
        self._last_crash, self._last_report = told, report
        in_flight = blame.suspects(flight, FEW)
        age_s = self._clock() - self._ready_at
        excused = self._take(poison.Crashed(loaded, in_flight, age_s))
        self._log.warning(
            "crash_examined",
            loaded=len(loaded),
            in_flight=in_flight,
            names=[self._name(torrent) for torrent in in_flight],
            phase=self._case.phase.value,
            testing=len(self._case.testing),
            accused=self._case.accused + self._case.presumed,
        )
        asyncio.get_running_loop().call_soon(self._tell_waiting, self._held())  # called once `EngineLost` is published
        return excused

    def _name(self, torrent: str) -> str:
        desired = self._own.torrents.get(torrent)
        return "" if desired is None else short_name(self._snapshot.name(desired))

    def tick(self, *, restored: bool) -> None:
        """Checks whether the engine is calm, and repeats pending convictions.

        Call `tick` every second while the engine is ready.

        Args:
            restored: whether the engine has confirmed all sent torrents.
        """
        now = self._clock()
        if not restored and now - self._given_at < CALM_MAX_S:
            self._quiet_since = now
        if self._case.needs_calm and now - self._quiet_since >= self._case.calm_s:
            self._take(poison.Calmed(tuple(self._candidates())))
        for torrent in self._verdicts.keys() - self._writing:
            self._tell_convicted(torrent)

    def discard(self, torrent: str) -> None:
        """Drops the evidence against a torrent that was removed, or released from quarantine."""
        self._verdicts.pop(torrent, None)
        self._given.pop(torrent, None)
        self._take(poison.Cleared(torrent))

    def _take(self, event: poison.Input) -> bool:
        """Feeds an input to the machine, and performs its actions. Returns whether a crash is excused."""
        self._case, actions = poison.step(self._case, event, self._clock())
        for action in actions:
            if isinstance(action, Convict):
                self._convict(action.torrent)
        if any(isinstance(action, Load) for action in actions):
            self._given_at = self._quiet_since = self._clock()
            self._load()
        waiting = len(self._held())
        who = "1 torrent is" if waiting == 1 else f"{waiting} torrents are"
        problem = f"{who} held back to find the one that crashes the engine; {_OUTLOOK}" if waiting else None
        self._emit(Problem("bisection", problem))
        return any(isinstance(action, Excuse) for action in actions)

    def _candidates(self) -> list[str]:
        """All torrents outside quarantine. Torrents that are being removed come last."""
        return [
            torrent
            for records in (self._own.torrents, self._own.leaving)
            for torrent, desired in records.items()
            if desired.quarantine is None and torrent not in self._verdicts
        ]

    def _held(self) -> list[str]:
        """The held-back torrents that are not in quarantine."""
        if self._case.phase is poison.Phase.WATCHING:
            return []
        return [torrent for torrent in self._candidates() if not self._case.admits(torrent)]

    # -- consequences ---------------------------------------------------------------------------------------------

    def _convict(self, torrent: str) -> None:
        reason = f"it crashes the engine ({self._last_crash}), so it is not loaded; `ouzel release` has it tried again"
        since_us = time.time_ns() // 1000
        self._verdicts[torrent] = Quarantine(reason=reason, since_us=since_us, crash_report=self._last_report)
        self._tell_convicted(torrent)

    def _tell_convicted(self, torrent: str) -> None:
        self._writing.add(torrent)
        self._emit(Convicted(torrent, self._verdicts[torrent]))

    def durable(self, torrent: str, problem: str | None = None) -> None:
        """Notes that a quarantine is durable.

        If `problem` is given, the quarantine is not durable. The next tick requests the quarantine again.
        """
        self._writing.discard(torrent)
        if problem is None:
            self._verdicts.pop(torrent, None)
        else:
            self._log.warning("quarantine_not_durable", torrent=torrent, problem=problem)

    def _tell_waiting(self, torrents: list[str]) -> None:
        """Publishes that torrents are held back. Each iteration of the loop publishes TOLD_PER_TURN of these events."""
        for torrent in torrents[:TOLD_PER_TURN]:
            if torrent in self._own.torrents and not self.admits(torrent):
                for event in self._snapshot.queued(torrent):
                    self._emit(event)
        if len(torrents) > TOLD_PER_TURN:
            asyncio.get_running_loop().call_soon(partial(self._tell_waiting, torrents[TOLD_PER_TURN:]))
