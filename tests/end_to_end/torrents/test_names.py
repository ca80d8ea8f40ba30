"""Names on the disk are the torrent's, whatever locale the daemon was started in."""

from pathlib import Path
from typing import Any

import libtorrent
import pytest

from protocol.wire.rows import TorrentState
from tests.latin import make_latin
from tools.rig.daemon import Daemon
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import Entry, Hostile, tree
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.waiting import until

lt: Any = libtorrent
pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.mark.parametrize("lc_all", ["C", "Latin-1"])
def test_names_are_the_torrents_own_in_any_locale(root: Path, seed: Seed, lc_all: str) -> None:
    """A folder of two letters does not become `..`, a save path of one letter not its parent, and two files not one."""
    (root / "locales").mkdir()
    environment = {"LC_ALL": "C"} if lc_all == "C" else make_latin(root / "locales")
    contents = {"日本.txt": noise(20_000, 1), "中国.txt": noise(20_000, 2), "\U0001f426": noise(3, 3)}
    sample = SampleTorrent("中国", contents)
    sample.write(root / "seed")
    seed.add(sample.metainfo, root / "seed")
    with Daemon(root / "d", environment=environment) as daemon:
        save_path = daemon.downloads / "é"
        daemon.client.add_torrent(metainfo=sample.metainfo, save_path=str(save_path), peers=[seed.endpoint])
        daemon.until_state(sample.torrent, TorrentState.SEEDING)
        assert tree(daemon.downloads) == {"é": "/", "é/中国": "/"} | {
            f"é/{path}": content for path, content in sample.contents.items()
        }
        assert {file.path for file in daemon.client.list_files(torrent=sample.torrent)} == set(sample.contents)
        assert {path.name for path in daemon.root.iterdir()} == {
            "downloads",
            "log",
            "ouzel.toml",
            "resume",
            "run",
            "state",
        }
        daemon.client.remove_torrent(sample.torrent, delete_files=True, wait="applied")
        assert [path for path in daemon.downloads.rglob("*") if path.is_file()] == []


def share_as_it_is(seed: Seed, made: Hostile, save_path: Path) -> None:
    """The seed shares a torrent of zeros, with the file names that libtorrent uses."""
    params = lt.load_torrent_buffer(made.metainfo)
    storage = params.ti.layout()
    for index in range(storage.num_files()):
        file = save_path / (params.renamed_files.get(index) or storage.file_path(index))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(storage.file_size(index)))
    seed.add(made.metainfo, save_path)


def on_disk(daemon: Daemon) -> dict[str, int]:
    """The files below the download root with their sizes, without libtorrent's part file."""
    found = {path: content for path, content in tree(daemon.downloads).items() if not path.endswith(".parts")}
    return {path: len(content) for path, content in found.items() if isinstance(content, bytes)}


def listed(daemon: Daemon, torrent: str) -> dict[str, int]:
    """The files of a torrent, with their sizes."""
    return {file.path: file.size for file in daemon.client.list_files(torrent=torrent)}


def test_files_are_listed_as_they_are_on_the_disk(root: Path, daemon: Daemon, seed: Seed) -> None:
    """The index is the same for a selection, for every client, and after a restart of either process."""
    names = [[b"A.bin"], [b"a.bin"], [b"a.bin"], [b"d"], [b"d", b"x"], [b"caf\xe9.txt"], [b"caf\xe8.txt"], [b".."]]
    made = hostile.v1(b"dups", [Entry(name, bytes(100 + index)) for index, name in enumerate(names)])
    share_as_it_is(seed, made, root / "seed")
    daemon.client.add_torrent(metainfo=made.metainfo, priorities={1: 0}, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.FINISHED, TorrentState.SEEDING)  # the whole torrent is one piece
    shown = listed(daemon, made.torrent)
    assert shown.items() - on_disk(daemon).items() == {("dups/a.1.bin", 101)}
    own = {file.path: file.torrent_path for file in daemon.client.list_files(torrent=made.torrent)}
    assert (own["dups/A.bin"], own["dups/a.2.bin"], own["dups/d.1"]) == (None, "dups/a.bin", "dups/d")
    daemon.client.update_selection(made.torrent, priorities={}, wait="applied")
    until(lambda: on_disk(daemon) == shown, "the rest is there, too")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    daemon.kill_engine()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert listed(daemon, made.torrent) == shown
    daemon.kill()
    daemon.start()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until(lambda: listed(daemon, made.torrent) == shown, "the files are known again")
    assert {file.path: file.torrent_path for file in daemon.client.list_files(torrent=made.torrent)} == own


def test_an_error_about_a_long_name_ends_no_engine(daemon: Daemon) -> None:
    """libtorrent cuts its text in the middle of a character. The torrent is in `error`, with the cause."""
    restarts = daemon.client.health().engine.restarts
    for name in (b"n", b"nn"):  # one more byte, so that the cut is at another byte of a two-byte letter
        made = hostile.v1(name, [Entry([("é" * 120).encode()] * 16 + [b"x"], bytes(10)), Entry([b"y"], bytes(10))])
        (daemon.downloads / name.decode()).mkdir()
        (daemon.downloads / name.decode() / ("é" * 120)).write_bytes(b"in the way")
        daemon.client.add_torrent(metainfo=made.metainfo)
        row = daemon.until_state(made.torrent, TorrentState.ERROR, TorrentState.QUARANTINED)
        assert row.state is TorrentState.ERROR
        assert "Not a directory" in (row.error or "")
    assert daemon.client.health().engine.restarts == restarts
