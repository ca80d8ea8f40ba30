"""Delays large frames of a connection if its earlier large frames took long to decode.

A frame cannot be decoded in steps, and the worst allowed frame blocks the loop for about 40 ms. After such a frame, the
next large frames of the connection are delayed. The delay is 300 times the duration of the decoding. If the duration
was usual for the frame's size, the factor is 4. Small frames, and other connections, are not delayed. The queues are
bounded. A frame beyond the bound is refused at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocol.wire.envelope import DEFAULT_DEADLINE_MS, peek_header
from supervisor.transport.loop_socket import Sender

LARGE_BYTES: Final = 16 * 1024
FREE_S: Final = 0.002
"""The maximum processor time of a frame that causes no delay of the next frame."""

BYTES_S: Final = 5e-9
"""The usual processor time for a byte.

Metainfo needs a quarter of this time for decoding and hashing. A frame with many small elements needs thirty times this
time.
"""

FACTOR_BYTES: Final = 4
FACTOR: Final = 300
PAUSE_MAX_S: Final = 3.0
WAITING_MAX: Final = 64 * 1024 * 1024
"""The limit of a connection's queued bytes. It equals the limit of its pending requests."""

WAITING_TOTAL_MAX: Final = 128 * 1024 * 1024
"""The limit of queued bytes of all connections."""

TURN_S: Final = 0.001
"""For how long queued frames are handled before the loop handles other events."""

Frames = list[bytes]
HandBack = Callable[[Frames, Sender], None]


@dataclass(eq=False, slots=True)
class _Message:
    """A queued message. It has frames, a sender, the loop's time at its arrival, and the timer of its deadline."""

    frames: Frames
    sender: Sender
    came_at: float
    timer: asyncio.TimerHandle


class _Waiting:
    """The queued messages of a connection."""

    def __init__(self) -> None:
        self.messages: deque[_Message] = deque()
        self.bytes = 0


class LargeFrames:
    """Passes messages on, at once or with a delay.

    Args:
        take: called with a message, its sender, and the loop's time at which it arrived.
        too_many: called with a message if the queue has no room.
        too_late: called with a queued message after its deadline.
    """

    def __init__(self, take: Callable[[Frames, Sender, float], None], too_many: HandBack, too_late: HandBack) -> None:
        self._take = take
        self._too_many = too_many
        self._too_late = too_late
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[bytes, _Waiting] = {}
        """By delayed connection: its queue. The queue may be empty."""
        self._timers: set[asyncio.TimerHandle] = set()
        self._bytes = 0
        self._closed = False

    def receive(self, frames: Frames, sender: Sender) -> None:
        """Handles a message: passes it on, queues it, or refuses it."""
        size = len(frames[-1])
        waiting = self._waiting.get(frames[0])
        if size < LARGE_BYTES:
            self._take(frames, sender, self._loop.time())
        elif waiting is None:
            self._take_timed(frames, sender, self._loop.time())
        elif waiting.bytes + size <= WAITING_MAX and self._bytes + size <= WAITING_TOTAL_MAX:
            self._wait(waiting, frames, sender)
        else:
            self._too_many(frames, sender)

    def close(self) -> None:
        """Refuses all queued messages, and queues none from now on."""
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        for waiting in self._waiting.values():
            for message in waiting.messages:
                message.timer.cancel()
                self._too_many(message.frames, message.sender)
        self._waiting.clear()

    def _wait(self, waiting: _Waiting, frames: Frames, sender: Sender) -> None:
        header = peek_header(frames[-1])
        deadline_s = DEFAULT_DEADLINE_MS / 1000 if header is None else header.patience_s

        def give_up() -> None:
            waiting.messages.remove(message)
            self._count(waiting, -len(frames[-1]))
            self._too_late(frames, sender)

        now = self._loop.time()
        message = _Message(frames, sender, now, self._loop.call_at(now + deadline_s, give_up))
        waiting.messages.append(message)
        self._count(waiting, len(frames[-1]))

    def _count(self, waiting: _Waiting, size: int) -> None:
        waiting.bytes += size
        self._bytes += size

    def _take_timed(self, frames: Frames, sender: Sender, came_at: float) -> None:
        began = time.thread_time()
        try:
            self._take(frames, sender, came_at)
        finally:
            took_s = time.thread_time() - began
            if took_s > FREE_S and not self._closed:
                self._waiting.setdefault(frames[0], _Waiting())
                factor = FACTOR if took_s > FREE_S + BYTES_S * len(frames[-1]) else FACTOR_BYTES
                self._pause(frames[0], min(PAUSE_MAX_S, factor * took_s))

    def _pause(self, peer: bytes, pause_s: float) -> None:
        def end() -> None:
            self._timers.discard(timer)
            waiting = self._waiting.pop(peer)
            if waiting.messages:
                self._next(peer, waiting)

        timer = self._loop.call_later(pause_s, end)
        self._timers.add(timer)

    def _next(self, peer: bytes, waiting: _Waiting) -> None:
        """Passes queued messages on until a message takes long again, or TURN_S is over."""
        ends = time.perf_counter() + TURN_S
        try:
            while waiting.messages and peer not in self._waiting:
                message = waiting.messages.popleft()
                message.timer.cancel()
                self._count(waiting, -len(message.frames[-1]))
                self._take_timed(message.frames, message.sender, message.came_at)
                if time.perf_counter() > ends:
                    break
        finally:  # this is done after an error in `take`, too
            if waiting.messages:
                if peer not in self._waiting:
                    self._pause(peer, 0)
                self._waiting[peer] = waiting
