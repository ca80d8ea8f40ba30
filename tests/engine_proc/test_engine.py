import errno
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from engine_proc.engine import WAITING_HEARTBEAT_S, Engine
from engine_proc.ip_filter.filter_watch import FilterWatch
from engine_proc.process.route_watch import RouteWatch
from engine_proc.resume.rehasher import Rehasher
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.alerts import (
    Finished,
    Flushed,
    MetadataReceived,
    NativeState,
    ResumeData,
    SessionStatistics,
    StatusUpdate,
    TorrentGone,
)
from engine_proc.session.session_port import SourceInfo
from engine_proc.session.session_settings import merged
from engine_proc.storage.storage_watch import MountsRead, StorageWatch
from engine_proc.torrents import saver
from engine_proc.watches import stuck_watch
from protocol.durable.integrity import unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.internal.link_commands import Configure, Drain, DropTorrent, EnsureTorrent, SaveAll
from protocol.internal.link_events import (
    EngineReady,
    Heartbeat,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentApplied,
    TorrentDropped,
)
from protocol.internal.link_queries import FilesQueried, InspectSource, QueryFiles, SourceInspected
from protocol.internal.resume_events import AllHandedOver, ResumeHandedOver, ResumeStoreState
from protocol.internal.watch_events import StuckIn, TorrentStuck
from protocol.wire.desired import DesiredTorrent, Selection
from protocol.wire.events.session_events import LimitsApplied
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FilesDiscovered,
    Progress,
    StateChanged,
    TorrentError,
)
from protocol.wire.rows import TorrentState
from tests.engine_proc.supervision import CONFIGURE, GEN, Supervision, gaps
from tests.fakes.fake_session import KNOWN_SETTINGS, LISTEN_PORT, FakeSession, claimed_pieces
from tools.rig.probe import DEADLINE_S, LOOPBACK, eventually
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise, two_files

pytestmark = pytest.mark.slow


class Running:
    """An engine over the fake session, in a thread, and a supervisor's end of its link."""

    def __init__(self, directory: Path) -> None:
        self.dir = ResumeDir(directory / "resume")
        self.dir.root.mkdir()
        self.dir.make_engine_dir()
        self.link = Supervision(directory)
        self.store = FastResumeStore(self.dir)
        self.rehasher = Rehasher()
        self.watch = StorageWatch()
        self.routes = RouteWatch()
        self.filters = FilterWatch(str(self.dir.ip_filter), tuple)
        self.sessions: list[FakeSession] = []
        self.error: BaseException | None = None
        self._socket = self.link.context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(self.link.endpoint)
        self.engine = Engine(
            self._socket,
            self.link.lifeline_fd,
            self.store,
            self.rehasher,
            self.watch,
            self._make_session,
            filters=self.filters,
            routes=self.routes,
            gen=GEN,
            libtorrent="fake",
            known=KNOWN_SETTINGS,
        )
        self.thread = threading.Thread(target=self._run, name="engine")
        self.thread.start()
        self.sample = two_files()
        self.add_metainfo(self.sample)

    @property
    def session(self) -> FakeSession:
        """Returns the session, once there is one."""
        return self.sessions[-1]

    def _make_session(self, command: Configure) -> FakeSession:
        self.sessions.append(
            FakeSession(
                merged(command.settings, command.overrides, KNOWN_SETTINGS)[0],
                download_bps=command.download_bps,
                upload_bps=command.upload_bps,
                torrents=command.torrents,
            )
        )
        return self.session

    def _run(self) -> None:
        try:
            self.engine.run()
        except Exception as error:  # noqa: BLE001  # for the test to see
            self.error = error

    def add_metainfo(self, sample: SampleTorrent) -> None:
        """Stores the .torrent file as the supervisor does."""
        self.dir.metainfo(sample.torrent).write_bytes(sample.metainfo)

    def configure(self) -> None:
        self.link.send(CONFIGURE)
        self.link.take(EngineReady)

    def ensure(self, desired: DesiredTorrent) -> None:
        """Sends it, and waits for the confirmation."""
        self.link.send(EnsureTorrent(desired=desired))
        answer = self.link.take(TorrentApplied, lambda event: event.revision == desired.revision)
        assert answer.problem is None

    def running(self, sample: SampleTorrent) -> None:
        """Waits until a torrent was saved once and its status is known."""
        eventually(lambda: self.claimed(sample.torrent) is not None, "saved once")
        self.link.take(StateChanged, lambda event: event.torrent == sample.torrent)

    def lives(self) -> bool:
        """Whether the engine's loop runs: another heartbeat comes."""
        last = max((event.loops for _, event in self.link.heard if isinstance(event, Heartbeat)), default=0)
        eventually(lambda: not self.thread.is_alive() or self._loops() > last + 1, "a heartbeat, or the end")
        return self.thread.is_alive()

    def _loops(self) -> int:
        self.link.listen(0.05)
        return max((event.loops for _, event in self.link.heard if isinstance(event, Heartbeat)), default=0)

    def ended(self) -> BaseException | None:
        """Waits until the engine has returned, or returns its exception."""
        self.thread.join(DEADLINE_S)
        assert not self.thread.is_alive(), "the engine runs on"
        return self.error

    def saves(self) -> int:
        """How often resume data was requested."""
        return [call for call, _ in self.session.calls].count("save_resume")

    def claimed(self, torrent: str) -> list[bool] | None:
        """The pieces that the torrent's file in the resume directory claims."""
        try:
            return claimed_pieces(unseal(self.dir.fastresume(torrent).read_bytes()))
        except FileNotFoundError:
            return None

    def close(self) -> None:
        self.link.cut_lifeline()
        self.thread.join(DEADLINE_S)
        self._socket.close()
        self.link.close()
        self.watch.close()
        self.filters.close()
        self.routes.close()
        self.rehasher.close()
        self.store.close()
        for session in self.sessions:
            session.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """An engine that waits for its first command, and is ended by its lifeline."""
    running = Running(tmp_path)
    yield running
    running.close()
    assert not running.thread.is_alive()


