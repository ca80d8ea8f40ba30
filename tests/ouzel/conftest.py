"""A scripted daemon and its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ouzel import Client
from tests.ouzel.scripted_daemon import ScriptedDaemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[ScriptedDaemon]:
    """A daemon whose runtime directory is `tmp_path`."""
    with ScriptedDaemon(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def client(daemon: ScriptedDaemon, tmp_path: Path) -> Iterator[Client]:
    """A blocking client of the daemon."""
    with Client(tmp_path, "tester", timeout_s=5) as client:
        yield client
