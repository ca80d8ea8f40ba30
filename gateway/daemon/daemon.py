"""Sends requests of the faces to the daemon."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.call import Call
from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind, OuzelError

T = TypeVar("T")

AWAY: Final = frozenset(
    {
        ErrorKind.DEADLINE_EXCEEDED,
        ErrorKind.ENGINE_LOST,
        ErrorKind.ENGINE_UNAVAILABLE,
        ErrorKind.STOPPING,
        ErrorKind.STORAGE_UNAVAILABLE,
        ErrorKind.TOO_MANY_IN_FLIGHT,
    }
)
"""The errors with a cause outside of the request. The same request may succeed later."""
RETRY_AFTER_S: Final = 5
PING_MS: Final = 500


class Unavailable(Exception):
    """The daemon or its engine cannot answer now.

    Fields:
        message: a sentence for people.
        retry_after_s: the seconds after which a client should try again.
    """

    def __init__(self, message: str, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class Daemon:
    """Sends requests to the daemon. All faces share one object.

    Fields:
        client: the client of the wire.
        mirror: the last known state.
    """

    def __init__(self, client: AsyncClient, mirror: Mirror, follower: Follower) -> None:
        self.client = client
        self.mirror = mirror
        self._follower = follower

    async def run(self, call: Call[T], *, deadline_ms: int | None = None) -> T:
        """Runs a call.

        Raises:
            Unavailable: the daemon or its engine is away.
            Refused: the daemon refuses the command.
        """
        try:
            await self._knock()
            return await self.client.run(call, deadline_ms=deadline_ms)
        except OuzelError as error:
            raise translated(error) from error

    async def run_many(self, batch: Sequence[Call[T]]) -> list[T | Refused]:
        """Runs several calls at the same time. Raises Unavailable if the daemon or its engine is away."""
        try:
            await self._knock()
            outcomes = await self.client.run_many(batch)
        except OuzelError as error:
            raise translated(error) from error
        found: list[T | Refused] = []
        for each in outcomes:
            if isinstance(each, OuzelError):
                problem = translated(each)
                if not isinstance(problem, Refused):
                    raise problem
                found.append(problem)
            else:
                found.append(each)
        return found

    async def refresh(self, torrents: Iterable[str]) -> None:
        """Reads torrents again, so that the next answer shows their changes. Does nothing if the daemon is away."""
        if self.mirror.away:
            return
        try:
            await self._follower.refresh(torrents)
        except OuzelError:
            return

    async def _knock(self) -> None:
        """Fails early if the daemon is known to be away: the call itself would wait for its whole deadline."""
        if self.mirror.away:
            await self.client.run(calls.ping(), deadline_ms=PING_MS)

    async def refresh_categories(self) -> None:
        """Reads the categories again. Does nothing if the daemon is away."""
        try:
            await self._follower.refresh_categories()
        except OuzelError:
            return


def translated(error: OuzelError) -> Unavailable | Refused:
    """Returns `Unavailable` for the errors in `AWAY`. Returns `Refused` for all other errors."""
    if isinstance(error, Refused) and error.kind not in AWAY:
        return error
    return Unavailable(error.message, max(1, (error.retry_after_ms or RETRY_AFTER_S * 1000) // 1000))
