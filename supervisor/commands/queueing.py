"""Moves torrents in the queue."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from protocol.wire.commands.queue_commands import MoveInQueue, QueueMove
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import QueueMoved
from supervisor.commands.acceptance import Acceptance
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import handles
from supervisor.commands.queue_order import insert, move
from supervisor.commands.reads.reads import Reads
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.observed.hindrance import lacks
from supervisor.store.catalogue import Catalogue

QUEUE: Final = "queue"
"""The name of the lock on the order of the queue."""


class Queueing:
    """Changes the order of the queue. The records of the torrents store this order."""

    def __init__(
        self, *, catalogue: Catalogue, reads: Reads, engine: Engine, editor: Editor, locks: KeyedLocks
    ) -> None:
        self._catalogue = catalogue
        self._reads = reads
        self._engine = engine
        self._editor = editor
        self._locks = locks

    @handles(MoveInQueue)
    async def move(self, command: MoveInQueue, _: float) -> Acceptance:
        """Moves torrents in the queue. Each torrent is moved durably on its own."""
        async with self._locks.hold(QUEUE):
            moved = {self._in_queue(torrent) for torrent in command.torrents}
            queue = self._queue(moved if command.where in (QueueMove.UP, QueueMove.DOWN) else None)
            numbers = move(queue, moved, command.where)
            puts = (self._put(torrent, number) for torrent, number in numbers.items())
            stored = await asyncio.gather(*puts, return_exceptions=True)
        for outcome in stored:
            if isinstance(outcome, BaseException):
                raise outcome
        latest = self._reads.find(next(reversed(numbers), command.torrents[0]))
        in_order = [torrent for torrent, _ in queue if torrent in moved]
        return Acceptance(QueueMoved(torrents=in_order), latest.torrent, latest.revision)

    @contextlib.asynccontextmanager
    async def place(self, position: int) -> AsyncIterator[int]:
        """Locks the queue, and makes room at this position. Yields the number for the added torrent.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. The order has not changed.
        """
        async with self._locks.hold(QUEUE):
            number, others = insert(self._queue(set()), position)
            for torrent, moved in others.items():
                try:
                    await self._put(torrent, moved)
                except OuzelError as error:
                    if error.kind is not ErrorKind.UNKNOWN_TORRENT:  # else it was removed meanwhile
                        raise
            yield number

    def _in_queue(self, torrent: str) -> str:
        """The id of a torrent that is in the queue. Raises OuzelError: UNKNOWN_TORRENT, NOT_IN_QUEUE."""
        desired = self._reads.find(torrent)
        if not desired.options.auto_managed or desired.options.force_start:
            problem = f"torrent {desired.torrent} is not in the queue; `update_options` puts it there (`auto_managed`)"
            raise OuzelError(ErrorKind.NOT_IN_QUEUE, problem, field="args.torrents")
        return desired.torrent

    def _queue(self, moved: set[str] | None) -> list[tuple[str, int]]:
        """The torrents in the queue, in their order.

        Args:
            moved: torrents that are moved by one place. The result has these torrents and all incomplete torrents,
                because libtorrent's queue has no complete torrents. If `moved` is None, the result has all torrents.
        """
        keys = sorted(
            desired.queue_key
            for torrent, desired in self._catalogue.torrents.items()
            if desired.options.auto_managed
            and not desired.options.force_start
            and (moved is None or torrent in moved or self._is_incomplete(torrent))
        )
        return [(torrent, number) for number, torrent in keys]

    def _is_incomplete(self, torrent: str) -> bool:
        progress = self._engine.snapshot.of(torrent).progress
        return progress is None or lacks(progress)

    async def _put(self, torrent: str, number: int) -> None:
        """Stores a torrent's new number."""
        async with self._editor.hold(torrent) as before:
            after = msgspec.structs.replace(before, queue_order=number, revision=before.revision + 1)
            await self._catalogue.put(after)
            self._engine.ensure(after)
