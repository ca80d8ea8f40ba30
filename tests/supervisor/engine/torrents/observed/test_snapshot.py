from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.desired import TorrentOptions, TrackerEdits
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.rows import ACTIVE_STATES, ROW_FIELDS, HindranceCause, TorrentState
from supervisor.engine.torrents.observed.packed_files import Metadata
from supervisor.engine.torrents.observed.snapshot import Snapshot
from tests.supervisor.samples import NOW_US, OTHER, V1, V2, desired, progress, session_stats

FILES = [FileEntry(0, "root/a", 70, 4), FileEntry(2, "root/b", 130, 0)]


def test_a_torrent_that_no_engine_has_told_of_has_a_row() -> None:
    """Its desired state is there at once; observed state is empty, and its age unknown."""
    row = Snapshot().row(desired(labels=("x",), paused=True, download_bps=5, added_us=7), 100.0)
    assert (row.torrent, row.name, row.state, row.age_ms) == (V1, "name-a", TorrentState.QUEUED, None)
    assert (row.labels, row.paused, row.download_limit_bps, row.added_us) == (["x"], True, 5, 7)
    assert (row.progress, row.bytes_done, row.size, row.download_bps, row.error) == (0.0, 0, 0, 0, None)
    assert set(row.__struct_fields__) == ROW_FIELDS


def test_a_row_tells_what_the_engine_told() -> None:
    """The latest progress, the metadata's name and size, and the error."""
    snapshot = Snapshot()
    observed = snapshot.of(V1)
    snapshot.apply_progress(progress(), 0.0, 0)
    observed.state = TorrentState.DOWNLOADING
    observed.known = KnownMetadata(name="real name", size=200, piece_length=16, files=2)
    observed.error = "disk full"
    row = snapshot.row(desired(), 0.0)
    assert (row.name, row.size, row.state, row.error) == ("real name", 200, TorrentState.DOWNLOADING, "disk full")
    assert (row.progress, row.bytes_done, row.bytes_total) == (0.5, 50, 100)
    assert (row.download_bps, row.upload_bps, row.peers, row.seeds, row.wasted) == (1000, 100, 9, 4, 3)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-10, 1e6), st.booleans())
def test_a_torrent_that_is_present_is_as_fresh_as_the_engine(
    told_at: float, engine_told_at: float, later_s: float, present: bool
) -> None:
    """Otherwise it is as old as the last report about it; no age is negative."""
    snapshot = Snapshot()
    snapshot.of(V1).told_at = told_at
    snapshot.engine_told_at = engine_told_at
    if present:
        snapshot.present.add(V1)
    heard_at = engine_told_at if present else told_at
    age_ms = snapshot.row(desired(), heard_at + later_s).age_ms
    assert age_ms is not None
    assert age_ms >= 0
    assert age_ms == pytest.approx(max(0.0, later_s * 1000), abs=1.01)


def test_in_an_outage_rows_stay_and_grow_old() -> None:
    """Figures that do not change stay; rates and peers are zero; the age says since when."""
    snapshot = Snapshot()
    observed = snapshot.of(V1)
    snapshot.apply_progress(progress(), 0.0, 0)
    observed.state, observed.told_at = TorrentState.DOWNLOADING, 10.0
    snapshot.session, snapshot.engine_told_at = session_stats(), 20.0
    snapshot.present.add(V1)
    before = snapshot.row(desired(), 20.0)
    snapshot.engine_lost(NOW_US)
    row = snapshot.row(desired(), 25.0)
    assert (row.download_bps, row.upload_bps, row.peers, row.seeds) == (0, 0, 0, 0)
    assert (row.state, row.bytes_done, row.downloaded, row.progress) == (before.state, 50, 60, 0.5)
    assert (before.age_ms, row.age_ms) == (0, 15_000)
    assert snapshot.session is not None
    assert (snapshot.session.download_bps, snapshot.session.upload_bps, snapshot.session.peers) == (0, 0, 0)
    assert (snapshot.session.downloaded, snapshot.session.listen_port) == (10**6, 6881)
    assert snapshot.session_age_ms(25.0) == 5000


