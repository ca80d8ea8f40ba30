"""The main function: a real torrent is downloaded from a real seed by a real daemon."""

import time
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

DONE = (TorrentState.SEEDING, TorrentState.FINISHED)


def test_a_torrent_is_downloaded_and_its_events_tell_the_story(root: Path, daemon: Daemon, seed: Seed) -> None:
    """From `torrent_added` to `completed`, in order. The files are equal at the time of `completed`."""
    made = payload.make(root / "seed", "set", {"a.bin": 20 * MIB, "sub/b.bin": 3 * MIB + 17})
    seed.add(made.metainfo, made.root)
    told: list[str] = []
    with daemon.client.events(progress=True) as events:
        added = daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        assert (added.torrent, added.duplicate) == (made.torrent, False)
        for event in events:
            if not isinstance(event, ouzel.Event) or event.torrent != made.torrent:
                continue
            told.append(event.type)
            if event.type == "completed":
                break
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")
    numbered = [type_ for type_ in told if type_ not in ("progress", "state_changed", "file_completed")]
    assert numbered == ["torrent_added", "metadata_updated", "files_discovered", "completed"]
    assert "progress" in told
    row = daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert (row.progress, row.bytes_done, row.bytes_total) == (1.0, made.size, made.size)


def test_a_magnet_link_gets_its_metadata_from_the_seed(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Its rules apply from the first byte: the excluded file is never downloaded."""
    made = payload.make(root / "seed", "set", {"keep.bin": 4 * MIB, "leave.bin": 8 * MIB})
    seed.add(made.metainfo, made.root)
    added = daemon.client.add_torrent(magnet=made.magnet, exclude=["leave.*"], peers=[seed.endpoint])
    assert added.torrent == made.torrent
    row = daemon.until_state(made.torrent, *DONE)
    assert row.name == "set"
    assert row.state is TorrentState.FINISHED
    assert seed.uploaded() < 5 * MIB
    files = {file.path: file for file in daemon.client.list_files(torrent=made.torrent)}
    assert (files["set/leave.bin"].priority, files["set/leave.bin"].bytes_done) == (0, 0)
    assert files["set/keep.bin"].bytes_done == 4 * MIB


def test_a_deselected_file_is_not_downloaded_until_it_is_selected(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Each selection ends in `completed`. Exactly the selected files are there."""
    made = payload.make(root / "seed", "set", {"a.mkv": 2 * MIB, "b.mkv": 6 * MIB, "notes.nfo": 100})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, exclude=["b.*"], skip_fluff=True, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.FINISHED)
    assert payload.sha1(daemon.downloads / "set/a.mkv") == payload.sha1(made.root / "set/a.mkv")
    assert not (daemon.downloads / "set/b.mkv").exists()
    daemon.client.update_selection(made.torrent, exclude=[], skip_fluff=False, wait="applied")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")


def test_removal_with_files_leaves_nothing_and_the_id_can_be_added_again(
    root: Path, daemon: Daemon, seed: Seed
) -> None:
    """Neither in the download directory nor in the resume directory."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB, "b.bin": MIB})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    daemon.client.remove_torrent(made.torrent, delete_files=True, wait="applied")
    assert list(daemon.downloads.iterdir()) == []
    assert [path.name for path in daemon.resume_dir.iterdir() if path.name.startswith(made.torrent)] == []
    assert not daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint]).duplicate
    daemon.until_state(made.torrent, TorrentState.SEEDING)


def test_removal_without_files_keeps_them(root: Path, daemon: Daemon, seed: Seed) -> None:
    """After another add they are found, and nothing is downloaded twice."""
    made = payload.make(root / "seed", "one.bin", {"": 3 * MIB})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    daemon.client.remove_torrent(made.torrent, wait="applied")
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")
    before = seed.uploaded()
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert seed.uploaded() == before


def test_a_limit_holds_for_peers_on_loopback(root: Path, daemon: Daemon, seed: Seed) -> None:
    """The rate is measured at the seed, relative to the limit. Without the limit it would be more than ten times that.

    libtorrent assigns its quota for up to two seconds at a time, so the rate is that of some seconds.
    """
    made = payload.make(root / "seed", "one.bin", {"": 20 * MIB})
    seed.add(made.metainfo, made.root)
    limit = 5_000_000
    assert daemon.client.update_limits(download_bps=limit, wait="applied").download_bps == limit
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    first = until(seed.uploaded, "the download has begun")
    began = time.monotonic()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    rate = (seed.uploaded() - first) / (time.monotonic() - began)
    assert 0.6 < rate / limit < 1.6


def test_a_paused_torrent_stays_paused_over_restarts_and_resumes(root: Path, daemon: Daemon, slow_seed: Seed) -> None:
    """Through an engine's death and the supervisor's."""
    made = payload.make(root / "seed", "one.bin", {"": 30 * MIB})
    slow_seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[slow_seed.endpoint])
    daemon.client.pause(made.torrent, wait="applied")
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    old = daemon.kill_engine()
    until(lambda: daemon.engine_pid() != old and daemon.healthy(), "a new engine")
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.until_state(made.torrent, TorrentState.PAUSED).paused
    daemon.client.resume(made.torrent, wait="applied")
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "one.bin") == payload.sha1(made.root / "one.bin")


def test_set_sequential_and_torrent_limits_are_kept(root: Path, daemon: Daemon) -> None:
    """They are in the row, on disk, and there after a restart."""
    made = payload.make(root / "seed", "one.bin", {"": MIB})
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
    daemon.client.set_sequential(made.torrent, True, wait="applied")
    daemon.client.update_limits(download_bps=5000, upload_bps=6000, torrent=made.torrent, wait="applied")
    daemon.kill()
    daemon.start()
    row = daemon.row(made.torrent)
    assert (row.sequential, row.download_limit_bps, row.upload_limit_bps) == (True, 5000, 6000)


def test_a_download_that_cannot_be_written_ends_in_an_error_that_says_why(root: Path, daemon: Daemon) -> None:
    """The torrent is in `error`, and the service is healthy."""
    made = payload.make(root / "seed", "one.bin", {"": MIB})
    (daemon.downloads / "one.bin").mkdir()
    daemon.client.add_torrent(metainfo=made.metainfo)
    row = daemon.until_state(made.torrent, TorrentState.ERROR)
    assert row.error is not None
    assert "one.bin" in row.error
    assert daemon.healthy()
