import errno
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from engine_proc.events.metadata_events import metadata_events
from engine_proc.events.orders import (
    ConfirmRetry,
    Flush,
    LoadLayout,
    Order,
    Reload,
    SaveCounters,
    SaveResume,
    TranslatedEvent,
)
from engine_proc.events.translator import AlertTranslator
from engine_proc.resume.pieces import Examined
from engine_proc.session.alerts import (
    Alert,
    AlertsLost,
    FileError,
    FileFinished,
    Finished,
    Flushed,
    ListenTrouble,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeRejected,
    ResumeUnsaved,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TorrentStatus,
    TorrentTrouble,
)
from engine_proc.session.session_port import Layout
from protocol.internal.link_events import FilesRestored, MetadataKnown
from protocol.wire.desired import Selection
from protocol.wire.events.session_events import SessionError
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    Progress,
    StateChanged,
    TorrentError,
)
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import TorrentState
from tests.fakes.fake_session import FakeSession
from tools.rig.samples import PIECE_LENGTH, two_files

T = "a" * 40
Output = TranslatedEvent | Order
ALL = NativeState.SEEDING
OutputT = TypeVar("OutputT")


def row(
    state: NativeState,
    done: int = 0,
    wanted: int = 10,
    *,
    paused: bool = False,
    error: str | None = None,
    uploaded: int = 0,
    upload_mode: bool = False,
    torrent: str = T,
    moved: tuple[int, int] = (0, 0),
) -> TorrentStatus:
    """A torrent's status."""
    return TorrentStatus(
        torrent,
        state=state,
        paused=paused,
        progress=done / wanted if wanted else 1.0,
        done=done,
        wanted=wanted,
        size=20,
        downloaded=done,
        uploaded=uploaded,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
        error=error,
        moved_down=moved[0],
        moved_up=moved[1],
        upload_mode=upload_mode,
    )


def told(translator: AlertTranslator, *alerts: Alert | TorrentStatus) -> list[Output]:
    """The translator's output for alerts: the events of each, then its orders.

    A status means an update with that row.
    """
    outputs: list[Output] = []
    for alert in alerts:
        events, orders = translator.translate(StatusUpdate([alert]) if isinstance(alert, TorrentStatus) else alert)
        outputs += [*events, *orders]
    return outputs


def of_kind(outputs: Sequence[object], kind: type[OutputT]) -> list[OutputT]:
    """The outputs of one kind."""
    return [output for output in outputs if isinstance(output, kind)]


@pytest.fixture
def translator() -> AlertTranslator:
    """A translator that knows one incomplete torrent."""
    translator = AlertTranslator()
    translator.loading(T, complete=False)
    return translator


# -- examples ---------------------------------------------------------------------------------------------------------


def test_completion_is_told_after_the_flush(translator: AlertTranslator) -> None:
    """Finished requests a flush. Until the flush is confirmed, the torrent is shown as downloading."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING), row(NativeState.DOWNLOADING, 5))
    assert [type(output) for output in told(translator, Finished(T))] == [Flush]
    shown = told(translator, row(ALL, 10))
    assert not of_kind(shown, Completed) + of_kind(shown, StateChanged)
    assert [progress.state for progress in of_kind(shown, Progress)] == [TorrentState.DOWNLOADING]
    shown = told(translator, Flushed(T))
    assert of_kind(shown, Completed) == [Completed(torrent=T, bytes_done=10)]
    assert of_kind(shown, StateChanged) == [
        StateChanged(torrent=T, state=TorrentState.SEEDING, previous=TorrentState.DOWNLOADING)
    ]
    assert shown[-1] == SaveResume(T, final=True)


def test_completion_is_told_when_the_flush_is_quicker_than_the_next_status(translator: AlertTranslator) -> None:
    """The last known status is from before the last piece; the next status completes the torrent."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING), row(NativeState.DOWNLOADING, 5))
    told(translator, Finished(T), Flushed(T))
    shown = told(translator, row(ALL, 10))
    assert of_kind(shown, Completed) == [Completed(torrent=T, bytes_done=10)]
    assert of_kind(shown, Progress)[-1].state is TorrentState.SEEDING