@pytest.fixture
def engine(running: Running) -> Running:
    """A configured engine."""
    running.configure()
    return running


def changed(desired: DesiredTorrent, **fields: Any) -> DesiredTorrent:
    """The desired state with the next revision."""
    return msgspec.structs.replace(desired, revision=desired.revision + 1, **fields)


# -- the session's settings -------------------------------------------------------------------------------------------


def test_the_first_configure_makes_the_session(running: Running) -> None:
    """The engine reports that it is ready, and then what is in force."""
    first = msgspec.structs.replace(CONFIGURE, download_bps=10, upload_bps=20, revision=3, banned=("192.0.2.7",))
    running.link.send(first)
    ready = running.link.take(EngineReady)
    assert (ready.libtorrent, ready.listen_port) == ("fake", LISTEN_PORT)
    assert running.link.take(LimitsApplied) == LimitsApplied(download_bps=10, upload_bps=20)
    assert running.link.take(SettingsApplied) == SettingsApplied(revision=3)
    assert running.session.banned == ("192.0.2.7",)


def test_refused_settings_make_no_session(running: Running) -> None:
    """The next ones may."""
    running.link.send(msgspec.structs.replace(CONFIGURE, settings={**LOOPBACK, "nonsense": 1}, config=3))
    refused = running.link.take(SettingsRefused)
    assert (refused.setting, refused.config) == ("nonsense", 3)
    assert running.sessions == []
    running.configure()


def test_later_settings_change_the_session(engine: Running) -> None:
    """The session stays the same."""
    engine.link.take(SettingsApplied)
    engine.link.send(msgspec.structs.replace(CONFIGURE, download_bps=10, revision=2))
    assert engine.link.take(SettingsApplied).revision == 2
    assert len(engine.sessions) == 1
    assert engine.session.session_limits() == (10, 0)


# -- the loop ---------------------------------------------------------------------------------------------------------


def test_an_engine_that_waits_for_its_session_takes_in_what_was_seen_of_mounts(running: Running) -> None:
    """Otherwise a spare would be busy without end: the watch is readable until it was read."""
    running.link.take(Heartbeat)
    running.watch._seen.put([MountsRead(running.watch.mounts)])
    eventually(lambda: not select.select([running.watch], [], [], 0)[0], "nothing is left to be taken in")
    running.configure()


