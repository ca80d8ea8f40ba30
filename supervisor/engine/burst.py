"""Delays the loads of new torrents while many adds are under way.

An add is acknowledged once its source is valid and its record is durable. The engine loads the torrent after that. In a
burst of adds, loads and their events would delay the acknowledgements. So the loads of a burst are sent together at its
end. A load is also sent when it was delayed for too long, or when too many loads are delayed.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from protocol.internal.link_commands import EnsureTorrent
from supervisor.engine.process.engine_link import EngineLink

MANY: Final = 32
"""The number of adds under way that counts as a burst."""

CALM_S: Final = 0.05
"""A burst ends once fewer than `MANY` adds have been under way for this time."""

DELAY_MAX_S: Final = 5.0
"""The maximum delay of a load. It is below the time for which the engine's check of the torrent's paths is valid."""

DELAYED_MAX: Final = 10_000
"""The maximum number of delayed loads. The engine keeps about this number of parsed sources."""

DELAYED_BYTES_MAX: Final = 16 * 1024 * 1024
"""The maximum size of the .torrent files of delayed loads. The engine keeps the parsed files until they are loaded."""


class AddBurst:
    """The adds under way, and their delayed loads.

    Args:
        link: sends the loads.
    """

    def __init__(self, link: EngineLink) -> None:
        self._link = link
        self._under_way = 0
        self._delayed = 0
        self._bytes = 0
        self._latest = 0.0
        """The time of the loop until which the delayed loads may wait."""
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def adding(self, size: int) -> Iterator[None]:
        """Counts an add as under way. `size` is the size of its .torrent file in bytes."""
        self._under_way += 1
        self._bytes += size
        try:
            yield
        finally:
            self._under_way -= 1
            if self._delayed and self._under_way == MANY - 1:
                self._wait(CALM_S)

    def load(self, command: EnsureTorrent) -> None:
        """Sends the load of a new torrent, at once or at the end of a burst."""
        if self._under_way < MANY and not self._delayed:
            self._bytes = 0
            self._link.send(command)
            return
        if not self._delayed:
            self._latest = asyncio.get_running_loop().time() + DELAY_MAX_S
            self._wait(DELAY_MAX_S)
        self._link.delay(command)
        self._delayed += 1
        if self._delayed >= DELAYED_MAX or self._bytes >= DELAYED_BYTES_MAX:
            self._release()

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(min(loop.time() + seconds, self._latest), self._waited)

    def _waited(self) -> None:
        if self._under_way >= MANY and asyncio.get_running_loop().time() < self._latest:
            self._wait(DELAY_MAX_S)  # the burst goes on
        else:
            self._release()

    def _release(self) -> None:
        """Sends all delayed loads."""
        self._delayed = self._bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._link.release()
