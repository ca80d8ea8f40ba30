from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.internal.link_events import HistoryFound
from protocol.wire.rows import TorrentState, ratio
from supervisor.totals.totals import SESSION, Counts, SessionRecord, TorrentRecord, Totals
from tests.supervisor.samples import OTHER, V1, progress

MINUTE = 60


class _Life:
    """A torrent, its engines and supervisors: the real transfers, and the shown totals."""

    def __init__(self) -> None:
        self.totals = Totals()
        self.moved = 0
        self.wasted = 0
        self.session = 0
        self.resume = 0
        self.stored: TorrentRecord | None = None
        self.stored_session = SessionRecord()
        self.shown: list[tuple[int, int, int]] = []
        self._load()

    def _load(self) -> None:
        """The engine loads the torrent: from its resume data, or from the supervisor's totals if these are more."""
        self.engine = max(self.resume, self.totals.of(V1).downloaded)
        self.engine_wasted = self.engine_session = 0

    def move(self, size: int, *, wasted: int) -> None:
        self.engine += size
        self.engine_wasted += min(size, wasted)
        self.engine_session += size
        self.moved += size
        self.wasted += min(size, wasted)
        self.session += size

    def tell(self, now_us: int = 5) -> None:
        event = progress(downloaded=self.engine, uploaded=self.engine, wasted=self.engine_wasted)
        told = self.totals.progress(event, now_us)
        self.totals.count_session(self.engine_session, self.engine_session)
        counts = self.totals.of(V1)
        assert (told.downloaded, told.uploaded, told.wasted) == (counts.downloaded, counts.uploaded, counts.wasted)
        self.show()

    def show(self) -> None:
        counts = self.totals.of(V1)
        self.shown.append((counts.downloaded, counts.wasted, self.totals.all_time[1]))

    def kill_engine(self, *, older: int) -> None:
        """Unreported transfers are lost; its resume data is of any age."""
        self.resume = max(0, self.engine - older)
        counts = self.totals.of(V1)
        self.moved, self.wasted = max(counts.downloaded, self.resume), counts.wasted
        self.session = self.totals.all_time[0]
        self.totals.engine_lost()
        self._load()

    def save(self) -> None:
        self.stored = self.totals.shard_record(V1[:2], lambda torrent: 1).torrents.get(V1)
        self.stored_session = self.totals.session_record()

    def kill_supervisor(self) -> None:
        """Only saved data is left, of either process."""
        self.resume = min(self.resume, self.engine)
        self.totals = Totals()
        self.totals.merge_stored_session(self.stored_session, 0)
        if self.stored is not None:
            self.totals.merge_stored(V1, self.stored, self.stored_session.uptime_s)
        self.shown.clear()
        counts = self.totals.of(V1)
        self.moved = max(counts.downloaded, self.resume)
        self.wasted, self.session = counts.wasted, self.totals.all_time[0]
        self._load()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(0, 1000), st.integers(0, 10)),
        st.tuples(st.just("tell"), st.just(0), st.just(0)),
        st.tuples(st.just("idle"), st.just(0), st.just(0)),
        st.tuples(st.just("kill_engine"), st.integers(0, 2000), st.just(0)),
        st.tuples(st.just("save"), st.just(0), st.just(0)),
        st.tuples(st.just("kill_supervisor"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
def test_totals_never_fall_and_nothing_is_counted_twice(steps: Sequence[tuple[str, int, int]]) -> None:
    """Whatever dies, and however old the resume data is, the totals are the transfers without unreported ones."""
    life = _Life()
    for step, size, wasted in steps:
        match step:
            case "move":
                life.move(size, wasted=wasted)
            case "tell":
                life.tell()
                assert life.shown[-1] == (life.moved, life.wasted, life.session)
            case "idle":  # a torrent that is not in the session, as while its disk is missing
                life.totals.progress(progress(downloaded=0, uploaded=0, wasted=life.engine_wasted), 5)
                life.show()
            case "kill_engine":
                life.kill_engine(older=size)
            case "save":
                life.save()
            case "kill_supervisor":
                life.kill_supervisor()
    assert life.shown == sorted(life.shown)
    assert all(now[0] <= life.moved and now[2] <= life.session for now in life.shown)


@given(st.lists(st.tuples(st.sampled_from([*TorrentState]), st.integers(0, 100), st.booleans()), max_size=30))
def test_durations_are_of_the_states_in_which_a_torrent_runs(steps: list[tuple[TorrentState, int, bool]]) -> None:
    """Only while there is an engine, over restarts; a torrent that waits keeps its last kind."""
    totals, now = Totals(), 0.0
    active = seeding = False
    active_s = seeding_s = 0
    totals.tick(now, up=True)
    for state, seconds, restart in steps:
        totals.state(V1, state)
        if state is not TorrentState.QUEUED:
            seeding = state in (TorrentState.FINISHED, TorrentState.SEEDING)
            active = seeding or state in (
                TorrentState.CHECKING,
                TorrentState.DOWNLOADING,
                TorrentState.FETCHING_METADATA,
            )
        now += seconds
        totals.tick(now, up=True)
        active_s += seconds * active
        seeding_s += seconds * seeding
        if restart:
            session, shard = totals.session_record(), totals.shard_record(V1[:2], lambda torrent: 1)
            totals = Totals()
            totals.merge_stored_session(session, 0)
            for torrent, record in shard.torrents.items():
                totals.merge_stored(torrent, record, shard.uptime_s)
            totals.tick(now, up=False)
            now += 1000
            totals.tick(now, up=True)
        counts = totals.of(V1)
        assert (totals.active_s(counts), totals.seeding_s(counts)) == (active_s, seeding_s)


def test_an_idle_seed_changes_nothing() -> None:
    """Hours pass, engines die, and there is nothing to save; its time counts all the same."""
    totals = Totals()
    totals.tick(0.0, up=True)
    totals.progress(progress(), 5)
    totals.state(V1, TorrentState.SEEDING)
    totals.count_session(60, 6)
    shard = totals.shard_record(V1[:2], lambda torrent: 1)
    totals.changed.clear()
    for hour in range(1, 5):
        totals.tick(hour * 3600.0, up=True)
        totals.engine_lost()
        totals.tick(hour * 3600.0, up=False)
        totals.tick(hour * 3600.0, up=True)
        totals.state(V1, TorrentState.QUEUED)
        totals.progress(progress(wasted=0), 6)
        totals.state(V1, TorrentState.SEEDING)
        totals.count_session(0, 0)
    assert not totals.changed
    assert totals.seeding_s(totals.of(V1)) == 4 * 3600
    after = Totals()  # the supervisor was killed, and only the uptime was stored
    after.merge_stored_session(SessionRecord(), 4 * 3600 - MINUTE)
    after.merge_stored(V1, shard.torrents[V1], shard.uptime_s)
    assert after.seeding_s(after.of(V1)) == 4 * 3600 - MINUTE


def test_activity_is_what_moves_now() -> None:
    """An engine's load is none, even with more than was known; a torrent that never transferred has none."""
    totals = Totals()
    totals.merge_stored(V1, TorrentRecord(added_us=1, downloaded=10), 0)
    totals.progress(progress(downloaded=60, uploaded=0, wasted=0), 5)
    assert totals.of(V1).last_activity_us is None
    totals.progress(progress(downloaded=60, uploaded=1, wasted=0), 7)
    totals.progress(progress(downloaded=60, uploaded=1, wasted=0), 8)
    assert totals.of(V1).last_activity_us == 7


def test_a_torrent_is_complete_since_it_was_found_to_be_or_became_so_last() -> None:
    """Found complete again, after a restart or a recheck, the time stays; after more downloads it is renewed."""
    totals = Totals()
    totals.progress(progress(downloaded=60), 1)
    totals.completed(V1, 5)
    totals.completed(V1, 6)
    totals.progress(progress(downloaded=60, uploaded=8), 6)
    totals.completed(V1, 7)
    assert totals.of(V1).completed_us == 5
    totals.progress(progress(downloaded=61, uploaded=8), 8)
    totals.completed(V1, 9)
    totals.completed(V1, 10)
    assert totals.of(V1).completed_us == 9


def test_what_resume_data_says_counts_where_nothing_was_stored() -> None:
    """As after an earlier version, or after a damaged file of totals."""
    totals = Totals()
    assert not totals.knows(V1)
    totals.tick(0.0, up=True)
    totals.state(V1, TorrentState.SEEDING)
    totals.tick(10.0, up=True)
    totals.found(
        HistoryFound(torrent=V1, downloaded=7, uploaded=8, active_s=100, seeding_s=50, completed_s=3, last_activity_s=0)
    )
    counts = totals.of(V1)
    assert (counts.downloaded, counts.uploaded) == (7, 8)
    assert (totals.active_s(counts), totals.seeding_s(counts)) == (110, 60)
    assert (counts.completed_us, counts.last_activity_us) == (3_000_000, None)


def test_what_could_not_be_read_is_added_once_it_can_be() -> None:
    """To what was counted meanwhile."""
    totals = Totals()
    totals.tick(0.0, up=True)
    totals.progress(progress(downloaded=100, uploaded=5, wasted=1), 9)
    totals.state(V1, TorrentState.DOWNLOADING)
    totals.count_session(40, 5)
    totals.tick(10.0, up=True)
    totals.merge_stored_session(SessionRecord(uptime_s=1000, downloaded=600, uploaded=0), 0)
    record = TorrentRecord(added_us=1, downloaded=60, uploaded=50, wasted=4, active_s=900, seeding_s=3, active=True)
    totals.merge_stored(V1, record, 990)
    counts = totals.of(V1)
    assert (counts.downloaded, counts.uploaded, counts.wasted) == (100, 50, 5)
    assert (totals.active_s(counts), totals.seeding_s(counts)) == (910, 3)
    assert (totals.uptime_s, totals.all_time) == (1010, (640, 5))


def test_a_torrent_that_was_removed_begins_anew() -> None:
    """And is in no file any more."""
    totals = Totals()
    totals.progress(progress(), 5)
    totals.progress(progress(OTHER), 5)
    totals.changed.clear()
    totals.discard(V1)
    assert totals.changed == {V1[:2]}
    assert (totals.of(V1), totals.knows(V1)) == (Counts(), False)
    assert V1 not in totals.shard_record(V1[:2], lambda torrent: 1).torrents
    assert set(totals.shards()) == {SESSION, V1[:2], OTHER[:2]}
    assert not totals.shard_record(OTHER[:2], lambda torrent: None).torrents


@pytest.mark.parametrize(
    ("downloaded", "uploaded", "done", "expected"),
    [
        (0, 0, 0, None),
        (100, 50, 100, 0.5),
        (200, 50, 100, 0.25),
        (0, 150, 100, 1.5),
        (1, 50, 1000, 0.05),
        (0, 0, 100, 0.0),
        (100, 30, 0, 0.3),
    ],
)
def test_a_ratio_is_of_what_was_downloaded_or_else_of_what_is_there(
    downloaded: int, uploaded: int, done: int, expected: float | None
) -> None:
    """Null if there is neither."""
    assert ratio(downloaded, uploaded, done) == expected


class _Quiet:
    """A torrent and its supervisors: the seeding time since its last transfer, as a plain sum."""

    def __init__(self) -> None:
        self.totals = Totals()
        self.now, self.sent, self.quiet_s, self.moved = 0.0, 0, 0, False
        self.seeds = False
        self._start()

    def _start(self) -> None:
        self.totals.tick(self.now, up=True)
        self.totals.progress(progress(uploaded=self.sent), 5)

    def step(self, kind: str, number: int) -> None:
        match kind:
            case "wait":
                self.now += number
                self.totals.tick(self.now, up=True)
                self.quiet_s += number if self.seeds else 0
            case "send":
                self.sent += 1
                self.totals.progress(progress(uploaded=self.sent), 5)
                self.quiet_s = 0
            case "state":
                self.seeds = bool(number % 2)
                self.totals.state(V1, TorrentState.SEEDING if self.seeds else TorrentState.PAUSED)
            case "restart":
                record = self.totals.shard_record(V1[:2], lambda torrent: 1)
                session, self.totals = self.totals.session_record(), Totals()
                if number % 2:  # the totals were read late
                    self._start()
                self.totals.merge_stored_session(session, 0)
                for torrent, stored in record.torrents.items():
                    self.totals.merge_stored(torrent, stored, record.uptime_s)
                self._start()
                self.totals.state(V1, TorrentState.SEEDING if self.seeds else TorrentState.PAUSED)


@given(st.lists(st.tuples(st.sampled_from(["wait", "send", "state", "restart"]), st.integers(0, 5)), max_size=40))
def test_quiet_time_is_seeding_time_since_the_last_transfer(steps: Sequence[tuple[str, int]]) -> None:
    """Over restarts, and whichever process counts it; it never exceeds the seeding time."""
    life = _Quiet()
    life.step("send", 0)
    for kind, number in steps:
        life.step(kind, number)
        counts = life.totals.of(V1)
        seeding_s = life.totals.seeding_s(counts)
        assert 0 <= counts.quiet_from_s <= seeding_s
        assert seeding_s - counts.quiet_from_s == life.quiet_s