def test_an_engine_that_waits_for_its_session_has_a_slow_heartbeat(running: Running) -> None:
    """So a spare costs almost nothing. With a session, the heartbeat is fast at once."""
    running.link.take(Heartbeat)
    running.link.take(Heartbeat)
    times = [at for at, event in running.link.heard if isinstance(event, Heartbeat)]
    assert gaps(times)[0] > WAITING_HEARTBEAT_S * 0.9
    running.configure()
    assert running.link.take(Heartbeat).native_age_ms < WAITING_HEARTBEAT_S * 1000
    running.link.take(Heartbeat)
    first, second = [at for at, event in running.link.heard if isinstance(event, Heartbeat)][-2:]
    assert second - first < WAITING_HEARTBEAT_S


def test_heartbeats_count_the_loops_turns(running: Running) -> None:
    """From the start on, before there is a session, and later with one."""
    for configured in (False, True):
        if configured:
            running.configure()
        beats = [running.link.take(Heartbeat) for _ in range(3 if configured else 1)]
        counts = [beat.loops for beat in beats]
        assert counts == sorted(set(counts))


def test_heartbeats_come_four_times_a_second(engine: Running) -> None:
    """Also without other events. A busy machine may delay them, and nothing makes them come sooner."""
    for _ in range(6):
        engine.link.take(Heartbeat)
    _, *times = [at for at, event in engine.link.heard if isinstance(event, Heartbeat)]  # one came before the session
    assert 0.2 < sum(gaps(times)) / len(gaps(times)) < 1.0


def test_a_silent_libtorrent_shows_in_the_heartbeat(engine: Running) -> None:
    """The age of the last round trip grows while the loop still runs."""
    engine.link.take(Heartbeat, lambda beat: beat.native_age_ms < 400)
    engine.session.hold(SessionStatistics)
    engine.link.take(Heartbeat, lambda beat: beat.native_age_ms > 600)
    engine.session.release(SessionStatistics)
    engine.link.take(Heartbeat, lambda beat: beat.native_age_ms < 400)


def test_commands_of_another_generation_are_dropped(engine: Running) -> None:
    """They were for a previous engine."""
    engine.link.send(QueryFiles(token=1, torrent="0" * 40), gen=GEN - 1)
    engine.link.send(QueryFiles(token=2, torrent="0" * 40))
    assert engine.link.take(FilesQueried).token == 2


def test_many_commands_are_carried_out_in_order(engine: Running) -> None:
    """More than one iteration handles."""
    engine.link.send(*(InspectSource(token=token, magnet="nonsense") for token in range(1000)))
    assert [engine.link.take(SourceInspected).token for _ in range(1000)] == list(range(1000))


