"""Goals of complete torrents are acted on: durably, once, and as clients' commands are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from protocol.internal.link_commands import DropTorrent, EnsureTorrent
from protocol.wire.desired import TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.goals import ReachedGoals
from protocol.wire.rows import TorrentState
from supervisor.commands.seeding import goal_keeper
from supervisor.commands.seeding.goal_keeper import GoalKeeper
from supervisor.config.goals_config import GoalsConfig
from tests.supervisor.bench import Bench, PlayedEngine, bench
from tests.supervisor.commands.test_mutations import do, fingerprint, on_disk
from tests.supervisor.samples import OTHER, V1, desired, progress

COMPLETE: Final = {"progress": 1.0, "bytes_done": 100, "bytes_total": 100, "uploaded": 50}


class Goals:
    """A goal keeper, and the actions that it has begun."""

    def __init__(self, on: Bench, engine: PlayedEngine) -> None:
        self.on = on
        self.engine = engine
        self.configured = GoalsConfig(ratio=0.5)
        self.tasks: list[asyncio.Task[None]] = []
        self.keeper = GoalKeeper(
            catalogue=on.catalogue,
            engine=on.face,
            global_goals=lambda: self.configured,
            act=on.mutations.act_on_goal,
            group=self,
            log=on.log,
        )

    def create_task(self, work: Any, /) -> asyncio.Task[None]:
        self.tasks.append(asyncio.get_running_loop().create_task(work))
        return self.tasks[-1]

    async def seeding(self, torrent: str = V1, **fields: Any) -> None:
        """Has a complete torrent, which the engine has confirmed."""
        await self.on.catalogue.put(desired(torrent, **fields))
        self.on.snapshot.present.add(torrent)
        self.on.snapshot.of(torrent).state = TorrentState.SEEDING
        self.on.snapshot.totals.state(torrent, TorrentState.SEEDING)
        self.report(torrent, downloaded=100)

    def report(self, torrent: str = V1, **fields: Any) -> None:
        """The engine's report on it."""
        event = progress(torrent, TorrentState.SEEDING, **(COMPLETE | fields))
        self.on.snapshot.apply_progress(event, 0.0, 0)

    async def tick(self, times: int = 1) -> int:
        """Ticks. Returns the number of actions that were begun meanwhile."""
        before = len(self.tasks)
        for _ in range(times):
            self.keeper.tick()
        await asyncio.gather(*self.tasks[before:])
        return len(self.tasks) - before

    def told(self) -> list[tuple[str, Any]]:
        """The events about goals and removals."""
        return [each for each in self.on.told() if each[0] in ("goal_reached", "torrent_removed")]


@contextlib.asynccontextmanager
async def bench_of_goals(tmp_path: Path) -> AsyncIterator[Goals]:
    """Goals, with an engine that is up."""
    async with bench(tmp_path) as on:
        yield Goals(on, await on.engine())


async def test_a_torrent_is_paused_once(tmp_path: Path) -> None:
    """It is durable, told and handed on; no client has paused it. If it is resumed, it stays so."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding()
        assert await goals.tick(3) == 1
        assert goals.told() == [("goal_reached", {"goal": "ratio", "action": "pause"})]
        record = on_disk(goals.on)
        assert (record["paused"], record["revision"]) == (True, 2)
        assert record["reached"] == {"goal": "ratio", "ratio": 0.5, "seeding_time_s": None, "seeding_s": 0}
        [*_, sent] = await goals.engine.given(EnsureTorrent)
        assert sent.desired.paused
        assert goals.on.paused == []
        assert await goals.tick(3) == 0
        await do(goals.on, "resume", torrent=V1)
        goals.report(uploaded=90)
        assert await goals.tick(3) == 0
        assert not on_disk(goals.on)["paused"]
        goals.configured = GoalsConfig(ratio=0.8)
        assert await goals.tick() == 1
        assert on_disk(goals.on)["paused"]


async def test_a_goal_that_a_client_sets_applies_again(tmp_path: Path) -> None:
    """Also with the value that it had."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding(reached=ReachedGoals(goal="ratio", ratio=0.5))
        assert await goals.tick() == 0
        await do(goals.on, "update_options", torrent=V1, ratio_goal=0.5)
        assert await goals.tick() == 1
        assert on_disk(goals.on)["paused"]


