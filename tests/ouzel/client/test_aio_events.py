"""The asyncio event stream over real sockets."""

import asyncio
from pathlib import Path

import pytest

from ouzel import AsyncClient, NotRunning, Resnapshot
from tests.ouzel.samples import ID, OTHER, row
from tests.ouzel.scripted_daemon import ScriptedDaemon


def test_lost_events_are_fetched_and_given_in_their_place(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """As in the blocking stream."""

    async def main() -> None:
        async with AsyncClient(tmp_path, timeout_s=5) as client, client.events() as events:
            await asyncio.to_thread(daemon.wait_subscribed, b"lifecycle/")
            happened = [
                daemon.publish("error"),
                daemon.publish("completed", lost=True),
                daemon.publish("error_cleared"),
            ]
            assert [await anext(events) for _ in happened] == happened

    asyncio.run(main())


def test_async_for_alone_starts_the_stream(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """In its first iteration."""
    daemon.rows = {ID: row()}

    async def main() -> None:
        async with AsyncClient(tmp_path, timeout_s=5) as client:
            async for item in client.events(snapshot=True):
                assert isinstance(item, Resnapshot)
                break

    asyncio.run(main())


def test_a_stream_leaves_the_loop_to_other_tasks(daemon: ScriptedDaemon, tmp_path: Path) -> None:
    """While it waits, requests are made, and their events come by it."""
    daemon.answers["pause"] = lambda args: {"torrent": daemon.publish("state_changed", args["torrent"]).torrent}

    async def main() -> None:
        async with AsyncClient(tmp_path, timeout_s=5) as client, client.events(torrent=ID) as events:
            await events.follow(ID)
            await asyncio.to_thread(daemon.wait_subscribed, f"progress/{ID}".encode())
            async with asyncio.TaskGroup() as group:
                item = group.create_task(anext(events))
                group.create_task(client.pause(OTHER))
                group.create_task(client.pause(ID))
            assert item.result().torrent == ID  # type: ignore[union-attr]  # no Resnapshot: nothing was lost

    asyncio.run(main())


def test_without_a_daemon_there_is_no_stream(tmp_path: Path) -> None:
    """Neither at the start nor when the daemon falls silent."""

    async def main() -> None:
        async with AsyncClient(tmp_path) as client:
            with pytest.raises(NotRunning):
                await client.events().start()
            events = client.events(silence_s=0.2)
            with ScriptedDaemon(tmp_path):
                await events.start()
            with pytest.raises(NotRunning):
                await anext(events)
            events.close()
            with pytest.raises(StopAsyncIteration):
                await anext(events)

    asyncio.run(main())
