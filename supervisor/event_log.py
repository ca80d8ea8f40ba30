"""Numbers lifecycle events and keeps the latest of them for replay. Pure.

Numbers run on for as long as the supervisor lives, across engine deaths; `epoch` names this one numbering. What is
kept is bounded by count and by bytes, and a replay that would have a gap says so instead.
"""

from collections import deque
from itertools import islice
from typing import Final, NamedTuple

from protocol.errors import ErrorKind, OuzelError

MAX_EVENTS: Final = 50_000
MAX_BYTES: Final = 32 * 1024 * 1024


class LoggedEvent(NamedTuple):
    """One event as it went out: its number, topic and encoded map."""

    seq: int
    topic: str
    frame: bytes


class EventLog:
    """A bounded log. Numbers begin at 1; `head` is the last one given out, 0 before the first."""

    def __init__(self, epoch: str, *, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self.epoch = epoch
        self.head = 0
        self._events: deque[LoggedEvent] = deque()
        self._bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes

    def append(self, topic: str, frame: bytes) -> None:
        """Keeps the event that has the number `head + 1`, and lets the oldest go where there are too many."""
        self.head += 1
        self._events.append(LoggedEvent(self.head, topic, frame))
        self._bytes += len(frame)
        while len(self._events) > self._max_events or (self._bytes > self._max_bytes and len(self._events) > 1):
            self._bytes -= len(self._events.popleft().frame)

    def replay(self, epoch: str, after_seq: int, limit: int) -> list[LoggedEvent]:
        """The events after `after_seq`, `limit` at the most, without a gap.

        Raises:
            OuzelError: REPLAY_GONE where the epoch is another, the number was never given out, or events are gone.
        """
        if epoch != self.epoch:
            raise OuzelError(
                ErrorKind.REPLAY_GONE, "args.epoch: the numbering began anew; take a new snapshot", field="args.epoch"
            )
        oldest = self._events[0].seq if self._events else self.head + 1
        if after_seq > self.head or after_seq + 1 < oldest:
            raise OuzelError(
                ErrorKind.REPLAY_GONE,
                f"args.after_seq: events {oldest} to {self.head} are kept; take a new snapshot",
                field="args.after_seq",
            )
        start = after_seq + 1 - oldest
        return list(islice(self._events, start, start + limit))