@pytest.mark.parametrize("rate", ["download_bps", "upload_bps", "peers", "seeds"])
def test_an_outage_clears_each_figure_alone_and_copies_no_quiet_progress(rate: str) -> None:
    """A hundred thousand idle seeds are not copied while clients wait."""
    snapshot = Snapshot()
    observed = snapshot.of(V1)
    quiet = msgspec.structs.replace(progress(), download_bps=0, upload_bps=0, peers=0, seeds=0)
    observed.progress = msgspec.structs.replace(quiet, **{rate: 1})
    snapshot.engine_lost(NOW_US)
    assert observed.progress == quiet
    observed.progress = quiet
    snapshot.engine_lost(NOW_US)
    assert observed.progress is quiet


def test_only_a_download_has_an_estimate_and_keeps_it_over_an_engines_death() -> None:
    """The next engine takes over within hundredths of a second."""
    snapshot = Snapshot()
    observed = snapshot.of(V1)
    observed.state = TorrentState.DOWNLOADING
    for second in range(10):
        snapshot.apply_progress(progress(downloaded=second, wasted=0), float(second), 0)
    assert snapshot.row(desired(), 9.0).eta_s == 50
    snapshot.engine_lost(NOW_US)
    snapshot.apply_progress(progress(state=TorrentState.QUEUED, downloaded=9, wasted=0), 9.5, 0)
    assert snapshot.row(desired(), 10.0).eta_s == 50
    observed.state = TorrentState.CHECKING
    assert snapshot.row(desired(), 10.0).eta_s is None
    observed.state = TorrentState.DOWNLOADING
    snapshot.apply_progress(progress(state=TorrentState.PAUSED, downloaded=9, wasted=0), 10.0, 0)
    assert snapshot.row(desired(), 10.0).eta_s is None


@pytest.mark.parametrize("state", TorrentState)
def test_only_work_in_progress_is_interrupted_and_only_once(state: TorrentState) -> None:
    """An engine that dies before it loaded the torrent again interrupts nothing new."""
    snapshot = Snapshot()
    snapshot.of(V1).state = state
    snapshot.of(OTHER).state = TorrentState.SEEDING
    assert snapshot.engine_lost(NOW_US) == ([V1] if state in ACTIVE_STATES else [])
    assert snapshot.engine_lost(NOW_US) == []
    snapshot.of(V1).interrupted = False
    assert snapshot.engine_lost(NOW_US) == ([V1] if state in ACTIVE_STATES else [])


def test_since_when_nothing_arrives() -> None:
    """From the first report, or the engine's death, until something arrives; a complete torrent is not stalled."""
    snapshot = Snapshot()

    def since() -> int | None:
        return snapshot.row(desired(), 1.0).stalled_since_us

    assert since() is None
    for at, told, expected in (
        (1, progress(), None),
        (2, progress(download_bps=0), 2),
        (3, progress(download_bps=0), 2),
        (4, progress(downloaded=61), None),
        (5, progress(downloaded=61), None),  # what remains of the rate
        (9, progress(downloaded=61), None),
        (10, progress(downloaded=61), 5),
        (11, progress(downloaded=62), None),
        (12, progress(state=TorrentState.SEEDING, download_bps=0, bytes_done=100), None),
    ):
        snapshot.apply_progress(told, 0.0, NOW_US + at * 1_000_000)
        assert since() == (None if expected is None else NOW_US + expected * 1_000_000)
    snapshot.engine_lost(NOW_US + 13)
    assert since() is None
    snapshot.apply_progress(progress(downloaded=70), 0.0, NOW_US + 14)
    snapshot.engine_lost(NOW_US + 15)
    assert since() == NOW_US + 15


def test_rows_say_why_nothing_moves() -> None:
    """By whether there is an engine, and what it has loaded."""
    snapshot = Snapshot()

    def cause() -> HindranceCause | None:
        found = snapshot.row(desired(), 1.0).hindrance
        return None if found is None else found.cause

    assert cause() is HindranceCause.ENGINE
    snapshot.engine_up = True
    assert cause() is HindranceCause.QUEUED
    snapshot.present.add(V1)
    observed = snapshot.of(V1)
    observed.state = TorrentState.DOWNLOADING
    snapshot.apply_progress(progress(), 0.0, NOW_US)
    assert cause() is None
    snapshot.apply_progress(progress(download_bps=0, peers=0), 0.0, NOW_US)
    assert cause() is HindranceCause.NO_PEERS
    observed.storage_problem = "/data: no room"
    assert cause() is HindranceCause.DISK
    observed.storage_problem, observed.state = None, TorrentState.SEEDING
    assert cause() is None
    snapshot.engine_lost(NOW_US)
    assert cause() is HindranceCause.ENGINE


