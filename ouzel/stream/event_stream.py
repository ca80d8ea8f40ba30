"""Event streams without gaps: a state machine that returns what to do next. Pure: no sockets, no clock.

The daemon numbers lifecycle events consecutively within an epoch. A subscriber may lose events if it is slow, or if its
subscription has not taken effect yet. There are two signs of a loss:

- a jump of `seq`
- a `tick` or `progress` with a greater `seq` than the last event has

The stream requests the lost events with `replay`, and holds newer events meanwhile.

    STARTING ------ reply to hello ------> LIVE <------ caught up ------ REPLAYING
        |                                   |  '------ a gap is seen --------^ |
        '- (snapshot_first)                 | another epoch                    | replay_gone, or another epoch
                v                           v                                  v
           SNAPSHOTTING: page until the cursor is null; then a Resnapshot; continue as after hello

The first reply after the subscription is the baseline: events up to its `seq` are not part of the stream.

Events arrive in order, and replies arrive in order. But a reply can overtake queued events. So the stream determines
the present epoch by these rules:

- An event of another epoch never changes the stream's epoch. It only causes a request.
- The stream believes a reply of the newest event's epoch.
- The stream believes a reply of another epoch only if an event of the newest epoch had arrived before the request was
  made. Otherwise the stream repeats the request.
- Outdated epochs are in `_past`. Their events and replies are dropped.

The stream does not know how long to wait for a reply. When its owner gives up a request, the owner calls `unanswered`.
"""

from enum import Enum, auto
from typing import Any, Final, Literal

import msgspec

from ouzel.requests import refusal, result_of
from ouzel.stream.event import Event, Resnapshot, SnapshotPage, event_of
from protocol.wire import codec
from protocol.wire.envelope import Reply
from protocol.wire.errors import ErrorKind

MAX_HELD: Final = 10_000
"""The maximum number of events that are held during a replay. Further events are replayed, too."""
RETRY_MS: Final = 500
REPLAY_LIMIT: Final = 1000
SNAPSHOT_LIMIT: Final = 1000

Reason = Literal["start", "new_epoch", "replay_gone"]


class Ask(msgspec.Struct, frozen=True):
    """A request to send to the daemon after `delay_ms` milliseconds. Its reply goes to `answer`.

    A stream has only one unanswered request at a time.
    """

    op: str
    args: dict[str, Any]
    delay_ms: int = 0


Step = Event | Resnapshot | Ask
"""What to do next: pass an event or a resnapshot to the reader, or send a request."""


class Mode(Enum):
    """The mode of a stream says which message the stream waits for."""

    STARTING = auto()
    LIVE = auto()
    REPLAYING = auto()
    SNAPSHOTTING = auto()


