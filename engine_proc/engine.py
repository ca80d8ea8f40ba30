"""The engine's shell: one loop over the link, libtorrent's alert descriptor, the store's outcomes and the lifeline.

It owns the clock and the sockets, feeds the pure parts, and performs what they say. An unexpected error here ends the
process: that is what the supervisor is for. Longer than most files here, because it is the one place that acts.
"""

import contextlib
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, get_args

import msgspec
import zmq

from engine_proc.process.log import log
from engine_proc.process.sandbox import NO_SANDBOX, Sandbox
from engine_proc.resume.rehasher import Rehasher
from engine_proc.resume.resume_policy import ResumePolicy, Urgency
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.session.alerts import (
    Alert,
    AlertsLost,
    Conflict,
    Faulted,
    FileError,
    Flushed,
    Historied,
    Listening,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeUnsaved,
    Selected,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TrackerAnswered,
    TrackerAsked,
    TrackerFailed,
)
from engine_proc.session.coalescer import ProgressCoalescer
from engine_proc.session.session_port import InvalidSetting, LibtSession, TorrentFault, TrackerState, UnknownTorrent
from engine_proc.session.translator import AlertTranslator, Flush, LoadLayout, Output, Reload, SaveCounters, SaveResume
from engine_proc.session_commands import SessionCommands
from engine_proc.storage.storage_guard import PATIENCE_S, Confined, Decision, Judged, StorageGuard
from engine_proc.storage.storage_policy import Present
from engine_proc.storage.storage_watch import StorageWatch
from engine_proc.torrents.audit import CYCLE_S, AuditSchedule
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.judged_sources import JudgedSources
from engine_proc.torrents.loader import Loader
from engine_proc.trackers.announce_pacer import AnnouncePacer
from engine_proc.trackers.tracker_book import TrackerBook
from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder
from protocol.internal.integrity import seal
from protocol.internal.link import (
    AllHandedOver,
    CallPeers,
    Configure,
    Drain,
    EngineCommand,
    EngineEvent,
    EngineReady,
    EnsureTorrent,
    EventBatch,
    ForgetTorrent,
    Heartbeat,
    HistoryFound,
    LookAtFiles,
    Query,
    ResumeHandedOver,
    ResumeStoreState,
    SaveAll,
    SessionStats,
    SettingsRefused,
    TorrentForgotten,
    TrackerTold,
    VerifyTorrent,
    decode_commands,
)
from protocol.wire import codec
from protocol.wire.events import ErrorCleared, Progress, TorrentError

HEARTBEAT_S: Final = 0.25
WAITING_HEARTBEAT_S: Final = 2.0
"""Before there is a session: a spare is to cost next to nothing."""
STATISTICS_S: Final = 1.0
READ_AGAIN_S: Final = 2.0
"""When torrents that could not be read are tried again."""
UPDATES_BUSY_S: Final = 0.1
UPDATES_IDLE_S: Final = 0.5
SAVES_BUSY_S: Final = 0.25
"""While commands come in numbers, how often as much resume data is asked for as may be under way."""
UPDATES_RESTORING_S: Final = 4.0
"""While thousands are added, what each does on the way is not asked for more often."""
COMMANDS_PER_TURN: Final = 50
LEGS_LOOKED_AT: Final = 5
"""After so many failures in a row, and then again, libtorrent is asked which legs of a tracker there are."""
EVENTS_PER_FRAME: Final = 40
"""The supervisor takes in a frame in one go, and its clients wait that long."""
DRAIN_S: Final = 10.0
"""How long a drain may take; what is unsaved then is found again by hashing."""

SessionFactory = Callable[[Configure], LibtSession]

_COMMAND_NAMES: Final[Mapping[type[EngineCommand], bytes]] = {
    kind: f"command {kind.__struct_config__.tag}".encode() for kind in get_args(EngineCommand)
}
"""As the flight recorder has them."""


class AlertsDropped(Exception):
    """libtorrent's alert queue was full, and nobody knows what was in those that are gone."""


