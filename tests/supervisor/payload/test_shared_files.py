import asyncio
from pathlib import Path

import pytest

from protocol.internal.link_commands import DropTorrent, VerifyTorrent
from protocol.internal.link_events import FilesRestored
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import Completed, FileEntry
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import TorrentState
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import do
from tests.supervisor.samples import OTHER, V1, desired, progress


async def settled(on: Bench) -> None:
    """Waits until reports are handled and files compared."""
    for _ in range(200):
        await on.turn()
    await asyncio.sleep(0.05)


def files(torrent: str, *paths: str) -> FilesRestored:
    """An engine's report about a torrent's files."""
    entries = [FileEntry(index, f"dir/{path}", 10, 4) for index, path in enumerate(paths)]
    return FilesRestored(
        torrent=torrent,
        metadata=KnownMetadata(name="dir", size=10 * len(paths), piece_length=16384, files=len(entries)),
        files=entries,
    )


async def two(on: Bench, other_path: str = "/data") -> None:
    """Two torrents with the same root folder."""
    for torrent, save_path in ((V1, "/data"), (OTHER, other_path)):
        record = desired(torrent, source="metainfo", magnet=None, name="dir", save_path=save_path)
        await on.catalogue.put(record)
        on.shared_files.added(torrent, [f"{save_path}/dir"])


async def test_files_that_another_torrent_uses_are_spared(tmp_path: Path) -> None:
    """By their indices, in the record, so that a restart does not matter."""
    async with bench(tmp_path) as on:
        await two(on)
        engine = await on.engine()
        await engine.tell(files(V1, "a", "shared", "b"), files(OTHER, "shared", "c"))
        await settled(on)
        await do(on, "remove_torrent", "applied", torrent=V1, delete_files=True)
        [forgotten] = await engine.given(DropTorrent)
        assert forgotten.desired.spared == (1,)
        on.shared_files.gone(V1)  # as the service does
        await do(on, "remove_torrent", "applied", torrent=OTHER, delete_files=True)
        assert (await engine.given(DropTorrent, 2))[1].desired.spared == ()


async def test_renamed_files_are_found_where_they_are(tmp_path: Path) -> None:
    """A torrent may have files in several folders then, also before an engine has reported them."""
    async with bench(tmp_path) as on:
        renames = ((0, "elsewhere/a"),)
        record = desired(V1, source="metainfo", magnet=None, name="dir", save_path="/data", renames=renames)
        await on.catalogue.put(record)
        await on.catalogue.put(desired(OTHER, source="metainfo", magnet=None, name="elsewhere", save_path="/data"))
        for each in on.catalogue.torrents.values():
            on.shared_files.appeared(each)
        assert on.shared_files.near(V1) == [OTHER]
        moved = [FileEntry(0, "elsewhere/a", 10, 4), FileEntry(1, "dir/b", 10, 4)]
        on.shared_files.files_known(V1, moved)
        assert on.shared_files.near(V1) == [OTHER]


async def test_all_is_spared_where_a_torrent_lies_whose_files_are_not_known(tmp_path: Path) -> None:
    """It may use any of them."""
    async with bench(tmp_path) as on:
        await two(on)
        engine = await on.engine()
        await engine.tell(files(V1, "a", "b"))
        await settled(on)
        await do(on, "remove_torrent", "applied", torrent=V1, delete_files=True)
        assert (await engine.given(DropTorrent))[0].desired.spared == (0, 1)


async def test_a_torrent_is_not_removed_with_files_that_are_not_known_yet(tmp_path: Path) -> None:
    """If others may use them. Without its files, or without a neighbour, it is removed."""
    async with bench(tmp_path) as on:
        await two(on)
        await on.engine()
        with pytest.raises(OuzelError) as refused:
            await do(on, "remove_torrent", "applied", torrent=V1, delete_files=True)
        assert (refused.value.kind, refused.value.field) == (ErrorKind.NO_METADATA, "args.delete_files")
        assert V1 in on.catalogue.torrents
        await do(on, "remove_torrent", "applied", torrent=V1)
    (tmp_path / "other").mkdir()
    async with bench(tmp_path / "other") as on:
        await two(on, other_path="/elsewhere")
        await on.engine()
        await do(on, "remove_torrent", "applied", torrent=V1, delete_files=True)


async def test_a_seed_is_verified_while_another_torrent_writes_its_files(tmp_path: Path) -> None:
    """Once a minute, and when the other is complete; an incomplete torrent is not verified."""
    async with bench(tmp_path) as on:
        await two(on)
        engine = await on.engine()
        await engine.tell(files(V1, "shared"), files(OTHER, "shared"))
        await engine.tell(progress(V1, TorrentState.SEEDING))
        on.snapshot.of(V1).state = TorrentState.SEEDING
        await settled(on)
        await engine.tell(*(progress(OTHER, downloaded=number) for number in range(1, 20)))
        assert await engine.given(VerifyTorrent) == [VerifyTorrent(torrent=V1, writer=OTHER)]
        await engine.tell(Completed(torrent=OTHER, bytes_done=10))
        await engine.given(VerifyTorrent, 2)
        on.snapshot.of(V1).state = TorrentState.DOWNLOADING
        await engine.tell(Completed(torrent=OTHER, bytes_done=10))
        await settled(on)
        assert len(await engine.given(VerifyTorrent, 2)) == 2


async def test_torrents_that_share_no_file_are_left_alone(tmp_path: Path) -> None:
    """Even if their folders have the same name; also after the other torrent is removed."""
    async with bench(tmp_path) as on:
        await two(on)
        engine = await on.engine()
        await engine.tell(files(V1, "a"), files(OTHER, "b"))
        on.snapshot.of(V1).state = TorrentState.SEEDING
        await settled(on)
        await engine.tell(Completed(torrent=OTHER, bytes_done=10))
        await engine.tell(files(OTHER, "a"))
        await settled(on)
        on.shared_files.gone(OTHER)
        await engine.tell(Completed(torrent=OTHER, bytes_done=10))
        await settled(on)
        assert not [command for command in engine.commands if isinstance(command, VerifyTorrent)]
