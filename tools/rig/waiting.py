"""Polling with a deadline: the only way in which tests wait."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PATIENCE_S: Final = 60.0
"""The time limit. It is long enough for a busy machine. Only failing tests wait for so long."""


def until(found: Callable[[], T | None], what: str, *, patience_s: float = PATIENCE_S, every_s: float = 0.02) -> T:
    """Polls `found` until it returns a true value, and returns that value.

    At the deadline, raises AssertionError. The message contains `what`.
    """
    deadline = time.monotonic() + patience_s
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen in {patience_s:g} s: {what}")
        time.sleep(every_s)