def test_what_libtorrent_has_not_added_up_is_counted(translator: AlertTranslator) -> None:
    """Bytes since its last update count, also if it never adds them up, and after a pause that resets them."""
    counted = []
    for total, moved in [(100, 0), (100, 30), (130, 30), (130, 35), (130, 4), (134, 6), (200, 6)]:
        shown = told(translator, row(NativeState.DOWNLOADING, uploaded=total, moved=(0, moved)))
        counted.append(of_kind(shown, Progress)[-1].uploaded)
    assert counted == [100, 130, 130, 135, 139, 141, 200]


def test_a_torrent_that_was_fetched_within_a_second_was_downloaded(translator: AlertTranslator) -> None:
    """libtorrent's own total stays 0 for ever."""
    [shown] = of_kind(told(translator, row(NativeState.DOWNLOADING, moved=(10, 0))), Progress)
    assert (shown.downloaded, shown.uploaded) == (10, 0)


def test_totals_are_saved_when_they_alone_have_moved(translator: AlertTranslator) -> None:
    """For example those of a seed that uploads, and of pieces that fail their check."""
    told(translator, row(NativeState.DOWNLOADING))
    for each in (row(NativeState.DOWNLOADING, moved=(10, 0)), row(NativeState.DOWNLOADING, moved=(10, 5))):
        assert SaveCounters(T) in told(translator, each)
    assert SaveCounters(T) not in told(translator, row(NativeState.DOWNLOADING, moved=(10, 5)))


def test_a_magnet_link_is_not_finished_before_anything_of_it_is_wanted(translator: AlertTranslator) -> None:
    """libtorrent reports that between metadata and selection; clients see that metadata is being fetched."""
    translator.added(T, nameless=True)
    shown = told(translator, row(NativeState.DOWNLOADING_METADATA, 0, 0), MetadataReceived(T), Finished(T))
    shown += told(translator, Flushed(T), row(NativeState.FINISHED, 0, 0))
    assert {event.state for event in of_kind(shown, Progress) + of_kind(shown, StateChanged)} == {
        TorrentState.FETCHING_METADATA
    }
    assert not of_kind(shown, Flush)
    shown = told(translator, NativeStateChanged(T, NativeState.DOWNLOADING))
    shown += translator.selected(T)
    shown += told(translator, row(NativeState.DOWNLOADING, 0, 10))
    assert [event.state for event in of_kind(shown, StateChanged)] == [TorrentState.DOWNLOADING]
    assert not of_kind(shown, Flush)


@pytest.mark.parametrize("wanted", [0, 10], ids=["nothing-wanted", "all-there"])
def test_a_magnet_link_that_was_finished_all_along_is_finished_once_selected(
    translator: AlertTranslator, wanted: int
) -> None:
    """libtorrent does not report it again. The torrent is complete if something is wanted."""
    translator.added(T, nameless=True)
    told(translator, MetadataReceived(T), Finished(T))
    assert translator.selected(T) == []  # it has nothing to flush
    shown = told(translator, row(ALL, wanted, wanted))
    assert [event.state for event in of_kind(shown, StateChanged)] == [TorrentState.SEEDING]
    assert of_kind(shown, Completed) == ([Completed(torrent=T, bytes_done=wanted)] if wanted else [])


def test_completion_is_told_where_no_status_came_before(translator: AlertTranslator) -> None:
    """A small torrent is finished and flushed before the first update."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING))
    assert [type(output) for output in told(translator, Finished(T), Flushed(T))] == [Flush]
    assert len(of_kind(told(translator, row(NativeState.FINISHED, 10)), Completed)) == 1


def test_progress_goes_ahead_of_completion(translator: AlertTranslator) -> None:
    """A client gets the last byte and the state before `completed`."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING))
    shown = told(translator, Finished(T), Flushed(T), row(ALL, 10))
    assert [type(output) for output in shown] == [Flush, Progress, StateChanged, Completed, SaveResume]


