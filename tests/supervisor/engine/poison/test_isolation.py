import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from protocol.internal.flight_recorder import Flight, FlightRecord
from protocol.wire.commands.torrent_commands import ReleaseTorrent
from protocol.wire.desired import Quarantine
from protocol.wire.errors import OuzelError
from protocol.wire.events.torrent_events import StateChanged
from protocol.wire.rows import TorrentState
from supervisor.engine.facts import Convicted, Problem
from supervisor.engine.poison.isolation import Isolation
from supervisor.engine.process.child import Death
from tests.supervisor.bench import KILLED, Bench, bench
from tests.supervisor.samples import desired

SEGV: Final = Death(exit_code=None, signal="SIGSEGV")
IDS: Final = [letter * 40 for letter in "abcdef"]
A, B, C = IDS[:3]


class Stage:
    """An isolation with real parts and the test's clock; the test plays engine and service."""

    def __init__(self, on: Bench, group: asyncio.TaskGroup) -> None:
        self.on = on
        self._group = group
        self.now = 1000.0
        self.loads = 0
        self.reports: list[str | None] = []
        self.isolation = Isolation(
            torrents=on.catalogue,
            snapshot=on.snapshot,
            load=self._load,
            emit=self._heard,
            log=on.log,
            clock=lambda: self.now,
        )

    def give(self) -> str:
        """Restores the allowed torrents to a new engine. Returns their letters."""
        self.isolation.engine_ready()
        return self.give_more()

    def give_more(self) -> str:
        torrents = self.on.catalogue.torrents.values()
        given = (each.torrent[0] for each in torrents if self.isolation.admit(each.torrent))
        return "".join(sorted(given))

    def die(self, death: Death = SEGV, flight: Flight | None = None, *, killed_by_us: bool = False) -> bool:
        return self.isolation.excuses(
            death, "so", flight or Flight(), killed_by_us=killed_by_us, shortage=False, report="r"
        )

    def calm(self, *, restored: bool = True, seconds: float = 10.0) -> None:
        self.now += seconds
        self.isolation.tick(restored=restored)

    async def until_durable(self, torrent: str) -> None:
        while self.on.catalogue.torrents[torrent].quarantine is None:
            await self.on.turn()

    def _load(self) -> None:
        self.loads += 1

    def _heard(self, fact: StateChanged | Problem | Convicted) -> None:
        match fact:
            case Problem(problem=problem):
                self.reports.append(problem and problem.partition(";")[0])
            case Convicted():
                self._group.create_task(self._quarantine(fact))
            case StateChanged():
                self.on.publisher.lifecycle(fact)

    async def _quarantine(self, fact: Convicted) -> None:
        problem = None
        try:
            await self.on.mutations.quarantine(fact.torrent, fact.quarantine)
        except OuzelError as error:
            problem = error.message
        self.isolation.durable(fact.torrent, problem)


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """A stage with six torrents."""
    async with bench(directory) as on, asyncio.TaskGroup() as group:
        for torrent in IDS:
            await on.catalogue.put(desired(torrent))
        stage = Stage(on, group)
        yield stage


def adding(torrent: str) -> Flight:
    """The engine died while it added a torrent."""
    return Flight(sync=FlightRecord("add", torrent, 1))


async def test_a_torrent_in_flight_twice_is_quarantined(tmp_path: Path) -> None:
    """Once the engine is stable without it.

    From then on no command about it reaches an engine, until it is released.
    """
    async with staged(tmp_path) as stage:
        assert stage.give() == "abcdef"
        assert not stage.die(flight=adding(B))
        assert stage.give() == "abcdef"
        assert stage.die(flight=adding(B))
        assert stage.reports[-1] == "1 torrent is held back to find the one that crashes the engine"
        assert stage.give() == "acdef"
        stage.calm(restored=False)
        stage.calm(seconds=0.5)
        assert stage.isolation.admits(B) is False
        await stage.on.turn()
        assert stage.on.catalogue.torrents[B].quarantine is None
        stage.calm()
        await stage.until_durable(B)
        assert stage.reports[-1:] == [None]
        assert stage.give_more() == "acdef"
        assert not stage.isolation.admit(B)
        assert stage.on.snapshot.of(B).state is TorrentState.QUARANTINED
        assert stage.on.told()[-1][1]["crash_report"] == "r"
        await stage.on.mutations.accept(ReleaseTorrent(torrent=B), asyncio.get_running_loop().time() + 10)
        stage.isolation.discard(B)
        assert stage.give_more() == "abcdef"


