"""Directories with paths short enough for sockets, and daemons that end with the test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.rig.daemon import Daemon
from tools.rig.seed import Seed


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory for one test."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def daemon(root: Path) -> Iterator[Daemon]:
    """A running daemon with a restart budget for chaos."""
    with Daemon(root / "d", restart={"budget": 1000, "max_delay_s": 0.5}) as running:
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
