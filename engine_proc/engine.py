"""The engine's event loop: it polls the link, libtorrent's alert descriptor, the mailboxes of threads and the lifeline.

`Engine` owns the clock and the sockets. The first `Configure` creates the session. A warm spare waits for this command.
`Running` executes all later commands. An unexpected error ends the process, and the supervisor starts another process.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Final, get_args

import zmq

from engine_proc.command_queue import CommandQueue
from engine_proc.events.outbox import Outbox
from engine_proc.events.translator import AlertTranslator
from engine_proc.ip_filter.filter_watch import FilterWatch
from engine_proc.process.log import log
from engine_proc.process.route_watch import RouteWatch
from engine_proc.process.sandbox import NO_SANDBOX, Sandbox
from engine_proc.resume.rehasher import Rehasher
from engine_proc.resume.resume_store import FastResumeStore
from engine_proc.running import Running
from engine_proc.session.session_port import InvalidSetting, LibtSession
from engine_proc.session.session_settings import defaults
from engine_proc.storage.storage_guard import StorageGuard
from engine_proc.storage.storage_watch import StorageWatch
from engine_proc.torrents.loading.judged_sources import JudgedSources
from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder
from protocol.internal.link import EventBatch, decode_commands
from protocol.internal.link_commands import Configure, Drain, EngineCommand, EnsureTorrent, SaveAll
from protocol.internal.link_events import EngineEvent, EngineReady, Heartbeat, SettingsRefused
from protocol.internal.resume_events import AllHandedOver
from protocol.wire import codec
from protocol.wire.desired import SettingValue

HEARTBEAT_S: Final = 0.25
WAITING_HEARTBEAT_S: Final = 2.0
"""The interval of heartbeats before there is a session. The interval is long, so a warm spare uses little CPU time."""
COMMANDS_PER_TURN: Final = 50

SessionFactory = Callable[[Configure], LibtSession]

_COMMAND_NAMES: Final[Mapping[type[EngineCommand], bytes]] = {
    kind: f"command {kind.__struct_config__.tag}".encode() for kind in get_args(EngineCommand)
}
"""The names of commands in the flight recorder."""


class Engine:
    """Runs one generation of the engine.

    Args:
        link: a connected DEALER socket to the supervisor.
        lifeline_fd: the end of a pipe that becomes readable when the supervisor has died.
        store: the fast-resume store.
        rehasher: looks for pieces on disk that are missing in resume data.
        watch: checks mounts and disks.
        make_session: creates the session at the first `Configure`. May raise InvalidSetting.
        gen: this engine's generation.
        libtorrent: libtorrent's version, which is reported to the supervisor.
        known: libtorrent's default of every setting.
        recorder: the flight recorder, which records each command. By default nobody reads the records.
        sandbox: the sandbox of this process.
        filters: watches the file of the IP filter.
        routes: watches the default routes.
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
        filters: FilterWatch,
        routes: RouteWatch,
        gen: int,
        libtorrent: str,
        known: Mapping[str, SettingValue],
        recorder: FlightRecorder | None = None,
        sandbox: Sandbox = NO_SANDBOX,
    ) -> None:
        self._link = link
        self._lifeline_fd = lifeline_fd
        self._store = store
        self._rehasher = rehasher
        self._make_session = make_session
        self._filters = filters
        self._routes = routes
        self._gen = gen
        self._libtorrent = libtorrent
        self._known = known
        self._recorder = recorder or FlightRecorder(bytearray(FLIGHT_BYTES))
        self._sandbox = sandbox
        self._outbox = Outbox()
        self._translator = AlertTranslator()
        self._guard = StorageGuard(watch, self._translator, self._emit, time.monotonic)
        self._guard.set_covered(sandbox.places)
        self._judged = JudgedSources()
        self._commands = CommandQueue()
        self._running: Running | None = None
        self._poller = zmq.Poller()
        self._poller.register(link, zmq.POLLIN)
        for source in (lifeline_fd, store.fileno(), rehasher.fileno(), watch.fileno(), filters.fileno()):
            self._poller.register(source, zmq.POLLIN)
        if (source_of_routes := routes.fileno()) is not None:
            self._poller.register(source_of_routes, zmq.POLLIN)
        self._loops = 0
        self._next_heartbeat = time.monotonic()
        self._terminations = 0
        self._ended = False
        """Whether the process was asked to end before there was a session."""

    def terminate(self) -> None:
        """Requests a drain; a second call requests an exit without a drain.

        Only notes the request, so signal handlers may call it.
        """
        self._terminations += 1

    def run(self) -> None:
        """Runs until the engine is drained, or the supervisor has died."""
        while not self._drained():
            if self._terminations:
                self._heed_termination()
            ready = dict(self._poller.poll(self._timeout_ms()))
            self._loops += 1
            if self._lifeline_fd in ready:
                log("warning", "supervisor_gone")
                return
            self._receive()
            for _ in range(0 if self._waits() else min(COMMANDS_PER_TURN, len(self._commands))):
                command = self._commands.pop()
                self._caused_by(command.request)
                outer = self._recorder.begin(_COMMAND_NAMES[type(command)], _subject(command))
                self._execute(command)
                self._recorder.end(outer)
                self._caused_by("")
            self._take()
            self._tick(time.monotonic())
            self._send()

    def _caused_by(self, request: str) -> None:
        """Sets the request of later lines and records. Empty means none."""
        if request != log.request:
            log.request, self._recorder.request = request, request.encode()

    def _waits(self) -> bool:
        """Whether the creation of the session waits for the IP filter, which is being read."""
        first = self._commands.first() if self._running is None else None
        return isinstance(first, Configure) and not self._filters.ready(on=first.ip_filter, now=time.monotonic())

    def _take(self) -> None:
        """Handles alerts from libtorrent and results from threads."""
        running = self._running
        if running is None:
            self._guard.decisions()  # there are no decisions yet, but the call reads the mounts
            return
        running.pump()
        for outcome in self._store.outcomes():
            running.stored(outcome)
        for decision in self._guard.decisions():
            running.decide(decision)
        for found in self._rehasher.outcomes():
            running.rehashed(found)
        for filtered in self._filters.outcomes():
            running.filtered(filtered)

    # -- the link -------------------------------------------------------------------------------------------------

    def _receive(self) -> None:
        while int(self._link.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            batch = decode_commands(self._link.recv())
            if batch.gen != self._gen:
                continue
            self._commands.extend(batch.commands)
            if len(batch.commands) > 1:
                ensured = (each.desired for each in batch.commands if isinstance(each, EnsureTorrent))
                # A torrent whose source was validated just now has no resume data.
                self._store.expect([each.torrent for each in ensured if not self._judged.has(each)])

    def _send(self) -> None:
        for events in self._outbox.frames():
            self._link.send(codec.encode(EventBatch(gen=self._gen, events=events)))

    def _emit(self, event: EngineEvent) -> None:
        self._outbox.put(event, time.monotonic())

    # -- commands -------------------------------------------------------------------------------------------------

    def _execute(self, command: EngineCommand) -> None:
        match command:
            case Configure():
                self._configure(command)
                return
            case SaveAll(resume_dir=resume_dir):
                self._store.rebind(resume_dir)
            case _:
                pass
        if self._running is not None:
            self._running.execute(command)
        else:
            self._execute_waiting(command)

    def _execute_waiting(self, command: EngineCommand) -> None:
        """Executes a command while there is no session. Without a session, nothing has to be saved."""
        match command:
            case SaveAll(hand_over=hand_over):
                if hand_over:
                    self._emit(AllHandedOver())
            case Drain():
                self._ended = True
            case _:
                raise RuntimeError("a command came before the first configure")

    def _configure(self, command: Configure) -> None:
        if command.resume_dir is not None:
            self._store.rebind(command.resume_dir)
        self._guard.set_bounds(command.bounds)
        if self._running is not None:
            self._running.execute(command)
        elif self._sandbox.refusal is not None:
            problem = f"it is required, and cannot be had: {self._sandbox.refusal}"
            self._emit(SettingsRefused(section="sandbox", setting="mode", message=problem, config=command.config))
        else:
            try:
                session = self._make_session(command)
                session.ban(command.banned)
            except InvalidSetting as error:
                self._emit(SettingsRefused(setting=error.setting, message=str(error), config=command.config))
                return
            self._running = self._start(session)
            for filtered in self._filters.outcomes():
                self._running.filtered(filtered)
            self._running.begin(command)

    def _start(self, session: LibtSession) -> Running:
        self._poller.register(session.fileno(), zmq.POLLIN)
        self._next_heartbeat = time.monotonic()
        running = Running(
            session,
            self._store,
            self._judged,
            self._rehasher,
            self._guard,
            self._translator,
            self._outbox,
            self._recorder,
            self._known,
            self._filters,
        )
        self._poller.register(running.mover.fileno(), zmq.POLLIN)
        self._emit(
            EngineReady(
                pid=os.getpid(),
                libtorrent=self._libtorrent,
                listen_port=session.listen_port(),
                sandbox=self._sandbox.report,
                places=dict(self._sandbox.places),
                settings=defaults(self._known),
            )
        )
        return running

    # -- time -----------------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        running, busy = self._running, bool(self._commands)
        if now >= self._next_heartbeat:
            interval_s = HEARTBEAT_S if running is not None else WAITING_HEARTBEAT_S
            # A steady schedule lets other periodic work coincide with heartbeats, and so wakes the process less often.
            self._next_heartbeat = max(self._next_heartbeat + interval_s, now + interval_s / 2)
            log.flush()
            native_age_ms = running.beat(now, busy=busy) if running is not None else 0
            self._emit(Heartbeat(loops=self._loops, native_age_ms=native_age_ms, log_lost=log.lost))
        rerouted = self._routes.changed(now)
        if running is not None:
            if rerouted:
                log("info", "default_route_changed")
                running.rerouted()
            running.tick(now, busy=busy)

    def _timeout_ms(self) -> int:
        if self._commands and not self._waits():
            return 0
        due = self._next_heartbeat
        if self._running is not None:
            due = min(due, self._running.next_due())
        if (rerouted := self._routes.next_due()) is not None:
            due = min(due, rerouted)
        return int(max(0.0, due - time.monotonic()) * 1000) + 1

    # -- the end --------------------------------------------------------------------------------------------------

    def _heed_termination(self) -> None:
        """Reacts to SIGTERM.

        The first SIGTERM may arrive together with the supervisor's `Drain`, for example when a whole control group is
        stopped. At a second SIGTERM the engine exits at once.
        """
        if self._running is None:
            self._ended = True
            return
        self._running.drain()
        if self._terminations > 1:
            self._running.leave()

    def _drained(self) -> bool:
        return self._ended or (self._running is not None and self._running.drained())


def _subject(command: EngineCommand) -> str:
    """The torrent that a command is about, or an empty text."""
    match command:
        case EnsureTorrent(desired=desired):
            return desired.torrent
        case _:
            torrent: str = getattr(command, "torrent", "")
            return torrent
