"""Refusals that come late: a connection that sends much that is no request waits for the replies to it.

A request with an id gets its one reply whatever is wrong with it, so it cannot be dropped. But whoever waits for
replies before it sends more is slowed by their coming slowly, and others have the loop meanwhile.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

from supervisor.requests.claims import BadRequests

WAITING_MAX: Final = 20_000
"""Refusals of all connections that wait, about 20 MB."""

Refuse = Callable[[], None]


class Tarpit:
    """Has refusals sent, at once or later."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bad_requests = BadRequests()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[asyncio.TimerHandle, Refuse]] = {}
        self._closed = False

    def enqueue(self, peer: bytes, refuse: Refuse, latest_s: float) -> bool:
        """Calls `refuse` when its time has come, in `latest_s` seconds at the most. False where too many wait."""
        wait_s = self._bad_requests.wait_s(peer, self._loop.time())
        if wait_s is None or (wait_s > 0 and len(self._waiting) >= WAITING_MAX):
            return False
        if wait_s == 0 or self._closed:
            refuse()
            return True

        number = next(self._numbers)
        self._waiting[number] = self._loop.call_later(min(wait_s, latest_s), self._end, number), refuse
        return True

    def close(self) -> None:
        """Calls all that wait; from now on nothing does."""
        self._closed = True
        for number, (timer, _) in list(self._waiting.items()):
            timer.cancel()
            self._end(number)

    def _end(self, number: int) -> None:
        self._waiting.pop(number)[1]()
