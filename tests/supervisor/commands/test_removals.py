import asyncio
from pathlib import Path

import pytest

from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentDropped
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands import removals
from tests.supervisor.bench import bench
from tests.supervisor.samples import OTHER, V1, desired


async def test_the_record_goes_last(tmp_path: Path) -> None:
    """Once the engine has released the torrent; other torrents are not affected."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="keep_files"))
        on.removals.forgotten(TorrentDropped(torrent=OTHER))
        on.removals.forgotten(TorrentDropped(torrent=V1))
        on.removals.forgotten(TorrentDropped(torrent=V1))  # an engine after it reports the same
        async with asyncio.timeout(2):
            while on.catalogue.leaving:  # the disk has a thread
                await on.turn()
        assert list((tmp_path / "resume").iterdir()) == []
        assert on.told() == []


async def test_files_that_are_still_there_are_told(tmp_path: Path) -> None:
    """With the cause; also if a torrent was quarantined before it could be loaded for the deletion."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="delete_files"))
        on.removals.forgotten(TorrentDropped(torrent=V1, problem="no permission", left=["/one/a"]))
        [(kind, data)] = on.told()
        assert (kind, data["name"], data["paths"]) == ("session_error", "files_not_deleted", ["/one/a"])
        assert "no permission" in data["message"]
        async with asyncio.timeout(2):
            while on.catalogue.leaving:  # the disk has a thread
                await on.turn()


async def test_a_record_that_cannot_be_deleted_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is deleted; this is logged once."""
    monkeypatch.setattr(removals, "AGAIN_S", 0.01)
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="keep_files"))
        drop, failures = on.catalogue.drop, [OuzelError(ErrorKind.STORAGE_UNAVAILABLE, "away") for _ in range(3)]

        async def fails_at_first(torrent: str) -> None:
            if failures:
                raise failures.pop()
            await drop(torrent)

        monkeypatch.setattr(on.catalogue, "drop", fails_at_first)
        on.removals.forgotten(TorrentDropped(torrent=V1))
        async with asyncio.timeout(2):
            while on.catalogue.leaving:  # noqa: ASYNC110  # the disk has a thread
                await asyncio.sleep(0.001)
        assert [line["event"] for line in on.logged].count("record_not_deleted") == 1


async def test_at_the_end_of_the_service_it_is_left_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next service lets its engine remove the torrent again."""
    async with bench(tmp_path) as on:
        await on.catalogue.put(desired(removal="keep_files"))

        async def fails(_: str) -> None:
            raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, "away")

        monkeypatch.setattr(on.catalogue, "drop", fails)
        on.removals.forgotten(TorrentDropped(torrent=V1))
        await on.turn()
        on.finished.set()
        async with asyncio.timeout(2):
            while on.removals._dropping:  # a task of its own
                await on.turn()
        assert V1 in on.catalogue.leaving
        engine = await on.engine(DropTorrent)
        await engine.given(DropTorrent)
