"""Hostile torrents and hostile directories: nothing outside of the download root is written, deleted or read."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import libtorrent
import pytest

import ouzel
from protocol.durable.integrity import seal, unseal
from protocol.wire.rows import TorrentState
from tools.rig import bencode
from tools.rig.daemon import Daemon
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import Entry, Hostile, link, tree
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]

lt: Any = libtorrent  # the type stubs do not describe what the binding accepts
FULL = b"payload!" * 2048
CLIMBING = [
    Entry([b"..", b"..", b"outside", b"a"], FULL),
    Entry([b"/", b"outside", b"b"], FULL),
    Entry([b"x/../../../outside/c"], FULL),
    Entry([b"sub", b".", b"..\\..\\outside"], FULL),
    link(b"out", to=[b"..", b"..", b"outside"]),
    link(b"etc", to=b"/etc"),
    link(b"within", to=[b"sub"]),
]
THROUGH = [Entry([b"link", b"secret"], FULL), Entry([b"link", b"empty"]), Entry([b"beside"], FULL)]
Maker = Callable[[bytes, Sequence[Entry]], Hostile]


@pytest.fixture
def outside(root: Path) -> Iterator[Path]:
    """A directory beside the daemon's own, which must be unchanged at the end."""
    directory = root / "outside"
    (directory / "below").mkdir(parents=True)
    (directory / "secret").write_bytes(FULL)
    before = tree(directory)
    yield directory
    assert tree(directory) == before


def share(seed: Seed, made: Hostile, save_path: Path) -> None:
    """The seed shares a torrent whose files all have the same content."""
    storage = lt.load_torrent_buffer(made.metainfo).ti.layout()
    for index in range(storage.num_files()):
        if storage.file_size(index):
            file = save_path / storage.file_path(index)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(FULL)
    seed.add(made.metainfo, save_path)


def refusals(daemon: Daemon, torrent: str) -> list[str]:
    """The messages of a torrent's errors in this run; all errors have the same name."""
    with daemon.client.events(ticks=True) as events:
        first = next(iter(events))
    assert isinstance(first, ouzel.Event)
    [reply] = daemon.client.request_many([("replay", {"epoch": first.epoch, "after_seq": 0})])
    assert isinstance(reply, dict)
    errors = [event["data"] for event in reply["events"] if (event["type"], event.get("torrent")) == ("error", torrent)]
    assert {(error["name"], error["recoverable"]) for error in errors} <= {("path_not_allowed", False)}
    return [error["message"] for error in errors]


