"""The supervisor's parts, real and wired as in the service, on real sockets and files; tests play the engine."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import Signals
from typing import Any, TypeVar

import msgpack
import structlog
import zmq
import zmq.asyncio

from protocol.host.mounts import MountTable
from protocol.internal.flight_recorder import Flight
from protocol.internal.link import (
    Configure,
    EngineCommand,
    EngineEvent,
    EngineReady,
    EnsureTorrent,
    EventBatch,
    FilePutAside,
    FilesQueried,
    ForgetTorrent,
    Heartbeat,
    InspectSource,
    MetainfoDamaged,
    QueryFiles,
    SettingsApplied,
    SourceInspected,
    StorageState,
    TorrentApplied,
    TorrentForgotten,
    decode_commands,
)
from protocol.internal.resume_dir import ResumeDir
from protocol.wire import codec
from protocol.wire.commands import EngineRead
from protocol.wire.desired import DesiredTorrent, KnownMetadata
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events import EngineStarted
from supervisor.commands.disk_reads import DiskReads
from supervisor.commands.download_roots import DownloadRoots
from supervisor.commands.engine_reads import EngineReads
from supervisor.commands.mutations import Mutations
from supervisor.commands.reads import Reads
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.config.config import Config, LimitsConfig, PathsConfig
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.observer import Observer
from supervisor.engine.torrents.restore import Restore
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.engine.torrents.waiters import Waiters
from supervisor.events.event_log import EventLog
from supervisor.events.publisher import Publisher
from supervisor.health.health import Health
from supervisor.payload.shared_files import SharedFiles
from supervisor.requests.requests import Requests
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf
from tests.supervisor.samples import NOW_US
from tests.supervisor.sockets import Sockets

Command = TypeVar("Command", bound=EngineCommand)
KILLED = Death(exit_code=None, signal="SIGKILL")


class PlayedChild(Child):
    """A child without a process: what it does on the link is the test's to play.

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
        """Ends, and is told."""
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


