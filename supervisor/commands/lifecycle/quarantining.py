"""Puts torrents that crash the engine into quarantine, and releases torrents from quarantine."""

from collections.abc import Callable

import msgspec

from protocol.wire.commands.torrent_commands import ReleaseTorrent
from protocol.wire.desired import Quarantine
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import Quarantined, Released
from protocol.wire.results import TorrentAccepted
from supervisor.commands.acceptance import Acceptance, quarantined
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import handles
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.store.catalogue import Catalogue


class Quarantining:
    """Puts torrents into quarantine, and releases torrents from quarantine.

    Args:
        locks: locks of torrents, by id.
        publish: publishes a lifecycle event.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        editor: Editor,
        engine: Engine,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = engine.snapshot
        self._editor = editor
        self._engine = engine
        self._locks = locks
        self._waiters = engine.waiters
        self._publish = publish

    async def quarantine(self, torrent: str, quarantine: Quarantine) -> None:
        """Puts a torrent into quarantine durably. If the torrent is being removed, its files are not deleted.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed.
        """
        async with self._locks.hold(torrent):
            before = self._catalogue.torrents.get(torrent) or self._catalogue.leaving.get(torrent)
            if before is None or before.quarantine is not None:
                return
            after = msgspec.structs.replace(before, quarantine=quarantine, revision=before.revision + 1)
            await self._catalogue.put(after)
            if after.removal is not None:
                self._engine.forget(after)
                return
            for event in self._snapshot.quarantined(torrent, quarantine.reason):
                self._publish(event)
            self._publish(Quarantined(torrent=torrent, reason=quarantine.reason, crash_report=quarantine.crash_report))
            self._waiters.refuse(torrent, quarantined(torrent))

    @handles(ReleaseTorrent)
    async def release(self, command: ReleaseTorrent, _: float) -> Acceptance:
        """Releases a torrent from quarantine durably, and has the engine load the torrent."""
        async with self._editor.hold(command.torrent) as before:
            torrent = before.torrent
            if before.quarantine is None:
                self._engine.release(torrent)  # a quarantine may be decided, and not stored yet
                return Acceptance(TorrentAccepted(torrent=torrent), torrent, before.revision)
            after = msgspec.structs.replace(before, quarantine=None, revision=before.revision + 1)
            await self._catalogue.put(after)
            self._publish(Released(torrent=torrent))
            for event in self._snapshot.queued(torrent):
                self._publish(event)
            self._engine.release(torrent)
            self._engine.ensure(after)
        return Acceptance(TorrentAccepted(torrent=torrent), torrent, after.revision)
