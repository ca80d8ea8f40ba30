"""The tarpit: delays the refusals of a connection that sends many invalid requests.

A request with an id always gets its one reply, even if it is invalid, so it cannot be dropped. A client that waits for
the replies before it sends more is slowed down by the delay, and the loop is free for other clients.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

from supervisor.requests.claims import BadRequests

WAITING_MAX: Final = 20_000
"""The maximum number of delayed refusals of all connections. They take about 20 MB."""

Refuse = Callable[[], None]


class Tarpit:
    """Sends refusals, at once or with a delay."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bad_requests = BadRequests()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[asyncio.TimerHandle, Refuse]] = {}
        self._closed = False

    def enqueue(self, peer: bytes, refuse: Refuse, latest_s: float) -> bool:
        """Calls `refuse` after a delay of at most `latest_s` seconds.

        Returns False, without a call, if too many refusals wait.
        """
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
        """Sends all delayed refusals, and delays none from now on."""
        self._closed = True
        for number, (timer, _) in list(self._waiting.items()):
            timer.cancel()
            self._end(number)

    def _end(self, number: int) -> None:
        self._waiting.pop(number)[1]()
