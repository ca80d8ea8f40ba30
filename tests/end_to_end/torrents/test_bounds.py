"""No single source, rule or torrent ends an engine. Failures are reported, and `resume` works after a repair."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ouzel
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network, pytest.mark.shared]
TRACKER = "http://127.0.0.1:1/announce?"


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """One directory for all tests."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def daemon(root: Path) -> Iterator[Daemon]:
    """One daemon for all tests, since none of them harms another."""
    with Daemon(root / "d", restart={"budget": 1000, "max_delay_s": 0.5}) as running:
        yield running


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Makes a path immutable, like another user's file; skips the test if that is not possible."""
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        pytest.skip("chattr does not work here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def kill_engine(daemon: Daemon) -> None:
    """Kills the engine and waits until the next one is known: later tests count engines."""
    gen = daemon.client.health().engine.gen
    daemon.kill_engine()
    until(lambda: daemon.client.health().engine.gen > gen and daemon.healthy(), "the next engine has taken all up")


def torrent_of(paths: list[list[str]], name: str, extra: dict[bytes, Any] | None = None) -> bytes:
    """A .torrent file with files of one byte and random hashes."""
    files: list[Any] = [{b"length": 1, b"path": [part.encode() for part in path]} for path in paths]
    info: dict[bytes, Any] = {b"name": name.encode(), b"piece length": 16384, b"pieces": b"x" * 20, b"files": files}
    return bencode.encode({**(extra or {}), b"info": info})


def test_many_trackers_end_no_engine(daemon: Daemon) -> None:
    """Each tracker has its own tier. libtorrent has 256 tiers, so the last one is shared."""
    gen = daemon.client.health().engine.gen
    link = f"magnet:?xt=urn:btih:{1:040x}" + "".join(f"&tr={TRACKER}{number}" for number in range(300))
    tiers: list[Any] = [[f"{TRACKER}{number}".encode()] for number in range(300)]
    metainfo = torrent_of([["a"]], "tiers", {b"announce-list": tiers})
    for source in ({"magnet": link}, {"metainfo": metainfo}):
        added = daemon.client.add_torrent(**source, wait="applied").torrent
        daemon.until_state(added, TorrentState.FETCHING_METADATA, TorrentState.DOWNLOADING)
    health = daemon.client.health()
    assert (health.engine.gen, health.status) == (gen, HealthStatus.HEALTHY)


def test_a_glob_that_backtracks_hangs_no_engine(daemon: Daemon) -> None:
    """Neither does the next engine hang, although the rule is durable. A slow rule is evaluated outside of the loop."""
    gen = daemon.client.health().engine.gen
    deep = torrent_of([[*["a"] * 90, "x"], ["y"]], "deep")
    daemon.client.add_torrent(metainfo=deep, exclude=["**/a/" * 7 + "b/**/z", "*a" * 50 + "b"], wait="applied")
    many = torrent_of([[f"file {number}.mkv"] for number in range(3000)], "many")
    made = daemon.client.add_torrent(metainfo=many, exclude=[f"*{number}*q" for number in range(300)], wait="applied")
    daemon.client.update_selection(
        made.torrent, exclude=[f"file {number}?mkv" for number in range(300)], wait="applied"
    )
    files = list(daemon.client.list_files(torrent=made.torrent))
    assert {file.path: file.priority > 0 for file in files}["many/file 17.mkv"] is False
    assert {file.path: file.priority > 0 for file in files}["many/file 1300.mkv"] is True
    assert daemon.client.health().engine.gen == gen
    kill_engine(daemon)
    daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
    again = list(daemon.client.list_files(torrent=made.torrent))
    assert [file.priority for file in again] == [file.priority for file in files]


def test_what_could_not_be_deleted_is_told_with_its_path(root: Path, daemon: Daemon, seed: Seed) -> None:
    """libtorrent says only that the folder is not empty. A neighbour's file in the folder is no problem."""
    made = payload.make(root / "seed", "F", {"a": 20_000, "sub/b": 20_000})
    seed.add(made.metainfo, made.root)
    with Watcher(daemon.runtime_dir) as events:
        for broken in (True, False):
            daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
            daemon.until_state(made.torrent, TorrentState.SEEDING)
            (daemon.downloads / "F/sub/notes").write_bytes(b"somebody's")
            if broken:
                with immutable(daemon.downloads / "F/a"):
                    daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
            else:
                daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
            (daemon.downloads / "F/sub/notes").unlink()
        told = [event.data for event in events.so_far() if event.data.get("name") == "files_not_deleted"]
    (only,) = told
    assert only["paths"] == [str(daemon.downloads / "F/a")]
    assert "Operation not permitted" in only["message"]


def test_resume_says_what_is_true_now_and_gets_over_what_was_mended(root: Path, daemon: Daemon, seed: Seed) -> None:
    """A folder that cannot be written; then files that lead out of the roots, until they do not."""
    made = payload.make(root / "seed", "W", {"a": 20_000, "b": 20_000})
    seed.add(made.metainfo, made.root)
    folder = daemon.downloads / "W"
    folder.mkdir()
    with immutable(folder):
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        daemon.until_state(made.torrent, TorrentState.ERROR)
        with pytest.raises(ouzel.Refused, match=r"nothing can be made in it|not permitted") as refused:
            daemon.client.resume(made.torrent, wait="applied")
        assert refused.value.body.name == "engine_refused"
    daemon.client.resume(made.torrent, wait="applied")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert daemon.row(made.torrent).error is None

    folder.rename(daemon.root / "elsewhere")
    folder.symlink_to(daemon.root / "elsewhere")
    kill_engine(daemon)
    daemon.until_state(made.torrent, TorrentState.ERROR)
    with pytest.raises(ouzel.Refused, match="not where torrents may be stored"):
        daemon.client.resume(made.torrent, wait="applied")
    folder.unlink()
    (daemon.root / "elsewhere").rename(folder)
    daemon.client.resume(made.torrent, wait="applied")
    assert daemon.row(made.torrent).state is not TorrentState.ERROR
    daemon.until_state(made.torrent, TorrentState.SEEDING)


def test_sources_that_can_never_work_are_refused(daemon: Daemon) -> None:
    """There is one error that names the field, and nothing is accepted."""
    (daemon.downloads / "file").write_bytes(b"")
    good = f"magnet:?xt=urn:btih:{2:040x}"
    many: list[Any] = [[f"{TRACKER}{number}".encode()] for number in range(10_001)]
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"magnet": "magnet:?xt=urn:btih:" + "0" * 40}, "invalid_magnet", "args.magnet"),
        ({"magnet": "magnet:?xt=urn:btmh:1220" + "0" * 64}, "invalid_magnet", "args.magnet"),
        ({"magnet": f"{good}&xt=urn:btmh:1220zz"}, "invalid_magnet", "args.magnet"),
        ({"metainfo": torrent_of([["d" * 200] * 30], "deep")}, "invalid_metainfo", "args.metainfo"),
        ({"metainfo": torrent_of([["a"]], "t", {b"announce-list": many})}, "invalid_metainfo", "args.metainfo"),
        ({"magnet": good, "save_path": str(daemon.downloads / "file")}, "path_not_allowed", "args.save_path"),
        ({"magnet": good, "save_path": str(daemon.downloads / "file/x")}, "path_not_allowed", "args.save_path"),
        ({"magnet": good, "save_path": str(daemon.downloads / ("n" * 300))}, "path_not_allowed", "args.save_path"),
        ({"magnet": good, "peers": ["[fe80::1%lo]:5"]}, "invalid_argument", "args.peers[0]"),
        ({"magnet": good, "trackers": ["http://h:99999/"]}, "invalid_argument", "args.trackers[0]"),
        ({"magnet": good, "web_seeds": ["http:///x"]}, "invalid_argument", "args.web_seeds[0]"),
        ({"magnet": good, "exclude": ["x" * 4096] * 17}, "invalid_argument", "args.rules"),
    ]
    before = list(daemon.client.list_ids())
    for source, name, field in cases:
        with pytest.raises(ouzel.Refused) as refused:
            daemon.client.add_torrent(**source)
        assert (refused.value.body.name, refused.value.field) == (name, field), source
    assert list(daemon.client.list_ids()) == before


def test_a_strange_source_works_without_what_cannot(daemon: Daemon) -> None:
    """Invalid peers, web seeds and trackers are left out; the others stay."""
    gen = daemon.client.health().engine.gen
    link = f"magnet:?xt=urn:btih:{3:040x}&x.pe=1.2.3.4:0&x.pe=nohost&ws=ftp://x&ws=foo&ws=&tr=foo&tr={TRACKER}%00a"
    added = daemon.client.add_torrent(magnet=link, wait="applied").torrent
    daemon.until_state(added, TorrentState.FETCHING_METADATA)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 1, "its trackers are released")
    assert daemon.client.health().engine.gen == gen
