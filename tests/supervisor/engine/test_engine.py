"""Two engines side by side, each with played processes: events of one do not affect the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import pytest
import structlog
import zmq

from protocol.durable.directory_lock import DirectoryLock
from protocol.internal.link_commands import Configure, DropTorrent, EnsureTorrent, SaveAll
from protocol.internal.link_events import Heartbeat
from protocol.internal.link_queries import QueryFiles
from protocol.wire.desired import DesiredTorrent, Quarantine, TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.session_events import EngineLost, EngineStarted, SessionError
from supervisor.config.config import Config, PathsConfig, RestartConfig
from supervisor.config.config_changes import ConfigInForce
from supervisor.engine.engine import Engine
from supervisor.engine.facts import Crashed, EngineFact, Finished, Problem, Restored, Spawned
from supervisor.engine.life import pulse
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.memory_guard import SAMPLES
from supervisor.engine.life.restart_policy import RestartPolicy
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.code_stamp import CodeStamp
from supervisor.engine.process.describer import Describer
from supervisor.engine.process.engine_socket import EngineSocket
from supervisor.engine.process.launcher import Launcher
from supervisor.host.place_watch import PlaceWatch
from supervisor.pacing.backoff import Backoff
from tests.supervisor.bench import KILLED, PlayedChild, PlayedEngine
from tests.supervisor.samples import desired
from tests.supervisor.sockets import Sockets

Fact = TypeVar("Fact", bound=EngineFact)
IDS: Final = [digit * 40 for digit in "0123"]
EVERY_LIMIT: Final = 1_000_000
LARGE: Final = 2 * EVERY_LIMIT


class Own:
    """The torrents of one slot, by their first digit."""

    def __init__(self, slot: int) -> None:
        self.torrents: Mapping[str, DesiredTorrent] = {each: desired(each) for each in IDS if int(each[0]) % 2 == slot}
        self.leaving: Mapping[str, DesiredTorrent] = {}

    def resolve(self, torrent: str) -> str:
        return torrent

    def category_of(self, _: DesiredTorrent) -> str | None:
        return None

    def options_of(self, desired: DesiredTorrent) -> TorrentOptions:
        return desired.options


class Played(Launcher):
    """Starts children that the test plays."""

    children: list[PlayedChild]

    def spawn(self, gen: int, on_death: Callable[[Death], None], on_line: Callable[[int, bytes], None]) -> Child:
        self.children.append(PlayedChild(gen, on_death))
        return self.children[-1]


class Slot:
    """One engine with its inputs and facts.

    Fields:
        held: the memory that its process holds.
        beating: whether its process has heartbeats.
    """

    def __init__(
        self, number: int, sockets: Sockets, socket: EngineSocket, directory: Path, lock: DirectoryLock
    ) -> None:
        self._sockets = sockets
        self.own = Own(number)
        self.facts: list[EngineFact] = []
        self.held = 0
        self.beating = True
        config = ConfigInForce(
            Config(
                paths=PathsConfig(
                    resume_dir=str(directory), download_roots=[], runtime_dir=str(directory), state_dir=str(directory)
                ),
                restart=RestartConfig(warm_spare=False),
            )
        )
        self.launcher = Played(
            "9.9",
            "nothing",
            in_force=config,
            locks=[lock],
            roots=list,
            own_places=[],
            reliable=lambda: True,
            code=CodeStamp([]),
            places=PlaceWatch(),
        )
        self.launcher.children = []
        self.engine = Engine(
            number,
            self.own,
            self.facts.append,
            socket=socket,
            launcher=self.launcher,
            settings=lambda: Configure(
                settings={}, download_bps=0, upload_bps=0, torrents=0, revision=1, resume_dir="r"
            ),
            policy=RestartPolicy(window_s=60, budget=2, backoff=Backoff(lambda _: 0.0)),
            memory_limit=EVERY_LIMIT,
            describer=Describer(directory, "off"),
            log=structlog.wrap_logger(
                structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50), processors=[]
            ),
            held_bytes=lambda _: self.held,
        )
        self.played: PlayedEngine | None = None

    @property
    def child(self) -> PlayedChild:
        """The latest process."""
        return self.launcher.children[-1]

    def told(self, kind: type[Fact]) -> list[Fact]:
        """The facts of a kind so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def up(self) -> PlayedEngine:
        """Plays the latest process until it has loaded all torrents."""
        await self.end()
        number = len(self.told(Restored))
        identity = f"gen-{self.child.gen}".encode()
        self.played = PlayedEngine(
            self._sockets.connect(zmq.DEALER, "engine", identity=identity), self.child.gen, set()
        )
        await until(lambda: len(self.told(Restored)) > number)
        return self.played

    async def beat(self) -> None:
        """Sends heartbeats, like a process whose loop runs."""
        number = 1
        while True:
            if self.beating and self.played is not None:
                number += 1
                await self.played.tell(Heartbeat(loops=number, native_age_ms=0))
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stops playing processes."""
        if self.played is not None:
            await self.played.stop()
            self.played = None

    def second(self) -> None:
        """Runs what is done every second."""
        for part in self.engine.ticks().values():
            part()


async def until(happened: Callable[[], bool]) -> None:
    """Runs the loop until something has happened."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110  # the loop has to turn
            await asyncio.sleep(0)