def test_a_seed_from_the_start_is_complete_without_a_flush(translator: AlertTranslator) -> None:
    """It has written nothing, and thousands of flushes would wake the disk threads for each."""
    shown = told(translator, NativeStateChanged(T, NativeState.SEEDING), Finished(T), row(ALL, 10))
    assert [type(output) for output in shown] == [Progress, StateChanged, Completed, SaveResume]


def test_what_has_downloaded_once_is_flushed_whatever_it_is_now(translator: AlertTranslator) -> None:
    """libtorrent may leave the downloading state before it reports the end."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING), NativeStateChanged(T, NativeState.FINISHED))
    assert of_kind(told(translator, Finished(T)), Flush) == [Flush(T)]


def test_completion_is_told_once(translator: AlertTranslator) -> None:
    """However often libtorrent reports it as finished, or flushes."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING))
    shown = told(
        translator, Finished(T), Flushed(T), row(ALL, 10), Finished(T), Flushed(T), row(ALL, 10, uploaded=5), Flushed(T)
    )
    assert len(of_kind(shown, Completed)) == 1
    assert len(of_kind(shown, Flush)) == 1


def test_completion_is_told_again_when_more_was_wanted(translator: AlertTranslator) -> None:
    """Another selection is another download."""
    told(translator, Finished(T), Flushed(T), row(NativeState.FINISHED, 10))
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING), row(NativeState.DOWNLOADING, 10, 20))
    shown = told(translator, Finished(T), row(ALL, 20, 20), Flushed(T))
    assert of_kind(shown, Completed) == [Completed(torrent=T, bytes_done=20)]


def test_a_torrent_loaded_complete_announces_nothing() -> None:
    """It was complete before this engine started, so its files, flush and finish are not published."""
    translator = AlertTranslator()
    translator.loading(T, complete=True)
    shown = told(
        translator,
        FileFinished(T, 0),
        NativeStateChanged(T, NativeState.FINISHED),
        Finished(T),
        NativeStateChanged(T, NativeState.SEEDING),
        row(ALL, 10),
        Flushed(T),
        row(ALL, 10, uploaded=1),
    )
    assert {type(output) for output in shown} == {Progress, StateChanged, SaveCounters}
    assert of_kind(shown, StateChanged) == [
        StateChanged(torrent=T, state=TorrentState.SEEDING, previous=TorrentState.QUEUED)
    ]


def test_a_torrent_that_lost_its_files_is_news_when_it_has_them_again() -> None:
    """Rejected resume data is an error from which Ouzel recovers, by hashing and downloading."""
    translator = AlertTranslator()
    translator.loading(T, complete=True)
    assert told(translator, ResumeRejected(T, "mismatching file size")) == [
        TorrentError(torrent=T, name="resume_rejected", message="mismatching file size", recoverable=True)
    ]
    shown = told(translator, row(NativeState.CHECKING_FILES), Finished(T), Flushed(T), row(ALL, 10))
    assert len(of_kind(shown, Completed)) == 1


def test_nothing_wanted_is_finished_but_not_complete(translator: AlertTranslator) -> None:
    """No client waits for anything."""
    shown = told(translator, Finished(T), Flushed(T), row(NativeState.FINISHED, 0, 0))
    assert of_kind(shown, Completed) == []
    assert of_kind(shown, StateChanged) == [
        StateChanged(torrent=T, state=TorrentState.FINISHED, previous=TorrentState.QUEUED)
    ]


def test_what_is_finished_while_paused_is_complete(translator: AlertTranslator) -> None:
    """Clients see `paused`, and also that the torrent is complete."""
    shown = told(translator, Finished(T), Flushed(T), row(ALL, 10, paused=True))
    assert of_kind(shown, Progress)[-1].state is TorrentState.PAUSED
    assert len(of_kind(shown, Completed)) == 1


