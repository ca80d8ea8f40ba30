"""Follows a daemon: reads its event stream, and requests its health and totals. Continues after every error."""

import asyncio
import gc
import time
from collections.abc import Callable
from time import monotonic
from typing import Final

from ouzel.cli.top.view.model import Model
from ouzel.client.aio import AsyncClient
from ouzel.client.aio_events import AsyncEvents
from ouzel.errors import Closed
from ouzel.stream.event import Resnapshot
from protocol.wire.errors import OuzelError

RETRY_S: Final = 1.0
SAMPLE_S: Final = 2.0


class Follower:
    """Keeps a model up to date.

    Args:
        client: the client for all requests.
        model: the model to update.
        changed: called after each update.
    """

    def __init__(self, client: AsyncClient, model: Model, changed: Callable[[], None]) -> None:
        self._client = client
        self._model = model
        self._changed = changed
        self._stream: AsyncEvents | None = None
        self._heard = monotonic()
        self._urgent = asyncio.Event()

    def quiet_s(self) -> float:
        """The seconds since the daemon's last message."""
        if self._stream is not None:
            return self._stream.quiet_s
        return monotonic() - self._heard

    async def follow(self) -> None:
        """Reads the event stream until the client is closed. After an error, connects again."""
        while True:
            try:
                async with self._client.events(progress=True, ticks=True, snapshot=True) as stream:
                    await self._read(stream)
                return  # the client was closed
            except Closed:
                return
            except OuzelError as error:
                if self._model.problem is None:
                    self._model.log.note(f"not connected: {error.message}", time.time_ns() // 1000)
                self._model.problem = error.message
                self._model.stale = True
                self._changed()
            finally:
                if self._stream is not None:
                    self._heard = monotonic() - self._stream.quiet_s
                    self._stream = None
            await asyncio.sleep(RETRY_S)

    async def sample(self) -> None:
        """Requests health and totals every two seconds, and at once after an event about the engine."""
        while True:
            try:
                health, stats = await self._client.health(), await self._client.stats()
                self._model.report(health, stats)
                self._changed()
                await self._read_selected()
            except Closed:
                return
            except OuzelError:
                pass  # the stream reports that the daemon is away
            try:
                async with asyncio.timeout(SAMPLE_S):
                    await self._urgent.wait()
            except TimeoutError:
                pass
            self._urgent.clear()

    async def _read(self, stream: AsyncEvents) -> None:
        self._stream = stream
        async for item in stream:
            if self._model.problem is not None:
                self._model.problem = None
                self._model.stale = True
            if self._model.apply([item, *stream.received()], time.time_ns() // 1000):
                self._urgent.set()
            if isinstance(item, Resnapshot):
                gc.freeze()  # so that no collection examines the rows of 50,000 torrents
            self._changed()

    async def _read_selected(self) -> None:
        """Reads the selected torrent's row, since events do not say why a torrent makes no progress."""
        selected = self._model.selected
        if selected is not None and selected in self._model.table.rows:
            self._model.update_row(await self._client.get_torrent(selected))
            self._changed()