@asynccontextmanager
async def slots(directory: Path) -> AsyncIterator[tuple[Slot, Slot]]:
    """Two engines on one socket, both up."""
    lock = DirectoryLock(directory)
    with Sockets(directory) as sockets:
        socket = EngineSocket(sockets.bind(zmq.ROUTER, "engine"))
        pair = Slot(0, sockets, socket, directory, lock), Slot(1, sockets, socket, directory, lock)
        for slot in pair:
            slot.engine.start()
            await slot.up()
        try:
            yield pair
        finally:
            for slot in pair:
                await slot.end()
                for timer in list(slot.engine._keeper._timers):
                    slot.engine._keeper._cancel(timer)
            socket.close()
    lock.close()


class Undisturbed:
    """Checks that a slot is not affected within it, and works."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._before = self._state()
        slot.facts.clear()

    def _state(self) -> tuple[object, ...]:
        engine = self._slot.engine
        return (engine.state, engine.gen, engine.up, set(engine.snapshot.present), len(self._slot.launcher.children))

    async def check(self) -> None:
        assert self._state() == self._before
        assert [fact for fact in self._slot.facts if not isinstance(fact, Heartbeat)] == []
        assert self._slot.child.signals == []
        answer = await self._slot.engine._link.ask(QueryFiles(torrent=next(iter(self._slot.own.torrents))))
        assert answer.bytes_done == [1, 2, 3]
        assert self._slot.engine.snapshot.row(desired(), 0.0).engine == 1


async def test_each_has_its_own_torrents_and_processes(tmp_path: Path) -> None:
    """No torrent and no generation belongs to both, and each counts its own."""
    async with slots(tmp_path) as (first, second):
        assert first.played is not None
        assert second.played is not None
        given = [
            {command.desired.torrent for command in slot.played.commands if isinstance(command, EnsureTorrent)}
            for slot in (first, second)
            if slot.played is not None
        ]
        assert given == [{IDS[0], IDS[2]}, {IDS[1], IDS[3]}]
        assert (first.child.gen, second.child.gen) == (1, 2)
        reports = [slot.engine.report(0.0) for slot in (first, second)]
        assert [(each.slot, each.gen, each.torrents, each.state.value) for each in reports] == [
            (0, 1, 2, "running"),
            (1, 2, 2, "running"),
        ]
        assert [each.torrents for slot in (first, second) for each in given_to(slot, Configure)] == [2, 2]
        assert [fact.engine for slot in (first, second) for fact in slot.told(EngineStarted)] == [0, 1]
        assert [row.engine for row in (slot.engine.snapshot.row(desired(), 0.0) for slot in (first, second))] == [0, 1]


def given_to(slot: Slot, kind: type[Configure]) -> list[Configure]:
    """The commands of a kind that the latest process of a slot got."""
    assert slot.played is not None
    return [command for command in slot.played.commands if isinstance(command, kind)]


async def test_one_is_killed(tmp_path: Path) -> None:
    """The next process has another generation, and only its own torrents were interrupted."""
    async with slots(tmp_path) as (first, second):
        other = Undisturbed(second)
        first.facts.clear()
        asking = asyncio.ensure_future(first.engine._link.ask(QueryFiles(torrent=IDS[0])))
        await asyncio.sleep(0)
        await first.end()
        first.child.die(KILLED)
        with pytest.raises(OuzelError) as refused:
            await asking
        assert refused.value.kind is ErrorKind.ENGINE_LOST
        assert not first.engine.snapshot.present
        [lost] = first.told(EngineLost)
        assert (lost.engine, lost.signal) == (0, "SIGKILL")
        assert [crash.report.gen for crash in first.told(Crashed)] == [1]
        await until(lambda: bool(first.told(Spawned)))
        await first.up()
        assert (first.engine.gen, first.engine.snapshot.present) == (3, {IDS[0], IDS[2]})
        await other.check()


async def test_one_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is suspect, then killed, and replaced; the other one has its own heartbeats."""
    for name, seconds in (("SUSPECT_S", 0.1), ("DEADLINE_S", 0.3), ("TICK_S", 0.02)):
        monkeypatch.setattr(pulse, name, seconds)
    async with slots(tmp_path) as (first, second):
        watching = [asyncio.create_task(slot.engine.parts()["pulse"]()) for slot in (first, second)]
        watching += [asyncio.create_task(slot.beat()) for slot in (first, second)]
        await asyncio.sleep(0.2)
        other = Undisturbed(second)
        first.facts.clear()
        first.beating = False
        await until_long(lambda: bool(first.told(EngineLost)))
        assert [problem is not None for _, problem, _ in first.told(Problem)][:1] == [True]
        [lost] = first.told(EngineLost)
        assert lost.killed_for is not None
        assert first.launcher.children[0].kills == 1
        await until(lambda: bool(first.told(Spawned)))
        first.beating = True
        await first.up()
        await other.check()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def until_long(happened: Callable[[], bool]) -> None:
    """Waits until something slow has happened."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110  # time has to pass
            await asyncio.sleep(0.01)


async def test_one_is_over_its_budget(tmp_path: Path) -> None:
    """No process is started for it any more, and callers get an error; the other one is unchanged."""
    async with slots(tmp_path) as (first, second):
        other = Undisturbed(second)
        await first.end()
        while first.engine.state is not State.OVER_BUDGET:
            if first.engine.pid is not None:
                first.child.die(KILLED)
            await asyncio.sleep(0)
        with pytest.raises(OuzelError) as refused:
            first.engine.check_expected()
        assert refused.value.kind is ErrorKind.ENGINE_UNAVAILABLE
        second.engine.check_expected()
        await other.check()


async def test_one_holds_too_much_memory(tmp_path: Path) -> None:
    """It is asked to save and exit, and is replaced."""
    async with slots(tmp_path) as (first, second):
        other = Undisturbed(second)
        first.facts.clear()
        first.held = LARGE
        for _ in range(SAMPLES):
            first.second()
        assert [event.name for event in first.told(SessionError)] == ["memory_high"]
        assert first.engine.state is State.RECYCLING
        await other.check()


async def test_one_is_stopped(tmp_path: Path) -> None:
    """It starts no process any more, and reports once that it is finished."""
    async with slots(tmp_path) as (first, second):
        other = Undisturbed(second)
        first.engine.stop()
        await first.end()
        first.child.die(Death(exit_code=0, signal=None))
        assert first.told(Finished) == [Finished()]
        assert first.told(EngineLost) == []
        await other.check()


async def test_what_is_kept_away_does_not_reach_an_engine(tmp_path: Path) -> None:
    """The decision is made when it is sent; a deletion of files would load it, too. Everything else passes."""
    async with slots(tmp_path) as (first, _):
        engine, played = first.engine, first.played
        assert played is not None
        poison = desired(IDS[0], quarantine=Quarantine(reason="why", since_us=1))
        first.own.torrents = {IDS[0]: poison}
        engine._admission.isolation.engine_ready()  # nothing was sent yet
        count = len(played.commands)
        engine.ensure(poison)
        engine.forget(desired(IDS[0], removal="delete_files"))
        engine.ensure(desired(IDS[2], revision=2), afresh=True)
        engine.forget(desired(IDS[0], removal="keep_files"))
        engine.retry()
        await played.given(SaveAll)
        assert [type(command) for command in played.commands[count:]][:3] == [EnsureTorrent, DropTorrent, SaveAll]


async def test_without_a_process_nothing_is_noted_as_given(tmp_path: Path) -> None:
    """The next process gets everything anyway."""
    async with slots(tmp_path) as (first, _):
        await first.end()
        first.child.die(KILLED)
        first.engine.ensure(desired(IDS[0]))
        assert first.engine._admission.isolation._given == {}
        await until(lambda: len(first.told(Spawned)) > 1)
        played = await first.up()
        assert len(await played.given(EnsureTorrent)) == 2
