"""An event stream with its requests and timers, but without sockets. Both clients use it. Pure.

The owner of the sockets has four duties:

- It sends the frames in `outgoing`.
- It passes received messages to the feed.
- It calls `advance` after `wait_s`.
- It returns `items` to its reader.

Times are seconds of one monotonic clock.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from ouzel.requests import Requests
from ouzel.stream.event import Event, Resnapshot, parse_event
from ouzel.stream.event_stream import Ask, EventStream, Step

Item = Event | Resnapshot

GRACE_S: Final = 2.0
"""The grace period for a reply after the request's deadline."""
LOOK_S: Final = 1.0
"""The maximum time that one check adds to a silence. So time in which this process was stopped hardly counts."""
LOOKS_MIN: Final = 3
"""The minimum number of checks before a daemon counts as gone."""


@dataclass(frozen=True)
class FeedOptions:
    """Options of a stream's reader.

    Fields:
        torrent: yield only events about this torrent or about no torrent. None means all events.
        progress: also yield progress events.
        ticks: also yield the daemon's ticks, one a second, for example to redraw a display.
        snapshot: begin with a Resnapshot.
        timeout_s: the time limit for each request of the stream itself.
        silence_s: the seconds of silence after which the daemon counts as gone. Only time in which the stream was
            checking counts.
    """

    torrent: str | None = None
    progress: bool = False
    ticks: bool = False
    snapshot: bool = False
    timeout_s: float = 10.0
    silence_s: float = 30.0


class Feed:
    """The event stream of one reader.

    Fields:
        outgoing: the frames to send to the commands socket.
        items: the items for the reader.
    """

    def __init__(self, requests: Requests, options: FeedOptions, now: float) -> None:
        self.outgoing: deque[bytes] = deque()
        self.items: deque[Item] = deque()
        self._requests = requests
        self._options = options
        self._stream = EventStream(snapshot_first=options.snapshot)
        self._quiet_s = 0.0
        self._looked = now
        self._look_s = min(LOOK_S, options.silence_s / LOOKS_MIN)
        self._delayed: tuple[float, Ask] | None = None
        self._asked: tuple[float, str] | None = None
        self._take(self._stream.start(), now)

    @property
    def topics(self) -> list[bytes]:
        """The topics to subscribe to. Subscribe before anything is sent."""
        progress = [f"progress/{self._options.torrent or ''}".encode()] if self._options.progress else []
        return [b"lifecycle/", b"tick/", *progress]

    def follow(self, torrent: str) -> bytes:
        """From now on yields only this torrent's events and progress. Returns one more topic to subscribe to."""
        self._options = replace(self._options, torrent=torrent, progress=True)
        self.items = deque(item for item in self.items if self._wanted(item))
        return f"progress/{torrent}".encode()

    @property
    def started(self) -> bool:
        """Whether the reader's first event is determined. From then on no event is missed."""
        return self._stream.started

    def receive(self, frames: list[bytes], now: float) -> None:
        """Handles a message of the events socket. Raises OuzelError if it is no event."""
        self._hear(now)
        self._take(self._stream.receive(parse_event(frames[-1])), now)

    def receive_reply(self, frames: list[bytes], now: float) -> None:
        """Handles a message of the commands socket. Raises OuzelError if the stream cannot continue."""
        self._hear(now)
        reply = self._requests.match(frames[-1])
        if reply is not None:
            self._asked = None
            self._take(self._stream.answer(reply), now)

    def advance(self, now: float) -> None:
        """Sends a delayed request, or gives up an unanswered request. Call it after each wait.

        Handle received messages first.
        """
        self._quiet_s, self._looked = self.quiet_s(now), now
        if self._delayed is not None and now >= self._delayed[0]:
            self._send(self._delayed[1], now)
        if self._asked is not None and now >= self._asked[0]:
            self._requests.abandon(self._asked[1])
            self._take(self._stream.unanswered(), now)

    def quiet_s(self, now: float) -> float:
        """The seconds since the daemon's last message. Of the time between two checks, at most LOOK_S counts."""
        return self._quiet_s + min(now - self._looked, self._look_s)

    def silent(self, now: float) -> bool:
        """Whether the daemon has been silent for too long."""
        return self.quiet_s(now) >= self._options.silence_s

    def wait_s(self, now: float) -> float:
        """The seconds until `advance` has something to do, or until `silent` may change. 0 or more."""
        due = [min(self._look_s, self._options.silence_s - self._quiet_s)]
        due += [timer[0] - now for timer in (self._delayed, self._asked) if timer is not None]
        return max(0.0, min(due))

    def _hear(self, now: float) -> None:
        self._quiet_s, self._looked = 0.0, now

    def _take(self, steps: list[Step], now: float) -> None:
        for step in steps:
            if isinstance(step, Ask):
                self._delayed, self._asked = None, None
                if step.delay_ms:
                    self._delayed = (now + step.delay_ms / 1000, step)
                else:
                    self._send(step, now)
            elif self._wanted(step):
                self.items.append(step)

    def _send(self, ask: Ask, now: float) -> None:
        deadline_ms = max(1, int(self._options.timeout_s * 1000))
        request_id, frame = self._requests.build(ask.op, ask.args, deadline_ms=deadline_ms)
        self._delayed = None
        self._asked = (now + self._options.timeout_s + GRACE_S, request_id)
        self.outgoing.append(frame)

    def _wanted(self, item: Item) -> bool:
        if isinstance(item, Resnapshot):
            return True
        if item.type == "tick":
            return self._options.ticks
        if item.type == "progress" and not self._options.progress:
            return False
        return self._options.torrent is None or item.torrent in (None, self._options.torrent)
