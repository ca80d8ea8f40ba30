"""A running session: executes commands, and handles alerts and the results of threads.

The pure modules return events and orders. This module sends the events and executes the orders.
"""

import random
import time
from collections.abc import Mapping
from typing import Final, assert_never

import msgspec

from engine_proc.dht_keeper import DhtKeeper
from engine_proc.events.outbox import Outbox
from engine_proc.events.statistics import Statistics
from engine_proc.events.translator import STOPPING, AlertTranslator
from engine_proc.events.update_schedule import UpdateSchedule
from engine_proc.groups.group_limits import GroupLimits
from engine_proc.ip_filter.filter_watch import Filtered, FilterWatch
from engine_proc.order_book import OrderBook
from engine_proc.resume.rehasher import Rehashed, Rehasher
from engine_proc.resume.resume_policy import ResumePolicy
from engine_proc.resume.resume_store import FastResumeStore, Outcome
from engine_proc.rounds import Rounds
from engine_proc.session.alerts import (
    Alert,
    AlertsLost,
    Conflict,
    CountersRead,
    Faulted,
    FileError,
    Flushed,
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
    TrackersChanged,
)
from engine_proc.session.session_port import LibtSession
from engine_proc.session_commands import SessionCommands
from engine_proc.settings_watch import SettingsWatch
from engine_proc.storage.decisions import Confined, Decision, Judged
from engine_proc.storage.held_errors import HeldErrors
from engine_proc.storage.storage_guard import PATIENCE_S, StorageGuard
from engine_proc.storage.storage_policy import Present
from engine_proc.torrents.deadlines import Deadlines
from engine_proc.torrents.dispatch import Dispatcher
from engine_proc.torrents.loading.judged_sources import JudgedSources
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.saver import Saver
from engine_proc.trackers.announce_pacer import AnnouncePacer
from engine_proc.trackers.tracker_news import TrackerNews
from engine_proc.watches.watches import Watches
from protocol.internal.flight_recorder import FlightRecorder
from protocol.internal.link_commands import (
    CallPeers,
    CheckFiles,
    Configure,
    Drain,
    DropTorrent,
    EngineCommand,
    EnsureTorrent,
    ReannounceTorrent,
    SaveAll,
    SetDeadline,
    VerifyTorrent,
)
from protocol.internal.link_events import EngineEvent, HistoryFound
from protocol.internal.link_queries import Query
from protocol.wire.desired import SettingValue
from protocol.wire.events.torrent_events import TorrentError

LATELY_S: Final = 1.0
"""At its end, the engine waits for another answer of libtorrent only if the last answer is younger than this."""


class AlertsDropped(Exception):
    """libtorrent's alert queue was full. The content of the dropped alerts is unknown."""


