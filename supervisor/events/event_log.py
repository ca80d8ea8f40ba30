"""Numbers lifecycle events and keeps the latest of them for replay. Pure.

The numbering continues across engine deaths, and ends with the supervisor. `epoch` identifies the numbering. The log is
bounded by count and by bytes. If a replay would have a gap, it is refused.

An event is stored unencoded until its encoding is needed. Then the encoding replaces the event. Before that, an upper
estimate of the size counts towards the bound. So the encoding of an event never exceeds the bound.
"""

from collections import deque
from itertools import islice
from typing import Final

import msgspec

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from supervisor.events import event_frames

MAX_EVENTS: Final = 50_000
MAX_BYTES: Final = 32 * 1024 * 1024


class LoggedEvent(msgspec.Struct, gc=False, eq=False):
    """One event with its number. The event is an object until its encoding is needed. Then encoded bytes replace the
    object.

    A supervisor stores tens of thousands of events, so derived values are not stored.

    Fields:
        epoch: the identity of the numbering.
        seq: the event's number.
        gen: the engine's generation at the time of the event.
        ts_us: wall clock, microseconds since 1970.
    """

    epoch: str
    seq: int
    gen: int
    ts_us: int
    _content: LifecycleEvent | bytes
    _topic: bytes = b""

    @property
    def encoded(self) -> bool:
        """Whether the event is encoded already."""
        return isinstance(self._content, bytes)

    @property
    def topic(self) -> bytes:
        """The topic under which the event is published."""
        return self._topic if isinstance(self._content, bytes) else event_frames.topic(self._content)

    @property
    def size(self) -> int:
        """The size of the encoding in bytes. Before the encoding, this is an upper estimate."""
        content = self._content
        return len(content) if isinstance(content, bytes) else event_frames.estimate(content, epoch=self.epoch)

    def encode(self) -> bytes:
        """Encodes the event once, and returns the bytes. Only the log calls this method, because the log counts the
        bytes.
        """
        if not isinstance(self._content, bytes):
            event = self._content
            self._topic = event_frames.topic(event)
            self._content = event_frames.encode(event, epoch=self.epoch, seq=self.seq, gen=self.gen, ts_us=self.ts_us)
        return self._content


class EventLog:
    """A bounded log of events.

    Sequence numbers begin at 1. `head` is the latest number, or 0 before the first event.
    """

    def __init__(self, epoch: str, *, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self.epoch = epoch
        self.head = 0
        self._events: deque[LoggedEvent] = deque()
        self._bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: LifecycleEvent, *, gen: int, ts_us: int) -> LoggedEvent:
        """Numbers and stores an event. Evicts the oldest events beyond the bounds.

        Args:
            gen: the engine's generation at the time of the event.
            ts_us: wall clock, microseconds since 1970.
        """
        self.head += 1
        logged = LoggedEvent(self.epoch, self.head, gen, ts_us, event)
        self._events.append(logged)
        self._bytes += logged.size
        while len(self._events) > self._max_events or (self._bytes > self._max_bytes and len(self._events) > 1):
            self._bytes -= self._events.popleft().size
        return logged

    def frame(self, logged: LoggedEvent) -> bytes:
        """Returns the encoding of an event from `append` or `replay`. Corrects the log's size by the real size of the
        encoding.
        """
        before = logged.size
        frame = logged.encode()
        if self._events and logged.seq >= self._events[0].seq:
            self._bytes -= before - logged.size
        return frame

    def replay(self, epoch: str, after_seq: int, limit: int) -> list[LoggedEvent]:
        """Returns the events after `after_seq` without a gap. Returns `limit` events at most.

        Raises:
            OuzelError: REPLAY_GONE. `epoch` is not the current epoch, `after_seq` was never used, or later events were
                evicted.
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
        behind = len(self._events) - start
        if behind >= start:
            return list(islice(self._events, start, start + limit))
        # Iterate from the nearer end: each page of a list requests the events since the page was begun, and usually
        # there are none.
        latest = list(islice(reversed(self._events), behind))
        latest.reverse()
        return latest[:limit]