@pytest.mark.parametrize("make", [hostile.v1, hostile.v2, hostile.hybrid])
@pytest.mark.parametrize("by_magnet", [False, True])
def test_names_that_climb_end_in_the_torrents_own_folder(
    root: Path, outside: Path, daemon: Daemon, seed: Seed, make: Maker, by_magnet: bool
) -> None:
    """They are downloaded from a hostile seed. No symbolic link is made, wherever it would lead."""
    made = make(b"..", CLIMBING)
    share(seed, made, root / "seed")
    source: dict[str, Any] = {"magnet": made.magnet} if by_magnet else {"metainfo": made.metainfo}
    around = {*daemon.root.iterdir(), *daemon.root.parent.iterdir()}
    daemon.client.add_torrent(**source, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    found = tree(daemon.downloads)
    [top] = {path.split("/")[0] for path in found}
    assert top == lt.load_torrent_buffer(made.metainfo).ti.name()
    assert sum(content == FULL for content in found.values()) == 4
    assert not [path for path in daemon.downloads.rglob("*") if path.is_symlink()]
    assert {*daemon.root.iterdir(), *daemon.root.parent.iterdir()} == around
    assert set(root.iterdir()) == {root / "seed", outside}


def test_a_link_on_the_disk_is_judged_by_where_it_leads(root: Path, outside: Path, daemon: Daemon, seed: Seed) -> None:
    """A folder, a file, or a missing file that leads outside is refused at the add.

    Links inside the root may be used.
    """
    folder = daemon.downloads / "root"
    folder.mkdir()
    made = hostile.v1(b"root", THROUGH)
    for name, target in (
        ("link", outside),
        ("link", os.path.relpath(outside / "below", folder)),
        ("beside", outside / "new"),
    ):
        (folder / name).symlink_to(target)
        [refused] = daemon.client.request_many([("add_torrent", {"metainfo": made.metainfo})])
        assert isinstance(refused, ouzel.Refused)
        assert (refused.kind.wire_name, refused.field) == ("path_not_allowed", "args.metainfo")
        assert f"{folder}/{name}" in refused.message
        assert list(daemon.client.list_torrents()) == []
        (folder / name).unlink()
    (daemon.downloads / "elsewhere").mkdir()
    (folder / "link").symlink_to("../elsewhere")
    share(seed, made, root / "seed")
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert tree(daemon.downloads / "elsewhere") == {"secret": FULL, "empty": b""}

    # A path that leads outside stays when files are deleted, and the client is told.
    (folder / "link").unlink()
    (folder / "link").symlink_to(outside)
    with Watcher(daemon.runtime_dir) as watcher:
        daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
        told = watcher.wait(lambda event: event.data.get("name") == "files_not_deleted", "the client is told")
    assert f"{folder}/link" in told.event.data["message"]
    assert (folder / "beside").exists()


def test_the_files_of_a_magnet_link_are_judged_when_they_are_known(
    root: Path, outside: Path, daemon: Daemon, seed: Seed
) -> None:
    """The torrent is in `error`, also after an engine restart. Once nothing leads outside, it can be resumed."""
    made = hostile.v2(b"root", THROUGH)
    share(seed, made, root / "seed")
    folder = daemon.downloads / "root"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    daemon.client.add_torrent(magnet=made.magnet, peers=[seed.endpoint])
    row = daemon.until_state(made.torrent, TorrentState.ERROR)
    assert row.error is not None
    assert f"{folder}/link" in row.error
    daemon.kill_engine()
    until(lambda: len(refusals(daemon, made.torrent)) == 2, "it is refused again")
    assert tree(folder) == {"link": str(outside)}
    assert seed.uploaded() == 0
    (folder / "link").unlink()
    daemon.client.resume(made.torrent)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert tree(folder) == {"link": "/", "link/secret": FULL, "link/empty": b"", "beside": FULL}


def test_a_torrent_is_judged_when_it_is_loaded(root: Path, outside: Path, seed: Seed) -> None:
    """The root is a link itself, which is fine. A link that is made while nothing runs, or resume data that names a
    path elsewhere, is an error: nothing there is read, and nothing is deleted with the torrent."""
    real = root / "real"
    with Daemon(root / "d", restart={"budget": 1000}) as daemon:
        daemon.stop()
        shutil.rmtree(daemon.downloads)
        real.mkdir()
        daemon.downloads.symlink_to(real)
        daemon.start()
        linked, named = hostile.v1(b"root", THROUGH), hostile.v1(b"other", THROUGH[:1])
        for made in (linked, named):
            share(seed, made, root / "seed")
            daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
            assert daemon.until_state(made.torrent, TorrentState.SEEDING).save_path == str(real)
            until((daemon.resume_dir / "fastresume" / f"{made.torrent}.fastresume").exists, "resume data is saved")
        assert daemon.stop() == 0

        shutil.rmtree(real / "root" / "link")
        (real / "root" / "link").symlink_to(outside)
        fastresume = daemon.resume_dir / "fastresume" / f"{named.torrent}.fastresume"
        resume = bencode.decode(unseal(fastresume.read_bytes()))
        assert isinstance(resume, dict)
        fastresume.write_bytes(seal(bencode.encode({**resume, b"mapped_files": [str(outside / "secret").encode()]})))
        before = tree(real)
        daemon.start()
        for made, path in ((linked, real / "root" / "link"), (named, outside / "secret")):
            row = daemon.until_state(made.torrent, TorrentState.ERROR)
            assert row.error is not None
            assert str(path) in row.error
            assert len(refusals(daemon, made.torrent)) == 1
            daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
        assert tree(real) == before
        until(lambda: len(daemon.logged("files_not_deleted")) == 2, "the log tells of both")
        assert list(daemon.client.list_torrents()) == []


def test_no_torrent_writes_where_ouzel_keeps_its_own(root: Path, daemon: Daemon) -> None:
    """Even if Ouzel's directories are inside a download root."""
    config = daemon.config.read_text()
    assert daemon.stop() == 0
    config = config.replace('mode = "require"', 'mode = "auto"')  # the type stubs lack this
    daemon.config.write_text(config.replace(str(daemon.downloads), str(daemon.root)))
    daemon.start()
    victim = Entry([f"{'ab' * 20}.json".encode()], FULL)
    for name in (b"resume", b"run", b"state"):
        made = hostile.v1(name, [victim])
        [refused] = daemon.client.request_many([("add_torrent", {"metainfo": made.metainfo})])
        assert isinstance(refused, ouzel.Refused)
        assert refused.field == "args.metainfo"
    path = str(daemon.resume_dir / "new")
    [refused] = daemon.client.request_many([("add_torrent", {"metainfo": b"x", "save_path": path})])
    assert isinstance(refused, ouzel.Refused)
    assert refused.field == "args.save_path"