class PlayedEngine:
    """An engine on the real link that does as it is told at once, unless it is `deaf` to a kind of command.

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
        """Waits until this many commands of a kind have come; all of them."""
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
        ready = EngineReady(pid=os.getpid(), libtorrent="2.0", listen_port=6881)
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
        case ForgetTorrent(torrent=torrent):
            return [TorrentForgotten(torrent=torrent)]
        case QueryFiles(token=token):
            return [FilesQueried(token=token, bytes_done=[1, 2, 3])]
        case _:
            return []


class ToldOfReads(EngineReads):
    """Notes what the engine would be asked about, and does not ask."""

    freshened: list[str]

    async def refresh(self, command: EngineRead) -> None:
        self.freshened.append(command.torrent)


class Client:
    """A client on the real commands socket."""

    def __init__(self, socket: zmq.asyncio.Socket) -> None:
        self.socket = socket
        self._ids = itertools.count(1)

    async def send(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> Any:
        """Sends a request; returns its id, a new one where none is given."""
        request = {"v": 1, "id": next(self._ids), "op": op, "args": args or {}, **envelope}
        await self.socket.send(msgpack.packb(request))
        return request["id"]

    async def reply(self) -> dict[str, Any]:
        """The next reply, whosever it is."""
        reply: dict[str, Any] = msgpack.unpackb(await self.socket.recv())
        return reply

    async def ask(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """One request and its reply."""
        number = await self.send(op, args, **envelope)
        reply = await self.reply()
        assert reply["id"] == number
        return reply

    async def silence(self) -> bool:
        """Whether there is no reply left: a ping comes back as the very next one."""
        return bool((await self.ask("ping"))["ok"])


class Bench:
    """All parts but the service. `directory` has `resume/`, `one/` and `two/` (the download roots).

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
        )
        self.logged: list[dict[str, Any]] = []
        self.log = log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[structlog.processors.add_log_level, self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.catalogue = Catalogue(ResumeDir(directory / "resume"))
        self.shelf = DamagedShelf(ResumeDir(directory / "resume"), self.catalogue)
        self.snapshot = Snapshot()
        self.restore = Restore()
        self.health = Health()
        self.events = EventLog("epoch-1")
        self.waiters = Waiters()
        self.publisher = Publisher(sockets.bind(zmq.XPUB, "events"), self.events)
        self.store_problems: list[str | None] = []
        self.put_aside: list[FilePutAside] = []
        self.metainfo_damaged: list[MetainfoDamaged] = []
        self.handed_over: list[EngineEvent] = []
        self.refusals: list[EngineEvent] = []
        self.settings_applied: list[EngineEvent] = []
        self.garbage: list[str] = []
        self.beats: list[Heartbeat] = []
        self.crashed: list[Death] = []
        self.storage: list[StorageState] = []
        self.released: list[str] = []
        self.paused: list[tuple[str, bool]] = []
        self.restored = 0
        self.finished = asyncio.Event()
        self.losses: list[tuple[int, Death]] = []
        self.ready = asyncio.Event()
        self.learned: list[tuple[str, KnownMetadata]] = []
        self.observer = Observer(
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            publisher=self.publisher,
            waiters=self.waiters,
            on_ready=self._ready,
            on_heartbeat=self.beats.append,
            on_refused=self.refusals.append,
            on_applied=self.settings_applied.append,
            on_forgotten=self._forgotten,
            on_store_problem=self.store_problems.append,
            on_put_aside=self.put_aside.append,
            on_metainfo_damaged=self.metainfo_damaged.append,
            on_handed_over=self.handed_over.append,
            on_storage=self.storage.append,
            on_taken_up=self._taken_up,
            on_session_stats=lambda stats: None,
            on_hashes=lambda event: self.merger.proven(event),
            on_files=lambda torrent, files: self.shared_files.files_known(torrent, files),
            on_progress=lambda event: self.shared_files.progress(event),
            on_completed=lambda torrent: self.shared_files.completed(torrent),
            on_metadata=lambda torrent, metadata: self.learned.append((torrent, metadata)),
        )
        self.link = EngineLink(
            sockets.bind(zmq.ROUTER, "engine"),
            on_connected=self.configure,
            on_event=self.observer.take,
            on_garbage=self.garbage.append,
        )
        self.keeper = Keeper(
            policy=RestartPolicy(window_s=60, budget=budget, wait=lambda _: 0.0),
            link=self.link,
            spawn=self._spawn,
            on_spawned=lambda child, warm: setattr(self.publisher, "gen", child.gen),
            on_crashed=lambda child, death: self.crashed.append(death),
            on_lost=self._lost,
            on_finished=self.finished.set,
            log=log,
            excuse=self.excused.__contains__,
            fingerprint=(lambda: self.fingerprint) if spare else None,
        )
        self.reads = Reads(
            config=self.config,
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            health=self.health,
            log=self.events,
            keeper=self.keeper,
            restore=self.restore,
            version="9.9",
        )
        locks = KeyedLocks()
        self.merger = Merger(
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            link=self.link,
            locks=locks,
            publish=self.publisher.lifecycle,
            log=log,
        )
        self._merging = group.create_task(self.merger.run())
        self.mounts = MountTable()
        self.mutations = Mutations(
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            roots=DownloadRoots([directory / "one", directory / "two"]),
            mounts=self.mounts,
            link=self.link,
            waiters=self.waiters,
            reads=self.reads,
            merger=self.merger,
            locks=locks,
            publish=self.publisher.lifecycle,
            configure=self.configure,
            engine_wanted=self._engine_wanted,
            released=self.released.append,
            on_paused=lambda torrent, paused: self.paused.append((torrent, paused)),
            shared_files=lambda: self.shared_files,
            shelf=self.shelf,
        )
        self.shared_files = SharedFiles(catalogue=self.catalogue, snapshot=self.snapshot, link=self.link, group=group)
        self.stopping = False
        self.freshened: list[str] = []
        self.crashes = CrashReports(directory / "crashes", group=group, log=log)
        self.engine_reads = ToldOfReads(
            reads=self.reads,
            catalogue=self.catalogue,
            snapshot=self.snapshot,
            link=self.link,
            describe=self._describe,
        )
        self.engine_reads.freshened = self.freshened
        self.requests = Requests(
            sockets.bind(zmq.ROUTER, "commands"),
            group=group,
            reads=self.reads,
            mutations=self.mutations,
            events=self.events,
            disk_reads=DiskReads(self.crashes, self.shelf),
            engine_reads=self.engine_reads,
            stopping=lambda: self.stopping,
            gen=lambda: self.keeper.gen,
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
        """An engine for the generation that was spawned last (the first is spawned here), connected and ready."""
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
        """The running engine dies; the next one is spawned as soon as the back-off allows."""
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
        """Lets the loop see to its sockets and timers once."""
        await asyncio.sleep(0)

    async def spend_budget(self) -> None:
        """Engines die until none is started any more."""
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

    def configure(self) -> None:
        """As the service does."""
        settings, revision = self.reads.settings(), self.catalogue.session.revision
        self.link.send(
            Configure(
                settings={},
                download_bps=settings.download_bps,
                upload_bps=settings.upload_bps,
                torrents=len(self.catalogue.torrents),
                revision=revision,
            )
        )

    async def close(self) -> None:
        """Closes everything but the sockets of others."""
        self._merging.cancel()
        await self.requests.close()
        await self.crashes.close()
        for engine in self._engines:
            await engine.stop()
        for timer in list(self.keeper._timers):
            self.keeper._cancel(timer)
        self.mounts.close()
        self.catalogue.close()
        self.link.close()
        self.publisher.close()

    def _spawn(self, gen: int, on_death: Callable[[Death], None]) -> PlayedChild:
        self.children.append(PlayedChild(gen, on_death))
        return self.children[-1]

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(dict(fields))
        raise structlog.DropEvent

    def _ready(self, event: EngineReady) -> None:
        self.reads.libtorrent = event.libtorrent
        self.keeper.ready()
        self.publisher.lifecycle(EngineStarted(pid=event.pid, restarts=self.keeper.restarts))
        self.link.send(*(EnsureTorrent(desired=desired) for desired in self.catalogue.torrents.values()))
        self.link.send(*map(forget, self.catalogue.leaving.values()))
        self.health.started = True
        self.restore.begin(self.catalogue.torrents)
        self.ready.set()

    def _lost(self, pid: int | None, death: Death) -> None:
        self.losses.append((self.keeper.gen, death))
        self.snapshot.engine_lost(NOW_US)

    def _taken_up(self, torrent: str) -> None:
        self.restored += self.restore.taken_up(torrent)

    def _forgotten(self, event: TorrentForgotten) -> None:
        self._taken_up(event.torrent)
        self._group.create_task(self._drop(event.torrent))

    async def _drop(self, torrent: str) -> None:
        await self.catalogue.drop(torrent)
        self.mutations.forgotten(torrent)

    async def _describe(self, torrents: list[DesiredTorrent]) -> None:
        """Nothing is known of what is stored."""

    def _engine_wanted(self) -> None:
        if self.keeper.lifecycle.state is State.OVER_BUDGET:
            raise OuzelError(ErrorKind.ENGINE_UNAVAILABLE, "the budget is spent", retry_after_ms=300_000)


def forget(desired: DesiredTorrent) -> ForgetTorrent:
    """The command that ends a torrent that is leaving."""
    return ForgetTorrent(torrent=desired.torrent, delete_files=desired.removal == "delete_files", desired=desired)


@asynccontextmanager
async def bench(directory: Path, *, budget: int = 5, spare: bool = False) -> AsyncIterator[Bench]:
    """A bench that is cleared at the end; what runs on it must have ended by then."""
    with Sockets(directory) as sockets:
        async with asyncio.TaskGroup() as group:
            parts = Bench(sockets, directory, group, budget=budget, spare=spare)
            try:
                yield parts
            finally:
                await parts.close()