@pytest.mark.parametrize("action", ["remove", "remove_files"])
async def test_a_torrent_is_removed(tmp_path: Path, action: str) -> None:
    """As a client does it; the goal is told before the removal."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding(options=TorrentOptions(ratio_goal=0.5, goal_action=action))  # type: ignore[arg-type]  # str
        goals.configured = GoalsConfig()
        goals.on.shared_files.files_known(V1, [])
        goals.on.snapshot.of(V1).applied_revision = 1
        assert await goals.tick(2) == 1
        delete_files = action == "remove_files"
        assert goals.told() == [
            ("goal_reached", {"goal": "ratio", "action": action}),
            ("torrent_removed", {"delete_files": delete_files}),
        ]
        [sent] = await goals.engine.given(DropTorrent)
        assert (sent.torrent, sent.delete_files) == (V1, delete_files)
        assert await goals.tick(2) == 0


async def test_a_torrent_is_set_to_super_seeding(tmp_path: Path) -> None:
    """Once: a client can end it."""
    async with bench_of_goals(tmp_path) as goals:
        goals.configured = GoalsConfig(ratio=0.5, action="super_seed")
        await goals.seeding()
        assert await goals.tick(2) == 1
        assert goals.told() == [("goal_reached", {"goal": "ratio", "action": "super_seed"})]
        record = on_disk(goals.on)
        assert (record["options"]["super_seeding"], record["paused"]) == (True, False)
        await do(goals.on, "update_options", torrent=V1, super_seeding=False)
        assert await goals.tick(2) == 0


async def test_seeding_time_and_inactivity_are_counted_in_uptime(tmp_path: Path) -> None:
    """A transfer begins the inactivity anew; a pause does not count."""
    async with bench_of_goals(tmp_path) as goals:
        totals = goals.on.snapshot.totals
        goals.configured = GoalsConfig(inactive_time_s=10)
        totals.tick(0.0, up=True)
        await goals.seeding()
        totals.tick(9.0, up=True)
        goals.report(uploaded=51)
        totals.tick(18.0, up=True)
        assert await goals.tick() == 0
        totals.tick(19.0, up=True)
        assert await goals.tick() == 1
        assert goals.told() == [("goal_reached", {"goal": "inactive_time", "action": "pause"})]
        totals.state(V1, TorrentState.PAUSED)
        totals.tick(99.0, up=True)
        await do(goals.on, "resume", torrent=V1)
        totals.state(V1, TorrentState.SEEDING)
        totals.tick(108.0, up=True)
        assert await goals.tick() == 0
        totals.tick(109.0, up=True)
        assert await goals.tick() == 1
        goals.configured = GoalsConfig(seeding_time_s=29)
        await do(goals.on, "resume", torrent=V1)
        assert await goals.tick() == 1
        assert goals.told()[-1][1]["goal"] == "seeding_time"


async def test_only_complete_torrents_have_goals(tmp_path: Path) -> None:
    """Neither those that are paused, started by force or not loaded, nor any without a goal."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding(paused=True)
        await goals.seeding(OTHER, options=TorrentOptions(force_start=True))
        assert await goals.tick() == 0
        await goals.seeding(options=TorrentOptions(ratio_goal=None))
        assert await goals.tick() == 0
        await goals.seeding()
        for state in (TorrentState.DOWNLOADING, TorrentState.CHECKING, TorrentState.PAUSED, TorrentState.ERROR):
            goals.on.snapshot.of(V1).state = state
            assert await goals.tick() == 0
        goals.on.snapshot.of(V1).state = TorrentState.FINISHED
        goals.report(bytes_total=0)
        assert await goals.tick() == 0
        goals.report()
        goals.on.snapshot.present.discard(V1)
        assert await goals.tick() == 0
        goals.on.snapshot.present.add(V1)
        assert await goals.tick() == 1


