import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.internal.link_events import FilesRestored, TorrentApplied
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import TorrentState
from supervisor.host.cached_look import Sight
from supervisor.payload import file_watch
from supervisor.payload.file_watch import DEEP_MAX, DEEP_S, FileWatch
from tests.supervisor.bench import Bench, bench
from tests.supervisor.samples import OTHER, V1, desired, progress

SIZE = 10


async def seeding(
    on: Bench,
    torrent: str,
    *,
    state: TorrentState = TorrentState.SEEDING,
    skipped: tuple[int, ...] = (),
    files: int = 3,
) -> None:
    """A torrent that the engine has reported, in `/data/<its first digit>`."""
    await on.catalogue.put(desired(torrent, save_path="/data"))
    entries = [FileEntry(index, f"{torrent[0]}/{index}", SIZE, 0 if index in skipped else 4) for index in range(files)]
    name, size = torrent[0], SIZE * files
    on.observer.handle(
        FilesRestored(
            torrent=torrent,
            metadata=KnownMetadata(name=name, size=size, piece_length=16384, files=len(entries)),
            files=entries,
        )
    )
    on.observer.handle(TorrentApplied(torrent=torrent, revision=1))
    on.observer.handle(progress(torrent, state, bytes_done=size, bytes_total=size))
    on.snapshot.of(torrent).state = state


class Kernel:
    """A fake kernel cache, and its accesses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sights: dict[str, Sight] = {}
        self.otherwise = Sight.THERE
        self.stuck: threading.Event | None = None

    def look(self, path: str, size: int, changed_since: float) -> Sight:
        """Replaces the real check."""
        assert (size, changed_since > 0) == (SIZE, True)
        if self.stuck is not None:
            self.stuck.wait(60)
        self.asked.append(path)
        return self.sights.get(path, self.otherwise)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A cache with all files of all torrents."""
    made = Kernel()
    monkeypatch.setattr(file_watch, "check_cached", made.look)
    return made


def watch(on: Bench, asked: list[str], clock: Callable[[], float] = lambda: 0.0) -> FileWatch:
    """A watch whose requests go nowhere."""
    return FileWatch(on.catalogue, on.snapshot, asked.append, clock=clock)


@pytest.mark.parametrize("sight", [Sight.GONE, Sight.DOUBTFUL])
async def test_a_seed_that_lacks_a_file_is_looked_at(tmp_path: Path, kernel: Kernel, sight: Sight) -> None:
    """And no other; unselected files may be missing."""
    async with bench(tmp_path) as on:
        asked: list[str] = []
        await seeding(on, V1)
        await seeding(on, OTHER, state=TorrentState.FINISHED, skipped=(1,))
        kernel.sights = {"/data/a/2": sight, "/data/b/1": sight}
        await watch(on, asked).check([V1, OTHER], 10)
        assert asked == [V1]


@pytest.mark.parametrize(
    ("state", "looked_at"),
    [
        (TorrentState.SEEDING, True),
        (TorrentState.PAUSED, True),
        (TorrentState.DOWNLOADING, False),
        (TorrentState.CHECKING, False),
        (TorrentState.MISSING_STORAGE, False),
    ],
)
async def test_what_is_complete_is_looked_at(
    tmp_path: Path, kernel: Kernel, state: TorrentState, looked_at: bool
) -> None:
    """Paused or not; of others the right sizes are unknown, or the problem is reported already."""
    async with bench(tmp_path) as on:
        await seeding(on, V1, state=state)
        await watch(on, []).check([V1], 10)
        assert bool(kernel.asked) is looked_at


async def test_a_paused_torrent_that_is_not_complete_is_left_alone(tmp_path: Path, kernel: Kernel) -> None:
    """Its files may be shorter, or missing."""
    async with bench(tmp_path) as on:
        await seeding(on, V1, state=TorrentState.PAUSED)
        on.observer.handle(progress(V1, TorrentState.PAUSED, bytes_done=10, bytes_total=30))
        await watch(on, []).check([V1], 10)
        assert kernel.asked == []


async def test_many_files_have_their_turn_one_after_another(tmp_path: Path, kernel: Kernel) -> None:
    """Each within a bounded number of rounds."""
    async with bench(tmp_path) as on:
        await seeding(on, V1, files=7)
        watching = watch(on, [])
        for _ in range(7):
            watching.begin()
            await watching.check([V1], 2)
        assert set(kernel.asked) == {f"/data/a/{index}" for index in range(7)}
        assert len(kernel.asked) <= 14


async def test_what_nothing_is_known_of_is_looked_at_every_ten_minutes(tmp_path: Path, kernel: Kernel) -> None:
    """Some torrents in each round, so that no disk is busy for long; then from the first one again."""
    async with bench(tmp_path) as on:
        now, asked = [0.0], list[str]()
        torrents = [f"{number:040x}" for number in range(DEEP_MAX + 5)]
        for torrent in torrents:
            await seeding(on, torrent, files=1)
        kernel.otherwise = Sight.UNKNOWN
        watching = watch(on, asked, lambda: now[0])

        async def round_at(time: float) -> list[str]:
            now[0] = time
            asked.clear()
            watching.begin()
            await watching.check(torrents, 10)
            return list(asked)

        assert await round_at(0.0) == []
        assert await round_at(DEEP_S - 1) == []
        first = await round_at(DEEP_S)
        assert len(first) == DEEP_MAX
        assert await round_at(DEEP_S + 40) == []
        second = await round_at(2 * DEEP_S)
        assert sorted(first + second) == torrents
        assert await round_at(2 * DEEP_S + 40) == []
        assert await round_at(3 * DEEP_S) == first


async def test_a_look_that_hangs_is_left_alone(tmp_path: Path, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next checks go on, and their results count."""
    monkeypatch.setattr(file_watch, "PATIENCE_S", 0.05)
    async with bench(tmp_path) as on:
        asked: list[str] = []
        await seeding(on, V1)
        watching = watch(on, asked)
        kernel.stuck = stuck = threading.Event()
        await watching.check([V1], 10)
        assert asked == []
        kernel.stuck = None
        kernel.sights = {"/data/a/0": Sight.GONE}
        monkeypatch.setattr(file_watch, "PATIENCE_S", 30.0)
        await watching.check([V1], 10)
        assert asked == [V1]
        stuck.set()


@pytest.mark.parametrize(("torrents", "found"), [(0, 40), (1, 40), (30_000, 40), (30_001, 41), (100_000, 134)])
def test_the_number_of_checks_in_a_second_is_bounded(torrents: int, found: int) -> None:
    """Rounds of more than 30,000 torrents take longer instead."""
    assert file_watch.steps(torrents) == found
    assert -(-torrents // found) <= file_watch.FILES // file_watch.SLICES
