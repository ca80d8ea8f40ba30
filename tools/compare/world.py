"""What all works need: a network of its own, a seed, a tracker and the payloads."""

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tools.compare.tracker import SeedTracker
from tools.interop import network
from tools.rig import bencode, payload
from tools.rig.payload import MIB, Torrent
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed

SEED_PORT: Final = 6881
TINY_BYTES: Final = 1000
SMALL_MIB: Final = 4

SEED_SETTINGS: Final[dict[str, int | str | bool]] = {
    "listen_interfaces": f"{network.BRIDGE_ADDRESS}:{SEED_PORT}",
    "enable_incoming_utp": False,
    "connections_limit": 10_000,
    "unchoke_slots_limit": -1,
    "file_pool_size": 1000,
    "listen_queue_size": 1000,
}
"""The seed accepts as many peers as come, and only TCP. uTP is off in all programs."""


@dataclass(frozen=True)
class Sizes:
    """How much work there is.

    Fields:
        big_mib: the size of the torrent that is downloaded and uploaded.
        tiny: the number of torrents that only seed.
        small: the number of torrents that are downloaded at once.
        idle_s: how long idle programs are watched.
        calls: the number of measured reads, and of measured changes.
        limit_s: the time limit of each wait for torrents.
    """

    big_mib: int
    tiny: int
    small: int
    idle_s: float
    calls: int
    limit_s: float


class World:
    """The network, the seed, the tracker and the payloads within its context. Enters a new network namespace.

    Args:
        root: an empty directory.

    Fields:
        big: the big torrent.
        big_sha1: the SHA-1 of the big torrent's data.
        smalls: the torrents of the work `small`.
        smalls_sha1: the SHA-1 of all data of `smalls`.
        tinies: the torrents of the work `many`.
    """

    def __init__(self, root: Path, sizes: Sizes) -> None:
        self.root = root
        self.sizes = sizes
        self._stack = ExitStack()
        network.enter()

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _make(self) -> None:
        self.seed = self._stack.enter_context(Seed(settings=SEED_SETTINGS))
        tracker = SeedTracker(network.BRIDGE_ADDRESS, (network.BRIDGE_ADDRESS, SEED_PORT))
        url = self._stack.enter_context(tracker).url
        big, small, tiny = (self.root / name for name in ("big", "small", "tiny"))
        self.big = payload.make(big, "big.bin", {"": self.sizes.big_mib * MIB}, piece_size=MIB, tracker=url)
        self.big_sha1 = payload.sha1(big / self.big.name)
        self.smalls = [
            payload.make(small, f"small-{number:04}.bin", {"": SMALL_MIB * MIB}, tracker=url)
            for number in range(self.sizes.small)
        ]
        self.smalls_sha1 = payload.sha1(small) if self.smalls else ""
        for made in (self.big, *self.smalls):
            self.seed.add(made.metainfo, made.root)
        self.tinies = [SampleTorrent(f"tiny-{n:06}", {"": noise(TINY_BYTES, n)}, single=True)
                       for n in range(self.sizes.tiny)]  # fmt: skip
        self._tiny_root = tiny
        for sample in self.tinies:
            sample.write(tiny)

    def link_big(self, directory: Path) -> None:
        """Makes the data of the big torrent appear in a directory, as a hard link."""
        os.link(self.big.root / self.big.name, directory / self.big.name)

    def link_tinies(self, directory: Path) -> None:
        """Makes the data of all tiny torrents appear in a directory, as hard links."""
        for entry in os.scandir(self._tiny_root):
            os.link(entry.path, directory / entry.name)

    def room(self) -> Path | None:
        """A directory in memory for one more copy of the big torrent. None if there is no space."""
        memory = Path("/dev/shm")
        space = shutil.disk_usage(memory).free if memory.is_dir() else 0
        return memory if space > 2 * self.big.size else None


def untracked(made: Torrent) -> bytes:
    """The .torrent file without its tracker."""
    found: Any = bencode.decode(made.metainfo)
    return bencode.encode({b"info": found[b"info"]})