def test_files_are_told_of_only_while_downloading(translator: AlertTranslator) -> None:
    """libtorrent also reports files that it finds while loading and checking."""
    assert told(translator, FileFinished(T, 0)) == []
    told(translator, NativeStateChanged(T, NativeState.CHECKING_FILES))
    assert told(translator, FileFinished(T, 1)) == []
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING))
    assert told(translator, FileFinished(T, 2)) == [FileCompleted(torrent=T, index=2)]
    told(translator, NativeStateChanged(T, NativeState.FINISHED))
    assert told(translator, FileFinished(T, 3)) == []


def test_trouble_is_raised_and_cleared(translator: AlertTranslator) -> None:
    """The state is `error` while it lasts, with one error and one end."""
    told(translator, row(NativeState.DOWNLOADING, 5))
    shown = told(translator, TorrentTrouble(T, "disk full"), row(NativeState.DOWNLOADING, 5, error="disk full"))
    assert of_kind(shown, TorrentError) == [
        TorrentError(torrent=T, name="storage", message="disk full", recoverable=False)
    ]
    assert of_kind(shown, StateChanged)[0].state is TorrentState.ERROR
    shown = told(translator, row(NativeState.DOWNLOADING, 5, error="disk full"), row(NativeState.DOWNLOADING, 5))
    assert of_kind(shown, ErrorCleared) == [ErrorCleared(torrent=T)]
    assert of_kind(told(translator, row(NativeState.DOWNLOADING, 6)), ErrorCleared) == []


def test_an_error_from_before_the_torrent_was_added_is_told(translator: AlertTranslator) -> None:
    """Its alert came before the one of the add, as of an SSL torrent with a bad certificate: the status has it, too."""
    shown = told(translator, row(NativeState.DOWNLOADING, 0, error="no start line"))
    [error] = of_kind(shown, TorrentError)
    assert (error.message, error.recoverable) == ("no start line", False)
    assert of_kind(told(translator, row(NativeState.DOWNLOADING, 0, error="no start line")), TorrentError) == []


def test_trouble_is_not_cleared_by_what_was_known_before_it(translator: AlertTranslator) -> None:
    """A flush that is confirmed after the error does not end the error."""
    told(translator, row(NativeState.DOWNLOADING, 5), Finished(T))
    shown = told(translator, TorrentTrouble(T, "disk full"), Flushed(T))
    assert of_kind(shown, ErrorCleared) == []


def test_a_magnet_links_metadata_is_loaded_on_order(translator: AlertTranslator) -> None:
    """The translator calls nothing of the session: it gets the layout, and publishes it."""
    assert [type(output) for output in told(translator, MetadataReceived(T))] == [LoadLayout]
    files = [FileEntry(0, "a/b", 5, 4), FileEntry(2, "a/c", 6, 0)]
    known = KnownMetadata(name="a", size=11, piece_length=16384, files=2, pieces=1)
    layout = Layout(metadata=known, files=files)
    assert metadata_events(T, layout, restored=False) == [
        MetadataKnown(torrent=T, metadata=known),
        FilesDiscovered(torrent=T, files=files),
    ]
    assert metadata_events(T, layout, restored=True) == [FilesRestored(torrent=T, metadata=known, files=files)]


def test_what_is_worth_saving(translator: AlertTranslator) -> None:
    """New bytes soon, counters later, and nothing if nothing changed."""
    first = told(translator, row(NativeState.DOWNLOADING, 5))
    assert not of_kind(first, SaveResume) + of_kind(first, SaveCounters)
    assert of_kind(told(translator, row(NativeState.DOWNLOADING, 6)), SaveResume) == [SaveResume(T, final=False)]
    shown = told(translator, row(NativeState.DOWNLOADING, 6, uploaded=1))
    assert of_kind(shown, SaveCounters) == [SaveCounters(T)]
    assert of_kind(shown, SaveResume) == []
    shown = told(translator, row(NativeState.DOWNLOADING, 6, uploaded=1))
    assert not of_kind(shown, SaveResume) + of_kind(shown, SaveCounters)


