"""The engine: the face of one slot, in which one engine process follows another and has the same torrents.

It owns all that is about these processes: how they live and die, what they were given, what they have said, and which
torrents crash them. Commands go in by its methods, and all that others have to know comes out by one outlet, `emit`.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from protocol.internal.link_commands import CheckFiles, Configure, EngineCommand, EnsureTorrent, SaveAll
from protocol.internal.link_events import EngineReady, Heartbeat, TorrentDropped
from protocol.internal.link_queries import AnswerT, Query
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events import EngineStarted, Progress, StateChanged
from protocol.wire.reports import EngineSlotReport, RestoreReport, SandboxReport
from supervisor.engine import facts
from supervisor.engine.admission import Admission
from supervisor.engine.life import engine_health
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.memory_watch import MemoryWatch
from supervisor.engine.life.pulse_watch import PulseWatch
from supervisor.engine.life.renewal import Renewal
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.post_mortem import PostMortem
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.describer import Describer
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.engine.process.launcher import Launcher
from supervisor.engine.torrents.observer import Observer
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.readings import Readings
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.engine.torrents.waiters import Waiters
from supervisor.host import memory
from supervisor.log import logs

Emit = Callable[[facts.EngineFact], None]
Part = Callable[[], Coroutine[Any, Any, None]]


class Engine:
    """One slot.

    Args:
        slot: its number, from 0.
        torrents: its own.
        emit: is given every fact, in order. It may call any method of the engine.
        socket: shared by all slots.
        launcher: starts processes.
        settings: what a process is configured with; the torrents are counted here.
        policy: back-off and budget.
        memory_limit: what a process may hold, in bytes; 0 is anything.
        describer: finds out what is stored of torrents that are not loaded.
        disk_is_slow: whether the disk of the resume directory lets everybody wait.
        held_bytes: how much memory a process holds.

    Fields:
        snapshot: what the engine has said.
        readings: bring into the snapshot what is told only when asked.
        waiters: who waits for what it has yet to confirm.
        libtorrent: the version that the latest process to be ready told; empty before.
        sandbox: what confines that one; None before.
    """

    def __init__(
        self,
        slot: int,
        torrents: OwnTorrents,
        emit: Emit,
        *,
        socket: EngineSocket,
        launcher: Launcher,
        settings: Callable[[], Configure],
        policy: RestartPolicy,
        memory_limit: int,
        describer: Describer,
        log: logs.Logger,
        disk_is_slow: Callable[[], bool] = lambda: False,
        held_bytes: Callable[[int], int | None] = memory.held_bytes,
    ) -> None:
        self.slot = slot
        self._own = torrents
        self._emit = emit
        self._launcher = launcher
        self._settings = settings
        self._log = log
        self._disk_is_slow = disk_is_slow
        self.libtorrent = ""
        self.sandbox: SandboxReport | None = None
        self.snapshot = Snapshot(slot, on_trackers_failing=self._trackers_failing)
        self.waiters = Waiters()
        self._observer = Observer(torrents=torrents, snapshot=self.snapshot, waiters=self.waiters, emit=self._observed)
        self._link = EngineLink(
            socket, on_connected=self.configure, on_event=self._observer.handle, on_garbage=self._garbage
        )
        self._keeper = Keeper(
            policy=policy,
            link=self._link,
            spawn=self._spawn,
            on_spawned=self._spawned,
            on_crashed=self._crashed,
            on_lost=self._lost,
            on_finished=self._finished,
            log=log,
            excuse=self._excuses,
            fingerprint=launcher.fingerprint if launcher.config.restart.warm_spare else None,
        )
        self._memory = MemoryWatch(memory_limit, emit=emit, recycle=self._keeper.recycle, held_bytes=held_bytes)
        self._pulse = PulseWatch(
            patient=self._is_busy,
            excused=self._waits_for_disk,
            on_suspect=self._suspected,
            on_hang=self._keeper.kill,
        )
        self._admission = Admission(torrents=torrents, snapshot=self.snapshot, link=self._link, emit=emit, log=log)
        self._post_mortem = PostMortem(
            slot, snapshot=self.snapshot, isolation=self._admission.isolation, launcher=launcher, emit=emit
        )
        self._renewal = Renewal(
            self._keeper,
            launcher.places,
            roots=launcher.roots,
            own=launcher.own_places,
            hand_over=self._save_all,
            log=log,
        )
        self.readings = Readings(
            torrents=torrents,
            snapshot=self.snapshot,
            link=self._link,
            observer=self._observer,
            describer=describer,
            stranded=self._is_stranded,
        )

    # -- its life -------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Looks at the places where the first process is to be able to write."""
        await self._renewal.check()

    def start(self) -> None:
        """Starts the first process."""
        self._keeper.start()

    def stop(self) -> None:
        """Has the process save and leave, and starts none any more; `Finished` follows."""
        self._pulse.end()  # the drain has a deadline of its own
        self._keeper.stop()

    def recycle(self, reason: str) -> None:
        """Has another process take the place of a running one, which saves and leaves once the other one is ready."""
        self._renewal.request(reason)

    def kill(self, reason: str) -> None:
        """Ends a process that cannot be trusted any more."""
        self._keeper.kill(reason)

    def follow(self, policy: RestartPolicy) -> None:
        """From now on this is the policy."""
        self._keeper.follow(policy)

    def handed_over(self) -> None:
        """What the process could not write itself is written."""
        self._renewal.handed_over()

    def parts(self) -> dict[str, Part]:
        """What goes on for as long as the service runs, by name."""
        return {"pulse": self._pulse.run, "renewal": self._renewal.run, "describe": self.readings.run}

    def ticks(self) -> dict[str, Callable[[], None]]:
        """What is to be done every second, by name."""
        return {
            "restorer": self._admission.tell,
            "memory": self._look_at_memory,
            "spare": self._look_after_spare,
            "isolation": self._admission.tick,
        }

    @property
    def state(self) -> State:
        """What is being done about the process."""
        return self._keeper.lifecycle.state

    @property
    def up(self) -> bool:
        """Whether there is a process that takes commands."""
        return self._link.up

    @property
    def stopping(self) -> bool:
        """Whether it was stopped."""
        return self._keeper.stopping

    @property
    def gen(self) -> int:
        """The generation of the process, or of the last one; 0 before the first."""
        return self._keeper.gen

    @property
    def pid(self) -> int | None:
        """The process, None without one."""
        return self._keeper.child.pid if self._keeper.child else None

    async def until_ready(self) -> None:
        """Waits for a process that takes commands."""
        await self._link.until_ready()

    def check_expected(self) -> None:
        """Raises OuzelError: ENGINE_UNAVAILABLE, where there is no process and none is about to come."""
        error = engine_health.unavailable(self._keeper.lifecycle)
        if error is not None:
            raise error

    # -- what it is given -----------------------------------------------------------------------------------------

    def configure(self) -> None:
        """Gives the process the settings that it is to have."""
        self._link.send(msgspec.structs.replace(self._settings(), torrents=len(self._own.torrents)))

    def ensure(self, desired: DesiredTorrent, *, afresh: bool = False) -> None:
        """Has a torrent be as desired, unless it is kept away from the engine. Without a process the next one is told.

        Args:
            afresh: what has stopped it is looked at anew.
        """
        self._admission.ensure(EnsureTorrent(desired=desired, afresh=afresh))

    def forget(self, desired: DesiredTorrent) -> None:
        """Has a torrent that is leaving forgotten, unless it would have to be loaded for that and may not be."""
        self._admission.forget(desired)

    def send(self, *commands: EngineCommand) -> None:
        """Gives the process commands that load nothing. Without a process they are lost."""
        self._link.send(*commands)

    def restore(self) -> None:
        """Gives a running process all torrents, which were not known before."""
        if self._link.up:
            self._admission.give_all()

    def retry(self) -> None:
        """The resume directory is back: all is saved into it again, and what could not be loaded is tried again."""
        # Where the sandbox keeps the process out of the directory that is there now, the renewal has it hand over.
        self._save_all(hand_over=False)
        self._admission.give_again()

    def look_at_files(self, torrent: str) -> None:
        """Has it looked whether a torrent's files are on the disk still."""
        self._link.send(CheckFiles(torrent=torrent))

    def release(self, torrent: str) -> None:
        """A torrent was removed, or let out of quarantine: it is judged anew."""
        self._admission.isolation.discard(torrent)

    def convicted(self, torrent: str, problem: str | None = None) -> None:
        """What `Convicted` asked for is durable, or with a problem is not."""
        self._admission.isolation.durable(torrent, problem)

    # -- what it is asked -----------------------------------------------------------------------------------------

    async def ask(self, query: Query[AnswerT], deadline: float | None = None) -> AnswerT:
        """The answer of a ready process. Raises as `EngineLink.ask` does."""
        return await self._link.ask(query, deadline)

    async def applied(self, torrent: str | None, revision: int) -> None:
        """Waits until a revision of a torrent, or with None of the settings, is confirmed, or a later one.

        Raises OuzelError: ENGINE_REFUSED.
        """
        if torrent is not None or self.snapshot.settings_revision < revision:
            await self.waiters.applied(torrent, revision)

    def report(self, now: float) -> EngineSlotReport:
        """How it is. `now` is in monotonic seconds."""
        process = msgspec.structs.asdict(self._keeper.report(now))
        return EngineSlotReport(slot=self.slot, torrents=len(self._own.torrents), **process)

    def restore_report(self) -> RestoreReport:
        """How far the process is in taking up torrents."""
        return self._admission.report()

    # -- what follows from what it says ---------------------------------------------------------------------------

    def _observed(self, fact: facts.Observation) -> None:
        match fact:
            case Progress() | StateChanged():  # these come by the thousand
                self._emit(fact)
            case facts.TakenUp(torrent):
                self._taken_up(torrent)
            case EngineReady():
                self._ready(fact)
            case Heartbeat():
                self._pulse.beat(fact)
                self._emit(fact)
            case TorrentDropped():
                self._taken_up(fact.torrent)
                self._emit(fact)
            case _:
                self._emit(fact)

    def _ready(self, event: EngineReady) -> None:
        self._log.info("engine_ready", gen=self.gen, pid=event.pid, port=event.listen_port)
        self.libtorrent, self.sandbox = event.libtorrent, event.sandbox
        self._renewal.covered = event.places
        if not self._keeper.ready():
            return
        self._emit(EngineStarted(pid=event.pid, restarts=self._keeper.restarts, engine=self.slot))
        self._admission.isolation.engine_ready()
        self._emit(event)
        self._admission.give_all()

    def _taken_up(self, torrent: str) -> None:
        self._pulse.confirmed()
        self._admission.taken_up(torrent)

    def _trackers_failing(self, torrent: str, since: float | None) -> None:
        self._emit(facts.TrackersFailing(torrent, since))

    # -- what is done about its processes -------------------------------------------------------------------------

    def _spawn(self, gen: int, on_death: Callable[[Death], None]) -> Child:
        return self._launcher.spawn(gen, on_death, self._wrote)

    def _wrote(self, gen: int, line: bytes) -> None:
        self._post_mortem.read(gen, line)
        self._emit(facts.LogLine(gen, line))

    def _spawned(self, child: Child, warm: bool) -> None:
        self._emit(facts.Spawned(child.gen))
        self._renewal.covered = {}
        self._admission.isolation.engine_spawned()
        self._pulse.begin(heard=warm)

    def _garbage(self, reason: str) -> None:
        self._keeper.kill(f"sent a frame that cannot be read: {reason}")

    def _suspected(self, problem: str | None) -> None:
        self._emit(facts.Problem("pulse", problem))

    def _crashed(self, child: Child, death: Death) -> None:
        spawned_at = self._keeper.spawned_at
        self._post_mortem.crashed(child, death, spawned_at=spawned_at, libtorrent=self.libtorrent)

    def _excuses(self, death: Death) -> bool:
        child = self._keeper.child
        return child is not None and not self.stopping and self._post_mortem.excuses(child, death)

    def _lost(self, pid: int | None, death: Death) -> None:
        self._pulse.end()
        if not self.stopping:
            self._post_mortem.lost(pid, death, self._keeper.lifecycle)

    def _finished(self) -> None:
        self._emit(facts.Finished())

    def _save_all(self, *, hand_over: bool = True) -> None:
        self._link.send(SaveAll(resume_dir=self._settings().resume_dir or "", hand_over=hand_over))

    # -- every second ---------------------------------------------------------------------------------------------

    def _look_at_memory(self) -> None:
        if self.pid is not None and self.state is State.RUNNING:
            self._memory.look(self.pid)

    def _look_after_spare(self) -> None:
        if self._admission.restored:
            self._keeper.prepare_spare()

    # -- what its parts ask ---------------------------------------------------------------------------------------

    def _is_busy(self) -> bool:
        """Whether the process may be in a long call with good reason."""
        return self.state is State.STARTING or not self._admission.restored

    def _is_stranded(self) -> bool:
        """Whether there will be no process for a while."""
        return self.state in (State.BACKING_OFF, State.OVER_BUDGET)

    def _waits_for_disk(self) -> bool:
        """Whether the process may be loading torrents from a disk that does not answer anybody."""
        return self._is_busy() and self._disk_is_slow()
