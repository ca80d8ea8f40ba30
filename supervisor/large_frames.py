"""Large frames of connections whose frames took the loop long: these wait for a while, and for one another.

Decoding cannot be done in slices: the worst frame that is allowed takes the loop some 40 ms. A connection that has sent
such a frame waits with its next large ones until the loop has had three hundred times as long for others; its small
ones, and other connections, wait for nothing. What waits is bounded; what is more is handed back at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from protocol.envelope import DEFAULT_DEADLINE_MS, glance
from supervisor.loop_socket import Sender

LARGE_BYTES: Final = 16 * 1024
FREE_S: Final = 0.001
"""What a frame may take without consequences: 10 MB of metainfo do."""

FACTOR: Final = 300
PAUSE_MAX_S: Final = 3.0
WAITING_MAX: Final = 3
"""Frames of a connection that wait: as many as come to their turn within the usual deadline."""

WAITING_BYTES_MAX: Final = 128 * 1024 * 1024
"""Of all connections."""

Frames = list[bytes]
HandBack = Callable[[Frames, Sender], None]


class _Message(NamedTuple):
    """Frames that wait: who sent them, when by the loop's time they came, what hands them back at their deadline."""

    frames: Frames
    sender: Sender
    came_at: float
    timer: asyncio.TimerHandle


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
        self._waiting: dict[bytes, deque[_Message]] = {}
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
        elif len(waiting) < WAITING_MAX and self._bytes + size <= WAITING_BYTES_MAX:
            self._wait(waiting, frames, sender)
        else:
            self._too_many(frames, sender)

    def close(self) -> None:
        """Hands back all that waits; from now on nothing does."""
        self._closed = True
        for timer in self._timers:
            timer.cancel()
        for waiting in self._waiting.values():
            for message in waiting:
                message.timer.cancel()
                self._too_many(message.frames, message.sender)
        self._waiting.clear()

    def _wait(self, waiting: deque[_Message], frames: Frames, sender: Sender) -> None:
        glanced = glance(frames[-1])
        deadline_s = DEFAULT_DEADLINE_MS / 1000 if glanced is None else glanced.patience_s

        def give_up() -> None:
            waiting.remove(message)
            self._bytes -= len(frames[-1])
            self._too_late(frames, sender)

        now = self._loop.time()
        message = _Message(frames, sender, now, self._loop.call_at(now + deadline_s, give_up))
        waiting.append(message)
        self._bytes += len(frames[-1])

    def _take_timed(self, frames: Frames, sender: Sender, came_at: float) -> None:
        began = time.perf_counter()
        self._take(frames, sender, came_at)
        took_s = time.perf_counter() - began
        if took_s > FREE_S and not self._closed:
            self._waiting.setdefault(frames[0], deque())
            self._pause(frames[0], min(PAUSE_MAX_S, FACTOR * took_s))

    def _pause(self, peer: bytes, pause_s: float) -> None:
        def end() -> None:
            self._timers.discard(timer)
            waiting = self._waiting.pop(peer)
            if waiting:
                self._next(peer, waiting)

        timer = self._loop.call_later(pause_s, end)
        self._timers.add(timer)

    def _next(self, peer: bytes, waiting: deque[_Message]) -> None:
        """Those that wait are handed on until one of them takes long again."""
        while waiting and peer not in self._waiting:
            frames, sender, came_at, timer = waiting.popleft()
            timer.cancel()
            self._bytes -= len(frames[-1])
            self._take_timed(frames, sender, came_at)
        if waiting:
            self._waiting[peer] = waiting
