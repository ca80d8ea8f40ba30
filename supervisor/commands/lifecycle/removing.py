"""Removes torrents, with their files or without."""

import asyncio
from collections.abc import Callable

import msgspec

from protocol.wire.commands.torrent_commands import RemoveTorrent
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import GoalReached, TorrentRemoved
from protocol.wire.results import TorrentAccepted
from supervisor.commands.acceptance import GONE, Acceptance
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import handles
from supervisor.engine.engine import Engine
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue


class Removing:
    """Removes torrents, and waits for the end of removals.

    Args:
        publish: publishes a lifecycle event.
        shared_files: tracks files that several torrents use.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        editor: Editor,
        engine: Engine,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = engine.snapshot
        self._editor = editor
        self._engine = engine
        self._waiters = engine.waiters
        self._publish = publish
        self._shared_files = shared_files
        self._forgotten: dict[str, asyncio.Future[None]] = {}

    @handles(RemoveTorrent)
    async def remove(self, command: RemoveTorrent, _: float) -> Acceptance:
        """Stores the removal, and has the engine unload the torrent. The record stays until the engine has deleted the
        files.
        """
        async with self._editor.hold(command.torrent) as before:
            await self.leave(before, delete_files=command.delete_files)
        return Acceptance(TorrentAccepted(torrent=before.torrent), before.torrent, GONE)

    async def leave(self, before: DesiredTorrent, *, delete_files: bool, because: GoalReached | None = None) -> None:
        """Removes a torrent. The caller holds the torrent's lock.

        Args:
            because: the seeding goal that requires the removal. The goal is published before the removal.

        Raises:
            OuzelError: the removal failed. Nothing has changed, except after `OutcomeUnknown`.
        """
        torrent = before.torrent
        if before.move is not None:
            problem = f"the files of torrent {torrent} are being moved; nothing was changed"
            raise OuzelError(ErrorKind.TORRENT_MOVING, problem, retry_after_ms=1000)
        if delete_files and before.quarantine is not None:
            raise OuzelError(
                ErrorKind.QUARANTINED,
                f"torrent {torrent} is in quarantine, and would have to be loaded to delete its files; nothing was "
                "changed. Remove it without its files, or release it first",
                field="args.delete_files",
            )
        removal = "delete_files" if delete_files else "keep_files"
        spared = await self._shared_files.to_spare(before) if delete_files else ()
        if spared is None:
            raise OuzelError(
                ErrorKind.NO_METADATA,
                f"the files of torrent {torrent} are not known yet, and another torrent may use some of them; "
                "nothing was changed. Remove it without its files, or later",
                field="args.delete_files",
                retry_after_ms=1000,
            )
        leaving = msgspec.structs.replace(before, removal=removal, spared=tuple(spared), revision=before.revision + 1)
        await self._catalogue.put(leaving)
        if because is not None:
            self._publish(because)
        self._publish(TorrentRemoved(torrent=torrent, delete_files=delete_files))
        self._snapshot.discard(torrent)
        self._engine.forget(leaving)

    def forgotten(self, torrent: str) -> None:
        """Notes that a removal is complete. From now on, the torrent's id can be used again."""
        self._waiters.confirm(torrent, GONE)
        waiting = self._forgotten.pop(torrent, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def until_forgotten(self, torrent: str, deadline: float) -> None:
        """Waits until the removal of a torrent with this id is complete. Raises OuzelError: TORRENT_BUSY."""
        if torrent not in self._catalogue.leaving:
            return
        waiting = self._forgotten.setdefault(torrent, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.shield(waiting)
        except TimeoutError as error:
            raise OuzelError(
                ErrorKind.TORRENT_BUSY, f"torrent {torrent} is still being removed", retry_after_ms=1000
            ) from error
