"""Restores damaged files that were put aside."""

import contextlib
from collections.abc import Callable

import msgspec

from protocol.wire.commands.session_commands import RestoreDamaged
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.results import DamagedRestored
from protocol.wire.session.desired_session import DesiredSession
from supervisor.commands.acceptance import SESSION, Acceptance
from supervisor.commands.handlers import handles
from supervisor.commands.lifecycle.adding import appeared
from supervisor.commands.lifecycle.removing import Removing
from supervisor.commands.reads.reads import Reads
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf


class Restoring:
    """Moves files from `damaged/` back to their places in the resume directory.

    Args:
        shelf: the damaged files that were put aside.
        locks: locks of torrents, by id.
        removing: waits until a removal is complete. Only then can the torrent's id be used again.
        publish: publishes a lifecycle event.
        shared_files: tracks files that several torrents use.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        shelf: DamagedShelf,
        reads: Reads,
        engine: Engine,
        locks: KeyedLocks,
        removing: Removing,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = engine.snapshot
        self._shelf = shelf
        self._reads = reads
        self._engine = engine
        self._locks = locks
        self._removing = removing
        self._publish = publish
        self._shared_files = shared_files

    @handles(RestoreDamaged)
    async def restore(self, command: RestoreDamaged, deadline: float) -> Acceptance:
        """Restores a file. The copy in `damaged/` stays until the restored file is durable."""
        found = await self._shelf.prepare(command.name)
        torrent = found.named.torrent
        desired: DesiredTorrent | None = None
        async with self._locks.hold(SESSION if torrent is None else torrent):
            if torrent is not None:
                await self._removing.until_forgotten(torrent, deadline)
            await self._catalogue.ensure_settled(torrent)
            found = await self._shelf.prepare(command.name)  # read again, now that the locks exclude other changes
            match found.record:
                case DesiredTorrent() as record:
                    desired = msgspec.structs.replace(record, removal=None, spared=(), revision=record.revision + 1)
                    if found.resume is not None:
                        await self._shelf.place_resume(desired.torrent, found.resume)
                    await self._catalogue.put(desired, metainfo=found.metainfo)
                    self._shared_files.appeared(desired)
                    for event in appeared(desired, self._catalogue.category_of(desired)):
                        self._publish(event)
                    if desired.quarantine is None:
                        self._engine.ensure(desired)
                    else:
                        for state in self._snapshot.quarantined(desired.torrent, desired.quarantine.reason):
                            self._publish(state)
                case DesiredSession() as record:
                    revision = self._catalogue.session.revision + 1
                    await self._catalogue.put_session(msgspec.structs.replace(record, revision=revision))
                    self._engine.configure()
                case None:
                    desired = self._reads.find(torrent or "")
                    await self._shelf.place_metainfo(desired.torrent, found.metainfo or b"")
                    self._engine.ensure(desired, afresh=True)
        with contextlib.suppress(OSError):  # `health` reports a damaged copy that is left
            await self._shelf.discard(found)
        result = DamagedRestored(torrent=torrent, files=[path.name for path in found.used])
        if desired is None:
            return Acceptance(result, SESSION, self._catalogue.session.revision)
        return Acceptance(result, desired.torrent, desired.revision)
