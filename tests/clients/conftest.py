"""A directory with a short path, and a running daemon, for the clients' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.languages import Endpoints
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory for one test."""
    with scratch() as path:
        yield path


@pytest.fixture
def daemon(root: Path) -> Iterator[Daemon]:
    """A running daemon with a restart budget for chaos."""
    with Daemon(root / "d", restart={"budget": 1000, "max_delay_s": 0.5}) as running:
        yield running


@pytest.fixture
def endpoints(daemon: Daemon) -> Endpoints:
    """The daemon's endpoints."""
    return Endpoints.within(daemon.runtime_dir)
