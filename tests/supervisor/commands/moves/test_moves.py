"""Moves in the supervisor: what is accepted, stored, sent to the engine and published; tests play the engine."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocol.internal.link_commands import EnsureTorrent
from protocol.internal.link_events import FilesRestored
from protocol.internal.move_events import MoveCopied, MoveEnded, MoveProgress
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import FileEntry, StateChanged
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import Moving, TorrentState
from tests.supervisor.bench import Bench, bench
from tests.supervisor.commands.test_mutations import MAGNET, do, on_disk, refused
from tests.supervisor.samples import V1, desired


async def added(on: Bench, **more: Any) -> DesiredTorrent:
    """Adds a torrent, with two files that the engine has reported."""
    await do(on, "add_torrent", magnet=MAGNET, save_path=str(on.directory / "one"), **more)
    return on.catalogue.torrents[V1]


def files(torrent: str = V1, *paths: str) -> FilesRestored:
    """An engine's report on a torrent's files."""
    entries = [FileEntry(index, path, 5, 4) for index, path in enumerate(paths or ("set/a", "set/sub/b"))]
    return FilesRestored(
        torrent=torrent,
        metadata=KnownMetadata(name="set", size=10, piece_length=16, files=len(entries), pieces=1),
        files=entries,
    )


async def until(on: Bench, condition: Any) -> None:
    """Waits until something has happened."""
    async with asyncio.timeout(5):
        while not condition():
            await on.turn()


def published(on: Bench, kind: str) -> list[dict[str, Any]]:
    """The data of the published events of a type."""
    return [data for name, data in on.told() if name == kind]


async def test_a_move_is_stored_phase_by_phase(tmp_path: Path) -> None:
    """The save path changes with the last phase, and then `storage_moved` is published."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        before = await added(on)
        target = tmp_path / "two/new/place"
        await do(on, "move_storage", torrent=V1, save_path=str(target))
        move = on.catalogue.torrents[V1].move
        assert move is not None
        assert (move.save_path, move.made, move.phase) == (str(target), str(tmp_path / "two/new"), "copying")
        assert on_disk(on)["move"]["save_path"] == str(target)
        assert on.snapshot.row(on.catalogue.torrents[V1], 0).moving == Moving(save_path=str(target), progress=0.0)
        await engine.tell(MoveProgress(torrent=V1, done=1, total=4))
        quarter = Moving(save_path=str(target), progress=0.25)
        await until(on, lambda: on.snapshot.row(on.catalogue.torrents[V1], 0).moving == quarter)
        row = on.snapshot.row(on.catalogue.torrents[V1], 0)
        assert (row.save_path, row.state) == (before.save_path, TorrentState.QUEUED)
        await on.mutations.learn(MoveCopied(torrent=V1, move=move))
        await until(on, lambda: on_disk(on)["move"]["phase"] == "placing")
        placing = on.catalogue.torrents[V1].move
        assert placing is not None
        assert (await engine.given(EnsureTorrent, 3))[-1].desired.move == placing
        await on.mutations.learn(MoveCopied(torrent=V1, move=move))  # again: the present state is sent
        assert (await engine.given(EnsureTorrent, 4))[-1].desired.move == placing
        await on.mutations.learn(MoveEnded(torrent=V1, move=placing))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        after = on.catalogue.torrents[V1]
        assert (after.save_path, after.revision) == (str(target), before.revision + 3)
        assert on_disk(on)["save_path"] == str(target)
        assert (await engine.given(EnsureTorrent, 5))[-1].desired == after
        assert [each["save_path"] for each in published(on, "storage_moved")] == [str(target)]
        assert on.snapshot.row(after, 0).moving is None


