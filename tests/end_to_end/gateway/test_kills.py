"""Clients of both interfaces poll while the engine is killed: a short form of `scripts/bench gateway`."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tools.bench.gateway.kills import kill_repeatedly

pytestmark = [pytest.mark.process, pytest.mark.network]


def test_no_client_sees_an_error_or_a_short_list() -> None:
    """Three kills under six clients: 200, or 503 with Retry-After for an add. No list lacks an acknowledged torrent."""
    root = Path(tempfile.mkdtemp(prefix="ouzel-"))
    try:
        outcome = kill_repeatedly(root / "d", kills=3, clients=6, torrents=20)
    finally:
        shutil.rmtree(root)
    assert outcome.tally.problems == []
    assert (outcome.lost, outcome.short, outcome.unknown) == (0, 0, 0)
    assert outcome.tally.while_away > 0