async def test_a_change_that_is_faster_than_the_action_wins(tmp_path: Path) -> None:
    """The goal is judged again under the lock."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding()
        goals.keeper.tick()
        goals.on.catalogue.torrents[V1] = desired(options=TorrentOptions(ratio_goal=None))
        await asyncio.gather(*goals.tasks)
        assert (len(goals.tasks), goals.told(), on_disk(goals.on)["paused"]) == (1, [], False)


async def test_an_action_that_fails_is_logged_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a delay. The same problem is logged once, and nothing has changed."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding()
        goals.on.catalogue.suspend("it is full")
        untouched = fingerprint(goals.on)
        assert await goals.tick(3) == 1
        assert await goals.tick(3) == 0
        monkeypatch.setattr(goal_keeper, "AGAIN_S", 0.0)
        goals.keeper._failed.clear()
        assert await goals.tick() == 1
        assert await goals.tick() == 1
        assert fingerprint(goals.on) == untouched
        lines = [line for line in goals.on.logged if line["event"] == "goal_not_acted_on"]
        assert len(lines) == 2
        goals.on.catalogue.open()
        assert await goals.tick() == 1
        assert on_disk(goals.on)["paused"]


async def test_a_torrent_that_is_gone_has_no_goals(tmp_path: Path) -> None:
    """An action that is too late changes nothing."""
    async with bench_of_goals(tmp_path) as goals:
        await goals.seeding()
        goals.keeper.tick()
        del goals.on.catalogue.torrents[V1]
        await asyncio.gather(*goals.tasks)
        with pytest.raises(OuzelError) as error:
            await goals.on.mutations.act_on_goal(V1, lambda _: None)
        assert error.value.kind is ErrorKind.UNKNOWN_TORRENT
        assert [line for line in goals.on.logged if line["event"] == "goal_not_acted_on"] == []


async def test_many_torrents_are_examined_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice in each tick, and then from the beginning."""
    monkeypatch.setattr(goal_keeper, "SLICE", 2)
    async with bench_of_goals(tmp_path) as goals:
        for digit in "12345":
            await goals.seeding(digit * 40)
        assert [await goals.tick() for _ in range(4)] == [2, 2, 1, 0]


async def test_changed_global_goals_are_acted_on_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All torrents are examined in one tick. While many actions run, no further ones are begun."""
    monkeypatch.setattr(goal_keeper, "SLICE", 2)
    monkeypatch.setattr(goal_keeper, "PAUSE_S", 0.001)
    async with bench_of_goals(tmp_path) as goals:
        goals.configured = GoalsConfig(ratio=0.9)
        for digit in "12345":
            await goals.seeding(digit * 40)
        assert await goals.tick() == 0
        goals.configured = GoalsConfig(ratio=0.5)
        goals.keeper.tick()
        assert len(goals.keeper._acting) == 2
        while any(not task.done() for task in goals.tasks):
            await asyncio.sleep(0.001)
            assert len(goals.keeper._acting) <= 2
        assert len(goals.told()) == 5
        assert await goals.tick(3) == 0


async def test_goals_that_change_again_begin_a_new_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The former round ends, so that two rounds never run at a time."""
    monkeypatch.setattr(goal_keeper, "SLICE", 1)
    monkeypatch.setattr(goal_keeper, "PAUSE_S", 0.001)
    async with bench_of_goals(tmp_path) as goals:
        goals.configured = GoalsConfig()
        for digit in "123":
            await goals.seeding(digit * 40)
        assert await goals.tick() == 0
        for ratio in (0.9, 0.8, 0.5):
            goals.configured = GoalsConfig(ratio=ratio)
            goals.keeper.tick()
        for _ in range(3):  # a finished round has begun actions
            await asyncio.gather(*goals.tasks)
        assert len(goals.told()) == 3
