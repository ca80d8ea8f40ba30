"""Runs many calls that wait for one disk. On a slow disk, a few threads run the calls at the same time.

A disk handles all fsyncs that wait for it together. If fsyncs run one after the other, each takes a full round trip to
the disk.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

THREADS_MAX: Final = 16
FEWEST: Final = 8
"""`call_all` starts threads only for this number of calls or more."""
SLOW_S: Final = 0.0002
"""A disk is slow if the first call takes longer than this. An fsync on tmpfs takes some microseconds."""


def call_all(calls: Sequence[Callable[[], None]]) -> None:
    """Runs all calls, and returns when all have ended.

    The calls must not share state, because their order is not defined.

    Raises the first error of a call. Then some calls may not have run.
    """
    waiting = deque(calls)
    while waiting:
        began = time.monotonic()
        waiting.popleft()()
        if len(waiting) >= FEWEST and time.monotonic() - began > SLOW_S:
            _overlap(waiting)


def _overlap(waiting: deque[Callable[[], None]]) -> None:
    """Runs all waiting calls in this thread and in others."""
    errors: list[BaseException] = []

    def work() -> None:
        with contextlib.suppress(IndexError):
            while not errors:
                call = waiting.popleft()  # atomic; IndexError: no call is left
                try:
                    call()
                except BaseException as error:  # noqa: BLE001  # raised again in the calling thread
                    errors.append(error)

    # Daemons, because a thread that waits for a hung disk must not delay the end of the process.
    helpers = [threading.Thread(target=work, name="sync", daemon=True) for _ in range(THREADS_MAX - 1)]
    started = []
    with contextlib.suppress(RuntimeError):  # no more threads can be started; this one suffices
        for helper in helpers[: len(waiting)]:
            helper.start()
            started.append(helper)
    work()
    for helper in started:
        helper.join()
    if errors:
        raise errors[0]
