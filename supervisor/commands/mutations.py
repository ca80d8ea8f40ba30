"""Carries out mutations.

A mutation has these steps:
1. It is validated.
2. It is made durable.
3. It is published.
4. It is sent to the engine.
5. It is answered.

Each type of command has a registered handler. Once a write has begun, the mutation runs to its end, even if the client
no longer waits.
"""

from collections.abc import Callable, Sequence

import msgspec

from protocol.host.mounts import MountTable
from protocol.internal.link_messages import Learned
from protocol.internal.move_events import MoveCopied, MoveEnded
from protocol.wire.commands.kinds import Mutation
from protocol.wire.desired import DesiredTorrent, Quarantine
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.metadata import KnownMetadata
from supervisor.commands.acceptance import GONE, SESSION, Acceptance, quarantined
from supervisor.commands.categories import CategoryEditor
from supervisor.commands.creating.creating import Creating
from supervisor.commands.creating.job_runner import JobRunner
from supervisor.commands.editor import Editor
from supervisor.commands.groups import GroupEditor
from supervisor.commands.handlers import check_complete, handlers_of
from supervisor.commands.lifecycle.adding import Adding
from supervisor.commands.lifecycle.goal_actions import GoalActions
from supervisor.commands.lifecycle.quarantining import Quarantining
from supervisor.commands.lifecycle.removing import Removing
from supervisor.commands.lifecycle.restoring import Restoring
from supervisor.commands.lifecycle.uploads import Uploads
from supervisor.commands.moves.moves import Moves
from supervisor.commands.moves.relocating import Relocating
from supervisor.commands.queueing import Queueing
from supervisor.commands.reads.reads import Reads
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.commands.seeding.goals import Verdict
from supervisor.commands.seeding.goals_editor import GoalsEditor
from supervisor.commands.session_settings import SettingsEditor
from supervisor.commands.streaming import Streaming
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.merger import Merger
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue
from supervisor.store.damaged_shelf import DamagedShelf


