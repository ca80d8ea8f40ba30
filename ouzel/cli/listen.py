"""The input of a long-running command: the items of a stream, and reports about the daemon's silence."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from ouzel.client.events import Events
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard

SILENT_S: Final = 3.0
"""After this many seconds without a tick the daemon counts as silent. It sends a tick every second."""
TURN_S: Final = 0.5


def listen(events: Events, each_turn: Callable[[], None], *, silent_s: float = SILENT_S) -> Iterator[Heard]:
    """Yields all items and reports, without end.

    Args:
        each_turn: called before each item. Without items it is called twice a second.
        silent_s: after this number of seconds without a message, silence is reported.

    Raises:
        NotRunning: the silence has exceeded the stream's limit.
        Exception: any error that `each_turn` raises.
    """
    since_us: int | None = None
    while True:
        each_turn()
        item = events.get(TURN_S)
        quiet_s = events.quiet_s
        if since_us is None and item is None and quiet_s >= silent_s:
            since_us = int((time.time() - quiet_s) * 1_000_000)
            yield DaemonSilent(silence_s=round(quiet_s, 1), since_us=since_us)
        elif since_us is not None and quiet_s < silent_s:
            yield DaemonAnswers(since_us=since_us)
            since_us = None
        if item is not None:
            yield item
