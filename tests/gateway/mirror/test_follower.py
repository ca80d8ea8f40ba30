"""How the mirror is kept up to date, with a fake daemon."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from types import SimpleNamespace
from typing import Any, cast

from gateway.mirror.follower import Follower
from gateway.mirror.mirror import Mirror
from tests.ouzel import samples


class FakeEvents:
    """A stream with a snapshot and nothing else."""

    async def start(self) -> None:
        """Does nothing."""

    async def __aenter__(self) -> "FakeEvents":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield samples.resnapshot(samples.row())
        await asyncio.Event().wait()


class FakeClient:
    """Answers all that is polled."""

    def events(self, **_: Any) -> FakeEvents:
        """The stream."""
        return FakeEvents()

    async def run(self, call: Any) -> Any:
        """The reports."""
        await asyncio.sleep(0)
        reports = {"list_categories": [], "health": samples.health(), "stats": samples.stats()}
        return reports.get(call.op, SimpleNamespace(counters={"peer.connected": 1}))


def test_once_there_are_torrents_the_state_of_the_service_is_known() -> None:
    """Otherwise `sync/maindata` is 503 for another second, which some clients take for a forbidden login."""
    mirror = Mirror()

    async def admit(_: Iterable[str]) -> None:
        pass

    async def follow() -> None:
        following = asyncio.create_task(Follower(cast(Any, FakeClient()), mirror, admit).run())
        while not mirror.ready:  # noqa: ASYNC110  # no event says so
            await asyncio.sleep(0)
        following.cancel()

    asyncio.run(asyncio.wait_for(follow(), 10))
    assert mirror.stats == samples.stats()
    assert mirror.counters
