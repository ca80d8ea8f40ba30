"""The supervisor's parts, real and wired as in the service, on real sockets and files; tests play the engine."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import Signals
from typing import Any, Final, TypeVar, get_args

import msgpack
import structlog
import zmq
import zmq.asyncio

from protocol.durable.directory_lock import DirectoryLock
from protocol.durable.resume_dir import ResumeDir
from protocol.host.mounts import MountTable
from protocol.internal.flight_recorder import Flight
from protocol.internal.link import EventBatch, decode_commands
from protocol.internal.link_commands import Configure, DropTorrent, EngineCommand, EnsureTorrent
from protocol.internal.link_events import (
    EngineEvent,
    EngineReady,
    HashesProven,
    Heartbeat,
    SettingsApplied,
    TorrentApplied,
    TorrentDropped,
)
from protocol.internal.link_queries import FilesQueried, InspectSource, QueryFiles, SourceInspected
from protocol.wire import codec
from protocol.wire.commands.kinds import EngineRead, SessionRead
from protocol.wire.desired import SettingValue
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import EngineLost
from protocol.wire.events.torrent_events import Completed, Progress
from protocol.wire.metadata import KnownMetadata
from supervisor.commands.creating.job_runner import JobRunner
from supervisor.commands.log.log_edits import LogEdits
from supervisor.commands.log.log_reads import LogReads
from supervisor.commands.mutations import Mutations
from supervisor.commands.reads.disk_reads import DiskReads
from supervisor.commands.reads.engine_reads import EngineReads
from supervisor.commands.reads.metric_reads import MetricReads
from supervisor.commands.reads.reads import Reads
from supervisor.commands.reads.span_reads import SpanReads
from supervisor.commands.removals import Removals
from supervisor.commands.roots.roots_in_force import RootsInForce
from supervisor.commands.session_settings import SessionSettings
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.config.config import Config, LimitsConfig, PathsConfig, RestartConfig
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.engine import Engine
from supervisor.engine.facts import Crashed, EngineFact, FilesKnown, Finished, Spawned
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.engine.process.describer import Describer
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.engine.process.exporter import Exporter
from supervisor.engine.process.hasher import Hasher
from supervisor.engine.process.launcher import Launcher
from supervisor.engine.torrents.merger import Merger
from supervisor.events.event_log import EventLog
from supervisor.events.publisher import Publisher
from supervisor.health.health import Health
from supervisor.hooks.hook_queues import HookQueues
from supervisor.host.place_watch import PlaceWatch
from supervisor.log.log_form import Destination, Form
from supervisor.log.lost_lines import LostLines
from supervisor.metrics.meters import Meters
from supervisor.pacing.backoff import Backoff
from supervisor.payload.root_space import RootSpaces
from supervisor.payload.shared_files import SharedFiles
from supervisor.requests.requests import Requests
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf
from supervisor.traces.traces import Traces
from tests.supervisor.sockets import Sockets

Command = TypeVar("Command", bound=EngineCommand)
Fact = TypeVar("Fact", bound=EngineFact)
LIFECYCLE_EVENTS = get_args(LifecycleEvent)
KILLED = Death(exit_code=None, signal="SIGKILL")


class PlayedChild(Child):
    """A child without a process: the test plays its messages on the link.

    It dies when told to, and of every signal that it does not bear.

    Fields:
        dead: whether it has ended.
    """

    def __init__(self, gen: int, on_death: Callable[[Death], None]) -> None:
        self.gen = gen
        self.pid = os.getpid()
        self.kills = 0
        self.signals: list[Signals] = []
        self.bears: set[Signals] = set()
        self.dead = False
        self._on_death = on_death
        self.flown = Flight()

    def flight(self) -> Flight:
        return self.flown

    def die(self, death: Death) -> None:
        """Ends the child, and reports its death."""
        self.dead = True
        self._on_death(death)

    def ended(self) -> bool:
        return self.dead

    def kill(self) -> None:
        self.send_signal(Signals.SIGKILL)

    def send_signal(self, number: Signals) -> None:
        self.signals.append(number)
        self.kills += 1
        if number not in self.bears:
            asyncio.get_running_loop().call_soon(self.die, Death(exit_code=None, signal=number.name))

    def stacks(self) -> str:
        return ""

    def last_lines(self) -> list[str]:
        return []


class PlayedLauncher(Launcher):
    """Starts children that the test plays."""

    def __init__(self, on: "Bench", in_force: ConfigInForce, locks: list[DirectoryLock], roots: RootsInForce) -> None:
        super().__init__(
            "9.9",
            "nothing",
            in_force=in_force,
            locks=locks,
            roots=roots.wanted_paths,
            own_places=[],
            reliable=lambda: True,
            code=CodeStamp([]),
            places=PlaceWatch(),
        )
        self._on = on

    def spawn(self, gen: int, on_death: Callable[[Death], None], on_line: Callable[[int, bytes], None]) -> Child:
        return self._on.spawn(gen, on_death)

    def fingerprint(self) -> object:
        return self._on.fingerprint


DEFAULT_SETTINGS: Final[dict[str, SettingValue]] = {
    "connections_limit": 1000,
    "enable_dht": True,
    "listen_interfaces": "0.0.0.0:6881",
    "proxy_password": "",
    "user_agent": "fake",
}
"""The defaults that a played engine reports."""


class PlayedEngine:
    """An engine on the real link that obeys at once, unless it is `deaf` to a kind of command.

    A source is judged by its last 40 characters, which are the torrent's id; one that ends in `!` is refused, and one
    that begins with `hybrid` ends in two hashes.
    """

    def __init__(self, socket: zmq.asyncio.Socket, gen: int, deaf: set[type[EngineCommand]]) -> None:
        self._socket = socket
        self._gen = gen
        self._news = asyncio.Event()
        self._configured = False
        self.deaf = deaf
        self.commands: list[EngineCommand] = []
        self.running = asyncio.create_task(self._run())

    async def tell(self, *events: EngineEvent) -> None:
        await self._socket.send(codec.encode(EventBatch(gen=self._gen, events=list(events))))

    async def given(self, kind: type[Command], count: int = 1) -> list[Command]:
        """Waits until this many commands of a kind have come, and returns them all."""
        while True:
            found: list[Command] = [command for command in self.commands if isinstance(command, kind)]
            if len(found) >= count:
                return found
            self._news.clear()
            await self._news.wait()

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        self._socket.close(linger=0)

    async def _run(self) -> None:
        await self.tell(Heartbeat(loops=1, native_age_ms=0))
        while True:
            for command in decode_commands(await self._socket.recv()).commands:
                self.commands.append(command)
                if type(command) not in self.deaf:
                    await self.tell(*self._answer(command))
            self._news.set()

    def _answer(self, command: EngineCommand) -> list[EngineEvent]:
        first = isinstance(command, Configure) and not self._configured
        self._configured |= first
        ready = EngineReady(pid=os.getpid(), libtorrent="2.0", listen_port=6881, settings=DEFAULT_SETTINGS)
        return [ready, *_carried_out(command)] if first else _carried_out(command)


def _carried_out(command: EngineCommand) -> list[EngineEvent]:
    match command:
        case Configure(revision=revision):
            return [SettingsApplied(revision=revision)]
        case InspectSource(token=token, magnet=magnet, metainfo=metainfo):
            source = magnet if metainfo is None else metainfo.decode()
            assert source is not None
            if source.endswith("!"):
                return [SourceInspected(token=token, problem="no torrent that I know")]
            if source.startswith("hybrid"):
                v1, v2 = source[-104:-64], source[-64:]
                return [SourceInspected(token=token, torrent=v1, info_hash_v1=v1, info_hash_v2=v2)]
            if source.startswith("outside"):
                return [SourceInspected(token=token, torrent=source[-40:], outside="'/one/link' leads to '/outside'")]
            name, torrent = f"name of {source[-40:]}", source[-40:]
            only = "0,2" if "so=0,2" in source else None
            known = None
            if metainfo is not None:
                known = KnownMetadata(name=name, size=5, piece_length=16, files=1)
            return [SourceInspected(token=token, torrent=torrent, name=name, metadata=known, only=only)]
        case EnsureTorrent(desired=desired):
            return [TorrentApplied(torrent=desired.torrent, revision=desired.revision)]
        case DropTorrent(torrent=torrent):
            return [TorrentDropped(torrent=torrent)]
        case QueryFiles(token=token):
            return [FilesQueried(token=token, bytes_done=[1, 2, 3])]
        case _:
            return []


class ToldOfReads(EngineReads):
    """Records the queries to the engine, and does not send them."""

    freshened: list[str]

    async def refresh(self, command: EngineRead | SessionRead) -> None:
        self.freshened.append(getattr(command, "torrent", ""))


class Client:
    """A client on the real commands socket."""

    def __init__(self, socket: zmq.asyncio.Socket) -> None:
        self.socket = socket
        self._ids = itertools.count(1)

    async def send(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> Any:
        """Sends a request, and returns its id (by default a new one)."""
        request = {"v": 1, "id": next(self._ids), "op": op, "args": args or {}, **envelope}
        await self.socket.send(msgpack.packb(request))
        return request["id"]

    async def reply(self) -> dict[str, Any]:
        """The next reply to any request."""
        reply: dict[str, Any] = msgpack.unpackb(await self.socket.recv())
        return reply

    async def ask(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """Sends one request and returns its reply."""
        number = await self.send(op, args, **envelope)
        reply = await self.reply()
        assert reply["id"] == number
        return reply

    async def silence(self) -> bool:
        """Whether no reply is pending: the next one is that to a ping."""
        return bool((await self.ask("ping"))["ok"])


class Bench:
    """An engine, and the parts that serve clients. `directory` has `resume/`, `one/` and `two/` (the download roots).

    Fields:
        children: all that were spawned, the spares among them.
        fingerprint: what spares depend on.
        excused: what the keeper is to excuse.
    """

    def __init__(
        self, sockets: Sockets, directory: Path, group: asyncio.TaskGroup, *, budget: int, spare: bool
    ) -> None:
        self.children: list[PlayedChild] = []
        self.fingerprint: object = "one"
        self.excused: set[Death] = set()
        self._sockets = sockets
        self._group = group
        self.directory = directory
        for name in ("resume", "one", "two"):
            (directory / name).mkdir()
        self.config = Config(
            paths=PathsConfig(
                resume_dir=str(directory / "resume"),
                download_roots=[str(directory / "one"), str(directory / "two")],
                runtime_dir=str(directory),
                state_dir=str(directory),
            ),
            limits=LimitsConfig(download_bps=1000, upload_bps=500),
            restart=RestartConfig(warm_spare=spare),
        )
        self.logged: list[dict[str, Any]] = []
        self.log = log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[structlog.processors.add_log_level, self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.meters = Meters()
        self.catalogue = Catalogue(ResumeDir(directory / "resume"), self.meters.committed)
        self.shelf = DamagedShelf(ResumeDir(directory / "resume"), self.catalogue)
        self.health = Health()
        self.events = EventLog("epoch-1")
        self.publisher = Publisher(sockets.bind(zmq.XPUB, "events"), self.events)
        self.facts: list[EngineFact] = []
        self.crashed: list[Death] = []
        self.released: list[str] = []
        self.paused: list[tuple[str, bool]] = []
        self.finished = asyncio.Event()
        self.losses: list[tuple[int, Death]] = []
        self.ready = asyncio.Event()
        locks = [DirectoryLock(directory)]
        self.in_force = ConfigInForce(self.config)
        roots = RootsInForce(self.in_force, [])
        self._engine_socket = EngineSocket(sockets.bind(zmq.ROUTER, "engine"))
        self._locks = locks
        self.local_time = (0, 12 * 60)
        self.settings = SessionSettings(
            self.in_force, catalogue=self.catalogue, roots=roots, locks=locks, clock=lambda: self.local_time
        )
        self.face = Engine(
            0,
            self.catalogue,
            self._heard,
            socket=self._engine_socket,
            launcher=PlayedLauncher(self, self.in_force, locks, roots),
            settings=self.settings.configure,
            policy=RestartPolicy(window_s=60, budget=budget, backoff=Backoff(lambda _: 0.0)),
            memory_limit=0,
            describer=Describer(directory / "resume", "off"),
            log=log,
        )
        self.snapshot, self.waiters, self.restore = self.face.snapshot, self.face.waiters, self.face._admission._plan
        self.observer, self.link, self.keeper = self.face._observer, self.face._link, self.face._keeper
        self.keeper._excuse = self.excused.__contains__
        self.jobs = JobRunner(
            Hasher(directory / "resume", "off", roots.paths),
            publish=self.publisher.lifecycle,
            publish_latest=self.publisher.latest,
        )
        self.spaces = RootSpaces()
        self.log_form = Form(Destination.ELSEWHERE)
        self.hooks = HookQueues(self.config.hooks, self.catalogue)
        metrics = MetricReads(
            catalogue=self.catalogue,
            engine=self.face,
            publisher=self.publisher,
            events=self.events,
            hooks=self.hooks,
            limits=self.settings.limits_in_force,
            memory_limit=4_000_000_000,
            lost_lines=LostLines(),
            log_lost=lambda: 7,
            meters=self.meters,
        )
        self.traces = Traces()
        self.reads = Reads(
            config=self.config,
            catalogue=self.catalogue,
            engines=[self.face],
            health=self.health,
            log=self.events,
            version="9.9",
            others=[self.jobs, LogReads(self.log_form), metrics, SpanReads(self.traces)],
            limits=self.settings.limits,
            meters=self.meters,
            spaces=self.spaces,
            roots=roots.paths,
        )
        torrent_locks = KeyedLocks()
        self.merger = Merger(
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            engine=self.face,
            locks=torrent_locks,
            publish=self.publisher.lifecycle,
            log=log,
        )
        self._merging = group.create_task(self.merger.run())
        self.mounts = MountTable()
        self.shared_files = SharedFiles(catalogue=self.catalogue, snapshot=self.snapshot, engine=self.face, group=group)
        self.mutations = Mutations(
            catalogue=self.catalogue,
            engine=self.face,
            roots=roots.current,
            mounts=self.mounts,
            reads=self.reads,
            merger=self.merger,
            locks=torrent_locks,
            publish=self.publisher.lifecycle,
            on_paused=lambda torrent, paused: self.paused.append((torrent, paused)),
            shared_files=self.shared_files,
            shelf=self.shelf,
            jobs=self.jobs,
            others=[LogEdits(self.log_form, engine=self.face, catalogue=self.catalogue, log=log)],
        )
        self.removals = Removals(
            catalogue=self.catalogue,
            mutations=self.mutations,
            release=self.face.release,
            publish=self.publisher.lifecycle,
            group=group,
            ended=self.finished,
            log=log,
        )
        self.stopping = False
        self.freshened: list[str] = []
        self.crashes = CrashReports(directory / "crashes", group=group, log=log)
        self.engine_reads = ToldOfReads(reads=self.reads, engine=self.face)
        self.engine_reads.freshened = self.freshened
        self.requests = Requests(
            sockets.bind(zmq.ROUTER, "commands"),
            group=group,
            reads=self.reads,
            mutations=self.mutations,
            events=self.events,
            disk_reads=DiskReads(self.crashes, self.shelf, self.reads, Exporter(directory / "resume", "off")),
            engine_reads=self.engine_reads,
            stopping=lambda: self.stopping,
            gen=lambda: self.keeper.gen,
            meters=self.meters,
            traces=self.traces,
            log=log,
        )
        self._engines: list[PlayedEngine] = []

    @property
    def child(self) -> PlayedChild:
        """The child of the running generation."""
        assert isinstance(self.keeper.child, PlayedChild)
        return self.keeper.child

    def client(self) -> Client:
        """A new client."""
        return Client(self._sockets.connect(zmq.DEALER, "commands"))

    async def engine(self, *deaf: type[EngineCommand]) -> PlayedEngine:
        """A connected, ready engine of the last spawned generation (the first is spawned here)."""
        if self.keeper.lifecycle.state is State.IDLE:
            self.keeper.start()
        self.ready.clear()
        engine = self.play(self.keeper.gen, *deaf)
        if Configure not in deaf:
            await self.ready.wait()
        return engine

    def play(self, gen: int, *deaf: type[EngineCommand]) -> PlayedEngine:
        """An engine or a spare of some generation, connecting."""
        socket = self._sockets.connect(zmq.DEALER, "engine", identity=f"gen-{gen}".encode())
        self._engines.append(PlayedEngine(socket, gen, set(deaf)))
        return self._engines[-1]

    async def lose_engine(self) -> None:
        """The running engine dies; the next one is spawned after the back-off."""
        for engine in self._engines:
            await engine.stop()
        self._engines.clear()
        self.child.die(KILLED)

    async def keeper_restarted(self) -> None:
        """Waits until the keeper has spawned another engine."""
        while self.keeper.child is None:
            await self.turn()

    @staticmethod
    async def turn() -> None:
        """Runs one iteration of the loop."""
        await asyncio.sleep(0)

    async def spend_budget(self) -> None:
        """Engines die until no more are started."""
        self.keeper.start()
        while self.keeper.lifecycle.state is not State.OVER_BUDGET:
            if self.keeper.child is not None:
                self.child.die(KILLED)
            await self.turn()

    def topics(self) -> list[str]:
        """The topics of all lifecycle events so far."""
        return [event.topic.decode() for event in self.events.replay("epoch-1", 0, 10_000)]

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Types and data of all lifecycle events so far."""
        frames = [msgpack.unpackb(self.events.frame(event)) for event in self.events.replay("epoch-1", 0, 10_000)]
        return [(frame["type"], frame["data"]) for frame in frames]

    def heard(self, kind: type[Fact]) -> list[Fact]:
        """The engine's facts of one kind so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def close(self) -> None:
        """Closes everything but sockets of others."""
        self.finished.set()  # ends retries of removals, as the end of a service does
        self._merging.cancel()
        await self.requests.close()
        await self.crashes.close()
        for engine in self._engines:
            await engine.stop()
        for timer in list(self.keeper._timers):
            self.keeper._cancel(timer)
        self.mounts.close()
        self.catalogue.close()
        self.link.detach()
        self._engine_socket.close()
        for lock in self._locks:
            lock.close()
        self.publisher.close()

    def spawn(self, gen: int, on_death: Callable[[Death], None]) -> PlayedChild:
        """A child for the keeper."""
        self.children.append(PlayedChild(gen, on_death))
        return self.children[-1]

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(dict(fields))
        raise structlog.DropEvent

    def _heard(self, fact: EngineFact) -> None:
        """Handles the engine's facts as tests of other parts need it."""
        self.facts.append(fact)
        match fact:
            case Progress():
                self.shared_files.progress(fact)
                self.publisher.latest(fact)
            case FilesKnown(torrent, files):
                self.shared_files.files_known(torrent, files)
            case HashesProven():
                self.merger.proven(fact)
            case TorrentDropped():
                self.removals.forgotten(fact)
            case Spawned(gen):
                self.publisher.gen = gen
            case EngineReady():
                self.health.started = True
                self.ready.set()
            case Crashed(report):
                self.crashed.append(Death(report.exit_code, report.signal, report.killed_for))
            case Finished():
                self.finished.set()
            case _ if isinstance(fact, LIFECYCLE_EVENTS):
                if isinstance(fact, EngineLost):
                    self.losses.append((self.keeper.gen, Death(fact.exit_code, fact.signal, fact.killed_for)))
                self.publisher.lifecycle(fact)
                if isinstance(fact, Completed):
                    self.shared_files.completed(fact.torrent)
            case _:
                pass  # facts for parts that are not here


@asynccontextmanager
async def bench(directory: Path, *, budget: int = 5, spare: bool = False) -> AsyncIterator[Bench]:
    """A bench that is closed at the end; its tasks must have ended by then."""
    with Sockets(directory) as sockets:
        async with asyncio.TaskGroup() as group:
            parts = Bench(sockets, directory, group, budget=budget, spare=spare)
            try:
                yield parts
            finally:
                await parts.close()
