"""What only real sessions show: payload between two sessions, and files on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.parsing import libtorrent_sources
from engine_proc.resume.pieces import Verified
from engine_proc.session import session_settings
from engine_proc.session.alerts import (
    CountersRead,
    FileFinished,
    Finished,
    Flushed,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeRejected,
    SessionStatistics,
    TorrentAdded,
    TorrentGone,
    TorrentStatus,
)
from engine_proc.session.session_port import Loading
from protocol.wire.desired import Selection, SettingValue
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig.probe import LOOPBACK, Probe, eventually
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise
from tools.rig.tracker import AnnounceEvent, Tracker

pytestmark = pytest.mark.network

lt: Any = libtorrent  # the type stubs do not declare the result

PATIENT: Final[dict[str, SettingValue]] = {**LOOPBACK, "close_redundant_connections": False}
"""Finished torrents stay connected to seeds; libtorrent would reconnect only after ten seconds."""


def finished(row: TorrentStatus) -> bool:
    """Whether everything wanted is there."""
    return row.state in (NativeState.FINISHED, NativeState.SEEDING)


def files_below(directory: Path) -> dict[str, bytes]:
    """Content by path."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def sample() -> SampleTorrent:
    """Two files that share no piece."""
    size = 32 * PIECE_LENGTH
    return SampleTorrent("shared", {"a.bin": noise(size, 1), "sub/b.txt": noise(size, 2)})


@pytest.fixture
def seeding(sample: SampleTorrent, tmp_path: Path) -> Iterator[str]:
    """The address of a session that seeds the complete torrent."""
    with seed(sample, tmp_path / "seed", settings=PATIENT) as probe:
        yield address(probe)


@pytest.fixture
def leech() -> Iterator[Probe]:
    """An empty session."""
    with real_session(settings=PATIENT) as probe:
        yield probe


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """The directory of downloads."""
    return tmp_path / "leech"


def flushed(probe: Probe, torrent: str) -> None:
    """Waits until the torrent is complete and flushed to its files."""
    probe.take(Finished, torrent)
    probe.session.flush(torrent)
    probe.take(Flushed, torrent)


def counted(probe: Probe, torrent: str, size: int) -> TorrentStatus:
    """Waits until the totals, which lag by up to a second, have this many bytes."""
    return probe.status(torrent, lambda row: row.downloaded >= size)