@pytest.mark.parametrize("native", NativeState)
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("error", [None, "disk full"])
def test_every_native_state_is_shown(native: NativeState, paused: bool, error: str | None) -> None:
    """An error has priority over a pause, and a pause over everything else."""
    translator = AlertTranslator()
    translator.loading(T, complete=True)
    (progress,) = of_kind(told(translator, row(native, 10, paused=paused, error=error)), Progress)
    expected = {
        NativeState.CHECKING_RESUME_DATA: TorrentState.QUEUED,
        NativeState.CHECKING_FILES: TorrentState.CHECKING,
        NativeState.DOWNLOADING_METADATA: TorrentState.FETCHING_METADATA,
        NativeState.DOWNLOADING: TorrentState.DOWNLOADING,
        NativeState.FINISHED: TorrentState.FINISHED,
        NativeState.SEEDING: TorrentState.SEEDING,
    }[native]
    assert progress.state is (TorrentState.ERROR if error else TorrentState.PAUSED if paused else expected)


@pytest.mark.parametrize("native", NativeState)
def test_what_waits_in_the_queue_is_queued(native: NativeState) -> None:
    """Whatever it would do otherwise. Its place is in its progress."""
    translator = AlertTranslator()
    translator.loading(T, complete=True)
    waiting = msgspec.structs.replace(row(native, 10), queued=True, queue_position=3)
    (progress,) = of_kind(told(translator, waiting), Progress)
    assert (progress.state, progress.queue_position) == (TorrentState.QUEUED, 3)


def test_the_same_trouble_is_told_once(translator: AlertTranslator) -> None:
    """libtorrent repeats it for each file; a different error is published."""
    shown = told(translator, TorrentTrouble(T, "disk full"), TorrentTrouble(T, "disk full"), TorrentTrouble(T, "worse"))
    assert [error.message for error in of_kind(shown, TorrentError)] == ["disk full", "worse"]


def test_a_port_that_cannot_be_listened_on_is_told(translator: AlertTranslator) -> None:
    """It is about no torrent."""
    assert told(translator, ListenTrouble("in use")) == [SessionError(name="listen_failed", message="in use")]


def test_completion_is_told_of_what_was_fetched_between_two_statuses(translator: AlertTranslator) -> None:
    """Another small file is selected and complete before the next update: no status showed it as missing."""
    told(translator, NativeStateChanged(T, NativeState.DOWNLOADING), Finished(T), Flushed(T), row(ALL, 10))
    downloading = NativeStateChanged(T, NativeState.DOWNLOADING)
    shown = told(translator, downloading, Finished(T), NativeStateChanged(T, ALL), Flushed(T), row(ALL, 12, 12))
    assert of_kind(shown, Flush) == [Flush(T)]
    assert of_kind(shown, Completed) == [Completed(torrent=T, bytes_done=12)]


# -- any alerts -------------------------------------------------------------------------------------------------------

TORRENTS = ("a" * 40, "b" * 40)
torrents = st.sampled_from(TORRENTS)
rows = st.builds(
    row,
    st.sampled_from(NativeState),
    st.integers(0, 3),
    st.integers(0, 3),
    paused=st.booleans(),
    error=st.none() | st.just("disk full"),
    uploaded=st.integers(0, 2),
    torrent=torrents,
)
alerts: st.SearchStrategy[Alert] = st.one_of(
    st.builds(StatusUpdate, st.lists(rows, max_size=3)),
    st.builds(NativeStateChanged, torrents, st.sampled_from(NativeState)),
    st.builds(FileFinished, torrents, st.integers(0, 3)),
    *(st.builds(kind, torrents) for kind in (Finished, Flushed, MetadataReceived, PrioritiesSet)),
    *(st.builds(kind, torrents, st.just("problem")) for kind in (ResumeRejected, TorrentTrouble)),
    *(st.builds(kind, torrents, st.none()) for kind in (TorrentAdded, TorrentGone, ResumeUnsaved)),
    st.builds(ResumeData, torrents, st.just(b"")),
    st.builds(ListenTrouble, st.just("in use")),
    st.builds(SessionStatistics, downloaded=st.just(0), uploaded=st.just(0), peers=st.just(0)),
    st.just(AlertsLost()),
)


