"""What a command that goes on hears: the items of a stream, and that the daemon fell silent or answers again."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from ouzel.client.events import Events
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard

SILENT_S: Final = 3.0
"""The daemon ticks every second: after this long, something is wrong with it."""
TURN_S: Final = 0.5


def listen(events: Events, each_turn: Callable[[], None], *, silent_s: float = SILENT_S) -> Iterator[Heard]:
    """All that is heard, for ever.

    Args:
        each_turn: called before each item, and twice a second where there is none.
        silent_s: seconds without a word that are worth telling.

    Raises:
        NotRunning: the silence was too long for the stream.
        Exception: whatever `each_turn` raises.
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
