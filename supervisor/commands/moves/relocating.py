"""Changes the save paths of torrents whose files are at another path already. See ADR 069."""

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec

from protocol.durable.doubted import ALL
from protocol.host.mounts import MountTable, mount_point_of
from protocol.wire.commands.file_commands import RelocateStorage
from protocol.wire.desired import DesiredTorrent, StorageMove
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import StorageRelocated
from supervisor.commands.acceptance import Acceptance
from supervisor.commands.editor import Editor
from supervisor.commands.handlers import handles
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.concurrency.threads import in_thread
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.observed.packed_files import with_renames
from supervisor.store.catalogue import Catalogue

NAMED_MAX: Final = 20
"""The maximum number of missing files that a reply names."""


class Wanted(NamedTuple):
    """A file to look for: its index, its path below the save path, and its size."""

    number: int
    path: str
    size: int


class Examined(NamedTuple):
    """What was found at the new save path.

    Fields:
        save_path: the new save path, with links resolved.
        missing: the paths of files that are not there.
        doubted: the indices of files that may have another content than at the present save path. Missing files are
            among them, because any content may appear there later.
    """

    save_path: str
    missing: list[str]
    doubted: tuple[int, ...]


class Relocating:
    """Changes save paths without moving files."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        engine: Engine,
        editor: Editor,
        roots: DownloadRoots,
        mounts: MountTable,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._editor = editor
        self._roots = roots
        self._mounts = mounts

    @handles(RelocateStorage)
    async def relocate(self, command: RelocateStorage, deadline: float) -> Acceptance:
        """Changes the save path. The engine unloads the torrent, and loads it again at the new path."""
        field = "args.save_path"
        async with self._editor.hold(command.torrent) as before:
            files, whole = self._files(before)
            examine = partial(self._examine, before, command.save_path, field, files, whole=whole)
            save_path, missing, doubted = await _look(examine, deadline, field)
            result = StorageRelocated(
                torrent=before.torrent, save_path=save_path, files=len(files), missing=missing[:NAMED_MAX]
            )
            move = before.move
            there = save_path == before.save_path and move is None
            if there or (move is not None and move.phase == "relocating" and move.save_path == save_path):
                return Acceptance(result, before.torrent, before.revision)
            if before.quarantine is not None:
                problem = f"torrent {before.torrent} is in quarantine; nothing was changed. Release it first"
                raise OuzelError(ErrorKind.QUARANTINED, problem)
            if move is not None:
                problem = f"the files of torrent {before.torrent} are being moved to {move.save_path!r}"
                raise OuzelError(ErrorKind.TORRENT_MOVING, f"{problem}; nothing was changed", retry_after_ms=1000)
            if missing and not command.force and not command.dry_run:
                problem = f"{len(missing)} of {len(files)} files are not in {save_path!r}, such as {missing[0]!r}"
                raise OuzelError(ErrorKind.STORAGE_MISSING, f"{field}: {problem}; nothing was changed", field=field)
            if command.dry_run:
                return Acceptance(result, before.torrent, before.revision)
            after = await self._store(before, save_path, doubted)
            return Acceptance(result, after.torrent, after.revision)

    async def _store(self, before: DesiredTorrent, save_path: str, doubted: tuple[int, ...]) -> DesiredTorrent:
        """Stores the relocation."""
        mount_point = mount_point_of(save_path, self._mounts.current())
        move = StorageMove(save_path=save_path, mount_point=mount_point, phase="relocating", doubted=doubted)
        # The client has guaranteed the files at the former path. Without resume data nothing else would be checked.
        seed_mode = before.seed_mode and not doubted
        after = msgspec.structs.replace(before, move=move, seed_mode=seed_mode, revision=before.revision + 1)
        await self._catalogue.put(after)
        self._engine.ensure(after)
        return after

    def _files(self, desired: DesiredTorrent) -> tuple[list[Wanted], bool]:
        """The files with data on disk, and whether all of these files are complete as far as the supervisor knows."""
        snapshot = self._engine.snapshot
        metadata = snapshot.of(desired.torrent).metadata
        row = snapshot.row(desired, 0)
        if metadata is None or not row.bytes_done:
            return [], False
        files, _ = with_renames(list(metadata.files()), metadata.torrent_paths, desired.renames)
        wanted = [Wanted(file.index, file.path, file.size) for file in files if file.size and file.priority]
        return wanted, row.bytes_done == row.bytes_total

    def _examine(
        self, desired: DesiredTorrent, path: str, field: str, files: Sequence[Wanted], *, whole: bool
    ) -> Examined:
        """Looks for the files at the new save path. Raises OuzelError, OSError."""
        save_path = self._roots.confine(path, field)
        saved_ns = _modified(self._catalogue.fastresume_name(desired.torrent))
        missing: list[str] = []
        doubted = [] if files else [ALL]  # the progress is not known, or there is none
        for file in files:
            there = _status(f"{save_path}/{file.path}")
            if there is None or there.st_size > file.size or (whole and there.st_size != file.size):
                missing.append(file.path)
                doubted.append(file.number)  # whatever appears there later
            elif _is_doubted(_status(f"{desired.save_path}/{file.path}"), there, saved_ns):
                doubted.append(file.number)
        if not whole and len(missing) < len(files):
            missing = []  # some files of an incomplete torrent may not have been begun
        return Examined(save_path, missing, tuple(doubted))


def _is_doubted(present: os.stat_result | None, there: os.stat_result, saved_ns: int) -> bool:
    """Whether a file at the new save path may differ from the file that the resume data describes.

    Args:
        present: the file at the present save path; None if the file is gone.
        saved_ns: when the resume data was written. A file that was last changed before that still has the same content.
    """
    if there.st_blocks * 512 < there.st_size:  # it may have holes in place of pieces
        return True
    if present is None:
        return there.st_mtime_ns > saved_ns
    same_file = (present.st_dev, present.st_ino) == (there.st_dev, there.st_ino)
    return not same_file and (present.st_size, present.st_mtime_ns) != (there.st_size, there.st_mtime_ns)


def _status(path: str) -> os.stat_result | None:
    """The status of a regular file; None if there is none."""
    try:
        found = os.stat(path, follow_symlinks=False)  # noqa: PTH116  # a Path for each file takes longer than the call
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _modified(path: str) -> int:
    found = _status(path)
    return 0 if found is None else found.st_mtime_ns


async def _look(check: Callable[[], Examined], deadline: float, field: str) -> Examined:
    """Runs a check of a disk in a thread. Raises its errors, and STORAGE_UNAVAILABLE."""
    try:
        async with asyncio.timeout_at(deadline):
            return await in_thread(check)
    except (TimeoutError, OSError) as error:
        problem = f"{field}: its file system does not answer, or cannot be read ({error}); nothing was accepted"
        raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, problem, field=field, retry_after_ms=10_000) from error
