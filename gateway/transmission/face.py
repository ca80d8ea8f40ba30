"""What all methods use: the parts of the gateway, and functions that run calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gateway.context import Gateway
from gateway.mirror.mirror import Mirror
from gateway.mirror.torrent import Torrent
from gateway.transmission.arguments import Arguments
from gateway.transmission.details import Details
from gateway.transmission.failure import failure_of
from gateway.transmission.recency import Recency
from gateway.transmission.selection import selected
from ouzel.client.call import Call
from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import GlobalGoals, StatsReport
from protocol.wire.results import SettingList
from protocol.wire.session.group_results import GroupReport

T = TypeVar("T")
EVENTS_S: Final = 2.0
"""The maximum time until the mirror has an added or removed torrent."""


@dataclass
class Memory:
    """The last answers of the daemon.

    Fields:
        settings, goals, stats: the latest answers; None before the first answer.
        groups: the bandwidth groups in the latest answer.
    """

    settings: SettingList | None = None
    goals: GlobalGoals | None = None
    stats: StatsReport | None = None
    groups: Sequence[GroupReport] = ()


@dataclass(frozen=True)
class Face:
    """The parts that methods use.

    Fields:
        gateway: the running gateway.
        details: the files, peers, trackers and pieces of torrents.
        recency: the revision of a minute ago.
        memory: the last answers about the session.
        session_id: the id that clients send with each request.
        newest: whether the client uses JSON-RPC. The gateway tells this client the version 4.1.
    """

    gateway: Gateway
    details: Details
    recency: Recency
    memory: Memory
    session_id: str
    newest: bool = False

    @property
    def mirror(self) -> Mirror:
        """The last known state."""
        return self.gateway.mirror

    def since(self) -> int:
        """The mirror's revision of a minute ago."""
        return self.recency.revision(self.mirror.revision, time.monotonic())

    def torrents(self, arguments: Arguments) -> list[Torrent]:
        """The torrents in the argument `ids`."""
        return selected(self.mirror, self.gateway.store, arguments, self.since())

    def number_of(self, torrent: str) -> int:
        """The id of a torrent in the RPC; 0 if the torrent has no id yet."""
        try:
            return self.gateway.store.number_of(torrent)
        except KeyError:
            return 0

    async def run(self, call: Call[T]) -> T:
        """Runs a call. Raises Failure, or Unavailable."""
        try:
            return await self.gateway.daemon.run(call)
        except Refused as refused:
            raise failure_of(refused) from refused

    async def change(
        self, torrents: Iterable[Torrent], calls: Sequence[Call[Any]], harmless: Container[ErrorKind] = ()
    ) -> None:
        """Runs calls that change torrents, and reads the torrents again, so that later answers show the changes.

        Args:
            harmless: the refusals that do not count as a failure.

        Raises:
            Failure: the daemon refuses a call. All other calls take effect.
            Unavailable: the daemon or its engine is away.
        """
        ids = [torrent.row.torrent for torrent in torrents]
        try:
            outcomes = await self.gateway.daemon.run_many(calls)
        finally:
            self.details.drop(ids)
            await self.gateway.daemon.refresh(ids)
        for outcome in outcomes:
            if isinstance(outcome, Refused) and outcome.kind not in harmless:
                raise failure_of(outcome)

    async def admit(self, torrent: str) -> None:
        """Gives a number to an added torrent. Waits until the mirror has the torrent and its facts."""
        await self.gateway.store.number([torrent])
        await self._until(lambda: torrent in self.mirror.torrents)
        await self.gateway.daemon.refresh([torrent])

    async def dismiss(self, torrents: Iterable[Torrent]) -> None:
        """Waits until the mirror has dropped removed torrents."""
        ids = [torrent.row.torrent for torrent in torrents]
        await self._until(lambda: not any(each in self.mirror.torrents for each in ids))

    async def rename(self, torrent: Torrent, call: Call[Any]) -> None:
        """Runs a call that renames files. If an earlier rename is in progress, waits for its end, for a limited time.

        Raises:
            Failure: the daemon refuses the rename.
            Unavailable: the daemon or its engine is away.
        """
        deadline_s = time.monotonic() + EVENTS_S
        while True:
            try:
                await self.gateway.daemon.run(call)
            except Refused as refused:
                if refused.kind is not ErrorKind.TORRENT_MOVING or time.monotonic() > deadline_s:
                    raise failure_of(refused) from refused
                await asyncio.sleep(0.05)
            else:
                return

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Waits until a condition holds, for a limited time. During the wait, the event stream changes the mirror."""
        deadline_s = time.monotonic() + EVENTS_S
        while not holds() and time.monotonic() < deadline_s:  # noqa: ASYNC110  # the mirror is pure and has no event
            await asyncio.sleep(0.005)


Method = Callable[[Face, Arguments], Awaitable[dict[str, Any]]]