async def test_a_crash_loop_holds_back_what_is_not_tested(tmp_path: Path) -> None:
    """Torrents that wait are shown as queued, and more are sent to the running engine when it is stable."""
    async with staged(tmp_path) as stage:
        stage.on.snapshot.of(C).state = TorrentState.SEEDING
        stage.give()
        stage.die()
        stage.give()
        stage.die()
        assert stage.give() == ""
        assert stage.reports[-1] == "6 torrents are held back to find the one that crashes the engine"
        stage.calm()
        assert stage.give_more() == "abc"
        stage.die()
        await stage.on.turn()
        assert stage.reports[-1] == "5 torrents are held back to find the one that crashes the engine"
        assert stage.on.told()[-1] == ("state_changed", {"state": "queued", "previous": "seeding"})
        assert stage.give() == "a"
        stage.calm()
        assert stage.loads == 2
        assert stage.give_more() == "ab"


async def test_an_engine_that_dies_before_it_is_given_what_is_tested_teaches_nothing(tmp_path: Path) -> None:
    """It had nothing loaded, unlike the one before; torrents that are held back stay so."""
    async with staged(tmp_path) as stage:
        for _ in range(2):
            stage.give()
            stage.die()
        stage.give()
        stage.calm()
        assert stage.give_more() == "abc"
        stage.isolation.engine_spawned()
        assert not stage.die()
        assert stage.give() == "abc"


async def test_what_is_gone_is_not_suspected(tmp_path: Path) -> None:
    """It is not a suspect of the crash of the engine that had loaded it."""
    async with staged(tmp_path) as stage:
        stage.give()
        stage.isolation.discard(B)
        stage.die()
        assert [line["loaded"] for line in stage.on.logged if line["event"] == "crash_examined"] == [5]


async def test_ends_that_are_no_torrents_fault_teach_nothing(tmp_path: Path) -> None:
    """SIGKILL from outside, a clean end, a client's source; but a hang is a crash like others."""
    async with staged(tmp_path) as stage:
        source = Flight(sync=FlightRecord("inspect", None, 1))
        for _ in range(3):
            stage.give()
            assert not stage.die(KILLED, adding(A))
            assert not stage.die(Death(exit_code=0, signal=None), adding(A))
            assert not stage.die(flight=source)
        assert stage.give() == "abcdef"
        stage.die(KILLED, adding(A), killed_by_us=True)
        stage.give()
        assert stage.die(KILLED, adding(A), killed_by_us=True)
        assert stage.give() == "bcdef"


async def test_a_quarantine_holds_before_it_is_durable(tmp_path: Path) -> None:
    """While the resume directory is unavailable; it is written later."""
    async with staged(tmp_path) as stage:
        stage.on.catalogue.suspend("it is away")
        for _ in range(2):
            stage.give()
            stage.die(flight=adding(B))
        stage.give()
        stage.calm()
        while not any(record["event"] == "quarantine_not_durable" for record in stage.on.logged):
            await stage.on.turn()
        assert stage.give_more() == "acdef"
        assert stage.on.catalogue.torrents[B].quarantine is None
        stage.on.catalogue.open()
        stage.calm()
        await stage.until_durable(B)


async def test_a_torrent_that_is_never_taken_up_does_not_hold_the_others_back(tmp_path: Path) -> None:
    """Its disk hangs: after a minute, torrents that have not crashed the engine are cleared all the same."""
    async with staged(tmp_path) as stage:
        for _ in range(2):
            stage.give()
            stage.die()
        stage.give()
        stage.calm(restored=False, seconds=50.0)
        assert stage.loads == 0
        stage.calm(restored=False, seconds=20.0)
        stage.calm(restored=False, seconds=5.0)
        assert stage.loads == 1


async def test_a_torrent_that_is_loaded_to_be_deleted_is_one_of_them(tmp_path: Path) -> None:
    """An engine loads it for that if it had not loaded it; without its files, it is only removed."""
    async with staged(tmp_path) as stage:
        leaving = desired(B, removal="delete_files", revision=2)
        await stage.on.catalogue.put(leaving)
        for _ in range(2):
            stage.isolation.engine_ready()
            assert stage.isolation.admit(B)
            assert stage.give_more() == "acdef"
            stage.die(flight=adding(B))
        stage.isolation.engine_ready()
        assert not stage.isolation.admit(B)
        assert stage.give_more() == "acdef"
        stage.calm()
        while stage.on.catalogue.leaving[B].quarantine is None:
            await stage.on.turn()


async def test_a_supervisor_that_was_restarted_knows_its_quarantines(tmp_path: Path) -> None:
    """They are in the records, and shown at once."""
    async with bench(tmp_path) as on, asyncio.TaskGroup() as group:
        await on.catalogue.put(desired(A, quarantine=Quarantine(reason="why", since_us=1)))
        await on.catalogue.put(desired(B))
        stage = Stage(on, group)
        row = on.snapshot.row(on.catalogue.torrents[A], 0.0)
        assert (row.state, row.error) == (TorrentState.QUARANTINED, "why")
        assert stage.give() == "b"
