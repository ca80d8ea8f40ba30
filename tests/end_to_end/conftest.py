"""Directories with paths short enough for sockets, daemons and seeds."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.reused import CHAOS, ReusedDaemon, lent
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory for one test."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def reused() -> Iterator[ReusedDaemon]:
    """The daemon of this process's tests. It has a restart budget for chaos."""
    with contextlib.closing(ReusedDaemon(lambda root: Daemon(root, restart=CHAOS))) as found:
        yield found


@pytest.fixture
def daemon(root: Path, reused: ReusedDaemon, request: pytest.FixtureRequest) -> Iterator[Daemon]:
    """A running daemon without torrents, which other tests have used. It is emptied before `root` is removed."""
    yield from lent(reused, request)


@pytest.fixture
def new_daemon(root: Path) -> Iterator[Daemon]:
    """A daemon that no other test uses, with a restart budget for chaos."""
    with Daemon(root / "d", restart=CHAOS) as running:
        yield running


@pytest.fixture
def seed() -> Iterator[Seed]:
    """A seed without a rate limit."""
    with Seed() as running:
        yield running


@pytest.fixture
def slow_seed() -> Iterator[Seed]:
    """A seed with a limit of 20 MB/s, which leaves time to interfere."""
    with Seed(upload_bps=20_000_000) as running:
        yield running