def test_trackers_of_a_torrent_that_no_engine_has_told_of() -> None:
    """Those in its record; none once an engine has it and has reported none."""
    snapshot = Snapshot()
    named = desired(magnet="magnet:?xt=urn:btih:x&tr=udp%3A%2F%2Fa%3A1", trackers=("udp://b:1", "udp://a:1"))
    rows = snapshot.trackers_of(named, 1.0)
    assert [(row.url, row.status) for row in rows] == [
        ("udp://a:1", TrackerStatus.NOT_CONTACTED),
        ("udp://b:1", TrackerStatus.NOT_CONTACTED),
    ]
    edited = msgspec.structs.replace(
        named, tracker_edits=TrackerEdits(added=(("udp://c:1", 7),), removed=("udp://a:1",))
    )
    changed = [("udp://b:1", 0), ("udp://c:1", 7)]
    assert [(row.url, row.tier) for row in snapshot.trackers_of(edited, 1.0)] == changed
    snapshot.present.add(V1)
    assert snapshot.trackers_of(named, 1.0) == []
    snapshot.trackers.known([V1], [("udp://a:1", 0), ("udp://b:1", 0)])  # before the engine reports the change
    assert [(row.url, row.tier) for row in snapshot.trackers_of(edited, 1.0)] == changed


def test_a_forgotten_torrent_is_nowhere_any_more() -> None:
    """A torrent that is added again with the same id starts from nothing."""
    snapshot = Snapshot()
    snapshot.present.add(V1)
    snapshot.of(V1).progress = progress()
    snapshot.of(V1).applied_revision = 9
    snapshot.discard(V1)
    snapshot.discard(V1)
    assert snapshot.present == set()
    assert snapshot.of(V1).progress is None
    assert snapshot.of(V1).applied_revision == 0
    assert snapshot.row(desired(), 1.0).age_ms is None


def test_files_are_known_with_the_priorities_that_are_desired() -> None:
    """Not before they were reported, not during an unconfirmed change, and not after a refused one."""
    snapshot = Snapshot()
    assert not snapshot.files_known(desired())
    observed = snapshot.of(V1)
    observed.applied_revision = 1
    assert not snapshot.files_known(desired())
    observed.metadata = Metadata.of(FILES)
    assert snapshot.files_known(desired())
    assert not snapshot.files_known(desired(revision=2))
    observed.refusal = "no"
    assert not snapshot.files_known(desired())


def test_files_are_told_with_what_is_done_of_each() -> None:
    """By index, which may have gaps for padding; 0 before the first request."""
    snapshot = Snapshot()
    assert snapshot.files(V1) is None
    snapshot.of(V1).metadata = Metadata.of(FILES)
    assert [(row.index, row.path, row.bytes_done) for row in snapshot.files(V1) or []] == [
        (0, "root/a", 0),
        (2, "root/b", 0),
    ]
    snapshot.of(V1).file_bytes = (1.0, [70, 5, 13])
    assert [(row.size, row.priority, row.bytes_done) for row in snapshot.files(V1) or []] == [(70, 4, 70), (130, 0, 13)]
    snapshot.of(V1).file_bytes = (1.0, [70])
    assert [row.bytes_done for row in snapshot.files(V1) or []] == [70, 0]


def test_detail_tells_what_was_asked_for() -> None:
    """The row, and the source, rules and revisions."""
    snapshot = Snapshot()
    asked = desired(V2, trackers=("udp://t",), web_seeds=("http://w",), revision=4)
    detail = snapshot.detail(asked, 0.0)
    row = snapshot.row(asked, 0.0)
    assert all(getattr(detail, name) == getattr(row, name) for name in ROW_FIELDS)
    assert (detail.source, detail.magnet, detail.trackers, detail.web_seeds) == (
        "magnet",
        asked.magnet,
        ["udp://t"],
        ["http://w"],
    )
    assert (detail.files, detail.piece_length, detail.revision, detail.applied_revision) == (None, None, 4, 0)
    snapshot.of(V2).known = KnownMetadata(name="n", size=200, piece_length=16, files=2)
    detail = snapshot.detail(asked, 0.0)
    assert (detail.files, detail.piece_length) == (2, 16)