class Engine:
    """One generation of the engine.

    Args:
        link: a connected DEALER socket to the supervisor.
        lifeline_fd: a pipe's end that becomes readable when the supervisor is gone.
        store: the fast-resume store.
        rehasher: looks for what resume data does not know of.
        watch: looks at mounts and disks.
        make_session: makes the session at the first `Configure`. May raise InvalidSetting.
        gen: this engine's generation.
        libtorrent: libtorrent's version, to be told.
        recorder: is told which command is carried out; None for one that nobody reads.
        sandbox: what confines this process.
    """

    def __init__(
        self,
        link: zmq.Socket[bytes],
        lifeline_fd: int,
        store: FastResumeStore,
        rehasher: Rehasher,
        watch: StorageWatch,
        make_session: SessionFactory,
        *,
        gen: int,
        libtorrent: str,
        recorder: FlightRecorder | None = None,
        sandbox: Sandbox = NO_SANDBOX,
    ) -> None:
        self._sandbox = sandbox
        self._recorder = recorder or FlightRecorder(bytearray(FLIGHT_BYTES))
        self._link = link
        self._lifeline_fd = lifeline_fd
        self._store = store
        self._rehasher = rehasher
        self._make_session = make_session
        self._gen = gen
        self._libtorrent = libtorrent
        self._translator = AlertTranslator()
        self._guard = StorageGuard(watch, self._translator, self._tell, time.monotonic)
        self._guard.set_covered(sandbox.places)
        self._coalescer = ProgressCoalescer()
        self._policy = ResumePolicy()
        self._audit = AuditSchedule()
        self._trackers = TrackerBook()
        self._tracker_news: list[TrackerTold] = []
        """What goes with the next heartbeat: thousands of trackers that fail are to wake nobody for each."""
        self._pacer = AnnouncePacer(time.monotonic(), random.random)
        self._commands: deque[EngineCommand] = deque()
        self._outbox: list[EngineEvent] = []
        self._session: LibtSession | None = None
        self._dispatcher: Dispatcher | None = None
        self._session_commands: SessionCommands | None = None
        self._judged = JudgedSources()
        self._poller = zmq.Poller()
        self._poller.register(link, zmq.POLLIN)
        self._poller.register(lifeline_fd, zmq.POLLIN)
        self._poller.register(store.fileno(), zmq.POLLIN)
        self._poller.register(rehasher.fileno(), zmq.POLLIN)
        self._poller.register(watch.fileno(), zmq.POLLIN)
        now = time.monotonic()
        self._loops = 0
        self._native_at = now
        self._next_heartbeat = now
        self._next_updates = now
        self._next_census = now + CYCLE_S
        self._next_reading = now
        self._updates_busy = False
        self._updated_at = now
        self._many_at = now - UPDATES_BUSY_S
        self._saved_at = now - SAVES_BUSY_S
        self._sampled: tuple[float, SessionStatistics] | None = None
        self._listeners: dict[str, int] = {}
        self._writing = 0
        self._store_problem: str | None = None
        self._drain_until: float | None = None
        self._terminations = 0
        self._flush_to_save: set[str] = set()
        self._held_errors: dict[str, tuple[TorrentError, float]] = {}
        """Errors of files that are looked at, and since when they are held back: the look may find a better reason."""
        self._to_hand_over: set[str] | None = None
        """The torrents whose resume data the supervisor waits for, since this process cannot write it."""

    def terminate(self) -> None:
        """Asks it to save what is unsaved and leave; asked again, to leave. Only noted, for signal handlers."""
        self._terminations += 1

    def run(self) -> None:
        """Runs until drained, or until the supervisor is gone."""
        while not self._drained():
            if self._terminations:
                self._heed_termination()
            ready = dict(self._poller.poll(self._timeout_ms()))
            self._loops += 1
            if self._lifeline_fd in ready:
                log("warning", "supervisor_gone")
                return
            self._receive()
            for _ in range(min(COMMANDS_PER_TURN, len(self._commands))):
                command = self._commands.popleft()
                outer = self._recorder.begin(_COMMAND_NAMES[type(command)], _subject(command))
                self._execute(command)
                self._recorder.end(outer)
                self._updates_busy = True
            if self._session is not None:
                for alert in self._session.pop_alerts():
                    self._take(alert)
            self._take_outcomes()
            for decision in self._guard.decisions():  # before there is a session there are none, but mounts to be read
                self._decide(decision)
            for outcome in self._rehasher.outcomes():
                self._require_dispatcher().rehashed(outcome)
            self._tick(time.monotonic())
            self._send()

    # -- the link -------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        while int(self._link.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            batch = decode_commands(self._link.recv())
            if batch.gen != self._gen:
                continue
            self._commands.extend(batch.commands)
            if len(batch.commands) > 1:
                ensured = (each.desired for each in batch.commands if isinstance(each, EnsureTorrent))
                # Of one that was judged just now there is no resume data.
                self._store.expect([each.torrent for each in ensured if not self._judged.has(each)])

    def _send(self) -> None:
        outbox, self._outbox = self._outbox, []
        for start in range(0, len(outbox), EVENTS_PER_FRAME):
            batch = outbox[start : start + EVENTS_PER_FRAME]
            self._link.send(codec.encode(EventBatch(gen=self._gen, events=batch)))

    def _tell(self, event: EngineEvent | Output) -> None:
        """Puts an event on its way, or performs an order. Progress waits its turn, and goes ahead of what ends it."""
        match event:
            case Flush(torrent):
                # A torrent that finishes while it is being removed is unknown to the session by now.
                with contextlib.suppress(UnknownTorrent), self._faults_are_the_torrents():
                    self._require_session().flush(torrent)
            case LoadLayout(torrent):
                self._require_dispatcher().metadata_received(torrent)
            case Reload(torrent):
                self._require_dispatcher().unload(torrent)
            case SaveResume(torrent, final):
                self._want_save(torrent, Urgency.AT_ONCE if final else Urgency.PROGRESS)
            case SaveCounters(torrent):
                self._want_save(torrent, Urgency.COUNTERS)
            case Progress():
                self._coalescer.offer(event)
            case TorrentError(torrent=torrent, name="storage") if self._guard.looking(torrent):
                self._held_errors[torrent] = (event, time.monotonic())
            case _:
                subject: str | None = getattr(event, "torrent", None)
                if subject and (progress := self._coalescer.flush(subject, time.monotonic())):
                    self._outbox.append(progress)
                self._outbox.append(event)
                if isinstance(event, ErrorCleared):
                    self._require_dispatcher().error_cleared(event.torrent)
                elif isinstance(event, TorrentForgotten):  # one of the same id that is added again begins anew
                    self._require_session().count_from(event.torrent, (0, 0))

    @contextlib.contextmanager
    def _faults_are_the_torrents(self) -> Iterator[None]:
        """What fails about one torrent is that torrent's error, and is told; the loop goes on."""
        try:
            yield
        except TorrentFault as fault:
            self._flush_to_save.discard(fault.torrent)
            self._require_dispatcher().faulted(fault.torrent, fault.problem)

    def _want_save(self, torrent: str, urgency: Urgency) -> None:
        if self._drain_until is None:
            self._policy.want(torrent, urgency, time.monotonic())

    # -- commands -------------------------------------------------------------------------------------------------

    def _execute(self, command: EngineCommand) -> None:
        match command:
            case Configure():
                self._configure(command)
            case Query():
                self._require_session_commands().answer(command)
            case EnsureTorrent():
                self._ensure(command)
            case ForgetTorrent():
                self._require_dispatcher().forget(command)
            case SaveAll():
                self._save_all(command)
            case CallPeers(torrent=torrent, peers=peers):
                self._require_dispatcher().connect(torrent, peers)
            case VerifyTorrent(torrent=torrent, writer=writer):
                self._require_dispatcher().verify(torrent, writer)
            case LookAtFiles(torrent=torrent):
                self._require_dispatcher().look_at_files(torrent)
            case Drain():
                self._begin_drain()

    def _ensure(self, command: EnsureTorrent) -> None:
        desired, counted = command.desired, (command.downloaded, command.uploaded)
        if command.history or any(counted):
            self._require_session().count_from(desired.torrent, None if command.history else counted)
        if command.afresh:
            self._require_dispatcher().retry(desired)
        else:
            self._require_dispatcher().ensure(desired, files_known=command.files_known)

    def _configure(self, command: Configure) -> None:
        if command.resume_dir is not None:
            self._store.rebind(command.resume_dir)
        self._guard.set_bounds(command.bounds)
        if self._session_commands is not None:
            self._session_commands.configure(command)
            return
        if self._sandbox.refusal is not None:
            problem = f"it is required, and cannot be had: {self._sandbox.refusal}"
            self._tell(SettingsRefused(section="sandbox", setting="mode", message=problem, config=command.config))
            return
        try:
            self._session = self._make_session(command)
        except InvalidSetting as error:
            self._tell(SettingsRefused(setting=error.setting, message=str(error), config=command.config))
            return
        self._poller.register(self._session.fileno(), zmq.POLLIN)
        self._native_at = self._next_heartbeat = time.monotonic()
        self._session_commands = SessionCommands(
            self._session, self._guard, self._judged, self._tell, time.monotonic, self._tracker_read
        )
        loader = Loader(
            self._session,
            self._store,
            self._judged,
            self._rehasher,
            self._guard,
            self._translator,
            self._policy,
            self._pacer,
            self._tell,
            time.monotonic,
        )
        self._dispatcher = Dispatcher(
            self._session,
            self._store,
            loader,
            self._guard,
            self._translator,
            self._policy,
            self._pacer,
            self._tell,
            time.monotonic,
        )
        port = self._session.listen_port()
        self._tell(
            EngineReady(
                pid=os.getpid(),
                libtorrent=self._libtorrent,
                listen_port=port,
                sandbox=self._sandbox.report,
                places=dict(self._sandbox.places),
            )
        )
        self._session_commands.confirm_settings(command)

    def _save_all(self, command: SaveAll) -> None:
        self._store.rebind(command.resume_dir)
        self._policy.release()
        torrents = self._session.torrents() if self._session is not None else frozenset()
        for torrent in torrents:
            self._want_save(torrent, Urgency.AT_ONCE)
        self._to_hand_over = set(torrents) if command.hand_over else None
        self._handed_over(None)

    def _handed_over(self, torrent: str | None) -> None:
        """A torrent's resume data was handed over, cannot be made, or is not needed any more."""
        if self._to_hand_over is None:
            return
        waiting = bool(self._to_hand_over) or torrent is None
        self._to_hand_over.discard(torrent or "")
        if waiting and not self._to_hand_over:
            self._tell(AllHandedOver())

    def _require_session(self) -> LibtSession:
        if self._session is None:
            raise RuntimeError("a command came before the first configure")
        return self._session

    def _require_dispatcher(self) -> Dispatcher:
        if self._dispatcher is None:
            raise RuntimeError("a command came before the first configure")
        return self._dispatcher

    def _require_session_commands(self) -> SessionCommands:
        if self._session_commands is None:
            raise RuntimeError("a command came before the first configure")
        return self._session_commands

    # -- alerts and outcomes --------------------------------------------------------------------------------------

    def _take(self, alert: Alert) -> None:
        dispatcher = self._require_dispatcher()
        match alert:
            case TorrentAdded(torrent, problem):
                if problem is None:
                    self._audit.watch(torrent)
                    self._trackers.known(torrent, self._require_session().held_trackers(torrent))
                dispatcher.added(alert)
                return  # to the translator it means nothing
            case TorrentGone():
                dispatcher.gone(alert)
                self._coalescer.forget(alert.torrent)
                self._audit.forget(alert.torrent)
                self._trackers.forget(alert.torrent)
                self._flush_to_save.discard(alert.torrent)
                self._held_errors.pop(alert.torrent, None)
                self._handed_over(alert.torrent)
            case Historied():
                self._tell(HistoryFound(**msgspec.structs.asdict(alert)))
            case TrackerAsked() | TrackerAnswered():
                self._tracker_news += self._trackers.feed(alert)
                return
            case TrackerFailed():
                self._tracker_news += self._trackers.feed(alert)
                self._look_at_legs(alert)
                return
            case Faulted():
                dispatcher.alert_faulted(alert)
            case Selected():
                dispatcher.selected(alert)
            case Conflict():
                dispatcher.conflict(alert)
            case FileError():
                dispatcher.file_failed(alert)
            case PrioritiesSet():
                dispatcher.priorities_set(alert)
            case ResumeData(torrent) if self._translator.flushing(torrent):
                # It claims every piece, and some may be in the write cache still: see libtorrent's traps in the tests.
                self._policy.settle(torrent)
                self._flush_to_save.add(torrent)
            case ResumeData(torrent) if dispatcher.awaits_judgement(torrent):
                self._policy.settle(torrent)  # it is wanted again once they are
            case ResumeData(torrent, blob) if self._to_hand_over is not None:
                self._policy.settle(torrent)
                self._tell(ResumeHandedOver(torrent=torrent, content=seal(blob)))
                self._handed_over(torrent)
            case ResumeData(torrent, blob):
                self._writing += 1
                self._store.save(torrent, blob)
                dispatcher.resume_data_made(torrent)
            case NativeStateChanged(torrent, state):
                dispatcher.state_changed(torrent, state)
            case ResumeUnsaved(torrent, problem):
                self._policy.settle(torrent)
                self._handed_over(torrent)
                if problem is not None:
                    log("warning", "resume_data_not_made", torrent=torrent, problem=problem)
            case Listening(where, port):
                self._listeners = {**self._listeners, where: port}
            case SessionStatistics():
                self._take_statistics(alert)
            case AlertsLost():
                # One of them may have been what something waits for; the next engine begins from what is true.
                raise AlertsDropped
            case StatusUpdate(rows):
                self._updates_busy = bool(rows)
            case Flushed(torrent):
                # A torrent that has just finished is told to be complete with the next update.
                self._next_updates = time.monotonic()
                if torrent in self._flush_to_save:
                    self._flush_to_save.discard(torrent)
                    self._policy.want(torrent, Urgency.AT_ONCE, self._next_updates)
            case _:
                pass
        for output in self._translator.feed(alert):
            self._tell(output)

    def _tracker_read(self, torrent: str, state: TrackerState) -> None:
        if state.legs:
            self._tracker_news += self._trackers.prune(torrent, state.reading.url, state.legs)

    def _look_at_legs(self, alert: TrackerFailed) -> None:
        """Where a tracker fails on one leg again and again, and not on another, looks whether that is there still.

        An address that the machine has lost cannot fail any more, and what it said last would hold for ever.
        """
        if alert.times % LEGS_LOOKED_AT == 0 and self._trackers.open(alert.torrent, alert.url):
            with contextlib.suppress(UnknownTorrent, TorrentFault):
                for state in self._require_session().trackers(alert.torrent):
                    if state.reading.url == alert.url:
                        self._tracker_news += self._trackers.prune(alert.torrent, alert.url, state.legs)

    def _decide(self, decision: Decision) -> None:
        match decision:
            case Confined(int(token), problem):
                self._require_session_commands().confined(token, problem)
            case Judged(torrent, verdict):  # which has it loaded: what goes wrong then is about this torrent
                outer = self._recorder.begin(b"judged", torrent)
                self._require_dispatcher().decided(decision)
                self._recorder.end(outer)
                self._looked(torrent, sound=isinstance(verdict, Present) and not verdict.short)
            case Confined(str(torrent), problem):
                self._require_dispatcher().decided(decision)
                self._looked(torrent, sound=problem is None)
            case _:
                self._require_dispatcher().decided(decision)

    def _looked(self, torrent: str, *, sound: bool) -> None:
        """A torrent was looked at: an error of its files is told now, unless the look has found what is behind it."""
        held = self._held_errors.pop(torrent, None)
        if held is not None and sound:
            self._tell(held[0])

    def _take_statistics(self, alert: SessionStatistics) -> None:
        now = time.monotonic()
        self._native_at = now
        if self._sampled is not None and now - self._sampled[0] < STATISTICS_S:
            return
        at, before = self._sampled or (now, alert)
        seconds = max(now - at, 1e-3)
        self._sampled = (now, alert)
        self._tell(
            SessionStats(
                download_bps=int((alert.downloaded - before.downloaded) / seconds),
                upload_bps=int((alert.uploaded - before.uploaded) / seconds),
                downloaded=alert.downloaded,
                uploaded=alert.uploaded,
                peers=alert.peers,
                listen_port=self._require_session().listen_port(),
                listeners=self._listeners,
            )
        )

    def _take_outcomes(self) -> None:
        for outcome in self._store.outcomes():
            if outcome.deleted:
                self._require_dispatcher().resume_deleted(outcome.torrent, outcome.problem)
                continue
            self._writing -= 1
            self._policy.settle(outcome.torrent)
            if outcome.problem is None:
                self._policy.release()
                self._require_dispatcher().resume_stored(outcome.torrent)
            elif self._drain_until is None:
                self._policy.hold(time.monotonic())
                self._policy.want(outcome.torrent, Urgency.PROGRESS, time.monotonic())
            if outcome.problem != self._store_problem:
                self._store_problem = outcome.problem
                self._tell(ResumeStoreState(problem=outcome.problem))

    # -- time -----------------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + (HEARTBEAT_S if self._session is not None else WAITING_HEARTBEAT_S)
            native_age_ms = int((now - self._native_at) * 1000) if self._session is not None else 0
            log.flush()
            self._outbox += self._tracker_news
            self._tracker_news.clear()
            self._tell(Heartbeat(loops=self._loops, native_age_ms=native_age_ms, log_lost=log.lost))
            if self._session is not None:
                self._session.post_statistics()
                self._read_again(now)
                self._look_around(now)
        if self._session is None:
            return
        if self._commands or self._require_dispatcher().adding_many:
            self._many_at = now
        if now >= self._next_updates:
            self._next_updates = now + (UPDATES_BUSY_S if self._updates_busy else UPDATES_IDLE_S)
            # The last of them are still on their way for a moment, and would wait for the rows of all.
            if now - self._many_at >= UPDATES_BUSY_S or now - self._updated_at >= UPDATES_RESTORING_S:
                self._updated_at = now
                self._session.post_updates()
        for decision in self._guard.tick(now):
            self._decide(decision)
        for torrent, (error, since) in list(self._held_errors.items()):
            if now - since > PATIENCE_S:
                del self._held_errors[torrent]
                self._outbox.append(error)
        self._outbox.extend(self._coalescer.due(now))
        self._outbox.extend(self._trackers.news())
        for torrent in self._pacer.due(now):
            with contextlib.suppress(UnknownTorrent), self._faults_are_the_torrents():
                self._session.release_trackers(torrent)
        for torrent in self._policy.due(now) if now >= self._saves_from() else ():
            self._saved_at = now
            try:
                with self._faults_are_the_torrents():
                    self._session.save_resume(torrent, only_if_modified=False)
            except UnknownTorrent:
                self._policy.forget(torrent)
        self._require_dispatcher().tick(now)

    def _saves_from(self) -> float:
        """When the next saves may begin: while commands come in numbers, only some go in between.

        What was just added needs none to be restored, and has another one soon where it is complete already.
        """
        if self._drain_until is not None:
            return 0.0
        return min(self._many_at + UPDATES_BUSY_S, self._saved_at + SAVES_BUSY_S)

    def _read_again(self, now: float) -> None:
        """Has torrents tried again of which something stored could not be read."""
        if now >= self._next_reading and self._drain_until is None:
            self._next_reading = now + READ_AGAIN_S
            self._require_dispatcher().read_again()

    def _look_around(self, now: float) -> None:
        """Compares some torrents with what is desired of them, unless there is work to do or an end to come to."""
        if self._commands or self._drain_until is not None:
            return
        dispatcher = self._require_dispatcher()
        for torrent in self._audit.due(now):
            dispatcher.audit(torrent)
        if now >= self._next_census:
            self._next_census = now + CYCLE_S
            self._require_session_commands().census()

    def _timeout_ms(self) -> int:
        if self._commands:
            return 0
        due = [self._next_heartbeat]
        if self._session is not None:
            due.append(self._next_updates)
            parts = (self._coalescer, self._pacer, self._guard)
            due.extend(at for part in parts if (at := part.next_due()) is not None)
            if (save_at := self._policy.next_due()) is not None:
                due.append(max(save_at, self._saves_from()))
        return int(max(0.0, min(due) - time.monotonic()) * 1000) + 1

    # -- the end --------------------------------------------------------------------------------------------------

    def _heed_termination(self) -> None:
        """One may come together with the supervisor's word, as when a whole control group is ended; two are haste."""
        self._begin_drain()
        if self._terminations > 1:
            self._drain_until = 0.0

    def _begin_drain(self) -> None:
        """Flushes and then saves what has changed; what is unchanged costs nothing."""
        if self._drain_until is not None:
            return
        now = time.monotonic()
        self._drain_until = now + DRAIN_S
        if self._session is None:
            return
        self._session.suspend()
        self._policy.release()  # each gets one more try
        loaded = self._session.torrents()
        for torrent in self._policy.unsaved():
            if torrent in loaded:
                self._flush_to_save.add(torrent)
                with self._faults_are_the_torrents():
                    self._session.flush(torrent)
            else:
                self._policy.forget(torrent)

    def _drained(self) -> bool:
        if self._drain_until is None:
            return False
        if time.monotonic() > self._drain_until:
            log("warning", "drain_timed_out", unsaved=len(self._policy.unsaved()))
            return True
        return not (self._flush_to_save or self._policy.unsaved() or self._policy.busy() or self._writing)


def _subject(command: EngineCommand) -> str:
    """The torrent that a command is about, or nothing."""
    match command:
        case EnsureTorrent(desired=desired):
            return desired.torrent
        case _:
            torrent: str = getattr(command, "torrent", "")
            return torrent
