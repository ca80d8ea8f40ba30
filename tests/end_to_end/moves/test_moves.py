"""Moves of a torrent's files with real libtorrent, on the same file system and to another one."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.mounts import tmpfs
from tools.rig.moves.moving import everything, kill_repeatedly
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]


def record(daemon: Daemon, made: Torrent) -> dict[str, Any]:
    """The torrent's record."""
    found: dict[str, Any] = json.loads((daemon.resume_dir / f"{made.torrent}.json").read_bytes())
    return found


def arrives(daemon: Daemon, made: Torrent, place: Path, state: TorrentState = TorrentState.SEEDING) -> None:
    """Waits until the torrent is at a place, in a state, and nothing is being moved."""

    def there() -> bool:
        row = daemon.row(made.torrent)
        return (row.save_path, row.moving, row.state) == (str(place), None, state)

    until(there, f"it is at {place}; the daemon's log is {daemon.log}", every_s=0.02)


def refusal(daemon: Daemon, made: Torrent, place: Path) -> OuzelError:
    """The error of a move that is refused; nothing is changed."""
    before = record(daemon, made)
    with pytest.raises(OuzelError) as caught:
        daemon.client.move_storage(made.torrent, str(place))
    assert record(daemon, made) == before
    return caught.value


def is_only_at(made: Torrent, place: Path, former: Path) -> bool:
    """Whether all files are whole at a place, and nothing else is there, nor anything at the former place."""
    names = {made.name, *(f"{made.name}/{name}" for name in everything(made.root / made.name))}
    whole = payload.sha1(place / made.name) == payload.sha1(made.root / made.name)
    return whole and everything(place) == names and everything(former) == set()