@given(history=st.lists(alerts), complete=st.tuples(st.booleans(), st.booleans()))
def test_whatever_comes_what_is_told_is_consistent(history: list[Alert], complete: tuple[bool, bool]) -> None:
    """For alerts in any order, there is no exception, and each torrent's events are consistent."""
    translator = AlertTranslator()
    for torrent, loaded_complete in zip(TORRENTS, complete, strict=True):
        translator.loading(torrent, complete=loaded_complete)
    state = dict.fromkeys(TORRENTS, TorrentState.QUEUED)
    native: dict[str, NativeState] = {}
    downloaded: set[str] = set()
    flushed_after_finished: dict[str, str] = {}
    troubled: set[str] = set()
    for alert in history:
        if isinstance(alert, NativeStateChanged):
            native[alert.torrent] = alert.state
            if alert.state is NativeState.DOWNLOADING:
                downloaded.add(alert.torrent)
                if flushed_after_finished.get(alert.torrent) == "nothing to flush":
                    del flushed_after_finished[alert.torrent]
        if isinstance(alert, StatusUpdate):
            downloaded |= {r.torrent for r in alert.rows if r.state is NativeState.DOWNLOADING and r.done < r.wanted}
        if isinstance(alert, Finished):
            flushed_after_finished.setdefault(
                alert.torrent, "finished" if alert.torrent in downloaded else "nothing to flush"
            )
        if isinstance(alert, Flushed) and flushed_after_finished.get(alert.torrent):
            flushed_after_finished[alert.torrent] = "flushed"
        for output in told(translator, alert):
            match output:
                case StateChanged(torrent=torrent):
                    assert output.previous is state[torrent] is not output.state
                    state[torrent] = output.state
                case Completed(torrent=torrent):
                    assert flushed_after_finished.pop(torrent) != "finished"
                case FileCompleted(torrent=torrent):
                    assert native[torrent] is NativeState.DOWNLOADING
                case TorrentError(torrent=torrent, name="storage"):
                    troubled.add(torrent)
                case ErrorCleared(torrent=torrent):
                    troubled.remove(torrent)
                case _:
                    pass


@given(history=st.lists(alerts))
def test_a_torrent_loaded_complete_is_news_only_after_it_lacked_something(history: list[Alert]) -> None:
    """It has to lack wanted bytes (it downloaded), or the files that its resume data claims."""
    translator = AlertTranslator()
    translator.loading(T, complete=True)
    lacked = False
    for alert in history:
        match alert:
            case ResumeRejected(torrent) | NativeStateChanged(torrent, NativeState.DOWNLOADING) if torrent == T:
                lacked = True
            case StatusUpdate(rows):
                lacked |= any(r.torrent == T and r.state is NativeState.DOWNLOADING and r.done < r.wanted for r in rows)
            case _:
                pass
        assert lacked or not of_kind(told(translator, alert), Completed | Flush)  # type: ignore[arg-type]  # a union works


@given(history=st.lists(alerts))
def test_torrents_that_are_not_loaded_are_not_told_of(history: list[Alert]) -> None:
    """Neither before they are added nor after they are removed."""
    translator = AlertTranslator()
    translator.loading(T, complete=False)
    translator.discard(T)
    assert {type(output) for output in told(translator, *history)} <= {SessionError}


# -- histories as they happen -----------------------------------------------------------------------------------------