def test_status_is_not_asked_for_while_many_commands_wait(engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore's intermediate states are not published; status is requested once the restore is over."""
    inspected = 0
    asked_at: list[int] = []
    inspect, post_updates = engine.session.inspect, engine.session.post_updates

    def inspect_slowly(**source: Any) -> SourceInfo:
        nonlocal inspected
        inspected += 1
        time.sleep(0.002)  # as long as libtorrent may take, so that there is time to request status in between
        return inspect(**source)

    def post() -> None:
        asked_at.append(inspected)
        post_updates()

    monkeypatch.setattr(engine.session, "inspect", inspect_slowly)
    monkeypatch.setattr(engine.session, "post_updates", post)
    engine.link.send(*(InspectSource(token=token, magnet=engine.sample.magnet) for token in range(200)))
    engine.link.take(SourceInspected, lambda event: event.token == 199)
    eventually(lambda: asked_at[-1:] == [200], "status is asked for")
    assert [at for at in asked_at if 0 < at < 200] == []


def test_saves_wait_while_many_commands_do(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Added torrents can be restored from their records. Clients' requests come first, then all are saved."""
    monkeypatch.setattr(saver, "SAVES_BUSY_S", 3600.0)
    running.configure()
    running.ensure(running.sample.desired())
    running.running(running.sample)  # one save was released
    inspected, saved_at = 0, []
    inspect, save_resume = running.session.inspect, running.session.save_resume

    def inspect_slowly(**source: Any) -> SourceInfo:
        nonlocal inspected
        inspected += 1
        time.sleep(0.002)
        return inspect(**source)

    def save(torrent: str, *, only_if_modified: bool) -> None:
        saved_at.append(inspected)
        save_resume(torrent, only_if_modified=only_if_modified)

    monkeypatch.setattr(running.session, "inspect", inspect_slowly)
    monkeypatch.setattr(running.session, "save_resume", save)
    other = two_files("other")
    running.add_metainfo(other)
    sources = (InspectSource(token=token, magnet=running.sample.magnet) for token in range(200))
    running.link.send(EnsureTorrent(desired=other.desired()), *sources)
    eventually(lambda: running.claimed(other.torrent) is not None, "saved once")
    assert min(saved_at) >= 200


def test_totals_are_told_once_a_second(engine: Running) -> None:
    """With rates from the difference; samples in between are not published."""
    engine.ensure(engine.sample.desired())
    first = engine.link.take(SessionStats)
    engine.session.download(engine.sample.torrent, 2 * PIECE_LENGTH)
    second = engine.link.take(SessionStats, lambda stats: stats.downloaded > 0)
    assert (first.download_bps, first.listen_port) == (0, LISTEN_PORT)
    assert second.downloaded == 2 * PIECE_LENGTH
    assert 0 < second.download_bps <= 2 * PIECE_LENGTH
    times = [at for at, event in engine.link.heard if isinstance(event, SessionStats)]
    assert all(gap > 0.8 for gap in gaps(times))


# -- torrents ---------------------------------------------------------------------------------------------------------


def test_a_download_is_told_from_beginning_to_end(engine: Running) -> None:
    """Files, progress, states, and completion after the last progress. Then it is saved as complete."""
    torrent = engine.sample.torrent
    engine.ensure(engine.sample.desired())
    engine.link.take(FilesDiscovered)
    engine.link.take(StateChanged, lambda event: event.state is TorrentState.DOWNLOADING)
    engine.session.download(torrent, 4 * PIECE_LENGTH)
    engine.link.take(FileCompleted, lambda event: event.index == 0)
    engine.link.take(Progress, lambda event: event.bytes_done == 4 * PIECE_LENGTH)
    engine.session.download(torrent, engine.sample.size)
    assert engine.link.take(Completed).bytes_done == engine.sample.size
    story = [event for _, event in engine.link.heard if isinstance(event, Progress | StateChanged | Completed)]
    story = story[: [isinstance(event, Completed) for event in story].index(True) + 1]
    progress = [event for event in story if isinstance(event, Progress)][-1]
    assert (progress.bytes_done, progress.progress, progress.state) == (engine.sample.size, 1.0, TorrentState.SEEDING)
    states = [event.state for event in story if isinstance(event, StateChanged)]
    assert states == [TorrentState.DOWNLOADING, TorrentState.SEEDING]
    eventually(lambda: engine.claimed(torrent) == [True] * 6, "saved as complete")


def test_progress_comes_at_most_ten_times_a_second(engine: Running) -> None:
    """While bytes arrive all the time; the last value is sent before completion."""
    sample = SampleTorrent("long", {"": noise(200 * PIECE_LENGTH)}, single=True)
    engine.add_metainfo(sample)
    engine.ensure(sample.desired())
    engine.link.take(StateChanged)

    def all_sent() -> bool:
        engine.link.listen()
        return engine.session.download(sample.torrent, 2 * PIECE_LENGTH) == 0

    eventually(all_sent, "the download")
    engine.link.take(Completed)
    events = [(at, event) for at, event in engine.link.heard if isinstance(event, Progress | Completed)]
    times = [at for at, event in events if isinstance(event, Progress)]
    took = times[-1] - times[0]
    assert took > 1.0
    assert len(times) <= took / 0.1 + 3
    (_, last), (_, end) = events[[isinstance(event, Completed) for _, event in events].index(True) - 1 :][:2]
    assert isinstance(last, Progress)
    assert isinstance(end, Completed)
    assert last.bytes_done == end.bytes_done == sample.size


def test_magnet_links_rules_are_applied_before_the_files_are_told_of(engine: Running) -> None:
    """From end to end, by the translator's order."""
    engine.dir.metainfo(engine.sample.torrent).unlink()
    engine.ensure(engine.sample.desired(by_magnet=True, selection=Selection(include=("*.bin",))))
    engine.session.receive_metadata(engine.sample.torrent, {"a.bin": 10, "b.txt": 10})
    assert [file.priority for file in engine.link.take(FilesDiscovered).files] == [4, 0]


def test_trouble_comes_and_goes(engine: Running) -> None:
    """A torrent that an error has stopped continues when it is paused and resumed."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.session.fail(desired.torrent, "disk full")
    assert engine.link.take(TorrentError).message == "disk full"
    engine.link.take(StateChanged, lambda event: event.state is TorrentState.ERROR)
    engine.ensure(changed(desired, paused=True))
    engine.ensure(changed(changed(desired, paused=True), paused=False))
    engine.link.take(ErrorCleared)
    engine.link.take(StateChanged, lambda event: event.previous is TorrentState.ERROR)


def test_a_stuck_check_is_loaded_again(engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the engine, and the torrent continues with what it has."""
    monkeypatch.setattr(stuck_watch, "CHECKING_S", 0.1)
    monkeypatch.setattr(stuck_watch, "LOOK_S", 0.1)
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    [status] = engine.session.statuses()
    engine.session.post(StatusUpdate([msgspec.structs.replace(status, state=NativeState.CHECKING_FILES)]))
    stuck = engine.link.take(TorrentStuck)
    assert (stuck.torrent, stuck.what, stuck.reloaded) == (desired.torrent, StuckIn.CHECKING, True)
    assert engine.link.take(TorrentStuck).what is None
    eventually(lambda: ("unload", desired.torrent) in engine.session.calls, "it was unloaded")
    eventually(lambda: desired.torrent in engine.session.torrents(), "it is there again")
    assert engine.lives()


def test_a_forgotten_torrent_is_told_of_no_more(engine: Running) -> None:
    """After `TorrentDropped` no progress follows, and its resume data is deleted."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.link.send(DropTorrent(torrent=desired.torrent, delete_files=False, desired=desired))
    engine.link.take(TorrentDropped)
    assert engine.lives()
    events = [event for _, event in engine.link.heard if getattr(event, "torrent", None) == desired.torrent]
    assert isinstance(events[-1], TorrentDropped)
    assert engine.claimed(desired.torrent) is None


def test_a_torrent_that_finishes_while_it_is_removed_does_not_end_the_engine(engine: Running) -> None:
    """Its last alerts were pending: the order to flush finds no torrent."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.session.hold(TorrentGone)
    engine.link.send(DropTorrent(torrent=desired.torrent, delete_files=True, desired=desired))
    eventually(lambda: ("remove, and its files", desired.torrent) in engine.session.calls, "the removal")
    engine.session.post(Finished(desired.torrent))
    assert engine.lives(), engine.error
    engine.session.release(TorrentGone)
    engine.link.take(TorrentDropped)


def test_a_torrent_that_is_to_be_saved_while_it_is_removed_does_not_end_the_engine(engine: Running) -> None:
    """It need not be saved any more."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.session.hold(TorrentGone)
    engine.link.send(
        EnsureTorrent(desired=changed(desired, sequential=True)),
        DropTorrent(torrent=desired.torrent, delete_files=False, desired=desired),
    )
    eventually(lambda: ("remove", desired.torrent) in engine.session.calls, "the removal")
    assert engine.lives(), engine.error
    engine.session.release(TorrentGone)
    engine.link.take(TorrentDropped)


# -- resume data ------------------------------------------------------------------------------------------------------


def test_a_new_torrent_is_saved_at_once(engine: Running) -> None:
    """So a restart finds it as it was added."""
    engine.ensure(engine.sample.desired())
    eventually(lambda: engine.claimed(engine.sample.torrent) == [False] * 6, "saved")


def test_a_magnet_links_pieces_are_not_claimed_before_its_files_are_judged(engine: Running) -> None:
    """libtorrent checks existing files at once; what it found through a link would be claimed in the next engine."""
    engine.dir.metainfo(engine.sample.torrent).unlink()
    desired = engine.sample.desired(by_magnet=True)
    engine.session.hold(MetadataReceived)
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) == [], "saved once, as a link")
    engine.session.receive_metadata(desired.torrent, {"a.bin": 10, "b.txt": 10})
    before = engine.saves()
    engine.ensure(changed(desired, sequential=True))
    eventually(lambda: engine.saves() > before, "it is to be saved")
    assert engine.lives()
    assert engine.lives()
    assert engine.claimed(desired.torrent) == []
    engine.session.release(MetadataReceived)
    engine.link.take(FilesDiscovered)
    eventually(lambda: engine.claimed(desired.torrent) == [False], "saved with its files")


def test_resume_data_claims_a_finished_torrents_pieces_only_after_the_flush(engine: Running) -> None:
    """Otherwise, killed before the flush, the next engine would trust files with holes.

    What is asked for between finishing and the end of the flush, here for a changed option, is saved afterwards.
    """
    desired = engine.sample.desired()
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved once")
    engine.session.hold(Flushed)
    engine.session.download(desired.torrent, engine.sample.size)
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the order to flush")
    engine.ensure(changed(desired, sequential=True))
    assert engine.lives()
    assert engine.lives()
    assert engine.claimed(desired.torrent) == [False] * 6
    engine.session.release(Flushed)
    engine.link.take(Completed)
    eventually(lambda: engine.claimed(desired.torrent) == [True] * 6, "saved as complete")


def test_what_was_to_be_saved_while_flushing_is_saved_after_it(engine: Running) -> None:
    """Also if no completion follows, because nothing of the torrent is wanted any more."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.session.hold(Flushed)
    engine.session.hold(ResumeData)
    engine.ensure(changed(desired, selection=Selection(exclude=("*",))))
    eventually(lambda: any(isinstance(alert, ResumeData) for alert in engine.session.held()), "a save")
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the order to flush")
    engine.session.release(ResumeData)
    assert engine.lives()
    engine.session.release(Flushed)
    eventually(lambda: engine.claimed(desired.torrent) == [True] + [False] * 5, "saved after the flush")


def test_a_store_that_fails_is_told_until_it_works_again(engine: Running) -> None:
    """Each state once; what could not be saved is saved later."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved once")
    away = engine.dir.root.with_name("elsewhere")
    engine.dir.root.rename(away)
    engine.ensure(changed(desired, sequential=True))
    assert engine.link.take(ResumeStoreState).problem
    away.rename(engine.dir.root)
    engine.dir.fastresume(desired.torrent).unlink()
    assert engine.link.take(ResumeStoreState) == ResumeStoreState(problem=None)
    assert engine.claimed(desired.torrent) is not None
    assert engine.link.waiting(ResumeStoreState) == []


def test_a_directory_that_was_replaced_is_filled_again(engine: Running) -> None:
    """Nothing is written to it, or read from it, before the supervisor has accepted it."""
    engine.dir.lock.touch()
    engine.link.send(msgspec.structs.replace(CONFIGURE, revision=2, resume_dir=engine.dir.identity()))
    desired = engine.sample.desired()
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved once")
    engine.dir.root.rename(engine.dir.root.with_name("elsewhere"))
    engine.dir.root.mkdir()
    other = SampleTorrent("other", {"c": b"content"})
    engine.add_metainfo(other)
    engine.link.send(EnsureTorrent(desired=other.desired()))
    assert engine.link.take(TorrentApplied, lambda event: event.torrent == other.torrent).problem
    engine.ensure(changed(desired, sequential=True))
    assert engine.link.take(ResumeStoreState).problem
    assert engine.claimed(desired.torrent) is None
    engine.dir.lock.touch()
    engine.dir.make_engine_dir()
    engine.link.send(SaveAll(resume_dir=engine.dir.identity()), EnsureTorrent(desired=other.desired()))
    assert engine.link.take(ResumeStoreState) == ResumeStoreState(problem=None)
    # An earlier attempt may have been in progress.
    engine.link.take(TorrentApplied, lambda event: event.torrent == other.torrent and event.problem is None)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved again")


def test_what_its_sandbox_does_not_let_it_write_is_handed_over(engine: Running) -> None:
    """For each torrent the content of its file, then the end; later saves, too."""
    engine.dir.lock.touch()
    desired = engine.sample.desired()
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved once")
    before = engine.dir.fastresume(desired.torrent).read_bytes()
    engine.dir.fastresume(desired.torrent).unlink()
    engine.link.send(SaveAll(resume_dir=engine.dir.identity(), hand_over=True))
    assert engine.link.take(ResumeHandedOver) == ResumeHandedOver(torrent=desired.torrent, content=before)
    engine.link.take(AllHandedOver)
    engine.ensure(changed(desired, sequential=True))
    assert engine.link.take(ResumeHandedOver).torrent == desired.torrent
    assert engine.claimed(desired.torrent) is None
    assert engine.link.waiting(AllHandedOver) == []


def test_where_there_is_nothing_to_hand_over_it_is_all_at_once(engine: Running) -> None:
    """A missing torrent is not waited for."""
    engine.dir.lock.touch()
    engine.link.send(SaveAll(resume_dir=engine.dir.identity(), hand_over=True))
    engine.link.take(AllHandedOver)


def test_resume_data_that_cannot_be_deleted_is_told(engine: Running) -> None:
    """Otherwise the torrent, added again later, would trust pieces that do not exist."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    eventually(lambda: engine.claimed(desired.torrent) is not None, "saved once")
    engine.dir.root.rename(engine.dir.root.with_name("elsewhere"))
    engine.link.send(DropTorrent(torrent=desired.torrent, delete_files=False, desired=desired))
    assert engine.link.take(TorrentDropped).problem


# -- the end ----------------------------------------------------------------------------------------------------------


def test_the_engine_ends_with_its_lifeline(engine: Running) -> None:
    """Whatever it is doing, its supervisor has died."""
    engine.ensure(engine.sample.desired())
    engine.link.cut_lifeline()
    assert engine.ended() is None


def test_the_engine_ends_with_its_lifeline_before_it_is_configured(running: Running) -> None:
    """A spare does not become an orphan either."""
    running.link.take(Heartbeat)
    running.link.cut_lifeline()
    assert running.ended() is None


def test_a_drain_saves_what_is_unsaved_and_ends(engine: Running) -> None:
    """Transfers stop first; downloads are flushed, then saved; unchanged torrents are not saved."""
    other = SampleTorrent("other", {"c": b"content"})
    engine.add_metainfo(other)
    for sample in (engine.sample, other):
        engine.ensure(sample.desired())
        engine.running(sample)
    engine.session.download(engine.sample.torrent, 2 * PIECE_LENGTH)
    engine.link.take(Progress, lambda event: event.bytes_done == 2 * PIECE_LENGTH)
    before = len(engine.session.calls)
    engine.link.send(Drain())
    assert engine.ended() is None
    assert engine.claimed(engine.sample.torrent) == [True] * 2 + [False] * 4
    assert engine.session.calls[before:] == [
        ("suspend", ""),
        ("flush", engine.sample.torrent),
        ("save_resume", engine.sample.torrent),
    ]


def test_a_drain_waits_for_the_disk(engine: Running) -> None:
    """Nothing is saved before the flush has ended, and the engine does not exit before the data is durable."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.link.take(Progress, lambda event: event.bytes_done == PIECE_LENGTH)
    saves = engine.saves()
    engine.session.hold(Flushed)
    engine.link.send(Drain())
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the flush")
    assert engine.lives()
    assert engine.saves() == saves
    engine.session.release(Flushed)
    assert engine.ended() is None
    assert engine.claimed(desired.torrent) == [True] + [False] * 5


def test_a_drain_saves_what_finishes_while_it_is_being_saved(engine: Running) -> None:
    """Resume data in progress at the last piece may not be stored; another one is made after the flush."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.hold(ResumeData)
    engine.session.hold(Flushed)
    engine.ensure(changed(desired, sequential=True))
    eventually(lambda: any(isinstance(alert, ResumeData) for alert in engine.session.held()), "a save")
    engine.session.download(desired.torrent, engine.sample.size)
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the order to flush")
    engine.link.send(Drain())
    eventually(lambda: ("suspend", "") in engine.session.calls, "the drain")
    engine.session.release(ResumeData)
    assert engine.lives()
    engine.session.release(Flushed)
    assert engine.ended() is None
    assert engine.claimed(desired.torrent) == [True] * 6


def test_a_drain_of_nothing_ends_at_once(running: Running) -> None:
    """With a session and without one."""
    running.link.send(Drain())
    assert running.ended() is None


def test_a_termination_is_a_drain(engine: Running) -> None:
    """Like a drain that the supervisor requests; a later request changes nothing."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.link.take(Progress, lambda event: event.bytes_done == PIECE_LENGTH)
    before = len(engine.session.calls)
    engine.engine.terminate()
    engine.link.send(Drain())
    assert engine.ended() is None
    assert engine.claimed(desired.torrent) == [True] + [False] * 5
    assert engine.session.calls[before:].count(("suspend", "")) == 1


def test_a_second_termination_does_not_wait_for_the_disk(engine: Running) -> None:
    """Unsaved progress is found by hashing."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.link.take(Progress, lambda event: event.bytes_done == PIECE_LENGTH)
    engine.session.hold(Flushed)
    engine.engine.terminate()
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the flush")
    assert engine.lives()
    engine.engine.terminate()
    assert engine.ended() is None


def test_a_drain_of_a_torrent_that_is_being_removed_ends(engine: Running) -> None:
    """A removed torrent need not be saved."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.session.hold(TorrentGone)
    engine.link.send(
        EnsureTorrent(desired=changed(desired, sequential=True)),
        DropTorrent(torrent=desired.torrent, delete_files=False, desired=desired),
        Drain(),
    )
    assert engine.ended() is None


def test_a_drain_ends_where_a_torrent_goes_during_its_flush(engine: Running) -> None:
    """The flush is never answered, and the drain does not wait ten seconds for it."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.hold(Flushed)
    engine.session.download(desired.torrent, PIECE_LENGTH)
    engine.link.take(Progress, lambda event: event.bytes_done == PIECE_LENGTH)
    engine.link.send(Drain(), DropTorrent(torrent=desired.torrent, delete_files=False, desired=desired))
    engine.thread.join(DEADLINE_S / 2)
    assert not engine.thread.is_alive()
    assert engine.error is None


def test_a_command_before_the_first_configure_ends_the_engine(running: Running) -> None:
    """It cannot be carried out; the supervisor handles unexpected errors."""
    running.link.send(QueryFiles(token=1, torrent="0" * 40))
    assert isinstance(running.ended(), RuntimeError)


def test_an_unexpected_error_ends_the_engine(engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not swallowed."""

    def fail() -> None:
        raise RuntimeError("native trouble")

    monkeypatch.setattr(engine.session, "post_updates", fail)
    assert str(engine.ended()) == "native trouble"


def test_a_write_that_failed_at_the_end_has_the_torrent_loaded_anew(engine: Running) -> None:
    """Nothing is completed, and the stored resume data has its earlier claims."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.hold(Flushed)
    engine.session.download(desired.torrent, engine.sample.size)
    eventually(lambda: ("flush", desired.torrent) in engine.session.calls, "the order to flush")
    engine.session.fail_file(desired.torrent, errno.EIO)
    eventually(lambda: engine.session.calls.count(("add", desired.torrent)) == 2, "another add")
    assert engine.lives()
    assert engine.link.waiting(Completed) == []
    assert engine.claimed(desired.torrent) == [False] * 6


def test_a_full_disk_is_told_and_waited_for(engine: Running, tmp_path: Path) -> None:
    """The torrent is paused, and continues by itself; the disk of this test is not really full."""
    desired = engine.sample.desired(tmp_path)
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.fail_file(desired.torrent, errno.ENOSPC)
    state = engine.link.take(StorageState)
    assert (state.problem, state.torrents) == ("disk_full", [desired.torrent])
    assert state.free_bytes > 0
    engine.link.take(StateChanged, lambda event: event.state is TorrentState.PAUSED)
    assert engine.link.take(StorageState).torrents == []
    engine.link.take(StateChanged, lambda event: event.state is TorrentState.DOWNLOADING)
    assert engine.link.waiting(TorrentError) == []


def test_an_error_is_retried_when_asked(engine: Running) -> None:
    """Once, on the supervisor's command."""
    desired = engine.sample.desired()
    engine.ensure(desired)
    engine.running(engine.sample)
    engine.session.fail_file(desired.torrent, errno.EROFS)
    engine.link.take(TorrentError)
    engine.link.send(EnsureTorrent(desired=changed(desired), afresh=True))
    engine.link.take(ErrorCleared)
