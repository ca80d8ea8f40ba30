"""Renamed files and folders with real libtorrent, on disk and after restarts of either process."""

import json
import random
import time
from pathlib import Path

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.moves.moving import everything
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]


def shows(daemon: Daemon, made: Torrent, *paths: str) -> None:
    """Waits until the torrent's files have these paths, in the listing and on disk, and it seeds with all of them."""

    def there() -> bool:
        listed = tuple(row.path for row in daemon.client.list_files(torrent=made.torrent))
        row = daemon.row(made.torrent)
        return (listed, row.state, row.bytes_done) == (paths, TorrentState.SEEDING, made.size)

    until(there, f"its files are {paths}; the daemon's log is {daemon.log}", every_s=0.02)
    on_disk = everything(daemon.downloads)
    assert {path for path in on_disk if (daemon.downloads / path).is_file()} == set(paths)
    assert all(
        (daemon.downloads / path).is_file() or any(each.startswith(f"{path}/") for each in paths) for path in on_disk
    )


def test_a_file_and_its_folder_get_other_names(daemon: Daemon, seed: Seed, made: Torrent) -> None:
    """They keep them through kills of either process and a recheck; nothing is downloaded again."""
    sent = seed.uploaded()
    with Watcher(daemon.runtime_dir) as watcher:
        daemon.client.rename_file(made.torrent, 0, "set/other/c.bin")
        told = watcher.wait(lambda event: event.type == "files_renamed", "clients are told")
        assert told.event.data["files"] == {"0": "set/other/c.bin"}
    shows(daemon, made, "set/other/c.bin", "set/sub/b.bin")
    daemon.client.rename_folder(made.torrent, "set", "new root/set")
    shows(daemon, made, "new root/set/other/c.bin", "new root/set/sub/b.bin")
    daemon.kill_engine()
    shows(daemon, made, "new root/set/other/c.bin", "new root/set/sub/b.bin")
    daemon.kill()
    daemon.start()
    shows(daemon, made, "new root/set/other/c.bin", "new root/set/sub/b.bin")
    daemon.client.recheck(made.torrent, wait="applied")
    shows(daemon, made, "new root/set/other/c.bin", "new root/set/sub/b.bin")
    assert payload.sha1(daemon.downloads / "new root/set/other/c.bin") == payload.sha1(made.root / "set/a.bin")
    assert seed.uploaded() == sent
    listed = list(daemon.client.list_files(torrent=made.torrent))
    assert [row.torrent_path for row in listed] == ["set/a.bin", "set/sub/b.bin"]
    daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
    assert everything(daemon.downloads) == set()


def test_kills_during_renames(daemon: Daemon, seed: Seed, made: Torrent) -> None:
    """The files have the new name in the end, and nothing is downloaded again."""
    sent, chance = seed.uploaded(), random.Random(16)
    for number in range(4):
        old, new = ("set", "other") if number % 2 == 0 else ("other", "set")
        daemon.client.rename_folder(made.torrent, old, new)
        time.sleep(chance.random() * 0.2)
        if number % 2:
            daemon.kill()
            daemon.start()
        else:
            daemon.kill_engine()
        shows(daemon, made, f"{new}/a.bin", f"{new}/sub/b.bin")
    assert seed.uploaded() == sent


def test_resume_data_from_before_a_rename_does_no_harm(daemon: Daemon, seed: Seed, made: Torrent) -> None:
    """The record's names override those in resume data, and resume data may be lost, too."""
    sent = seed.uploaded()
    saved = daemon.resume_dir / "fastresume" / f"{made.torrent}.fastresume"
    until(saved.exists, "resume data is saved")
    before = saved.read_bytes()
    daemon.client.rename_file(made.torrent, 1, "set/b.bin")
    shows(daemon, made, "set/a.bin", "set/b.bin")
    for content in (before, None):
        daemon.stop()
        saved.unlink() if content is None else saved.write_bytes(content)
        daemon.start()
        shows(daemon, made, "set/a.bin", "set/b.bin")
    assert seed.uploaded() == sent


