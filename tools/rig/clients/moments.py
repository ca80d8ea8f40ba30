"""Kills at random moments while changes are acknowledged, and checks that no acknowledged change is lost."""

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
"""Acknowledgements within this number of seconds before a kill are counted separately."""

QUIET_S: Final = 0.1
"""If a dead supervisor's socket has had no message for this time, all of its messages have arrived."""

TURN_MS: Final = 2

LATE_S: Final = 2.0
"""How long to wait for a reply after its deadline."""


def restart_settings(kills: int) -> dict[str, float]:
    """The `[restart]` section for a daemon with this number of kills: a sufficient budget, and short back-offs."""
    return {"budget": kills + 10, "max_delay_s": 0.05}


class Moment(NamedTuple):
    """One kill, and the state afterwards. Times are in seconds.

    Fields:
        acknowledged: the number of acknowledged changes since the previous kill.
        soon: how many changes were acknowledged in the last `SOON_S` before the kill.
        after: how many acknowledgements arrived after the kill.
        unanswered: the number of requests without a reply.
        losses: the acknowledged changes that are missing.
        unapplied: the torrents with changes that the engine has not applied in time.
        back_s: from the kill until everything was restored and applied. None if the run did not wait for the restore.
    """

    acknowledged: int
    soon: int
    after: int
    unanswered: int
    losses: list[str]
    unapplied: list[str]
    back_s: float | None


class Moments:
    """Runs mutators against a daemon, and kills it again and again.

    Args:
        daemon: a running daemon with a sufficient restart budget.
        target: the process to kill.
        chance: the random source for requests and for the time of kills.
    """

    def __init__(self, daemon: Daemon, target: Target, chance: random.Random, *, mutators: int = 4) -> None:
        limits = ["download_bps", "upload_bps", *[None] * mutators]
        self._daemon = daemon
        self._target = target
        self._chance = chance
        self._struck = 0
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self.mutators = [Mutator(f"mutator-{number}", chance, limit=limits[number]) for number in range(mutators)]

    def __enter__(self) -> Self:
        until(self._restored_by_successor_of(0), "an engine")
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disconnect()

    def strike(self) -> Moment:
        """Kills the target while changes are being acknowledged, and checks the state afterwards.

        After one kill in four the method does not wait for the restore. So the next kill hits an engine that is
        starting or restoring.
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
            self._disconnect()
            self._daemon.start()
            self._connect()
        losses = self._compare()
        unapplied, back_s = list[str](), None
        if self._chance.random() < 0.75:
            until(self._restored_by_successor_of(gen if self._target == "engine" else 0), "an engine")
            unapplied = self._not_applied()
            back_s = time.monotonic() - killed_at
        self._struck += 1
        return Moment(
            acknowledged=len(acknowledged) + len(after),
            soon=sum(1 for at in acknowledged if killed_at - at <= SOON_S),
            after=len(after),
            unanswered=unanswered,
            losses=losses,
            unapplied=unapplied,
            back_s=back_s,
        )

    def finish(self) -> tuple[list[str], list[str]]:
        """Waits for outstanding replies. Returns the losses, and all other problems.

        Other problems are unapplied changes, and engines that died by themselves.
        """
        self._listen(LATE_S, idle=True)
        losses, others = self._compare(), self._not_applied()
        deaths = self._daemon.client.health().engine.restarts - (self._struck if self._target == "engine" else 0)
        return losses, others + [f"{deaths} engines died by themselves"] * (deaths != 0)

    # -- requests: each method returns the times of acknowledgements ----------------------------------------------

    def _connect(self) -> None:
        self._context = zmq.Context()
        for mutator in self.mutators:
            mutator.connect(self._context, self._daemon.runtime_dir)

    def _disconnect(self) -> None:
        """Closes all sockets and waits until they are closed.

        Open sockets connect again, and send their unsent requests to the next supervisor. These requests could
        overwrite acknowledged changes, which would then count as lost.
        """
        for mutator in self.mutators:
            mutator.disconnect()
        if self._context is not None:
            self._context.term()  # sockets are closed in another thread

    def _talk(self, *, acknowledgements: int = 0, for_s: float = 0.0) -> list[float]:
        """Sends requests for at least `for_s`, and until this number of acknowledgements has arrived."""
        began, came = time.monotonic(), list[float]()
        while len(came) < acknowledgements or time.monotonic() < began + for_s:
            assert time.monotonic() < began + PATIENCE_S, "changes are acknowledged"
            for mutator in self.mutators:
                mutator.talk()
            came += self._hear()
        return came

    def _listen(self, patience_s: float, *, idle: bool = False) -> list[float]:
        """Reads replies until all requests are answered, or until no reply has arrived for `patience_s`.

        With `idle` it always waits until no reply has arrived for `patience_s`.
        """
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

    # -- checks ---------------------------------------------------------------------------------------------------

    def _compare(self) -> list[str]:
        """The acknowledged changes that are missing. Resets the ledgers to the actual state."""
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
        """The torrents with a desired state that the engine has not applied after a while."""
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
        """The result of `get_torrent` for each torrent. None for torrents that do not exist."""
        outcomes = self._daemon.client.request_many([("get_torrent", {"torrent": torrent}) for torrent in torrents])
        for outcome in outcomes:
            if isinstance(outcome, Exception) and "unknown_torrent" not in str(outcome):
                raise outcome
        return [None if isinstance(outcome, Exception) else outcome for outcome in outcomes]

    def _values(self, detail: dict[str, Any] | None) -> dict[str, Any] | None:
        """A torrent's values, by the names in the ledger."""
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
            "peers": frozenset(record.get("peers", [])),
        }

    def _engine(self) -> tuple[int, int] | None:
        """The pid and generation of the engine. None while there is no engine."""
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
