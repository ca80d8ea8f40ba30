"""Completes removals: deletes the record of a removed torrent after the engine has unloaded the torrent."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from protocol.internal.link_events import TorrentDropped
from protocol.wire.errors import OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import SessionError
from supervisor.commands.mutations import Mutations
from supervisor.concurrency.background import Tasks
from supervisor.log import logs
from supervisor.store.catalogue import Catalogue

FILES_LOGGED: Final = 10
"""The number of undeletable files that the log names for a removed torrent."""

AGAIN_S: Final = 1.0
"""The delay before the deletion of a record is tried again."""


class Removals:
    """Completes the removals of a service.

    Args:
        release: called when a removal is complete, before the torrent's id can be used again.
        publish: publishes an event.
        group: runs the tasks that delete records.
        ended: set when the service ends. The next service completes the remaining removals.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        mutations: Mutations,
        release: Callable[[str], None],
        publish: Callable[[LifecycleEvent], object],
        group: Tasks,
        ended: asyncio.Event,
        log: logs.Logger,
    ) -> None:
        self._catalogue = catalogue
        self._mutations = mutations
        self._release = release
        self._publish = publish
        self._group = group
        self._ended = ended
        self._log = log
        self._dropping: set[str] = set()

    def forgotten(self, event: TorrentDropped) -> None:
        """Handles the engine's report that a torrent is unloaded. Reports undeleted files, and deletes the record."""
        leaving = self._catalogue.leaving.get(event.torrent)
        if leaving is None:
            return
        problem = event.problem
        if leaving.removal == "delete_files" and leaving.quarantine is not None:
            problem = f"{leaving.quarantine.reason}, and would have to be loaded to find its files"
        if event.left or (problem is not None and leaving.removal == "delete_files"):
            left = event.left[:FILES_LOGGED]
            self._log.warning("files_not_deleted", torrent=event.torrent, problem=problem, paths=left)
            message = f"files of the removed torrent {event.torrent} were not deleted: {problem}"
            self._publish(SessionError(name="files_not_deleted", message=message, paths=event.left))
        self._group.create_task(self._drop(event.torrent))

    async def _drop(self, torrent: str) -> None:
        """Deletes a record. After an error, tries again until the record is deleted or the service ends."""
        if torrent in self._dropping:
            return
        self._dropping.add(torrent)
        problem = None
        try:
            while torrent in self._catalogue.leaving and not self._ended.is_set():
                try:
                    await self._catalogue.drop(torrent)
                except OuzelError as error:
                    if problem != error.message:
                        problem = error.message
                        self._log.warning("record_not_deleted", torrent=torrent, problem=problem)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(AGAIN_S):
                            await self._ended.wait()
        finally:
            self._dropping.discard(torrent)
        if torrent in self._catalogue.leaving:
            return
        self._release(torrent)
        self._mutations.forgotten(torrent)
