"""Accepts moves and renames of torrents' files, and stores the engine's reports about moves.

A move is part of a torrent's record until the move is complete. So each engine continues the move. See ADR 051.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from protocol.host.mounts import MountTable, mount_point_of
from protocol.internal.move_events import MoveCopied, MoveEnded
from protocol.wire.commands.file_commands import MoveStorage, RenameFile, RenameFolder
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import MAX_EVENT_FILES, LifecycleEvent
from protocol.wire.events.session_events import SessionError
from protocol.wire.events.torrent_events import FileEntry, FilesRenamed, StorageMoved
from protocol.wire.metadata import content_of
from protocol.wire.results import TorrentAccepted
from protocol.wire.rows import TorrentState
from supervisor.commands.acceptance import Acceptance
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import handles
from supervisor.commands.moves import new_paths, preflight
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency.keyed_locks import KeyedLocks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.observed.packed_files import with_renames
from supervisor.payload.shared_files import SharedFiles
from supervisor.store.catalogue import Catalogue

T = TypeVar("T")


class Moves:
    """The moves of all torrents.

    Args:
        locks: locks of torrents, by id.
        publish: publishes a lifecycle event.
        shared_files: tracks files that several torrents use.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        editor: Editor,
        roots: DownloadRoots,
        mounts: MountTable,
        locks: KeyedLocks,
        publish: Callable[[LifecycleEvent], int],
        shared_files: SharedFiles,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._snapshot = engine.snapshot
        self._editor = editor
        self._roots = roots
        self._mounts = mounts
        self._locks = locks
        self._publish = publish
        self._shared_files = shared_files
        self._accepting = asyncio.Lock()
        """The lock that is held while a move is compared with all other moves and stored."""

    # -- commands -------------------------------------------------------------------------------------------------

    @handles(MoveStorage)
    async def move_storage(self, command: MoveStorage, deadline: float) -> Acceptance:
        """Begins or cancels a move to another save path."""
        field = "args.save_path"
        async with self._editor.hold(command.torrent) as before:
            save_path = await _look(partial(self._roots.confine, command.save_path, field), deadline, field)
            move = before.move
            if move is not None and save_path == before.save_path and move.phase == "copying":
                return await self._store(before, msgspec.structs.replace(move, phase="undoing"))
            if save_path == before.save_path if move is None else _leads_to(move, save_path, before):
                return _accepted(before)
            self._check_movable(before)
            files = self._files(before)
            pairs = [(f"{before.save_path}/{file.path}", f"{save_path}/{file.path}") for file in files or ()]
            return await self._begin(before, save_path, {}, pairs, field, deadline)

    @handles(RenameFile)
    async def rename_file(self, command: RenameFile, deadline: float) -> Acceptance:
        """Begins to rename a file."""
        async with self._editor.hold(command.torrent) as before:
            renamed = new_paths.of_file(self._known_files(before), command.index, command.path, before.save_path)
            return await self._rename(before, renamed, "args.path", deadline)

    @handles(RenameFolder)
    async def rename_folder(self, command: RenameFolder, deadline: float) -> Acceptance:
        """Begins to rename a folder, with all files in it."""
        async with self._editor.hold(command.torrent) as before:
            files, save_path = self._known_files(before), before.save_path
            renamed = new_paths.of_folder(files, command.path, command.new_path, save_path)
            return await self._rename(before, renamed, "args.new_path", deadline)

    async def _rename(self, before: DesiredTorrent, renamed: dict[int, str], field: str, deadline: float) -> Acceptance:
        if not renamed and before.move is None:
            return _accepted(before)
        self._check_movable(before)
        present = {file.index: file.path for file in self._known_files(before)}
        save_path = before.save_path
        pairs = [(f"{save_path}/{present[index]}", f"{save_path}/{path}") for index, path in renamed.items()]
        return await self._begin(before, save_path, renamed, pairs, field, deadline)

    async def _begin(
        self,
        before: DesiredTorrent,
        save_path: str,
        renamed: dict[int, str],
        pairs: Sequence[tuple[str, str]],
        field: str,
        deadline: float,
    ) -> Acceptance:
        """Checks that a move is possible, and stores it."""
        if overlap := {old for old, _ in pairs}.intersection(new for _, new in pairs):
            # Even if it is not on disk: once it is, nobody could tell whose data it has.
            problem = f"{field}: {min(overlap)!r} is the path of another file of the torrent; nothing was changed"
            raise OuzelError(ErrorKind.FILE_EXISTS, problem, field=field)
        await self._check_unshared(before, [new for _, new in pairs], field)
        found = await _look(partial(preflight.check, before.torrent, save_path, pairs, field), deadline, field)
        move = StorageMove(
            save_path=save_path,
            mount_point=mount_point_of(save_path, self._mounts.current()),
            made=found.made,
            renames=tuple(renamed.items()),
        )
        async with self._accepting:
            self._shared_files.reserve(before, move)
            try:
                await self._check_unshared(before, [new for _, new in pairs], field)
                return await self._store(before, move)
            finally:
                self._shared_files.release(before.torrent)

    async def _store(self, before: DesiredTorrent, move: StorageMove) -> Acceptance:
        after = msgspec.structs.replace(before, move=move, revision=before.revision + 1)
        await self._catalogue.put(after)
        self._engine.ensure(after)
        return _accepted(after)

    # -- checks ---------------------------------------------------------------------------------------------------

    def _check_movable(self, desired: DesiredTorrent) -> None:
        """Refuses a torrent that cannot be moved now.

        The torrent is being moved already, is in quarantine, or has missing files.
        """
        torrent = desired.torrent
        if desired.move is not None:
            where = desired.move.save_path
            problem = f"the files of torrent {torrent} are being moved to {where!r}; nothing was changed"
            raise OuzelError(ErrorKind.TORRENT_MOVING, problem, retry_after_ms=1000)
        if desired.quarantine is not None:
            problem = f"torrent {torrent} is in quarantine; nothing was changed. Release it first"
            raise OuzelError(ErrorKind.QUARANTINED, problem)
        if self._snapshot.of(torrent).state is TorrentState.MISSING_STORAGE:
            problem = f"the files of torrent {torrent} are missing, so they cannot be moved; nothing was changed"
            raise OuzelError(ErrorKind.STORAGE_MISSING, problem, retry_after_ms=10_000)

    async def _check_unshared(self, desired: DesiredTorrent, new: Sequence[str], field: str) -> None:
        """Refuses a move that other torrents prevent.

        Other torrents use the files, or use the new paths.
        """
        torrent = desired.torrent
        if await self._shared_files.to_spare(desired) != ():
            others = ", ".join(self._shared_files.near(torrent)[:10])
            problem = f"torrents that may use some of the files of {torrent}: {others}; nothing was changed"
            raise OuzelError(ErrorKind.FILES_SHARED, problem)
        if others := ", ".join((await self._shared_files.users_of(torrent, new))[:10]):
            problem = f"{field}: torrents that use the same files there: {others}; nothing was changed"
            raise OuzelError(ErrorKind.FILES_SHARED, problem, field=field)

    def _files(self, desired: DesiredTorrent) -> list[FileEntry] | None:
        """The files with the names in the record. The list of the engine may be older than the record."""
        metadata = self._snapshot.of(desired.torrent).metadata
        if metadata is None:
            return None
        return with_renames(list(metadata.files()), metadata.torrent_paths, desired.renames)[0]

    def _known_files(self, desired: DesiredTorrent) -> list[FileEntry]:
        files = self._files(desired)
        if files is None:
            problem = f"the files of torrent {desired.torrent} are not known yet; nothing was changed"
            raise OuzelError(ErrorKind.NO_METADATA, problem, retry_after_ms=1000)
        return files

    def _with_content(self, moved: DesiredTorrent) -> DesiredTorrent:
        """The record with the content path after a move. If the files are not known now, the engine reports the content
        path later.
        """
        metadata, files = self._snapshot.metadata(moved), self._files(moved)
        if metadata is None or files is None:
            return moved
        root = content_of(file.path for file in files)
        return msgspec.structs.replace(moved, metadata=msgspec.structs.replace(metadata, root=root))

    # -- reports of the engine ------------------------------------------------------------------------------------

    async def learn(self, fact: MoveCopied | MoveEnded) -> None:
        """Stores an engine's report about a move, and has the engine continue. Raises STORAGE_UNAVAILABLE.

        The engine repeats a report until the torrent's desired state has another move or no move.
        """
        async with self._locks.hold(fact.torrent):
            before = self._catalogue.torrents.get(fact.torrent)
            if before is None:
                return
            if before.move != fact.move:
                self._engine.ensure(before)
                return
            events: list[LifecycleEvent] = []
            if isinstance(fact, MoveCopied):
                after = msgspec.structs.replace(before, move=msgspec.structs.replace(fact.move, phase="placing"))
            elif fact.problem is None and fact.move.phase in ("placing", "relocating"):
                after = self._with_content(before.moved())
                events.append(_moved(before, after))
            else:
                placing = fact.move.phase == "placing"  # something was in the way, and the copies have to be deleted
                move = msgspec.structs.replace(fact.move, phase="undoing") if placing else None
                after = msgspec.structs.replace(before, move=move)
                if fact.problem is not None:
                    message = f"the files of torrent {fact.torrent} were not moved: {fact.problem}"
                    events.append(SessionError(name="move_failed", message=message))
            after = msgspec.structs.replace(after, revision=before.revision + 1)
            await self._catalogue.put(after)
            observed = self._snapshot.of(fact.torrent)
            if after.move is None:
                self._snapshot.moves.discard(fact.torrent)
            if after.renames != before.renames and observed.metadata is not None:
                observed.metadata = observed.metadata.renamed(after.renames)
            if after.metadata != before.metadata:
                observed.known = after.metadata
            for event in events:
                self._publish(event)
            self._engine.ensure(after)