class EventStream:
    """The state machine of one stream.

    Args:
        snapshot_first: begin with a Resnapshot, rather than with the first event after now.
    """

    def __init__(self, *, snapshot_first: bool = False) -> None:
        self.mode = Mode.STARTING
        self.started = False
        self._snapshot_first = snapshot_first
        self._epoch: str | None = None
        self._last = 0
        self._head = 0
        self._past: set[str] = set()
        self._newest: str | None = None
        self._newest_seq = 0
        self._newest_when_asked: str | None = None
        self._held: dict[int, Event] = {}
        self._held_progress: dict[str | None, Event] = {}
        self._reason: Reason = "start"
        self._pages: list[SnapshotPage] = []

    def start(self) -> list[Step]:
        """Starts the stream. Call it once, after subscribing."""
        if self._snapshot_first:
            return self._snapshot("start")
        return [self._ask("hello")]

    def receive(self, event: Event) -> list[Step]:
        """Handles an event that has arrived."""
        if event.epoch in self._past:
            return []
        if event.epoch != self._newest:
            self._newest, self._newest_seq = event.epoch, 0
        self._newest_seq = max(self._newest_seq, event.seq)
        if event.epoch != self._epoch:
            return self._snapshot("new_epoch") if self.mode is Mode.LIVE else []
        self._head = max(self._head, event.seq)
        expected = self._last + 1 if event.numbered else self._last
        if self.mode is not Mode.LIVE or event.seq > expected:
            self._hold(event)
            return self._replay() if self.mode is Mode.LIVE else []
        if event.numbered:
            if event.seq <= self._last:
                return []
            self._last = event.seq
        return [event]

    def answer(self, reply: Reply) -> list[Step]:
        """Handles the reply to the last `Ask`.

        Raises:
            Refused: the daemon refused, and repeating the request would not help.
            OuzelError: MALFORMED_FRAME if the result violates the protocol.
        """
        overtaken = self._newest != self._newest_when_asked and reply.epoch != self._newest
        if overtaken or reply.epoch in self._past:
            return self.unanswered()
        moved = self._epoch is not None and reply.epoch != self._epoch
        if reply.epoch != self._epoch:
            self._adopt(reply.epoch)
        if moved and self.mode is Mode.REPLAYING:
            return self._snapshot("new_epoch")
        if moved and self._pages:
            return self._snapshot(self._reason)
        self._head = max(self._head, reply.seq)
        error = refusal(reply)
        if error is not None:
            if error.body.retry == "resnapshot":
                return self._snapshot("replay_gone")
            if error.body.retry == "later":
                return self.unanswered(delay_ms=max(error.retry_after_ms or 0, RETRY_MS))
            raise error
        match self.mode:
            case Mode.REPLAYING:
                return self._replayed(reply)
            case Mode.SNAPSHOTTING:
                return self._paged(reply)
            case _:
                self._last = reply.seq
                return self._catch_up([])

    def unanswered(self, *, delay_ms: int = 0) -> list[Step]:
        """Handles a request without a usable reply. Returns the request to send instead."""
        match self.mode:
            case Mode.REPLAYING:
                return self._replay(delay_ms=delay_ms)
            case Mode.SNAPSHOTTING:
                return self._snapshot(self._reason, delay_ms=delay_ms)
            case _:
                return [self._ask("hello", delay_ms=delay_ms)]

    def _ask(self, op: str, args: dict[str, Any] | None = None, *, delay_ms: int = 0) -> Ask:
        self._newest_when_asked = self._newest
        return Ask(op, args or {}, delay_ms)

    def _adopt(self, epoch: str) -> None:
        self._past |= {other for other in (self._epoch, self._newest) if other not in (None, epoch)}
        self._epoch = epoch
        self._head = self._newest_seq if self._newest == epoch else 0
        self._held.clear()
        self._held_progress.clear()

    def _hold(self, event: Event) -> None:
        if event.type == "progress":
            self._held_progress[event.torrent] = event
        elif event.numbered and len(self._held) < MAX_HELD:
            self._held[event.seq] = event

    def _replay(self, *, delay_ms: int = 0) -> list[Step]:
        self.mode = Mode.REPLAYING
        args = {"epoch": self._epoch, "after_seq": self._last, "limit": REPLAY_LIMIT}
        return [self._ask("replay", args, delay_ms=delay_ms)]

    def _replayed(self, reply: Reply) -> list[Step]:
        steps: list[Step] = []
        for value in result_of(reply).get("events", []):
            event = event_of(value)
            if event.seq == self._last + 1:
                self._last = event.seq
                steps.append(event)
        if not steps:
            # The head is later, but no events follow: they were evicted.
            return self._snapshot("replay_gone")
        return self._catch_up(steps)

    def _snapshot(self, reason: Reason, *, delay_ms: int = 0) -> list[Step]:
        self.mode = Mode.SNAPSHOTTING
        self._reason = reason
        self._pages = []
        return [self._ask("snapshot", {"cursor": None, "limit": SNAPSHOT_LIMIT}, delay_ms=delay_ms)]

    def _paged(self, reply: Reply) -> list[Step]:
        page = snapshot_page(reply)
        self._pages.append(page)
        if page.cursor is not None:
            return [self._ask("snapshot", {"cursor": page.cursor, "limit": SNAPSHOT_LIMIT})]
        snapshot = Resnapshot.of(self._reason, self._pages)
        self._pages = []
        self._last = snapshot.seq
        return self._catch_up([snapshot])

    def _catch_up(self, steps: list[Step]) -> list[Step]:
        self.started = True
        self._held = {seq: event for seq, event in self._held.items() if seq > self._last}
        while (event := self._held.pop(self._last + 1, None)) is not None:
            self._last = event.seq
            steps.append(event)
        if self._last < self._head:
            return [*steps, *self._replay()]
        self.mode = Mode.LIVE
        steps.extend(self._held_progress.values())
        self._held_progress.clear()
        return steps


def snapshot_page(reply: Reply) -> SnapshotPage:
    """Decodes the page in a reply to `snapshot`.

    Raises:
        OuzelError: the daemon refused, or the result violates the protocol.
    """
    page = {**result_of(reply), "epoch": reply.epoch, "seq": reply.seq}
    return codec.convert(page, SnapshotPage, within="result", error=ErrorKind.MALFORMED_FRAME)
