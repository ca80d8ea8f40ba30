"""Large frames of connections whose frames took the loop long: these wait for a while, and for one another.

Decoding cannot be done in slices: the worst frame that is allowed takes the loop some 40 ms. A connection that has sent
such a frame waits with its next large ones until the loop has had three hundred times as long for others; after one
that only took as long as its bytes do, four times. Its small ones, and other connections, wait for nothing. What waits
is bounded; what is more is handed back at once.
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
"""What a frame may take without consequences, of the processor: others' work is not this connection's fault."""

BYTES_S: Final = 5e-9
"""What each of its bytes may take: reading metainfo and its digest take a quarter of that, many elements thirty times
as much."""

FACTOR_BYTES: Final = 4
FACTOR: Final = 300
PAUSE_MAX_S: Final = 3.0
WAITING_MAX: Final = 64 * 1024 * 1024
"""Bytes of a connection's frames that wait: as much as it may have under way."""

WAITING_TOTAL_MAX: Final = 128 * 1024 * 1024
"""Of all connections."""

TURN_S: Final = 0.001
"""How long those that waited are handed on before others get their turn."""

Frames = list[bytes]
HandBack = Callable[[Frames, Sender], None]


@dataclass(eq=False, slots=True)
class _Message:
    """Frames that wait: who sent them, when by the loop's time they came, what hands them back at their deadline."""

    frames: Frames
    sender: Sender
    came_at: float
    timer: asyncio.TimerHandle


class _Waiting:
    """What waits of a connection."""

    def __init__(self) -> None:
        self.messages: deque[_Message] = deque()
        self.bytes = 0


class LargeFrames:
    """Hands messages on, now or later.

    Args:
        take: is handed a message whose turn has come, its sender, and when by the loop's time it came.
        too_many: is handed one that there is no room for.
        too_late: is handed one whose deadline has come before its turn.
    """

    def __init__(self, take: Callable[[Frames, Sender, float], None], too_many: HandBack, too_late: HandBack) -> None:
        self._take = take
        self._too_many = too_many
        self._too_late = too_late
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[bytes, _Waiting] = {}
        """By connection: there is an entry while it pauses, empty where nothing waits."""
        self._timers: set[asyncio.TimerHandle] = set()
        self._bytes = 0
        self._closed = False

    def receive(self, frames: Frames, sender: Sender) -> None:
        """A message has come."""
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
        """Hands back all that waits; from now on nothing does."""
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
        """Those that wait are handed on until one of them takes long again, or all together have."""
        ends = time.perf_counter() + TURN_S
        try:
            while waiting.messages and peer not in self._waiting:
                message = waiting.messages.popleft()
                message.timer.cancel()
                self._count(waiting, -len(message.frames[-1]))
                self._take_timed(message.frames, message.sender, message.came_at)
                if time.perf_counter() > ends:
                    break
        finally:  # also after an error in `take`
            if waiting.messages:
                if peer not in self._waiting:
                    self._pause(peer, 0)
                self._waiting[peer] = waiting
