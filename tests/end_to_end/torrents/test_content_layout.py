"""The content layout: with a root folder, or without, on the disk and after the loss of both processes."""

from pathlib import Path

import pytest

from protocol.wire.desired import ContentLayout
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed

pytestmark = [pytest.mark.process, pytest.mark.network]

KINDS = {"several": {"a.bin": 70_000, "sub/b.bin": 30_000}, "one.tar.gz": {"": 50_000}}
WHERE: dict[tuple[str, ContentLayout], list[str]] = {
    ("several", "original"): ["several/a.bin", "several/sub/b.bin"],
    ("several", "subfolder"): ["several/a.bin", "several/sub/b.bin"],
    ("several", "no_subfolder"): ["a.bin", "sub/b.bin"],
    ("one.tar.gz", "original"): ["one.tar.gz"],
    ("one.tar.gz", "subfolder"): ["one.tar/one.tar.gz"],
    ("one.tar.gz", "no_subfolder"): ["one.tar.gz"],
}


def on_disk(directory: Path) -> list[str]:
    """The files below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_files_are_where_the_layout_says(root: Path, daemon: Daemon, seed: Seed) -> None:
    """From metainfo and from links, in each layout; names and bytes survive both processes."""
    added = {}
    for number, ((kind, layout), paths) in enumerate(WHERE.items()):
        for source in ("metainfo", "magnet"):
            made = payload.make(root / f"seed{number}{source}", kind, KINDS[kind], piece_size=16 * 1024)
            seed.add(made.metainfo, made.root)
            place = daemon.downloads / f"{number}{source}"
            place.mkdir()
            daemon.client.add_torrent(
                metainfo=made.metainfo if source == "metainfo" else None,
                magnet=made.magnet if source == "magnet" else None,
                save_path=str(place),
                content_layout=layout,
                peers=[seed.endpoint],
            )
            added[made.torrent] = (place, paths, made)
    for torrent, (place, paths, made) in added.items():
        daemon.until_state(torrent, TorrentState.SEEDING)
        assert on_disk(place) == sorted(paths)
        assert sorted(file.path for file in daemon.client.list_files(torrent=torrent)) == sorted(paths)
        for path, inside in zip(paths, KINDS[made.name], strict=True):  # both in the order of this module
            origin = made.root / made.name
            assert (place / path).read_bytes() == (origin / inside if inside else origin).read_bytes()
    daemon.kill_engine()
    for torrent in added:
        daemon.until_state(torrent, TorrentState.SEEDING)
    daemon.kill()
    for resume in daemon.resume_dir.rglob("*.fastresume"):
        resume.unlink()  # the layout is in the record, too
    daemon.start()
    for torrent, (place, paths, _) in added.items():
        daemon.until_state(torrent, TorrentState.SEEDING)
        assert on_disk(place) == sorted(paths)
        assert sorted(file.path for file in daemon.client.list_files(torrent=torrent)) == sorted(paths)


def test_files_without_a_folder_are_removed_alone(root: Path, daemon: Daemon, seed: Seed) -> None:
    """What else is in the save path stays."""
    made = payload.make(root / "seed", "several", KINDS["several"])
    seed.add(made.metainfo, made.root)
    (daemon.downloads / "keep.txt").write_text("mine")
    daemon.client.add_torrent(metainfo=made.metainfo, content_layout="no_subfolder", peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    other = daemon.client.add_torrent(
        metainfo=payload.make(root / "other", "a.bin", {"": 1000}).metainfo, paused=True, seed_mode=False
    )
    assert other.shares_files_with == [made.torrent]
    daemon.client.remove_torrent(other.torrent)
    daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
    assert on_disk(daemon.downloads) == ["keep.txt"]
