"""The tarpit: delays the refusals of a connection that sends many invalid requests.

Even an invalid request gets its one reply if it has an id. So the request cannot be dropped. Most clients wait for
replies before they send more requests. The delay slows down such a client, and the loop is free for other clients.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

from supervisor.requests.claims import BadRequests

WAITING_MAX: Final = 20_000
"""The maximum number of delayed refusals of all connections. These refusals take about 20 MB."""

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
        """Calls `refuse` after a delay. The delay is `latest_s` seconds at most.

        If too many refusals wait, returns False and does not call `refuse`.
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