def _leads_to(move: StorageMove, save_path: str, desired: DesiredTorrent) -> bool:
    """Whether a move to this save path is in progress. If so, nothing has to be changed."""
    return save_path == (desired.save_path if move.phase == "undoing" else move.save_path)


def _moved(before: DesiredTorrent, after: DesiredTorrent) -> LifecycleEvent:
    if after.save_path != before.save_path:
        return StorageMoved(torrent=after.torrent, save_path=after.save_path)
    renames = before.move.renames if before.move is not None else ()
    files = {str(index): path for index, path in renames[:MAX_EVENT_FILES]}
    return FilesRenamed(
        torrent=after.torrent,
        files=files,
        truncated=len(renames) > MAX_EVENT_FILES,
        content=None if after.metadata is None else after.metadata.content,
    )


def _accepted(desired: DesiredTorrent) -> Acceptance:
    return Acceptance(TorrentAccepted(torrent=desired.torrent), desired.torrent, desired.revision)


async def _look(check: Callable[[], T], deadline: float, field: str) -> T:
    """Runs a check of a disk in a thread. Raises its errors, and STORAGE_UNAVAILABLE."""
    try:
        async with asyncio.timeout_at(deadline):
            return await in_thread(check)
    except (TimeoutError, OSError) as error:
        problem = f"{field}: its file system does not answer, or cannot be read ({error}); nothing was accepted"
        raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, problem, field=field, retry_after_ms=10_000) from error