class Downloading(RuleBasedStateMachine):
    """A torrent that downloads, is paused, fails, and is selected again; flushes and status are reported late.

    The session is the fake one; every order to flush is carried out.
    """

    SELECTIONS = (Selection(), Selection(include=("*.bin",)), Selection(include=("*.txt",)), Selection(exclude=("*",)))

    def __init__(self) -> None:
        super().__init__()
        self.sample = two_files()
        self.torrent = self.sample.torrent
        self.session = FakeSession()
        self.translator = AlertTranslator()
        self.session.add(self.sample.desired(), metainfo=self.sample.metainfo, resume=None)
        self.translator.loading(self.torrent, complete=False)
        self.session.hold(Flushed)
        self.owed_since: int | None = None
        self.flushed_since_finished = False
        self.state = TorrentState.QUEUED
        self.told: list[Output] = []
        self.pump()

    @rule(size=st.sampled_from([1, PIECE_LENGTH, 10 * PIECE_LENGTH]))
    def download(self, size: int) -> None:
        if (
            self.session.download(self.torrent, size)
            and self.session.statuses()[0].state is not NativeState.DOWNLOADING
        ):
            self.owed_since = len(self.told)

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.session.set_paused(self.torrent, paused)

    @rule(selection=st.sampled_from(SELECTIONS))
    def select(self, selection: Selection) -> None:
        self.owed_since = None
        self.session.set_selection(self.torrent, self.sample.desired(selection=selection))

    @rule()
    def fail(self) -> None:
        self.session.fail(self.torrent, "disk full")

    @rule()
    def post_updates(self) -> None:
        self.session.post_updates()

    @rule()
    def end_flush(self) -> None:
        self.session.release(Flushed, count=1)

    @rule()
    def pump(self) -> None:
        for alert in self.session.pop_alerts():
            if isinstance(alert, Finished):
                self.flushed_since_finished = False
            if isinstance(alert, Flushed):
                self.flushed_since_finished = True
            for output in told(self.translator, alert):
                self.hear(output)

    def hear(self, output: Output) -> None:
        """Carries out orders, and checks events as they come."""
        self.told.append(output)
        match output:
            case Flush(torrent):
                self.session.flush(torrent)
            case StateChanged():
                assert output.previous is self.state
                self.state = output.state
                if self.state in (TorrentState.FINISHED, TorrentState.SEEDING):
                    assert self.flushed_since_finished
            case Completed():
                assert self.flushed_since_finished
                assert output.bytes_done > 0
            case _:
                pass

    def teardown(self) -> None:
        """After all alerts, clients know the truth: a torrent that has what is wanted is complete."""
        try:
            self.end()
        finally:
            self.session.close()

    def end(self) -> None:
        self.session.set_paused(self.torrent, False)
        self.session.post_updates()
        self.pump()
        self.session.release(Flushed)
        self.pump()
        self.session.post_updates()
        self.pump()
        (status,) = self.session.statuses()
        expected = {
            NativeState.DOWNLOADING: TorrentState.DOWNLOADING,
            NativeState.FINISHED: TorrentState.FINISHED,
            NativeState.SEEDING: TorrentState.SEEDING,
        }[status.state]
        assert self.state is expected
        raised, cleared = of_kind(self.told, TorrentError), of_kind(self.told, ErrorCleared)
        assert bool(raised) == bool(cleared)
        if self.owed_since is not None:
            assert of_kind(self.told[self.owed_since :], Completed)


TestDownloading = Downloading.TestCase


# -- storage that misbehaves ------------------------------------------------------------------------------------------