async def test_a_move_is_cancelled(tmp_path: Path) -> None:
    """Only while the files are copied. Until it is undone, no other move is accepted; the same one is no other."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = await added(on)
        await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        again = await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        assert again == {"torrent": V1}
        assert on.catalogue.torrents[V1].revision == before.revision + 1
        await do(on, "move_storage", torrent=V1, save_path=before.save_path)
        undoing = on.catalogue.torrents[V1].move
        assert undoing is not None
        assert undoing.phase == "undoing"
        assert on.snapshot.row(on.catalogue.torrents[V1], 0).moving is None
        error = await refused(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        assert error.kind is ErrorKind.TORRENT_MOVING
        error = await refused(on, "remove_torrent", torrent=V1)
        assert error.kind is ErrorKind.TORRENT_MOVING
        await on.mutations.learn(MoveEnded(torrent=V1, move=undoing))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        assert on.catalogue.torrents[V1].save_path == before.save_path
        assert published(on, "storage_moved") == []


async def test_a_move_that_is_about_to_be_complete_cannot_be_cancelled(tmp_path: Path) -> None:
    """The originals may be deleted already."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = await added(on)
        await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        move = on.catalogue.torrents[V1].move
        assert move is not None
        await on.mutations.learn(MoveCopied(torrent=V1, move=move))
        await until(on, lambda: on.catalogue.torrents[V1].move != move)
        error = await refused(on, "move_storage", torrent=V1, save_path=before.save_path)
        assert error.kind is ErrorKind.TORRENT_MOVING


async def test_a_failed_move_is_published(tmp_path: Path) -> None:
    """And the torrent goes on at its present place."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = await added(on)
        await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        move = on.catalogue.torrents[V1].move
        assert move is not None
        await on.mutations.learn(MoveEnded(torrent=V1, move=move, problem="'/x' exists already"))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        assert on.catalogue.torrents[V1].save_path == before.save_path
        (told,) = published(on, "session_error")
        assert told["name"] == "move_failed"
        assert V1 in told["message"]
        assert "'/x' exists already" in told["message"]


async def test_files_are_renamed(tmp_path: Path) -> None:
    """The new paths are in the record once they are in force."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        error = await refused(on, "rename_file", torrent=V1, index=0, path="x")
        assert error.kind is ErrorKind.NO_METADATA
        await engine.tell(files())
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        await do(on, "rename_folder", torrent=V1, path="set", new_path="x")
        move = on.catalogue.torrents[V1].move
        assert move is not None
        assert move.renames == ((0, "x/a"), (1, "x/sub/b"))
        assert on.snapshot.row(on.catalogue.torrents[V1], 0).moving is None
        placing = StorageMove(save_path=move.save_path, mount_point=move.mount_point, renames=move.renames)
        await on.mutations.learn(MoveCopied(torrent=V1, move=placing))
        await until(on, lambda: on.catalogue.torrents[V1].move != move)
        last = on.catalogue.torrents[V1].move
        assert last is not None
        await on.mutations.learn(MoveEnded(torrent=V1, move=last))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        assert on.catalogue.torrents[V1].renames == ((0, "x/a"), (1, "x/sub/b"))
        [told] = published(on, "files_renamed")
        assert (told["files"], told["content"]) == ({"0": "x/a", "1": "x/sub/b"}, "x")
        assert on_disk(on)["metadata"]["root"] == "x"
        assert on.snapshot.row(on.catalogue.torrents[V1], 0).content == "x"


async def complete(on: Bench, torrent: str = V1) -> None:
    """Ends a move, as an engine reports it. No engine has listed the files since."""
    move = on.catalogue.torrents[torrent].move
    assert move is not None
    await on.mutations.learn(MoveCopied(torrent=torrent, move=move))
    placing = on.catalogue.torrents[torrent].move
    assert placing is not None
    await on.mutations.learn(MoveEnded(torrent=torrent, move=placing))


def listed(on: Bench) -> list[str]:
    """The paths of the files as clients see them."""
    return [row.path for row in on.snapshot.files(V1) or ()]