class Running:
    """A session, and the parts that work with the session. The first `Configure` creates all of them.

    Args:
        session: the session.
        store: the store of resume data.
        judged: parsed sources that were validated for an add.
        rehasher: verifies pieces on disk that resume data lacks.
        guard: knows which storage is available.
        translator: translates alerts to events and orders.
        outbox: queues events to the supervisor.
        recorder: the flight recorder, which records the torrents of decisions.
        known: libtorrent's default of every setting.
        filters: watches the file of the IP filter.
    """

    def __init__(
        self,
        session: LibtSession,
        store: FastResumeStore,
        judged: JudgedSources,
        rehasher: Rehasher,
        guard: StorageGuard,
        translator: AlertTranslator,
        outbox: Outbox,
        recorder: FlightRecorder,
        known: Mapping[str, SettingValue],
        filters: FilterWatch,
    ) -> None:
        clock = time.monotonic
        now = clock()
        self._session = session
        self._guard = guard
        self._translator = translator
        self._outbox = outbox
        self._filters = filters
        self._recorder = recorder
        self._pacer = AnnouncePacer(now, random.random)
        policy = ResumePolicy()
        parts = Parts(session, store, guard, translator, policy, self._pacer, self._emit, clock)
        loader = Loader(parts, judged, rehasher)
        self._finder, self._dispatcher = loader.finder, Dispatcher(parts, loader)
        self.mover = self._dispatcher.absences.mover
        self._deadlines = Deadlines(session, self._dispatcher.faulted, clock)
        self._trackers = TrackerNews(session)
        self._commands = SessionCommands(session, guard, judged, self._emit, clock, self._trackers.read_back)
        self._settings = SettingsWatch(session, known, self._emit, clock)
        self._dht = DhtKeeper(session, store, now)
        self._saver = Saver(parts, self._dispatcher)
        self._orders = OrderBook(self._saver, self._dispatcher)
        self._watches = Watches(self._saver.progressed, self._dispatcher.unload, session.network_cpu_s)
        self._statistics = Statistics()
        self._held_errors = HeldErrors(patience_s=PATIENCE_S)
        self._rounds = Rounds(self._dispatcher, self._commands, now)
        self._groups = GroupLimits(session)
        self._updates = UpdateSchedule(now)
        self._updates.busy = True
        self._answered_at = now
        self._answered = False
        """Whether libtorrent has answered since the last `tick`."""

    def _emit(self, event: EngineEvent) -> None:
        """Queues an event. If a torrent's files are being checked, its error is held until the result is known."""
        if isinstance(event, TorrentError) and event.name in STOPPING and self._guard.looking(event.torrent):
            # Its files are known, so the metadata is not to blame.
            self._held_errors.hold(msgspec.structs.replace(event, name="storage"), time.monotonic())
        else:
            self._outbox.put(event, time.monotonic())

    # -- commands -------------------------------------------------------------------------------------------------

    def execute(self, command: EngineCommand) -> None:
        """Executes a command. Most commands are confirmed by later events."""
        self._updates.busy = True
        match command:
            case Configure():
                if self._settings.configure(command):
                    self._filters.turn(on=command.ip_filter)
                    self._groups.configure(command.groups)
            case Query():
                self._commands.answer(command)
            case EnsureTorrent():
                self._ensure(command)
            case DropTorrent():
                self._dispatcher.forget(command)
                self._groups.forget(command.torrent)
            case SaveAll(hand_over=hand_over):
                self._saver.save_all(hand_over=hand_over)
            case CallPeers(torrent=torrent, peers=peers):
                self._dispatcher.connect(torrent, peers)
            case ReannounceTorrent(torrent=torrent, tracker=tracker):
                self._pacer.request(torrent, tracker)
            case SetDeadline():
                self._deadlines.want(command)
            case VerifyTorrent(torrent=torrent, writer=writer):
                self._dispatcher.verify(torrent, writer)
            case CheckFiles(torrent=torrent):
                self._dispatcher.look_at_files(torrent)
            case Drain():
                self.drain()
            case _:
                assert_never(command)

    def begin(self, command: Configure) -> None:
        """Loads the state of the DHT. Reports that the session's first settings are in force."""
        self._dht.load()
        self._groups.configure(command.groups)
        self._settings.confirm(command)

    def _ensure(self, command: EnsureTorrent) -> None:
        desired, counted = command.desired, (command.downloaded, command.uploaded)
        if command.history or any(counted):
            self._session.count_from(desired.torrent, None if command.history else counted)
        if command.new:
            self._finder.is_new(desired.torrent)
        self._groups.place(desired)
        if command.afresh:
            self._dispatcher.retry(desired)
        else:
            self._dispatcher.ensure(desired, files_known=command.files_known)

    # -- alerts and outcomes --------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Handles all queued alerts: sends their events, and executes their orders."""
        for alert in self._session.pop_alerts():
            self._take(alert)
            events, orders = self._translator.translate(alert)
            for event in events:
                self._emit(event)
            for order in orders:
                self._orders.perform(order)

    def _take(self, alert: Alert) -> None:
        match alert:
            case TorrentAdded(torrent, problem):
                if problem is None:
                    self._rounds.watch(torrent)
                    self._trackers.added(torrent)
                self._dispatcher.added(alert)
                self._deadlines.renew(torrent)
            case TorrentGone(torrent):
                self._dispatcher.gone(alert)
                self._outbox.forget(torrent)
                self._rounds.discard(torrent)
                self._trackers.forget(torrent)
                self._watches.forget(torrent)
                self._groups.unloaded(torrent)
                self._held_errors.forget(torrent)
                self._saver.gone(torrent)
            case TrackerAsked() | TrackerAnswered() | TrackerFailed():
                self._trackers.feed(alert)
            case TrackersChanged(torrent):
                self._trackers.changed(torrent)
                self._pacer.enqueue(torrent, urgent=True)
            case CountersRead():
                self._emit(HistoryFound(**msgspec.structs.asdict(alert)))
            case Faulted():
                self._dispatcher.alert_faulted(alert)
            case Selected():
                self._dispatcher.selected(alert)
            case Conflict():
                self._dispatcher.conflict(alert)
            case FileError():
                self._dispatcher.file_failed(alert)
            case PrioritiesSet():
                self._dispatcher.priorities_set(alert)
                self._deadlines.renew(alert.torrent)
            case NativeStateChanged(torrent, state):
                self._dispatcher.state_changed(torrent, state)
            case ResumeData():
                self._saver.made(alert)
            case ResumeUnsaved():
                self._saver.not_made(alert)
            case Flushed(torrent):
                # The next status update will report a torrent that has just finished as complete.
                self._updates.hurry(time.monotonic())
                self._saver.flushed(torrent)
            case Listening():
                self._statistics.listening(alert)
            case SessionStatistics():
                now = self._answered_at = time.monotonic()
                self._answered = True
                if (stats := self._statistics.sample(alert, now, self._session.listen_port)) is not None:
                    self._emit(self._watches.measure(stats, now))
            case StatusUpdate(rows):
                self._updates.busy = bool(rows)
                self._watches.observe(rows, time.monotonic())
                self._groups.observe(rows, time.monotonic())
            case AlertsLost():
                # Something may wait for one of the dropped alerts. A new engine starts from the actual state.
                raise AlertsDropped
            case _:
                self._watches.feed(alert, time.monotonic())

    def stored(self, outcome: Outcome) -> None:
        """Handles the outcome of writing or deleting resume data."""
        if outcome.deleted:
            self._dispatcher.resume_deleted(outcome.torrent, outcome.problem)
        else:
            self._saver.stored(outcome)

    def rerouted(self) -> None:
        """Makes libtorrent open and close sockets after a change of a default route."""
        self._session.reopen_sockets()

    def filtered(self, outcome: Filtered) -> None:
        """Handles an outcome of the filter watch."""
        if outcome.changes:
            self._session.block(outcome.filter)
        self._emit(outcome.state)

    def rehashed(self, outcome: Rehashed) -> None:
        """Handles the progress or outcome of a verification."""
        self._dispatcher.rehashed(outcome)

    def decide(self, decision: Decision) -> None:
        """Executes a decision of the storage guard."""
        match decision:
            case Confined(int(token), problem):
                self._commands.confined(token, problem)
            case Judged(torrent, verdict):  # loads the torrent, so a crash there is attributed to it
                outer = self._recorder.begin(b"judged", torrent)
                self._dispatcher.decided(decision)
                self._recorder.end(outer)
                self._looked(torrent, sound=isinstance(verdict, Present) and not verdict.short)
            case Confined(str(torrent), problem):
                self._dispatcher.decided(decision)
                self._looked(torrent, sound=problem is None)
            case _:
                self._dispatcher.decided(decision)

    def _looked(self, torrent: str, *, sound: bool) -> None:
        error = self._held_errors.looked(torrent, sound=sound)
        if error is not None:
            self._emit(error)

    # -- time -----------------------------------------------------------------------------------------------------

    def beat(self, now: float, *, busy: bool) -> int:
        """Sends the reports that accompany a heartbeat. Returns the milliseconds since libtorrent's last answer.

        Args:
            busy: whether commands are queued.
        """
        self._outbox.extend(self._trackers.take())
        self._outbox.extend(self._watches.beat(now))
        self._session.post_statistics()
        self._groups.tick(now)
        self._updates.join(now)
        if not self._saver.draining:
            self._rounds.make(now, busy=busy)
        return int((now - self._answered_at) * 1000)

    def tick(self, now: float, *, busy: bool) -> None:
        """Executes all due tasks.

        Args:
            busy: whether commands are queued.
        """
        if busy or self._dispatcher.adding_many:
            self._updates.hold_back(now)
        if self._updates.due(now):
            self._session.post_updates()
        for decision in self._guard.tick(now):
            self.decide(decision)
        self._outbox.extend(self._held_errors.overdue(now))
        self._outbox.ripen(now)
        self._outbox.extend(self._trackers.known())
        for torrent in self._pacer.due(now):
            self._dispatcher.release_trackers(torrent)
        answered, self._answered = self._answered, False
        if answered and not busy:
            self._settings.tick(now)
            self._dht.tick(now)
        self._saver.tick(now, self._updates.calm_from)
        self._dispatcher.tick(now)
        if not self._saver.draining:
            for torrent in self.mover.tick(now):
                self._dispatcher.unload(torrent)

    def next_due(self) -> float:
        """The time of the next task for `tick`."""
        parts = (self._outbox.next_due(), self._pacer.next_due(), self._guard.next_due())
        saves = self._saver.next_due(self._updates.calm_from)
        return min(at for at in (self._updates.next_due(), saves, *parts) if at is not None)

    # -- the end --------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Stops all transfers, and requests saves of all unsaved resume data."""
        if not self._saver.draining and time.monotonic() - self._answered_at < LATELY_S:
            self._dht.save()
        self._saver.drain()

    def leave(self) -> None:
        """Ends the drain early, without further saves."""
        self._saver.give_up()

    def drained(self) -> bool:
        """Whether all resume data that was unsaved at `drain` is saved."""
        return self._saver.drained()
