"""A second file system, a daemon that may use it, and a torrent."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.wire.rows import TorrentState
from tests.end_to_end.reused import CHAOS, ReusedDaemon, clear
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed


@pytest.fixture(scope="session")
def other_root() -> Iterator[Path]:
    """A directory on another file system than temporary files."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-", dir="/dev/shm"))
    if path.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("/dev/shm is no file system of its own")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def reused(other_root: Path) -> Iterator[ReusedDaemon]:
    """The daemon of these tests: it has a second download root, on another file system."""
    with contextlib.closing(ReusedDaemon(lambda root: Daemon(root, roots=[other_root], restart=CHAOS))) as found:
        yield found


@pytest.fixture
def other(other_root: Path) -> Path:
    """The second download root, which is empty."""
    clear(other_root)
    return other_root


@pytest.fixture
def made(root: Path, daemon: Daemon, seed: Seed) -> Torrent:
    """A torrent that was downloaded from the seed."""
    made = payload.make(root / "seed", "set", {"a.bin": 6 * MIB, "sub/b.bin": 2 * MIB + 17})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    return made