@pytest.mark.parametrize("killed", [False, True], ids=["at once", "after a SIGKILL of the engine"])
def test_renames_one_after_the_other(daemon: Daemon, made: Torrent, *, killed: bool) -> None:
    """Each begins with the names of the one before, even if no engine has listed these names yet."""
    daemon.client.pause(made.torrent, wait="applied")
    with Watcher(daemon.runtime_dir) as watcher:

        def recorded(**files: str) -> None:
            """Waits until these names are in the record. Kills the engine then, if it is to be killed."""
            wanted = {index.removeprefix("file_"): path for index, path in files.items()}
            watcher.wait(lambda event: event.data.get("files") == wanted, f"clients are told: {wanted}")
            if killed:
                daemon.kill_engine()

        daemon.client.rename_file(made.torrent, 0, "set/c.bin")
        recorded(file_0="set/c.bin")
        daemon.client.rename_folder(made.torrent, "set", "new")
        recorded(file_0="new/c.bin", file_1="new/sub/b.bin")
        daemon.client.rename_file(made.torrent, 1, "new/sub/d.bin")
        recorded(file_1="new/sub/d.bin")
        daemon.client.rename_file(made.torrent, 1, "new/sub/e.bin")
        recorded(file_1="new/sub/e.bin")
    assert [row.path for row in daemon.client.list_files(torrent=made.torrent)] == ["new/c.bin", "new/sub/e.bin"]
    daemon.client.resume(made.torrent)
    shows(daemon, made, "new/c.bin", "new/sub/e.bin")
    record = json.loads((daemon.resume_dir / f"{made.torrent}.json").read_bytes())
    assert record["renames"] == [[0, "new/c.bin"], [1, "new/sub/e.bin"]]


REFUSED = {
    "../x": ErrorKind.INVALID_ARGUMENT,
    "/etc/x": ErrorKind.INVALID_ARGUMENT,
    "set//x": ErrorKind.INVALID_ARGUMENT,
    "set/" + "x" * 256: ErrorKind.INVALID_ARGUMENT,
    "/".join(["x" * 250] * 16) + "/" + "y" * 70: ErrorKind.INVALID_ARGUMENT,
    "set/sub": ErrorKind.FILE_EXISTS,
    "set/sub/b.bin": ErrorKind.FILE_EXISTS,
    "set/sub/b.bin/x": ErrorKind.FILE_EXISTS,
    "set/foreign": ErrorKind.FILE_EXISTS,
}


def test_paths_that_are_refused(daemon: Daemon, made: Torrent) -> None:
    """The error names the argument, and nothing changes."""
    (daemon.downloads / "set/foreign").write_bytes(b"of somebody else")
    before = (daemon.resume_dir / f"{made.torrent}.json").read_bytes()
    for path, kind in REFUSED.items():
        with pytest.raises(OuzelError) as caught:
            daemon.client.rename_file(made.torrent, 0, path)
        assert (caught.value.kind, caught.value.field) == (kind, "args.path"), path
    assert (daemon.resume_dir / f"{made.torrent}.json").read_bytes() == before
    assert json.loads(before).get("renames", []) == []


def test_a_link_that_leads_out_is_not_followed(root: Path, daemon: Daemon, made: Torrent) -> None:
    """The rename fails, and the torrent goes on with its old name."""
    (root / "outside").mkdir()
    (daemon.downloads / "set/out").symlink_to(root / "outside")
    with Watcher(daemon.runtime_dir) as watcher:
        daemon.client.rename_file(made.torrent, 0, "set/out/x")
        watcher.wait(lambda event: event.data.get("name") == "move_failed", "the client is told")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert everything(root / "outside") == set()
    assert payload.sha1(daemon.downloads / "set/a.bin") == payload.sha1(made.root / "set/a.bin")


def test_a_renamed_torrent_is_moved(other: Path, daemon: Daemon, made: Torrent) -> None:
    """The files keep their new names at the new place."""
    daemon.client.rename_file(made.torrent, 0, "set/c.bin")
    shows(daemon, made, "set/c.bin", "set/sub/b.bin")
    daemon.client.move_storage(made.torrent, str(other))
    until(lambda: daemon.row(made.torrent).save_path == str(other), "it is moved")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert (other / "set/c.bin").stat().st_size == 6 * MIB
    assert everything(daemon.downloads) == set()
