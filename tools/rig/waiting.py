"""Polling with a deadline: the only way in which tests wait."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE_S: Final = 60.0
"""Long enough for a machine that is busy with other things: it is only ever waited for by tests that fail."""


def until(found: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S, every_s: float = 0.02) -> T:
    """The first value that is neither None nor false. Fails, naming `what`, when it does not come in time."""
    deadline = time.monotonic() + patience_s
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen in {patience_s:g} s: {what}")
        time.sleep(every_s)
