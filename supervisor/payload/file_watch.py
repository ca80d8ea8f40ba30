"""The file watch: detects missing and truncated files of complete torrents.

libtorrent does not detect such files. libtorrent may never read a file again, and can still read a deleted file while
the file is open. So the watch checks the files of all complete torrents in the kernel's caches. The checks are spread
evenly over each round, and wake no disk up. A round takes 40 s, so a missing file is detected within a minute. With
more than 30,000 torrents a round takes longer in proportion: 134 s with 100,000. If a file is suspicious, the engine
checks the disk. Then the torrent waits for its files, or the missing parts are downloaded.

Some files are not cached, and their directories have not changed lately. These files are checked on the disk. Every ten
minutes, such files of a bounded number of torrents are checked.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from protocol.wire.rows import TorrentState
from supervisor.concurrency.threads import in_thread
from supervisor.engine.torrents.observed.packed_files import Metadata
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.host.cached_look import Sight, check_cached
from supervisor.store.catalogue import Catalogue

ROUND_S: Final = 40.0
"""The time of a round with up to `FILES` torrents."""

SLICES: Final = 40
"""The number of steps of such a round. Each step checks some torrents."""

FILES: Final = 30_000
"""The number of files that are checked in such a round.

Each torrent gets an equal share of this number. Later rounds check its other files. If there are more torrents, the
round has more steps. So no step checks more than 750 files.
"""

RECENT_ROUNDS: Final = 3
"""A directory that was changed within this number of rounds counts as changed lately."""

DEEP_S: Final = 600.0
DEEP_MAX: Final = 100
PATIENCE_S: Final = 5.0
"""The time limit of a check. A check reads no disk, so it should take milliseconds."""
STUCK_MAX: Final = 4

_COMPLETE: Final = frozenset({TorrentState.SEEDING, TorrentState.FINISHED})


class _Torrent(NamedTuple):
    torrent: str
    save_path: str
    metadata: Metadata


class FileWatch:
    """Checks the files of all complete torrents.

    Args:
        ask: has the engine check a torrent's files.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        snapshot: Snapshot,
        ask: Callable[[str], None],
        *,
        round_s: float = ROUND_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._ask = ask
        self._round_s = round_s
        self._clock = clock
        self._round = 0
        self._steps = SLICES
        self._deep_at = clock() + DEEP_S
        self._deep = False
        self._deep_left = 0
        self._deep_done: set[str] = set()
        """The torrents with uncached files that were checked on the disk already."""
        self._stuck: set[asyncio.Task[dict[str, Sight]]] = set()

    async def run(self) -> None:
        """Makes rounds for ever."""
        while True:
            self.begin()
            torrents = list(self._catalogue.torrents)
            self._steps = steps(len(torrents))
            size = -(-len(torrents) // self._steps)
            files = max(1, FILES // max(1, len(torrents)))
            for number in range(self._steps):
                chosen = torrents[number * size : (number + 1) * size]
                if chosen and len(self._stuck) < STUCK_MAX:
                    await self.check(chosen, files)
                await asyncio.sleep(self._round_s / SLICES)

    def begin(self) -> None:
        """Begins a round."""
        self._round += 1
        if self._deep and self._deep_left:
            self._deep_done.clear()  # all torrents were checked
        self._deep = self._clock() >= self._deep_at
        self._deep_left = DEEP_MAX if self._deep else 0
        if self._deep:
            self._deep_at = self._clock() + DEEP_S

    async def check(self, torrents: Sequence[str], files: int) -> None:
        """Checks some files of each of these torrents, and has the engine check suspicious torrents."""
        complete = [each for torrent in torrents if (each := self._complete(torrent)) is not None]
        if not complete:
            return
        changed_since = time.time() - RECENT_ROUNDS * self._steps * self._round_s / SLICES
        work = asyncio.create_task(in_thread(partial(_look_at, complete, files, self._round, changed_since)))
        self._stuck.add(work)
        work.add_done_callback(self._stuck.discard)
        await asyncio.wait([work], timeout=PATIENCE_S)
        if not work.done() or work.exception() is not None:  # it failed: no thread could be started
            return
        for torrent, sight in work.result().items():
            if sight is not Sight.UNKNOWN or self._turn_of(torrent):
                self._ask(torrent)

    def _turn_of(self, torrent: str) -> bool:
        if not self._deep_left or torrent in self._deep_done:
            return False
        self._deep_left -= 1
        self._deep_done.add(torrent)
        return True

    def _complete(self, torrent: str) -> _Torrent | None:
        desired = self._catalogue.torrents.get(torrent)
        if desired is None or torrent not in self._snapshot.present:
            return None
        observed = self._snapshot.of(torrent)
        if observed.metadata is None:
            return None
        if observed.state not in _COMPLETE:
            progress = observed.progress
            if observed.state is not TorrentState.PAUSED or progress is None:
                return None
            if not 0 < progress.bytes_total <= progress.bytes_done:
                return None
        return _Torrent(torrent, desired.save_path, observed.metadata)


def steps(torrents: int) -> int:
    """Returns the number of steps of a round. Each step takes the same time, and checks at most 750 files."""
    return max(SLICES, -(-torrents * SLICES // FILES))


def _look_at(torrents: Sequence[_Torrent], files: int, number: int, changed_since: float) -> dict[str, Sight]:
    """Returns the torrents with missing, doubtful or uncached files, and the worst finding of each."""
    found: dict[str, Sight] = {}
    for torrent, save_path, metadata in torrents:
        start = 0 if metadata.count <= files else (number * files) % metadata.count
        for seen, file in enumerate(metadata.files(start)):
            if seen >= files:
                break
            if not file.priority or not file.size:
                continue
            sight = check_cached(f"{save_path}/{file.path}", file.size, changed_since)
            if sight is not Sight.THERE:
                found[torrent] = sight
                if sight is not Sight.UNKNOWN:
                    break
    return found