def test_to_another_file_system_and_back(
    other: Path, daemon: Daemon, seed: Seed, made: Torrent, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is downloaded again, and nothing is left over. The command line waits for the end."""
    sent = seed.uploaded()
    new = other / "new"
    with daemon.client.events(torrent=made.torrent) as events:
        daemon.client.move_storage(made.torrent, str(new), wait="applied")
        event = next(event for event in events if isinstance(event, ouzel.Event) and event.type == "storage_moved")
    assert event.data["save_path"] == str(new)
    arrives(daemon, made, new)
    assert is_only_at(made, new, daemon.downloads)
    assert run(["--runtime-dir", str(daemon.runtime_dir), "move", "set", str(daemon.downloads), "--wait"]) == 0
    assert capsys.readouterr().out.endswith(f"moved: {made.torrent} is at {daemon.downloads}\n")
    arrives(daemon, made, daemon.downloads)
    assert is_only_at(made, daemon.downloads, new)
    assert seed.uploaded() == sent
    assert record(daemon, made).get("move") is None


def test_on_the_same_file_system_files_are_not_copied(daemon: Daemon, made: Torrent) -> None:
    """Their inodes stay the same. The torrent stays paused, also when the daemon is restarted."""
    daemon.client.pause(made.torrent, wait="applied")
    inode = (daemon.downloads / "set/a.bin").stat().st_ino
    new = daemon.downloads / "a/b"
    daemon.client.move_storage(made.torrent, str(new))
    arrives(daemon, made, new, TorrentState.PAUSED)
    assert (new / "set/a.bin").stat().st_ino == inode
    assert everything(daemon.downloads) == {"a", "a/b", *(f"a/b/{each}" for each in ("set", *SET))}
    daemon.kill()
    daemon.start()
    arrives(daemon, made, new, TorrentState.PAUSED)


SET = [f"set/{name}" for name in ("a.bin", "sub", "sub/b.bin")]


def test_kills_at_random_moments(other: Path, daemon: Daemon, seed: Seed, made: Torrent) -> None:
    """The torrent is whole, nothing is downloaded again, and nothing is left over; `scripts/bench moves` kills more."""
    sent = seed.uploaded()
    places = daemon.downloads, other / "new"
    chance = random.Random(16)
    for kill in kill_repeatedly(daemon, made, places, ["engine", "supervisor", "engine", "both"], chance):
        assert kill.whole, kill
        assert not kill.left, kill
    assert seed.uploaded() == sent


def test_what_is_refused(other: Path, daemon: Daemon, made: Torrent) -> None:
    """With an error that names the argument."""
    outside = refusal(daemon, made, daemon.root / "elsewhere")
    assert (outside.kind, outside.field) == (ErrorKind.PATH_NOT_ALLOWED, "args.save_path")
    (other / "set").mkdir()
    (other / "set/a.bin").write_bytes(b"of somebody else")
    taken = refusal(daemon, made, other)
    assert (taken.kind, taken.field) == (ErrorKind.FILE_EXISTS, "args.save_path")
    assert str(other / "set/a.bin") in taken.message
    (other / "out").symlink_to("/etc")
    through = refusal(daemon, made, other / "out/x")
    assert (through.kind, through.field) == (ErrorKind.PATH_NOT_ALLOWED, "args.save_path")
    assert everything(other) == {"set", "set/a.bin", "out"}
    daemon.client.move_storage(made.torrent, str(daemon.downloads))  # it is there, so nothing happens
    assert daemon.row(made.torrent).moving is None


def test_files_of_two_torrents_are_not_moved(root: Path, other: Path, daemon: Daemon, made: Torrent) -> None:
    """The error names the other torrent."""
    twin = payload.make(root / "seed", "set", {"more/c.bin": MIB}, piece_size=MIB)
    daemon.client.add_torrent(metainfo=twin.metainfo)
    until(lambda: refusal(daemon, made, other).kind is ErrorKind.FILES_SHARED, "the files of both are known")
    assert twin.torrent in refusal(daemon, made, other).message


@pytest.mark.mounts
def test_a_disk_that_is_too_small(root: Path, other: Path, seed: Seed) -> None:
    """The move is refused, with the bytes that are needed."""
    with tmpfs(root / "small", 40 * MIB) as small, Daemon(root / "d", roots=[small.path]) as daemon:
        made = payload.make(root / "seed", "set", {"a.bin": 30 * MIB})
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        error = refusal(daemon, made, small.path)
        assert (error.kind, error.field) == (ErrorKind.NO_SPACE, "args.save_path")
        assert str(46 * MIB) in error.message
        assert everything(small.path) == set()


def test_a_move_is_cancelled(other: Path, daemon: Daemon, made: Torrent) -> None:
    """By a move to the present place. The copies and the directories that were made for them are deleted.

    The engine is stopped meanwhile, so that the move is in progress for certain.
    """
    pid = daemon.engine_pid()
    os.kill(pid, 19)
    try:
        daemon.client.move_storage(made.torrent, str(other / "x/y"))
        moving = daemon.row(made.torrent).moving
        assert moving == ouzel.Moving(save_path=str(other / "x/y"), progress=0.0)
        with pytest.raises(OuzelError) as caught:
            daemon.client.move_storage(made.torrent, str(other / "z"))
        assert caught.value.kind is ErrorKind.TORRENT_MOVING
        with pytest.raises(OuzelError) as caught:
            daemon.client.remove_torrent(made.torrent)
        assert caught.value.kind is ErrorKind.TORRENT_MOVING
        daemon.client.move_storage(made.torrent, str(other / "x/y"))  # the same again changes nothing
        daemon.client.move_storage(made.torrent, str(daemon.downloads))
        assert daemon.row(made.torrent).moving is None
    finally:
        os.kill(pid, 18)
    until(lambda: record(daemon, made).get("move") is None, "it is cancelled")
    arrives(daemon, made, daemon.downloads)
    assert is_only_at(made, daemon.downloads, other)


def test_a_failed_move_leaves_the_torrent_where_it_is(other: Path, daemon: Daemon, made: Torrent) -> None:
    """A file that appears at the new path after the command was accepted is not overwritten, either."""
    pid = daemon.engine_pid()
    with Watcher(daemon.runtime_dir) as watcher:
        os.kill(pid, 19)
        try:
            daemon.client.move_storage(made.torrent, str(other))
            (other / "set").mkdir()
            (other / "set/a.bin").write_bytes(b"of somebody else")
        finally:
            os.kill(pid, 18)
        told = watcher.wait(lambda event: event.data.get("name") == "move_failed", "the client is told")
    assert str(other / "set/a.bin") in told.event.data["message"]
    arrives(daemon, made, daemon.downloads)
    assert everything(other) == {"set", "set/a.bin"}
    assert (other / "set/a.bin").read_bytes() == b"of somebody else"
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")


def test_a_download_is_moved(root: Path, other: Path, daemon: Daemon) -> None:
    """It continues at the new place, with all that it had."""
    with Seed(upload_bps=8_000_000) as slow:
        made = payload.make(root / "seed", "set", {"a.bin": 12 * MIB})
        slow.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow.endpoint])
        until(lambda: daemon.row(made.torrent).bytes_done > 3 * MIB, "a part is downloaded")
        daemon.client.move_storage(made.torrent, str(other))
        until(lambda: daemon.row(made.torrent).save_path == str(other), "it is moved")
        arrives(daemon, made, other)
        assert is_only_at(made, other, daemon.downloads)
        assert slow.uploaded() < made.size + MIB


def test_a_magnet_link_without_metadata_has_nothing_to_move(
    other: Path, daemon: Daemon, seed: Seed, root: Path
) -> None:
    """Only its path changes; the files are downloaded to the new place."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(magnet=made.magnet)
    daemon.until_state(made.torrent, TorrentState.FETCHING_METADATA)
    daemon.client.move_storage(made.torrent, str(other))
    arrives(daemon, made, other, TorrentState.FETCHING_METADATA)
    daemon.client.add_peers(made.torrent, [seed.endpoint])
    arrives(daemon, made, other)
    assert is_only_at(made, other, daemon.downloads)