def test_a_torrent_is_downloaded(leech: Probe, sample: SampleTorrent, seeding: str, target: Path) -> None:
    """The files are equal after the flush. Every file and the completion are reported, and the totals agree."""
    add(leech, sample, sample.desired(target, peers=(seeding,)))
    flushed(leech, sample.torrent)
    assert files_below(target) == sample.contents
    assert sorted(alert.index for alert in leech.waiting(FileFinished)) == [0, 1]
    row = counted(leech, sample.torrent, sample.size)
    assert (row.state, row.done, row.wanted, row.wasted) == (NativeState.SEEDING, sample.size, sample.size, 0)
    assert leech.session.file_progress(sample.torrent) == [sample.size // 2] * 2


def test_a_deselected_file_is_not_downloaded(leech: Probe, sample: SampleTorrent, seeding: str, target: Path) -> None:
    """It is not created, either. The torrent finishes without it, and downloads it once it is selected."""
    add(leech, sample, sample.desired(target, peers=(seeding,), selection=Selection(exclude=("*.txt",))))
    flushed(leech, sample.torrent)
    row = leech.status(sample.torrent, finished)
    assert (row.state, row.done, row.wanted) == (NativeState.FINISHED, sample.size // 2, sample.size // 2)
    assert leech.take(FileFinished).index == 0
    assert leech.waiting(FileFinished) == []
    assert files_below(target) == {"shared/a.bin": sample.contents["shared/a.bin"]}

    assert leech.session.set_selection(sample.torrent, sample.desired(target))
    leech.take(PrioritiesSet)
    flushed(leech, sample.torrent)
    assert leech.take(FileFinished).index == 1
    assert files_below(target) == sample.contents


def test_totals_go_on_from_what_is_known_where_resume_data_has_less(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """In this session's status and in its resume data. Without a known total, the stored one is reported."""
    add(leech, sample, sample.desired(target, peers=(seeding,)))
    flushed(leech, sample.torrent)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    stored = lt.read_resume_data(leech.take(ResumeData).blob)
    stored.total_uploaded, stored.active_time, stored.finished_time = 7, 100, 50
    stored.last_upload, stored.completed_time = 5, 3
    blob = lt.write_resume_data_buf(stored)
    known = max(stored.total_downloaded, 1) * 2
    with real_session() as later:
        later.session.count_from(sample.torrent, (known, 5))
        later.session.add(sample.desired(target), metainfo=None, resume=blob)
        row = later.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
        assert (row.downloaded, row.uploaded) == (known, 7)
        later.session.unload(sample.torrent)
        later.take(TorrentGone)
        later.session.add(sample.desired(target), metainfo=None, resume=blob)
        later.take(TorrentAdded)  # the first
        later.take(TorrentAdded)
        later.session.save_resume(sample.torrent, only_if_modified=False)
        saved = lt.read_resume_data(later.take(ResumeData).blob)
        assert (saved.total_downloaded, saved.total_uploaded) == (known, 7)
    with real_session() as unknowing:
        unknowing.session.count_from(sample.torrent, None)
        unknowing.session.add(sample.desired(target), metainfo=None, resume=blob)
        found = unknowing.take(CountersRead)
        assert (found.uploaded, found.active_s, found.seeding_s, found.completed_s) == (7, 100, 50, 3)
        assert found.last_activity_s == max(5, stored.last_download)


def test_a_finished_download_comes_back_complete(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """In another session, from resume data alone, without hashing and without a peer."""
    add(leech, sample, sample.desired(target, peers=(seeding,)))
    flushed(leech, sample.torrent)
    counted(leech, sample.torrent, sample.size)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    with real_session() as later:
        loading = later.session.add(sample.desired(target), metainfo=None, resume=blob)
        assert loading.complete
        row = later.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
        assert (row.done, row.downloaded) == (sample.size, sample.size)
        assert NativeState.CHECKING_FILES not in [alert.state for alert in later.waiting(NativeStateChanged)]
        later.settle()
        assert later.waiting(Finished) == []  # it had


def test_what_came_back_complete_finishes_once_more_is_wanted(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """Finishing as it is added is not published; finishing the rest is."""
    half = sample.desired(target, selection=Selection(exclude=("*.txt",)))
    add(leech, sample, half)
    leech.session.connect(sample.torrent, [seeding])
    flushed(leech, sample.torrent)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    leech.session.remove(sample.torrent, delete_files=False)  # a seed accepts one connection from each address
    leech.take(TorrentGone)
    with real_session() as later:
        assert later.session.add(half, metainfo=None, resume=blob).complete
        later.status(sample.torrent, finished)
        later.settle()
        assert later.waiting(Finished) == []
        assert later.session.set_selection(sample.torrent, sample.desired(target))
        later.take(PrioritiesSet)
        later.session.connect(sample.torrent, [seeding])
        flushed(later, sample.torrent)
        assert files_below(target) == sample.contents


def test_half_a_download_goes_on_where_it_was(leech: Probe, sample: SampleTorrent, seeding: str, target: Path) -> None:
    """Pieces in the resume data are not downloaded again; blocks of unfinished pieces may be."""
    rate = sample.size // 4
    add(leech, sample, sample.desired(target, peers=(seeding,), download_bps=rate))
    leech.status(sample.torrent, lambda row: row.done >= sample.size // 4)
    leech.session.suspend()
    leech.session.flush(sample.torrent)
    leech.take(Flushed)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    before = leech.status(sample.torrent)
    assert not finished(before)
    leech.session.remove(sample.torrent, delete_files=False)
    leech.take(TorrentGone)
    with real_session() as later:
        assert not add(later, sample, sample.desired(target, paused=True), resume=blob)
        row = later.status(sample.torrent, lambda row: row.state is NativeState.DOWNLOADING)
        assert row.done == before.done
        later.session.set_paused(sample.torrent, False)
        later.session.connect(sample.torrent, [seeding])
        flushed(later, sample.torrent)
        later.session.post_statistics()
        fetched = later.take(SessionStatistics).downloaded
        assert fetched <= sample.size - before.done + 2 * PIECE_LENGTH
        assert NativeState.CHECKING_FILES not in [alert.state for alert in later.waiting(NativeStateChanged)]
    assert files_below(target) == sample.contents


def test_a_magnet_link_gets_its_metadata_from_the_seed(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """Without rules, its files follow. Its resume data has the metadata."""
    add(leech, sample, sample.desired(target, by_magnet=True, peers=(seeding,)))
    leech.take(MetadataReceived)
    layout = leech.session.layout(sample.torrent)
    assert layout is not None
    assert (layout.metadata.name, layout.metadata.size) == ("shared", sample.size)
    assert {file.path: file.size for file in layout.files} == {
        path: len(content) for path, content in sample.contents.items()
    }
    assert leech.session.set_selection(sample.torrent, sample.desired(target, by_magnet=True))
    leech.status(sample.torrent, lambda row: finished(row) and row.done == sample.size)
    flushed(leech, sample.torrent)
    assert files_below(target) == sample.contents
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    leech.session.remove(sample.torrent, delete_files=False)
    leech.take(TorrentGone)
    assert add(leech, sample, sample.desired(target, by_magnet=True), resume=blob)


def test_a_magnet_link_with_rules_fetches_nothing_else(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """Nothing is downloaded before the rules are applied to the metadata, and afterwards only what they select."""
    desired = sample.desired(target, by_magnet=True, peers=(seeding,), selection=Selection(include=("*.txt",)))
    add(leech, sample, desired)
    leech.take(MetadataReceived)
    layout = leech.session.layout(sample.torrent)
    assert layout is not None
    assert [file.priority for file in layout.files] == [0, 0]
    assert leech.session.set_selection(sample.torrent, desired)
    leech.take(PrioritiesSet)
    row = leech.status(sample.torrent, lambda row: finished(row) and row.done > 0)
    assert row.done == row.wanted == sample.size // 2
    leech.session.flush(sample.torrent)
    leech.take(Flushed)
    assert files_below(target) == {"shared/sub/b.txt": sample.contents["shared/sub/b.txt"]}


@pytest.mark.parametrize("rules", [Selection(exclude=("*",)), Selection(priorities={"0": 0, "1": 0})])
def test_rules_that_come_before_the_metadata_hold_from_the_start(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path, rules: Selection
) -> None:
    """Rules are given to a magnet link that was added without any. Nothing is downloaded until they are applied."""
    add(leech, sample, sample.desired(target, by_magnet=True))
    assert not leech.session.set_selection(sample.torrent, sample.desired(target, by_magnet=True, selection=rules))
    leech.session.connect(sample.torrent, [seeding])
    leech.take(MetadataReceived)
    settled = (NativeState.DOWNLOADING, NativeState.FINISHED, NativeState.SEEDING)
    row = leech.status(sample.torrent, lambda row: row.state in settled)
    assert (row.wanted, row.state) == (0, NativeState.FINISHED)


def test_rules_that_were_taken_back_before_the_metadata_hold_nothing_up(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """A magnet link without rules is downloaded completely when its metadata comes, whatever rules it had before."""
    add(leech, sample, sample.desired(target, by_magnet=True, selection=Selection(exclude=("*",))))
    wanted = sample.desired(target, by_magnet=True)
    assert not leech.session.set_selection(sample.torrent, wanted)
    leech.session.connect(sample.torrent, [seeding])
    leech.take(MetadataReceived)
    assert leech.session.set_selection(sample.torrent, wanted)
    leech.take(PrioritiesSet)
    layout = leech.session.layout(sample.torrent)
    assert layout is not None
    assert [file.priority for file in layout.files] == [4, 4]


@pytest.mark.parametrize("delete_files", [False, True])
def test_files_are_deleted_where_asked_for(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path, delete_files: bool
) -> None:
    """Exactly the torrent's files and folders are deleted, before `TorrentGone` comes."""
    add(leech, sample, sample.desired(target, peers=(seeding,)))
    flushed(leech, sample.torrent)
    (target / "mine.txt").write_bytes(b"mine")
    leech.session.remove(sample.torrent, delete_files=delete_files)
    assert leech.take(TorrentGone) == TorrentGone(sample.torrent, None)
    kept = {} if delete_files else sample.contents
    assert files_below(target) == {**kept, "mine.txt": b"mine"}
    assert (target / "shared").exists() == (not delete_files)


def test_a_file_of_somebody_else_in_the_folder_is_kept_and_no_problem(
    leech: Probe, sample: SampleTorrent, target: Path
) -> None:
    """All files of the torrent were deleted, so nothing is reported; only the folder stays."""
    sample.write(target)
    (target / "shared" / "mine.txt").write_bytes(b"mine")
    add(leech, sample, sample.desired(target))
    leech.status(sample.torrent, finished)
    leech.session.remove(sample.torrent, delete_files=True)
    gone = leech.take(TorrentGone)
    assert files_below(target) == {"shared/mine.txt": b"mine"}
    assert gone == TorrentGone(sample.torrent, None)


def test_the_files_of_an_unfinished_torrent_are_deleted_too(
    leech: Probe, sample: SampleTorrent, seeding: str, target: Path
) -> None:
    """While it is being downloaded."""
    add(leech, sample, sample.desired(target, peers=(seeding,), download_bps=sample.size // 4))
    leech.status(sample.torrent, lambda row: row.done >= 2 * PIECE_LENGTH)
    leech.session.remove(sample.torrent, delete_files=True)
    assert leech.take(TorrentGone) == TorrentGone(sample.torrent, None)
    assert files_below(target) == {}


def test_a_missing_disk_is_told_and_not_downloaded_over(leech: Probe, sample: SampleTorrent, tmp_path: Path) -> None:
    """If the save path cannot be written, the torrent stops with an error; resuming it tries again."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"no directory")
    with seed(sample, tmp_path / "seed") as probe:
        add(leech, sample, sample.desired(blocked / "below", peers=(address(probe),)))
        row = leech.status(sample.torrent, lambda row: row.error is not None)
        assert not finished(row)
        blocked.unlink()
        leech.session.set_paused(sample.torrent, False)
        leech.session.connect(sample.torrent, [address(probe)])
        flushed(leech, sample.torrent)
        assert leech.status(sample.torrent, lambda row: row.error is None).done == sample.size
    assert files_below(blocked / "below") == sample.contents


def test_sessions_close_with_transfers_under_way(sample: SampleTorrent, seeding: str, target: Path) -> None:
    """An engine can end at any time."""
    with real_session() as probe:
        add(probe, sample, sample.desired(target, peers=(seeding,), download_bps=sample.size // 4))
        probe.status(sample.torrent, lambda row: row.downloaded > 0)


def test_suspending_stops_transfers(leech: Probe, sample: SampleTorrent, seeding: str, target: Path) -> None:
    """Data in flight may still arrive; then the totals do not change."""
    add(leech, sample, sample.desired(target, peers=(seeding,), download_bps=sample.size // 4))
    leech.status(sample.torrent, lambda row: row.downloaded > 0)
    leech.session.suspend()
    counts: list[int] = []

    def quiet() -> bool:
        counts.append(leech.status(sample.torrent).downloaded)
        leech.pump(0.1)
        return len(counts) >= 5 and len(set(counts[-5:])) == 1

    eventually(quiet, "quiet")
    assert counts[-1] < sample.size


def test_torrents_that_nobody_added_are_removed(leech: Probe, sample: SampleTorrent, target: Path) -> None:
    """Exactly these are removed, even during an addition; their files stay."""
    stranger = SampleTorrent("stranger", {"a.bin": noise(1000)})
    stranger.write(target)
    add(leech, sample, sample.desired(target))
    native = leech.session._session  # type: ignore[attr-defined]  # nothing else can add what nobody asked for
    params = libtorrent_sources.parse_metainfo(stranger.metainfo)
    params.save_path = str(target)
    native.add_torrent(params)
    assert leech.session.remove_unknown_torrents() == 1
    eventually(lambda: len(native.get_torrents()) == 1, "the stranger is gone")
    assert leech.session.remove_unknown_torrents() == 0
    assert leech.session.torrents() == {sample.torrent}
    assert files_below(target).keys() >= stranger.contents.keys()


def test_resume_data_that_says_otherwise_gives_way_and_is_told(
    leech: Probe, sample: SampleTorrent, target: Path
) -> None:
    """Save path, limits, order and priorities. Only differences are reported."""
    asked = sample.desired(target, paused=True, sequential=True, download_bps=1000)
    add(leech, sample, asked)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    for desired in (
        asked,
        sample.desired(target, paused=True, upload_bps=7),
        sample.desired(target / "moved", sequential=True, download_bps=1000, selection=Selection(priorities={"0": 0})),
    ):
        with real_session() as later:
            loading = later.session.resume(desired, metainfo=None, resume=blob, verified=Verified())
            assert isinstance(loading, Loading)
            assert loading.stored is not None
            differing = {
                name
                for name in ("save_path", "sequential", "download_bps", "upload_bps", "selection")
                if getattr(loading.stored, name) != getattr(desired, name)
            }
            assert differing == {
                name
                for name in ("save_path", "sequential", "download_bps", "upload_bps", "selection")
                if getattr(asked, name) != getattr(desired, name)
            }
            later.take(TorrentAdded)
            assert later.session.observed(desired) == desired


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("contents", [{"a": noise(100)}, {"a": noise(100), "empty": b""}], ids=["whole", "with-empty"])
def test_files_that_were_seen_are_not_looked_at_again(
    leech: Probe, tmp_path: Path, contents: dict[str, bytes], seen: bool
) -> None:
    """If all files were seen: a file that is deleted between the check and the addition is not missed."""
    sample = SampleTorrent("seed", contents)
    sample.write(tmp_path)
    desired = sample.desired(tmp_path, seed_mode=True)
    add(leech, sample, desired)
    leech.status(sample.torrent, finished)
    leech.session.save_resume(sample.torrent, only_if_modified=False)
    blob = leech.take(ResumeData).blob
    with real_session() as later:
        examined = later.session.examine(desired, metainfo=None, resume=blob)
        (tmp_path / "seed" / "a").unlink()
        loading = later.session.resume(desired, metainfo=None, resume=blob, examined=examined, seen=seen)
        assert isinstance(loading, Loading)
        later.take(TorrentAdded)
        if seen and "empty" not in contents:
            assert later.status(sample.torrent, finished).progress == 1.0
            assert later.waiting(ResumeRejected) == []
        else:
            later.take(ResumeRejected)


# -- trackers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["http", "udp"])
def test_trackers_hear_of_a_torrent_once_released(sample: SampleTorrent, tmp_path: Path, protocol: str) -> None:
    """Before that, it already seeds to peers that connect. Afterwards it announces `started` once."""
    sample.write(tmp_path / "seed")
    with Tracker() as tracker, real_session() as seed_, real_session() as leech_:
        url = getattr(tracker, protocol)
        add(seed_, sample, sample.desired(tmp_path / "seed", trackers=(url,)))
        add(leech_, sample, sample.desired(tmp_path / "leech", peers=(address(seed_),)))
        leech_.take(Finished)
        seed_.settle()
        assert tracker.announces == []
        seed_.session.release_trackers(sample.torrent)
        eventually(lambda: tracker.announces != [], "an announce")
        seed_.settle()
        [announce] = tracker.announces
        assert (announce.torrent, announce.event, announce.left) == (sample.torrent, AnnounceEvent.STARTED, 0)


def test_trackers_that_are_held_back_keep_their_tiers(tmp_path: Path) -> None:
    """In resume data, and when they are released (BEP 12)."""
    sample = SampleTorrent("tiers", {"a": b"content"})
    first, second, third = (f"udp://127.0.0.1:9/{name}".encode() for name in "abc")
    metainfo = sample.metainfo_with({b"announce-list": [[first, second], [third]]})
    with real_session() as probe:
        probe.session.add(sample.desired(tmp_path, paused=True), metainfo=metainfo, resume=None)
        probe.take(TorrentAdded)
        found = []
        for _ in range(2):
            probe.session.save_resume(sample.torrent, only_if_modified=False)
            params = lt.read_resume_data(probe.take(ResumeData).blob)
            found.append(sorted(zip(params.trackers, params.tracker_tiers, strict=True)))
            probe.session.release_trackers(sample.torrent)
    wanted = [(first.decode(), 0), (second.decode(), 0), (third.decode(), 1)]
    assert found == [wanted, wanted]


def test_a_paused_torrent_announces_itself_when_it_runs(tmp_path: Path) -> None:
    """Its trackers were released while it was paused, without an announce."""
    sample = SampleTorrent("paused", {"a": b"content"})
    sample.write(tmp_path)
    with Tracker() as tracker, real_session() as probe:
        add(probe, sample, sample.desired(tmp_path, trackers=(tracker.udp,), paused=True))
        probe.session.release_trackers(sample.torrent)
        probe.settle()
        assert tracker.announces == []
        probe.session.set_paused(sample.torrent, False)
        eventually(lambda: tracker.announces != [], "an announce")


def test_a_setting_that_is_not_configured_any_more_is_libtorrents_again() -> None:
    """A line that was removed from the configuration has no effect until the next engine."""
    with real_session(settings={**LOOPBACK, "peer_timeout": 33, "connections_limit": 44}) as probe:
        native: Any = probe.session
        native.configure(LOOPBACK, download_bps=0, upload_bps=0)
        settings = native._session.get_settings()
        assert settings["peer_timeout"] == lt.default_settings()["peer_timeout"]
        assert settings["connections_limit"] == session_settings.DEFAULTS["connections_limit"]
        assert not settings["enable_dht"]
