"""Kills at random moments while changes are acknowledged, and whether each of these is there afterwards."""

import json
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Self

import zmq

from protocol.wire.rows import TorrentState
from tools.rig.clients.mutator import DEADLINE_MS, Mutator
from tools.rig.daemon import Daemon
from tools.rig.waiting import PATIENCE_S, until

Target = Literal["engine", "supervisor"]

SOON_S: Final = 0.01
"""Acknowledgements this shortly before a kill are counted."""

QUIET_S: Final = 0.1
"""After this long without a word from a dead supervisor, all that it had said has arrived."""

TURN_MS: Final = 2

LATE_S: Final = 2.0
"""How long after its deadline a reply is waited for."""


def restart_settings(kills: int) -> dict[str, float]:
    """The `[restart]` section of a daemon that is to be killed so often: a budget for it, and short back-offs."""
    return {"budget": kills + 10, "max_delay_s": 0.05}


class Moment(NamedTuple):
    """One kill, and what was there afterwards. Times in seconds.

    Fields:
        acknowledged: changes since the kill before.
        soon: of these, how many in the last `SOON_S` before the kill.
        after: of these, how many after it.
        unanswered: requests without a reply.
        losses: what was acknowledged and is not there.
        back_s: from the kill until everything was back and applied; None where that was not waited for.
    """

    acknowledged: int
    soon: int
    after: int
    unanswered: int
    losses: list[str]
    back_s: float | None


