"""Outbreaks: a real daemon with failpoints in its engines. Some torrents crash each engine that loads them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from protocol.wire.rows import TorrentState
from tools.engines.failpoints import Failpoint, Failpoints
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.waiting import until

Evidence = Literal["strong", "weak", "late"]
"""The moment at which the engine dies.

- `strong`: in the native call that adds the torrent
- `weak`: in a native thread, some time after all torrents were added, when nothing is in flight
- `late`: in a native thread shortly after the add, while other torrents are being added
"""

_FAILPOINTS: Final[dict[Evidence, Failpoint]] = {
    "strong": Failpoint(where="load"),
    "weak": Failpoint(where="load", delay_ms=200, calm=True),
    "late": Failpoint(where="load", delay_ms=40),
}
FILE_BYTES: Final = 1000


class Outcome(NamedTuple):
    """The result of an outbreak.

    Fields:
        crashes: the number of engines that died by SIGSEGV.
        seconds: the time until all good torrents were seeding and the others in quarantine. The time begins with the
            kill that made the next engine load all torrents.
        quarantined: the ids of quarantined torrents according to the rows.
        told: the ids of quarantined torrents according to the events.
    """

    crashes: int
    seconds: float
    quarantined: set[str]
    told: set[str]


class Outbreak:
    """A daemon with failpoints for some of its torrents. All torrents seed until a failpoint is armed.

    Args:
        root: an empty directory with a short path, because it will contain sockets.
        count: the number of torrents.
        max_delay_s: the maximum back-off, in seconds.
    """

    def __init__(self, root: Path, count: int, *, max_delay_s: float = 1.0) -> None:
        self.failpoints = Failpoints(root / "failpoints")
        self.daemon = Daemon(
            root / "d",
            engine_module="tools.engines.failpoint_engine",
            environment=self.failpoints.environment,
            restart={"budget": 5, "window_s": 60, "max_delay_s": max_delay_s},
        )
        self.samples = [
            SampleTorrent(f"torrent {number:04}", {"": noise(FILE_BYTES, number)}, single=True)
            for number in range(count)
        ]

    def seed(self) -> None:
        """Adds all torrents, and waits until they seed."""
        for sample in self.samples:
            sample.write(self.daemon.downloads)
        requests = [("add_torrent", {"metainfo": sample.metainfo, "seed_mode": True}) for sample in self.samples]
        replies = self.daemon.client.request_many(requests)
        assert all(isinstance(reply, dict) for reply in replies), replies
        self._until_seeding(len(self.samples))

    def break_out(self, poison: Sequence[str], evidence: Evidence, *, patience_s: float = 120.0) -> Outcome:
        """Makes these torrents crash engines, and kills the engine. The next engine loads all torrents.

        Returns the result.
        """
        for torrent in poison:
            self.failpoints.arm(torrent, msgspec.structs.replace(_FAILPOINTS[evidence], torrent=torrent))
        before = self.crashes()
        began = time.monotonic()
        self.daemon.kill_engine()
        until(
            lambda: self.quarantined() == set(poison),
            f"{poison} are quarantined; the daemon's log is {self.daemon.log}",
            patience_s=patience_s,
            every_s=0.1,
        )
        self._until_seeding(len(self.samples) - len(poison))
        seconds = time.monotonic() - began
        told = {str(record["torrent"]) for record in self.daemon.logged("torrent_quarantined")}
        return Outcome(self.crashes() - before, seconds, self.quarantined(), told)

    def quarantined(self) -> set[str]:
        """The ids of all torrents in quarantine."""
        return {row.torrent for row in self.daemon.client.list_torrents(state=TorrentState.QUARANTINED)}

    def crashes(self) -> int:
        """The number of engines that died by SIGSEGV."""
        return sum(record["signal"] == "SIGSEGV" for record in self.daemon.logged("engine_exited"))

    def _until_seeding(self, count: int) -> None:
        until(
            lambda: self.daemon.client.stats().torrents.get(TorrentState.SEEDING.value) == count,
            f"{count} torrents seed; the daemon's log is {self.daemon.log}",
            every_s=0.1,
        )


@contextmanager
def outbreak(root: Path, count: int, *, max_delay_s: float = 1.0) -> Iterator[Outbreak]:
    """A context with a daemon. All its torrents seed."""
    made = Outbreak(root, count, max_delay_s=max_delay_s)
    with made.daemon:
        made.seed()
        yield made
