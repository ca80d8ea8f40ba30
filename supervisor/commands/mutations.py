"""What clients can change: decided, made durable, published, handed to the engine. In this order, and then answered.

Each command is carried out by the handler that is registered for its type, in the module of its noun. Once a change has
been given to the disk it runs to its end, whether or not its client still waits.
"""

from collections.abc import Callable

import msgspec

from protocol.host.mounts import MountTable
from protocol.internal.link import Learned
from protocol.wire.commands import Mutation
from protocol.wire.desired import KnownMetadata, Quarantine
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events import LifecycleEvent
from supervisor.commands.acceptance import GONE, Acceptance, quarantined
from supervisor.commands.adding import Adding
from supervisor.commands.download_roots import DownloadRoots
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import check_complete, handlers_of
from supervisor.commands.quarantining import Quarantining
from supervisor.commands.reads import Reads
from supervisor.commands.removing import Removing
from supervisor.commands.restoring import Restoring
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.torrents.merger import Merger
from supervisor.engine.torrents.snapshot import Snapshot
from supervisor.engine.torrents.waiters import SESSION, Waiters
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf


class Mutations:
    """Carries out mutations.

    Args:
        merger: has records of one torrent made one.
        locks: of torrents, by id; shared with it.
        publish: publishes a lifecycle event.
        configure: hands the session's settings to the engine.
        shared_files: gives what is known of files that several torrents have.
        released: called with a torrent that was let out of quarantine, before it is loaded.
        on_paused: called with a torrent that a client has paused, or lets run again, and which of both.
        shelf: what was put aside.
        engine_wanted: raises OuzelError where there is no engine and none is about to come.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        snapshot: Snapshot,
        roots: DownloadRoots,
        mounts: MountTable,
        link: EngineLink,
        waiters: Waiters,
        reads: Reads,
        merger: Merger,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
        configure: Callable[[], None],
        engine_wanted: Callable[[], None],
        shared_files: Callable[[], SharedFiles],
        released: Callable[[str], None] = lambda torrent: None,
        on_paused: Callable[[str, bool], None] = lambda torrent, paused: None,
        shelf: DamagedShelf,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._waiters = waiters
        self._locks = locks
        self._editor = Editor(
            catalogue=catalogue,
            snapshot=snapshot,
            reads=reads,
            link=link,
            locks=locks,
            configure=configure,
            on_paused=on_paused,
        )
        self._removing = Removing(
            catalogue=catalogue,
            snapshot=snapshot,
            editor=self._editor,
            link=link,
            waiters=waiters,
            publish=publish,
            shared_files=shared_files,
        )
        self._quarantining = Quarantining(
            catalogue=catalogue,
            snapshot=snapshot,
            editor=self._editor,
            link=link,
            locks=locks,
            waiters=waiters,
            publish=publish,
            released=released,
        )
        adding = Adding(
            catalogue=catalogue,
            snapshot=snapshot,
            roots=roots,
            mounts=mounts,
            link=link,
            merger=merger,
            removing=self._removing,
            publish=publish,
            engine_wanted=engine_wanted,
            shared_files=shared_files,
        )
        restoring = Restoring(
            catalogue=catalogue,
            snapshot=snapshot,
            shelf=shelf,
            reads=reads,
            link=link,
            locks=locks,
            removing=self._removing,
            publish=publish,
            configure=configure,
            shared_files=shared_files,
        )
        parts = (self._editor, self._removing, self._quarantining, adding, restoring)
        self._handlers = self._editor.handlers() | handlers_of(*parts)
        check_complete(Mutation, self._handlers)

    async def accept(self, command: Mutation, deadline: float) -> Acceptance:
        """Carries out a mutation as far as the disk: from then on it will be done, whatever dies.

        Args:
            deadline: the loop's time after which nothing is begun any more that has not been accepted.

        Raises:
            OuzelError: nothing has changed, unless it is `OutcomeUnknown`.
        """
        accepted: Acceptance = await self._handlers[type(command)](command, deadline)
        return accepted

    async def until_applied(self, accepted: Acceptance) -> None:
        """Waits until libtorrent has confirmed what was accepted, or something later.

        Raises:
            OuzelError: ENGINE_REFUSED: libtorrent refused what is durable already; QUARANTINED: it is durable, and the
                torrent is not loaded.
        """
        subject, revision = accepted.subject, accepted.revision
        if subject == SESSION:
            if self._snapshot.settings_revision < revision:
                await self._waiters.applied(SESSION, revision)
            return
        if subject in self._catalogue.leaving:
            await self._waiters.applied(subject, revision)
            return
        desired = self._catalogue.torrents.get(subject)
        if desired is None or revision == GONE:
            return
        if desired.quarantine is not None:
            raise quarantined(subject)
        observed = self._snapshot.of(subject)
        revision = min(revision, desired.revision)  # one that was removed and added again has begun anew
        if observed.applied_revision < revision:
            await self._waiters.applied(subject, revision)
        elif observed.refusal is not None:
            raise OuzelError(ErrorKind.ENGINE_REFUSED, observed.refusal)

    def forgotten(self, torrent: str) -> None:
        """The last of a removed torrent is gone; its id can be used again."""
        self._removing.forgotten(torrent)

    async def quarantine(self, torrent: str, quarantine: Quarantine) -> None:
        """Makes it durable that a torrent is not loaded any more. One that is leaving leaves without its files deleted.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE, and then nothing has changed.
        """
        await self._quarantining.quarantine(torrent, quarantine)

    async def learn(self, fact: Learned) -> None:
        """Makes durable what an engine has found out about a torrent. Raises OuzelError: STORAGE_UNAVAILABLE."""
        await self._editor.learn(fact)

    async def keep_metadata(self, torrent: str, metadata: KnownMetadata) -> None:
        """Makes it durable what a torrent's info dictionary says, unless it is known, or the torrent is leaving.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE, and then nothing has changed.
        """
        async with self._locks.hold(torrent):
            before = self._catalogue.torrents.get(torrent)
            if before is not None and before.metadata != metadata:
                await self._catalogue.put(msgspec.structs.replace(before, metadata=metadata))
