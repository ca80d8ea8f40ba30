"""Fixtures for several files here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_proc.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk that is closed at the end of the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()
