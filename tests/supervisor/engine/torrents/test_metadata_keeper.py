"""Learned metadata is written, one record after the other; if a write fails, it is learned again."""

import asyncio
from typing import Any

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.metadata import KnownMetadata
from supervisor.engine.torrents.metadata_keeper import MetadataKeeper


class Log:
    """Stores warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, event: str, **what: Any) -> None:
        """Stores one warning."""
        self.warnings.append(f"{event} {what['torrent']}")


def metadata(name: str) -> KnownMetadata:
    """Some metadata."""
    return KnownMetadata(name=name, size=1, piece_length=16384, files=1)


async def test_the_latest_of_each_torrent_is_written_and_one_that_fails_is_passed_over() -> None:
    """And it continues after it was idle."""
    written: list[tuple[str, str]] = []
    log: Any = Log()

    async def keep(torrent: str, found: KnownMetadata) -> None:
        await asyncio.sleep(0)
        if torrent == "b":
            raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, "the disk is full")
        written.append((torrent, found.name))

    async with asyncio.TaskGroup() as group:
        keeper = MetadataKeeper(group=group, keep=keep, log=log)
        keeper.learn("a", metadata("old"))
        keeper.learn("b", metadata("b"))
        keeper.learn("a", metadata("a"))
    async with asyncio.TaskGroup() as group:
        keeper = MetadataKeeper(group=group, keep=keep, log=log)
        keeper.learn("c", metadata("c"))
        for _ in range(5):
            await asyncio.sleep(0)
        keeper.learn("c", metadata("again"))
    assert written == [("a", "a"), ("c", "c"), ("c", "again")]
    assert log.warnings == ["metadata_not_kept b"]
