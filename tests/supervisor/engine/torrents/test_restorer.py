import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

from protocol.internal.link_commands import DropTorrent, EnsureTorrent
from protocol.wire.desired import DesiredTorrent
from supervisor.engine.facts import Problem, Restored
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.restore import CHUNK, SLICE, WINDOW, Restore
from supervisor.engine.torrents.restorer import Restorer, drop_command
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import desired

IDS = [letter * 40 for letter in "abcdef"]


class Stage:
    """A restorer on the bench's link, with two torrents at a time and at most four unconfirmed."""

    def __init__(self, on: Bench) -> None:
        self.on = on
        self.held: set[str] = set()
        self.reports: list[str | None] = []
        self.restorer = Restorer(
            Restore(window=4, chunk=2),
            torrents=on.catalogue,
            snapshot=on.snapshot,
            link=on.link,
            admits=lambda torrent: torrent not in self.held,
            ensure=on.link.send,
            forget=lambda desired: on.link.send(drop_command(desired)),
            emit=self._heard,
        )

    def _heard(self, fact: Problem | Restored) -> None:
        if isinstance(fact, Problem):
            self.reports.append(fact.problem and fact.problem.partition(";")[0])


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """With an engine that is up and has no torrents, and then six torrents."""
    async with bench(directory) as on:
        await on.engine(EnsureTorrent, DropTorrent)
        for torrent in IDS:
            await on.catalogue.put(desired(torrent))
        yield Stage(on)


async def test_all_are_given_a_few_at_a_time(tmp_path: Path) -> None:
    """More follow when half of them are loaded; the progress is reported."""
    async with staged(tmp_path) as stage:
        stage.restorer.give_all()
        assert stage.reports == ["0 of 6 torrents are back"]
        engine = stage.on._engines[-1]
        first = [each.desired.torrent for each in await engine.given(EnsureTorrent, 4)]
        assert len(set(first)) == 4
        for torrent in first:
            assert not stage.restorer.done
            stage.restorer.taken_up(torrent)
        rest = {each.desired.torrent for each in await engine.given(EnsureTorrent, 6)} - set(first)
        for torrent in rest:
            stage.restorer.taken_up(torrent)
        assert stage.restorer.done
        assert stage.reports[-1] is None
        assert {*first, *rest} == set(IDS)


async def test_what_may_not_be_loaded_is_not_given_until_it_may(tmp_path: Path) -> None:
    """Then only missing torrents are sent, and torrents that are being removed are removed again."""
    async with staged(tmp_path) as stage:
        stage.held = set(IDS[2:])
        stage.restorer.give_all()
        engine = stage.on._engines[-1]
        given = {each.desired.torrent for each in await engine.given(EnsureTorrent, 2)}
        assert given == set(IDS[:2])
        for torrent in given:
            stage.restorer.taken_up(torrent)
            stage.on.snapshot.present.add(torrent)
        assert stage.restorer.done
        stage.held = set()
        await stage.on.catalogue.put(desired(IDS[5], removal="keep_files"))
        stage.restorer.give_missing()
        more = {each.desired.torrent for each in await engine.given(EnsureTorrent, 5)} - given
        assert more == set(IDS[2:5])
        assert [each.torrent for each in await engine.given(DropTorrent)] == [IDS[5]]


async def test_without_an_engine_nothing_is_given(tmp_path: Path) -> None:
    """The next engine gets everything."""
    async with staged(tmp_path) as stage:
        stage.restorer.give_all()
        await stage.on.lose_engine()
        for torrent in IDS:
            stage.restorer.taken_up(torrent)
        stage.restorer.give_all()
        assert stage.reports[-1] == "0 of 6 torrents are back"


async def test_no_turn_of_the_loop_handles_many_of_20_000_torrents() -> None:
    """Each turn puts at most one slice in order, or sends at most one chunk."""
    torrents = {f"{number:040x}": desired(f"{number:040x}", added_us=number % 977) for number in range(20_000)}
    torrents.update({torrent: desired(torrent, paused=True) for torrent in list(torrents)[:100]})
    turns: list[tuple[int, int]] = []
    looked, sent = 0, 0

    def admits(torrent: str) -> bool:
        nonlocal looked
        looked += 1
        return True

    def ensure(*commands: EnsureTorrent) -> None:
        nonlocal sent
        sent += len(commands)

    class Up:
        up = True

    class Own:
        leaving: Final[dict[str, DesiredTorrent]] = {}

        def __init__(self) -> None:
            self.torrents = torrents

    restorer = Restorer(
        Restore(),
        torrents=cast(OwnTorrents, Own()),
        snapshot=Snapshot(),
        link=cast(EngineLink, Up()),
        admits=admits,
        ensure=ensure,
        forget=lambda desired: None,
        emit=lambda fact: None,
    )
    restorer.give_all()
    while sent <= WINDOW // 2:
        assert not restorer.done
        turns.append((looked, sent))
        looked, before = 0, sent
        await asyncio.sleep(0)
        assert sent - before <= CHUNK
        assert not (looked and before), "torrents are sent only once all are in order"
    assert max(looked for looked, _ in turns) <= SLICE
    assert sum(looked for looked, _ in turns) == len(torrents)
