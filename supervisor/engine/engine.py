"""The engine: the interface of one slot. In a slot, engine processes follow one another. All of them get the same
torrents.

The engine owns all parts that deal with these processes. Other parts call its methods. It reports all facts by one
callback, `emit`.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from protocol.internal.link_commands import CheckFiles, Configure, EngineCommand, EnsureTorrent, SaveAll
from protocol.internal.link_events import EngineReady, Heartbeat, TorrentDropped
from protocol.internal.link_queries import AnswerT, Query
from protocol.wire.desired import DesiredTorrent, SettingValue
from protocol.wire.events.session_events import EngineStarted
from protocol.wire.events.torrent_events import Progress, StateChanged
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
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.observer import Observer
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.readings import Readings
from supervisor.engine.torrents.waiters import Waiters
from supervisor.engine.upkeep import Upkeep
from supervisor.host import memory
from supervisor.log import logs

Emit = Callable[[facts.EngineFact], None]
Part = Callable[[], Coroutine[Any, Any, None]]


class Engine:
    """One slot.

    Args:
        slot: the number of the slot. The first slot is 0.
        torrents: the records of the slot.
        emit: called with every fact, in order. It may call any method of the engine.
        socket: the socket of the private links, shared by all slots.
        launcher: starts processes.
        settings: returns the command that configures a process. The engine sets the number of torrents in the command.
        policy: the back-off and the budget of restarts.
        memory_limit: the memory limit of a process in bytes; 0 is no limit.
        describer: reads the stored data of torrents that are not loaded.
        disk_is_slow: whether the disk of the resume directory answers slowly now.
        held_bytes: returns the memory that a process uses.

    Fields:
        snapshot: the observed state.
        readings: updates those parts of the snapshot that the engine reports only on request.
        waiters: requests that wait for the engine's confirmation.
        requests: the ids of unconfirmed requests, for the log.
        libtorrent: the version of libtorrent in the latest ready process; empty before the first process.
        default_settings: Ouzel's default of each setting in that version of libtorrent; empty before the first process.
        sandbox: the confinement of the latest ready process; None before the first process.
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
        self.libtorrent = ""
        self.default_settings: Mapping[str, SettingValue] = {}
        self.sandbox: SandboxReport | None = None
        self.snapshot = Snapshot(slot, self._trackers_failing, torrents.category_of, torrents.options_of)
        self.waiters = Waiters()
        self._observer = Observer(torrents=torrents, snapshot=self.snapshot, waiters=self.waiters, emit=self._observed)
        self._link = EngineLink(
            socket, on_connected=self.configure, on_event=self._observer.handle, on_garbage=self._garbage
        )
        self.requests = self._link.requests
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
        self._admission = Admission(torrents=torrents, snapshot=self.snapshot, link=self._link, emit=emit, log=log)
        watch = MemoryWatch(memory_limit, emit=emit, recycle=self._keeper.recycle, held_bytes=held_bytes)
        self._upkeep = Upkeep(self._keeper, self._admission, watch, disk_is_slow)
        self._pulse = PulseWatch(
            patient=self._upkeep.is_busy,
            excused=self._upkeep.waits_for_disk,
            on_suspect=self._suspected,
            on_hang=self._keeper.kill,
        )
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
            stranded=self._upkeep.is_stranded,
        )

    # -- the processes --------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Identifies the directories where the first process may write."""
        await self._renewal.check()

    def start(self) -> None:
        """Starts the first process."""
        self._keeper.start()

    def stop(self) -> None:
        """Drains the process, and starts no other process.

        Emits the fact `Finished` when the process has ended.
        """
        self._pulse.end()  # the drain has a deadline of its own
        self._keeper.stop()

    def recycle(self, reason: str) -> None:
        """Requests that a running process is drained and replaced. If spares are enabled, a spare is made first."""
        self._renewal.request(reason)

    def kill(self, reason: str) -> None:
        """Ends a process by the kill ladder, because the process cannot be trusted any more."""
        self._keeper.kill(reason)

    def follow(self, policy: RestartPolicy) -> None:
        """Replaces the restart policy."""
        self._keeper.follow(policy)

    def handed_over(self) -> None:
        """Notes that the fast-resume data from the process is on disk. The process has handed this data over."""
        self._renewal.handed_over()

    def parts(self) -> dict[str, Part]:
        """The background tasks of the engine, by name."""
        return {"pulse": self._pulse.run, "renewal": self._renewal.run, "describe": self.readings.run}

    def ticks(self) -> dict[str, Callable[[], None]]:
        """The calls to make every second, by name."""
        return self._upkeep.ticks()

    @property
    def state(self) -> State:
        """The state of the lifecycle."""
        return self._keeper.lifecycle.state

    @property
    def up(self) -> bool:
        """Whether a process is ready for commands."""
        return self._link.up

    @property
    def stopping(self) -> bool:
        """Whether the engine is being stopped, or is stopped."""
        return self._keeper.stopping

    @property
    def gen(self) -> int:
        """The generation of the current or last process; 0 before the first process."""
        return self._keeper.gen

    @property
    def pid(self) -> int | None:
        """The pid of the process; None without one."""
        return self._keeper.child.pid if self._keeper.child else None

    async def until_ready(self) -> None:
        """Waits until a process is ready for commands."""
        await self._link.until_ready()

    def check_expected(self) -> None:
        """Raises OuzelError: ENGINE_UNAVAILABLE, if no process runs and no process will be started soon."""
        error = engine_health.unavailable(self._keeper.lifecycle)
        if error is not None:
            raise error

    # -- commands -------------------------------------------------------------------------------------------------

    def configure(self) -> None:
        """Sends the session's settings to the process."""
        self._link.send(msgspec.structs.replace(self._settings(), torrents=len(self._own.torrents)))

    def ensure(self, desired: DesiredTorrent, *, afresh: bool = False, new: bool = False) -> None:
        """Sends a torrent's desired state. A held-back torrent is not sent.

        If no process runs, the next process gets the desired state.

        Args:
            afresh: whether the engine retries a torrent that an error has stopped.
            new: whether the torrent has no resume data yet.
        """
        send = self._admission.load if new else self._admission.ensure
        send(EnsureTorrent(desired=desired, afresh=afresh, new=new))

    def adding(self, size: int) -> AbstractContextManager[None]:
        """Counts an add as under way, because torrents are loaded at the end of a burst of adds."""
        return self._admission.burst.adding(size)

    def forget(self, desired: DesiredTorrent) -> None:
        """Has a removed torrent unloaded.

        If the torrent is held back and its files have to be deleted, nothing is sent.
        """
        self._admission.forget(desired)

    def send(self, *commands: EngineCommand) -> None:
        """Sends commands that do not load torrents. If no process runs, these commands are lost."""
        self._link.send(*commands)

    def restore(self) -> None:
        """Sends all torrents to a running process.

        Call `restore` if the records were read only after the start of the process.
        """
        if self._link.up:
            self._admission.give_all()

    def retry(self) -> None:
        """Saves all fast-resume data, and loads failed torrents again. Call `retry` when the resume directory is usable
        again.
        """
        # If the sandbox does not cover the directory that is there now, the renewal requests the hand-over.
        self._save_all(hand_over=False)
        self._admission.give_again()

    def look_at_files(self, torrent: str) -> None:
        """Has the engine check whether a torrent's files still exist."""
        self._link.send(CheckFiles(torrent=torrent))

    def release(self, torrent: str) -> None:
        """Discards the evidence against a torrent that was removed, or released from quarantine."""
        self._admission.isolation.discard(torrent)

    def convicted(self, torrent: str, problem: str | None = None) -> None:
        """Notes whether a quarantine that `Convicted` requested is durable. If not, `problem` says why."""
        self._admission.isolation.durable(torrent, problem)

    # -- queries --------------------------------------------------------------------------------------------------

    async def ask(self, query: Query[AnswerT], deadline: float | None = None) -> AnswerT:
        """Returns the answer of a ready process. Raises the errors of `EngineLink.ask`."""
        return await self._link.ask(query, deadline)

    async def applied(self, torrent: str | None, revision: int) -> None:
        """Waits until libtorrent has confirmed a revision or a later revision.

        The revision is of a torrent. None means the settings.

        Raises OuzelError: ENGINE_REFUSED.
        """
        if torrent is not None or self.snapshot.settings_revision < revision:
            await self.waiters.applied(torrent, revision)

    def report(self, now: float) -> EngineSlotReport:
        """The slot's report for `health`. `now` is in monotonic seconds."""
        process = msgspec.structs.asdict(self._keeper.report(now))
        return EngineSlotReport(slot=self.slot, torrents=len(self._own.torrents), **process)

    def restore_report(self) -> RestoreReport:
        """The progress of the restore."""
        return self._admission.report()

    # -- observations ---------------------------------------------------------------------------------------------

    def _observed(self, fact: facts.Observation) -> None:
        match fact:
            case Progress() | StateChanged():  # these messages come by the thousand
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
        self.default_settings = event.settings
        self._renewal.covered = event.places
        if not self._keeper.ready():
            return
        self._emit(EngineStarted(pid=event.pid, restarts=self._keeper.restarts, engine=self.slot))
        self._admission.isolation.engine_ready()
        self._emit(event)
        self._admission.give_all()

    def _taken_up(self, torrent: str) -> None:
        self._pulse.confirmed()
        self.requests.confirmed(torrent)
        self._admission.taken_up(torrent)

    def _trackers_failing(self, torrent: str, since: float | None) -> None:
        self._emit(facts.TrackersFailing(torrent, since))

    # -- callbacks of the keeper, the link and the pulse ----------------------------------------------------------

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
        overrides = self._settings().overrides
        self._post_mortem.crashed(child, death, spawned_at=spawned_at, libtorrent=self.libtorrent, overrides=overrides)

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