async def test_renames_begin_with_the_names_in_the_record(tmp_path: Path) -> None:
    """Not with those that an engine has listed, also if it lists its old names again. None of the names is lost."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await engine.tell(files())
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        await do(on, "rename_file", torrent=V1, index=0, path="set/c")
        await complete(on)
        assert listed(on) == ["set/c", "set/sub/b"]
        on.observer.handle(files())
        assert listed(on) == ["set/c", "set/sub/b"]
        await do(on, "rename_folder", torrent=V1, path="set", new_path="x")
        await complete(on)
        await do(on, "rename_file", torrent=V1, index=1, path="x/sub/d")
        await complete(on)
        await do(on, "rename_file", torrent=V1, index=1, path="set/a")  # which is free by now
        await complete(on)
        assert on.catalogue.torrents[V1].renames == ((0, "x/c"), (1, "set/a"))
        assert listed(on) == ["x/c", "set/a"]
        assert [row.torrent_path for row in on.snapshot.files(V1) or ()] == ["set/a", "set/sub/b"]
        (tmp_path / "two/x").mkdir(parents=True)
        (tmp_path / "two/x/c").touch()
        error = await refused(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        assert (error.kind, error.field) == (ErrorKind.FILE_EXISTS, "args.save_path")


async def test_renames_by_two_clients_at_once(tmp_path: Path) -> None:
    """One of them is refused until the other one is complete. Then it begins with the new names."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await engine.tell(files())
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        both = [
            do(on, "rename_file", torrent=V1, index=0, path="set/c"),
            do(on, "rename_folder", torrent=V1, path="set", new_path="x"),
        ]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        (caught,) = [each for each in outcomes if isinstance(each, OuzelError)]
        assert caught.kind is ErrorKind.TORRENT_MOVING
        await complete(on)
        if outcomes[0] is caught:
            await do(on, "rename_file", torrent=V1, index=0, path="x/c")
        else:
            await do(on, "rename_folder", torrent=V1, path="set", new_path="x")
        await complete(on)
        assert on.catalogue.torrents[V1].renames == ((0, "x/c"), (1, "x/sub/b"))