def test_a_write_that_failed_after_the_last_piece_spoils_what_libtorrent_believes(translator: AlertTranslator) -> None:
    """The torrent is loaded again, once.

    Nothing counts as complete, whatever follows, and its resume data is not used.
    """
    outputs = told(
        translator,
        row(NativeState.DOWNLOADING, 9),
        Finished(T),
        FileError(T, errno.ENOSPC, "full"),
        FileError(T, errno.ENOSPC, "full"),
        row(ALL, 10),
        Flushed(T),
        row(ALL, 10),
        NativeStateChanged(T, NativeState.DOWNLOADING),
        row(ALL, 10),
    )
    assert of_kind(outputs, Reload) == [Reload(T)]
    assert of_kind(outputs, Completed) == []
    assert translator.flushing(T)
    assert translator.incomplete(T)
    translator.discard(T)
    translator.loading(T, complete=True)
    assert not translator.flushing(T)
    assert not translator.incomplete(T)


def test_what_stands_still_for_want_of_space_is_paused(translator: AlertTranslator) -> None:
    """No error is published, not even if libtorrent stops the torrent for it, as with a quota."""
    outputs = told(
        translator,
        row(NativeState.DOWNLOADING, 1),
        FileError(T, errno.EDQUOT, "quota"),
        TorrentTrouble(T, "quota"),
        row(NativeState.DOWNLOADING, 1, paused=True, error="quota"),
        row(NativeState.DOWNLOADING, 1, paused=True, upload_mode=True),
        row(NativeState.DOWNLOADING, 2),
    )
    assert [event.state for event in of_kind(outputs, StateChanged)] == [
        TorrentState.DOWNLOADING,
        TorrentState.PAUSED,
        TorrentState.DOWNLOADING,
    ]
    assert of_kind(outputs, TorrentError) == []
    assert of_kind(outputs, ErrorCleared) == []


def test_a_write_that_libtorrent_is_silent_about_is_an_error(translator: AlertTranslator) -> None:
    """For example on a read-only file system, where it only stops downloading. It is cleared once it continues."""
    outputs = told(
        translator,
        row(NativeState.DOWNLOADING, 1),
        FileError(T, errno.EROFS, "read-only"),
        FileError(T, errno.ENOENT, "the file could not be made, and is read back"),
        row(NativeState.DOWNLOADING, 1, upload_mode=True),
        row(NativeState.DOWNLOADING, 1, upload_mode=True),
    )
    assert [error.message for error in of_kind(outputs, TorrentError)] == ["read-only"]
    assert [event.state for event in of_kind(outputs, StateChanged)][-1] is TorrentState.ERROR
    outputs = told(translator, row(NativeState.DOWNLOADING, 1))
    assert len(of_kind(outputs, ErrorCleared)) == 1
    assert of_kind(outputs, ConfirmRetry) == [ConfirmRetry(T)]
    assert [event.state for event in of_kind(outputs, StateChanged)] == [TorrentState.DOWNLOADING]


def test_a_failed_read_alone_says_nothing(translator: AlertTranslator) -> None:
    """libtorrent continues; a later request for the files will show the cause."""
    assert of_kind(told(translator, FileError(T, errno.EIO, "bad"), row(ALL, 10)), TorrentError) == []


def test_a_torrent_that_misses_its_storage_shows_what_its_resume_data_says(translator: AlertTranslator) -> None:
    """Without rates; the change of state is published once."""
    told(translator, row(NativeState.DOWNLOADING, 5))
    outputs = translator.missing(T, Examined([], 6, 10, 20))
    [progress] = of_kind(outputs, Progress)
    assert (progress.bytes_done, progress.bytes_total, progress.size, progress.progress) == (6, 10, 20, 0.6)
    assert of_kind(outputs, StateChanged) == [
        StateChanged(torrent=T, state=TorrentState.MISSING_STORAGE, previous=TorrentState.DOWNLOADING)
    ]
    assert of_kind(translator.missing(T, None), StateChanged) == []


def test_what_is_lacking_is_what_the_last_status_says(translator: AlertTranslator) -> None:
    """Nothing is known before the first status."""
    assert translator.lacking(T) == translator.lacking("unknown") == 0
    told(translator, row(NativeState.DOWNLOADING, 4))
    assert translator.lacking(T) == 6