def test_rows_show_the_content_path_the_swarm_and_the_tracker() -> None:
    """Not the name; the tracker is known without an engine if the record has one."""
    snapshot, url = Snapshot(), "http://t.example/announce"
    metadata = KnownMetadata(name="set", size=200, piece_length=16, files=2, pieces=13, root="new")
    asked = desired(metadata=metadata, trackers=(url,), options=TorrentOptions(name="for people"))
    row = snapshot.row(asked, 0.0)
    assert (row.name, row.content, row.tracker, row.swarm_seeds) == ("for people", "new", url, None)
    snapshot.apply_progress(msgspec.structs.replace(progress(), swarm_seeds=7, swarm_leeches=0), 0.0, 0)
    snapshot.trackers.known([V1], [("udp://u.example", 0), (url, 1)])
    row = snapshot.row(asked, 0.0)
    assert (row.swarm_seeds, row.swarm_leeches, row.tracker) == (7, 0, "udp://u.example")
    snapshot.engine_lost(0)
    assert snapshot.row(asked, 0.0).swarm_seeds == 7
    edited = msgspec.structs.replace(asked, tracker_edits=TrackerEdits(removed=("udp://u.example",)))
    assert snapshot.row(edited, 0.0).tracker == url
    assert snapshot.row(desired(metadata=msgspec.structs.replace(metadata, root=None)), 0.0).content == "set"
    assert snapshot.row(desired(metadata=msgspec.structs.replace(metadata, root="")), 0.0).content == ""
    assert snapshot.row(desired(metadata=msgspec.structs.replace(metadata, pieces=None)), 0.0).content is None


def test_the_facts_in_the_source_are_part_of_the_details() -> None:
    """Unknown without metadata, and where a record of an earlier version lacks them."""
    snapshot = Snapshot()
    known = KnownMetadata(
        name="n", size=9, piece_length=16, files=1, pieces=1, private=True, comment="c", created_by="p", created_us=5
    )
    for metadata, expected in (
        (known, (1, True, "c", "p", 5)),
        (KnownMetadata(name="n", size=9, piece_length=16, files=1), (None, None, "", "", None)),
        (None, (None, None, "", "", None)),
    ):
        shown = snapshot.detail(desired(metadata=metadata), 0.0)
        assert (shown.pieces, shown.private, shown.comment, shown.created_by, shown.created_us) == expected


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([None, *TorrentState]))),
    st.sets(st.sampled_from("abcde")),
    st.sets(st.sampled_from("fa")),
)
def test_states_are_counted_of_the_records(
    steps: list[tuple[str, TorrentState | None]], readable: set[str], unreadable: set[str]
) -> None:
    """After any changes; None stands for a discarded torrent. Torrents without a report are queued."""
    snapshot = Snapshot()
    for torrent, state in steps:
        if state is None:
            snapshot.discard(torrent)
        else:
            snapshot.change_state(torrent, state)
    unreadable -= readable
    found = snapshot.count_states(dict.fromkeys(readable), unreadable)
    assert found == Counter(snapshot.state_of(each) or TorrentState.QUEUED for each in (*readable, *unreadable))


def test_torrents_are_counted_by_their_state() -> None:
    """Whoever changes it: an engine's report, a quarantine, a release or a removal."""
    snapshot = Snapshot()
    catalogue = dict.fromkeys("abc")
    for torrent in catalogue:
        snapshot.change_state(torrent, TorrentState.SEEDING)
    snapshot.quarantined("a", "it crashes the engine")
    assert snapshot.count_states(catalogue, ()) == {TorrentState.SEEDING: 2, TorrentState.QUARANTINED: 1}
    snapshot.queued("a")
    snapshot.discard("b")
    assert snapshot.count_states(catalogue, ()) == {TorrentState.SEEDING: 1, TorrentState.QUEUED: 2}
    snapshot.unreadable("c", "damaged")
    del catalogue["c"]
    assert snapshot.count_states(catalogue, ("c",)) == {TorrentState.QUEUED: 2, TorrentState.ERROR: 1}