class Moments:
    """A daemon, some mutators on it, and one kill after the other.

    Args:
        daemon: running, with a restart budget for it.
        target: what is killed.
        chance: decides what is asked for, and when to kill.
    """

    def __init__(self, daemon: Daemon, target: Target, chance: random.Random, *, mutators: int = 4) -> None:
        limits = ["download_bps", "upload_bps", *[None] * mutators]
        self._daemon = daemon
        self._target = target
        self._chance = chance
        self._struck = 0
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.mutators = [Mutator(f"mutator-{number}", chance, limit=limits[number]) for number in range(mutators)]

    def __enter__(self) -> Self:
        until(self._restored_by_successor_of(0), "an engine")
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for mutator in self.mutators:
            mutator.disconnect()
        self._context.term()

    def strike(self) -> Moment:
        """Has changes acknowledged, kills in the midst of it, and looks what is there afterwards.

        One time in four that is all: the next kill then finds an engine that is just starting, or restoring.
        """
        pid, gen = until(self._engine, "an engine runs")
        acknowledged = self._talk(acknowledgements=self._chance.randint(1, 200))
        acknowledged += self._talk(for_s=self._chance.random() * 0.003)
        killed_at = time.monotonic()
        if self._target == "engine":
            os.kill(pid, signal.SIGKILL)
            after = self._talk(for_s=self._chance.random() * 0.03) + self._listen(DEADLINE_MS / 1000 + LATE_S)
        else:
            self._daemon.kill()
            after = self._listen(QUIET_S)
        unanswered = sum(mutator.waiting for mutator in self.mutators)
        if self._target == "supervisor":
            until(lambda: not Path(f"/proc/{pid}").exists(), "the engine is gone, too")
            self._daemon.start()
            self._connect()
        losses = self._compare()
        back_s = None
        if self._chance.random() < 0.75:
            until(self._restored_by_successor_of(gen if self._target == "engine" else 0), "an engine")
            losses += self._not_applied()
            back_s = time.monotonic() - killed_at
        self._struck += 1
        return Moment(
            acknowledged=len(acknowledged) + len(after),
            soon=sum(1 for at in acknowledged if killed_at - at <= SOON_S),
            after=len(after),
            unanswered=unanswered,
            losses=losses,
            back_s=back_s,
        )

    def finish(self) -> list[str]:
        """Waits for replies that nobody may get any more. What is wrong then, engines that died by themselves too."""
        self._listen(LATE_S, idle=True)
        wrong = self._compare() + self._not_applied()
        deaths = self._daemon.client.health().engine.restarts - (self._struck if self._target == "engine" else 0)
        return wrong + [f"{deaths} engines died by themselves"] * (deaths != 0)

    # -- talking: each returns when the acknowledgements came ------------------------------------------------------

    def _connect(self) -> None:
        for mutator in self.mutators:
            mutator.connect(self._context, self._daemon.runtime_dir)

    def _talk(self, *, acknowledgements: int = 0, for_s: float = 0.0) -> list[float]:
        """Asks and listens until there were as many acknowledgements, and for as long."""
        began, came = time.monotonic(), list[float]()
        while len(came) < acknowledgements or time.monotonic() < began + for_s:
            assert time.monotonic() < began + PATIENCE_S, "changes are acknowledged"
            for mutator in self.mutators:
                mutator.talk()
            came += self._hear()
        return came

    def _listen(self, patience_s: float, *, idle: bool = False) -> list[float]:
        """Listens until all is answered, or nothing was heard for so long; with `idle`, only the latter counts."""
        came, heard_at = list[float](), time.monotonic()
        while time.monotonic() < heard_at + patience_s and (idle or any(each.waiting for each in self.mutators)):
            answered = sum(mutator.answered for mutator in self.mutators)
            came += self._hear()
            if sum(mutator.answered for mutator in self.mutators) > answered:
                heard_at = time.monotonic()
        return came

    def _hear(self) -> list[float]:
        zmq.select([mutator.socket for mutator in self.mutators], [], [], timeout=TURN_MS / 1000)
        return [time.monotonic()] * sum(mutator.listen() for mutator in self.mutators)

    # -- looking --------------------------------------------------------------------------------------------------

    def _compare(self) -> list[str]:
        """What was acknowledged and is not there. From now on, what is there is what is owed."""
        losses = []
        torrents = [torrent for mutator in self.mutators for torrent in mutator.accounts]
        found = dict(zip(torrents, self._details(torrents), strict=True))
        losses += [
            f"torrent {torrent} is nobody's" for torrent in self._daemon.client.list_ids() if torrent not in found
        ]
        settings = self._daemon.client.request("snapshot", {"limit": 1})["settings"]
        for mutator in self.mutators:
            for torrent, account in mutator.accounts.items():
                values = self._values(found[torrent])
                losses += [f"torrent {torrent} {loss}" for loss in account.losses(values)]
                account.resolve(values)
            if mutator.limit is not None:
                if not mutator.session.allows(settings[mutator.limit]):
                    losses.append(f"{mutator.limit} is {settings[mutator.limit]}, not {mutator.session.settled}")
                mutator.session.resolve(settings[mutator.limit])
        return losses

    def _not_applied(self) -> list[str]:
        """The torrents that the engine does not do as is asked for, after it had a while."""
        torrents, wrong = list(self._daemon.client.list_ids()), list[str]()

        def applied() -> bool:
            details = zip(torrents, self._details(torrents), strict=True)
            wrong[:] = [f"torrent {torrent} is {_told(detail)}" for torrent, detail in details if not _applied(detail)]
            return not wrong

        try:
            until(applied, "everything is applied")
        except AssertionError:
            return wrong
        return []

    def _details(self, torrents: list[str]) -> list[dict[str, Any] | None]:
        """The result of `get_torrent` for each, None for those that are not there."""
        outcomes = self._daemon.client.request_many([("get_torrent", {"torrent": torrent}) for torrent in torrents])
        for outcome in outcomes:
            if isinstance(outcome, Exception) and "unknown_torrent" not in str(outcome):
                raise outcome
        return [None if isinstance(outcome, Exception) else outcome for outcome in outcomes]

    def _values(self, detail: dict[str, Any] | None) -> dict[str, Any] | None:
        """A torrent's values by the names that a ledger has for them."""
        if detail is None:
            return None
        record = json.loads((self._daemon.resume_dir / f"{detail['torrent']}.json").read_bytes())
        return {
            "paused": detail["paused"],
            "sequential": detail["sequential"],
            "download_bps": detail["download_limit_bps"],
            "upload_bps": detail["upload_limit_bps"],
            "include": detail["rules"]["include"],
            "priorities": detail["priorities"],
            "labels": detail["labels"],
            "peers": frozenset(record["peers"]),
        }

    def _engine(self) -> tuple[int, int] | None:
        """Pid and generation of the engine, None while there is none."""
        engine = self._daemon.client.health().engine
        return None if engine.pid is None else (engine.pid, engine.gen)

    def _restored_by_successor_of(self, gen: int) -> Callable[[], bool]:
        def back() -> bool:
            health = self._daemon.client.health()
            restored = health.restore.done == health.restore.total
            return restored and health.engine.gen > gen and health.engine.state == "running"

        return back


def _applied(detail: dict[str, Any] | None) -> bool:
    return (
        detail is not None
        and detail["applied_revision"] == detail["revision"]
        and detail["error"] is None
        and detail["state"] not in (TorrentState.QUEUED, TorrentState.CHECKING, TorrentState.ERROR)
        and (detail["state"] == TorrentState.PAUSED) == detail["paused"]
    )


def _told(detail: dict[str, Any] | None) -> str:
    names = ("state", "paused", "error", "revision", "applied_revision")
    return "gone" if detail is None else ", ".join(f"{name} {detail[name]}" for name in names)