async def test_a_folder_is_renamed_during_an_outage_of_the_engine(tmp_path: Path) -> None:
    """The move waits in the record for the next engine."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await engine.tell(files())
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        await do(on, "rename_file", torrent=V1, index=0, path="set/c")
        await complete(on)
        await on.lose_engine()
        await do(on, "rename_folder", torrent=V1, path="set", new_path="x")
        assert on_disk(on)["move"]["renames"] == ((0, "x/c"), (1, "x/sub/b"))


async def test_what_cannot_be_moved(tmp_path: Path) -> None:
    """A torrent whose storage is missing, in quarantine, or unknown; a path outside the roots."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        error = await refused(on, "move_storage", torrent=V1, save_path="/elsewhere")
        assert (error.kind, error.field) == (ErrorKind.PATH_NOT_ALLOWED, "args.save_path")
        error = await refused(on, "move_storage", torrent="e" * 40, save_path=str(tmp_path / "two"))
        assert error.kind is ErrorKind.UNKNOWN_TORRENT
        state = TorrentState.MISSING_STORAGE
        await engine.tell(StateChanged(torrent=V1, state=state, previous=TorrentState.QUEUED))
        await until(on, lambda: on.snapshot.of(V1).state is state)
        error = await refused(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        assert error.kind is ErrorKind.STORAGE_MISSING


async def test_files_of_two_torrents(tmp_path: Path) -> None:
    """Neither is moved, whether they share files at the present place, or would at the new one."""
    other = "e" * 40
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await do(on, "add_torrent", magnet=MAGNET.replace(V1, other), save_path=str(tmp_path / "two"))
        await engine.tell(files(), files(other))
        await until(on, lambda: on.snapshot.of(other).metadata is not None)
        on.shared_files.files_known(V1, files().files)
        on.shared_files.files_known(other, files().files)
        with pytest.raises(OuzelError) as caught:
            await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        assert caught.value.kind is ErrorKind.FILES_SHARED
        assert other in caught.value.message


async def test_two_moves_to_the_same_paths(tmp_path: Path) -> None:
    """One of them is refused, even if both come at the same time."""
    other = "e" * 40
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await do(on, "add_torrent", magnet=MAGNET.replace(V1, other), save_path=str(tmp_path / "two"))
        await engine.tell(files(), files(other))
        await until(on, lambda: on.snapshot.of(other).metadata is not None)
        target = str(tmp_path / "two/n")
        both = [do(on, "move_storage", torrent=each, save_path=target) for each in (V1, other)]
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        (caught,) = [each for each in outcomes if isinstance(each, OuzelError)]
        assert caught.kind is ErrorKind.FILES_SHARED
        moving, still = (V1, other) if on.catalogue.torrents[other].move is None else (other, V1)
        assert on.catalogue.torrents[still].move is None
        assert await on.shared_files.users_of(still, [f"{target}/set/a"]) == [moving]
        assert await on.shared_files.users_of(still, [f"{target}/set/z"]) == []


async def test_a_torrent_that_is_added_at_the_target_of_a_move(tmp_path: Path) -> None:
    """It shares the files, whether they get another save path or other names."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        before = await added(on)
        await engine.tell(files())
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two/n"))
        other = "e" * 40
        await on.catalogue.put(desired(other, source="metainfo", magnet=None, name="set", save_path="/data"))
        near = on.shared_files.added(other, [f"{tmp_path}/two/n/set"])
        assert near == [V1]
        assert await on.shared_files.sharing(near, [f"{tmp_path}/two/n/set/a"]) == [V1]
        moving = on.catalogue.torrents[V1]
        assert moving.move is not None
        on.shared_files.gone(V1)
        on.shared_files.appeared(msgspec.structs.replace(moving, name="set"))  # as after a restart, from the record
        assert on.shared_files.near(other) == [V1]
        await on.mutations.learn(MoveEnded(torrent=V1, move=moving.move, problem="no"))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        await engine.tell(files())
        on.shared_files.files_known(V1, files().files)
        assert on.shared_files.near(other) == []
        await do(on, "rename_folder", torrent=V1, path="set/sub", new_path="y/z")
        near = on.shared_files.added(other, [f"{before.save_path}/y"])
        assert near == [V1]
        assert await on.shared_files.sharing(near, [f"{before.save_path}/y/z/b"]) == [V1]


async def test_a_folder_is_not_moved_onto_other_files_of_the_torrent(tmp_path: Path) -> None:
    """By a rename or by a move, even if those files do not exist yet."""
    async with bench(tmp_path) as on:
        engine = await on.engine()
        await added(on)
        await engine.tell(files(V1, "set/x", "set/b/x", "x", "sub/x"))
        await until(on, lambda: on.snapshot.of(V1).metadata is not None)
        error = await refused(on, "rename_folder", torrent=V1, path="set", new_path="set/b")
        assert (error.kind, error.field) == (ErrorKind.FILE_EXISTS, "args.new_path")
        error = await refused(on, "move_storage", torrent=V1, save_path=str(tmp_path / "one/sub"))
        assert (error.kind, error.field) == (ErrorKind.FILE_EXISTS, "args.save_path")
        assert on.catalogue.torrents[V1].move is None
        await do(on, "rename_folder", torrent=V1, path="set/b", new_path="set/b/c")


async def test_a_placing_that_fails_is_undone(tmp_path: Path) -> None:
    """It is published at once, and the move ends when the copies are deleted."""
    async with bench(tmp_path) as on:
        await on.engine()
        before = await added(on)
        await do(on, "move_storage", torrent=V1, save_path=str(tmp_path / "two"))
        move = on.catalogue.torrents[V1].move
        assert move is not None
        placing, undoing = (msgspec.structs.replace(move, phase=phase) for phase in ("placing", "undoing"))
        await on.mutations.learn(MoveCopied(torrent=V1, move=move))
        await on.mutations.learn(MoveEnded(torrent=V1, move=placing, problem="'/x' is in use"))
        await until(on, lambda: on.catalogue.torrents[V1].move == undoing)
        await on.mutations.learn(MoveEnded(torrent=V1, move=undoing))
        await until(on, lambda: on.catalogue.torrents[V1].move is None)
        assert on.catalogue.torrents[V1].save_path == before.save_path
        (told,) = published(on, "session_error")
        assert told["name"] == "move_failed"


async def test_a_save_path_that_is_too_long(tmp_path: Path) -> None:
    """The files could not be staged in a directory below it."""
    async with bench(tmp_path) as on:
        await on.engine()
        await added(on)
        start = str(tmp_path / "two")
        error = await refused(on, "move_storage", torrent=V1, save_path=start + "/n" * ((4080 - len(start)) // 2))
        assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, "args.save_path")
        assert on.catalogue.torrents[V1].move is None