class Mutations:
    """Carries out mutations.

    Args:
        merger: merges records of the same torrent.
        locks: locks of torrents, by id; shared with the merger.
        publish: publishes a lifecycle event.
        shared_files: tracks files that several torrents use.
        on_paused: called with a torrent that a client has paused (True) or resumed (False).
        shelf: the damaged files that were put aside.
        jobs: the jobs that make torrents.
        others: further objects with handlers of mutations.
        created_by: the name of this program, for the .torrent files.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        roots: DownloadRoots,
        mounts: MountTable,
        reads: Reads,
        merger: Merger,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
        on_paused: Callable[[str, bool], None] = lambda torrent, paused: None,
        shelf: DamagedShelf,
        jobs: JobRunner,
        others: Sequence[object] = (),
        created_by: str = "Ouzel",
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._locks = locks
        editor = Editor(catalogue=catalogue, engine=engine, reads=reads, locks=locks, on_paused=on_paused)
        removing = Removing(
            catalogue=catalogue, engine=engine, editor=editor, publish=publish, shared_files=shared_files
        )
        quarantining = Quarantining(catalogue=catalogue, engine=engine, editor=editor, locks=locks, publish=publish)
        uploads = Uploads()
        queueing = Queueing(catalogue=catalogue, reads=reads, engine=engine, editor=editor, locks=locks)
        adding = Adding(
            uploads=uploads,
            queueing=queueing,
            catalogue=catalogue,
            engine=engine,
            roots=roots,
            mounts=mounts,
            merger=merger,
            removing=removing,
            publish=publish,
            shared_files=shared_files,
        )
        restoring = Restoring(
            catalogue=catalogue,
            engine=engine,
            shelf=shelf,
            reads=reads,
            locks=locks,
            removing=removing,
            publish=publish,
            shared_files=shared_files,
        )
        settings = SettingsEditor(catalogue=catalogue, reads=reads, engine=engine, locks=locks, publish=publish)
        self._moves = Moves(
            catalogue=catalogue,
            engine=engine,
            editor=editor,
            roots=roots,
            mounts=mounts,
            locks=locks,
            publish=publish,
            shared_files=shared_files,
        )
        relocating = Relocating(catalogue=catalogue, engine=engine, editor=editor, roots=roots, mounts=mounts)
        categories = CategoryEditor(catalogue=catalogue, roots=roots, locks=locks)
        groups = GroupEditor(catalogue=catalogue, engine=engine, locks=locks)
        self._goals = GoalActions(catalogue=catalogue, engine=engine, editor=editor, removing=removing, publish=publish)
        goals = GoalsEditor(catalogue=catalogue, locks=locks, report=reads.goals_report, publish=publish)
        creating = Creating(jobs=jobs, roots=roots, adding=adding, created_by=created_by)
        self._editor, self._removing, self._quarantining = editor, removing, quarantining
        self._streaming = Streaming(reads=reads, engine=engine)
        parts = (
            *(editor, settings, goals, categories, groups, queueing, self._streaming, creating),
            *(removing, quarantining, adding, restoring, uploads, self._moves, relocating),
            *others,
        )
        self._handlers = editor.handlers() | handlers_of(*parts)
        check_complete(Mutation, self._handlers)

    async def accept(self, command: Mutation, deadline: float) -> Acceptance:
        """Makes a mutation durable. From then on, the mutation will be applied even if a process dies.

        Args:
            deadline: a time of the loop. If the mutation is not accepted by then, it is given up.

        Raises:
            OuzelError: the mutation failed. Nothing has changed, except after `OutcomeUnknown`.
        """
        accepted: Acceptance = await self._handlers[type(command)](command, deadline)
        return accepted

    async def until_applied(self, accepted: Acceptance) -> None:
        """Waits until libtorrent has confirmed the accepted revision or a later revision.

        Raises:
            OuzelError: ENGINE_REFUSED: libtorrent refused the durable mutation.
            OuzelError: QUARANTINED: the mutation is durable, but the torrent is not loaded.
        """
        subject, revision = accepted.subject, accepted.revision
        if subject == SESSION:
            await self._engine.applied(None, revision)
            return
        if subject in self._catalogue.leaving:
            await self._engine.applied(subject, revision)
            return
        desired = self._catalogue.torrents.get(subject)
        if desired is None or revision == GONE:
            return
        if desired.quarantine is not None:
            raise quarantined(subject)
        observed = self._engine.snapshot.of(subject)
        revision = min(revision, desired.revision)  # revisions begin anew when a removed torrent is added again
        if observed.applied_revision < revision:
            await self._engine.applied(subject, revision)
        elif observed.refusal is not None:
            raise OuzelError(ErrorKind.ENGINE_REFUSED, observed.refusal)

    def engine_ready(self) -> None:
        """Sends a new engine the requests that are not durable and still apply."""
        self._streaming.engine_ready()

    def forgotten(self, torrent: str) -> None:
        """Notes that a removal is complete. From now on, the torrent's id can be used again."""
        self._removing.forgotten(torrent)

    async def quarantine(self, torrent: str, quarantine: Quarantine) -> None:
        """Puts a torrent into quarantine durably. If the torrent is being removed, its files are not deleted.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed.
        """
        await self._quarantining.quarantine(torrent, quarantine)

    async def act_on_goal(self, torrent: str, judge: Callable[[DesiredTorrent], Verdict | None]) -> None:
        """Acts on a torrent's seeding goal. See `GoalActions.act`. Raises OuzelError."""
        await self._goals.act(torrent, judge)

    async def learn(self, fact: Learned) -> None:
        """Stores a finding of an engine about a torrent. Raises OuzelError: STORAGE_UNAVAILABLE."""
        if isinstance(fact, MoveCopied | MoveEnded):
            await self._moves.learn(fact)
        else:
            await self._editor.learn(fact)

    async def keep_metadata(self, torrent: str, metadata: KnownMetadata) -> None:
        """Stores a torrent's metadata in its record. Does nothing if the metadata is stored, or the torrent was
        removed.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed.
        """
        async with self._locks.hold(torrent):
            before = self._catalogue.torrents.get(torrent)
            if before is not None and before.metadata != metadata:
                await self._catalogue.put(msgspec.structs.replace(before, metadata=metadata))
