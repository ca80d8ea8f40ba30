"""The steps of a move on disk: staging, placing and undoing. Runs on a disk's thread.

Each step finds out from the disk which part is already done. So a step can be repeated after a crash at any moment. The
name of a staged file is the hash of its path in the source. During the copy, the file has another name. After the sync,
it gets its staged name. So a file with its staged name is complete.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from engine_proc.moving import no_replace
from engine_proc.storage.confinement import Disk, Judge
from engine_proc.storage.leftovers import folders
from protocol.internal.bounds import Bounds

CHUNK: Final = 4 * 1024 * 1024
"""The number of bytes that are copied between two reports of the progress."""

SPARE: Final = 16 * 1024 * 1024
"""The free space that a copy leaves on its file system."""


class Plan(NamedTuple):
    """The move of one torrent.

    Fields:
        source: the present save path.
        target: the new save path; equal to `source` if only names change.
        made: the topmost directory of the target that did not exist when the move was accepted; None if all existed.
        pairs: the present and the final path of each file. Files that keep their path are left out.
        claimed: the present paths of claimed files, which must exist. If a file is missing, its disk may be missing.
    """

    torrent: str
    source: str
    target: str
    made: str | None
    pairs: Sequence[tuple[str, str]]
    claimed: frozenset[str] = frozenset()

    @property
    def staging(self) -> str:
        """The directory of the staged files."""
        return f"{self.target}/.ouzel-moving-{self.torrent}"

    def staged(self, source: str) -> str:
        """The staged path of the file that is now at `source`."""
        below = source.removeprefix(f"{self.source}/")
        return f"{self.staging}/{hashlib.sha256(below.encode()).hexdigest()[:32]}"


class MoveFailed(Exception):
    """A file cannot be moved. The message names the file and the reason."""


class Collision(MoveFailed):
    """Another program's file has appeared at a final path."""


class Interrupted(Exception):
    """The move was cancelled, or the process ends."""


class Moving(NamedTuple):
    """The further arguments of a step, in addition to the plan.

    Fields:
        bounds: the directories in which payload may be stored.
        disk: accesses the disk for the check of the paths.
        report: called with the number of copied bytes and the total. May raise Interrupted.
    """

    bounds: Bounds
    disk: Disk
    report: Callable[[int, int], None]


class _File(NamedTuple):
    source: str
    staged: str
    final: str
    size: int
    stored: int
    """The bytes that the source occupies on its disk."""


def stage(plan: Plan, moving: Moving) -> None:
    """Links or copies all files that exist into the staging directory.

    Raises MoveFailed, OSError or Interrupted. The source is never changed.
    """
    paths = [path for pair in plan.pairs for path in pair]
    escape = Judge(moving.bounds, moving.disk).escape([*paths, plan.staging])
    if escape is not None:
        raise MoveFailed(str(escape))
    if overlap := {source for source, _ in plan.pairs}.intersection(final for _, final in plan.pairs):
        raise MoveFailed(f"{min(overlap)!r} would be the new path of a file, and is that of another one that is moved")
    device, files = _device(plan.target), list(_existing(plan))
    for file in files:
        _check_free(plan, file.final, device)
    if not files:
        return
    _make(plan.staging)
    to_copy = [file for file in files if not _is_staged(file) and not _link(file)]
    total = sum(file.stored for file in to_copy)
    free = _free(plan.staging)
    if to_copy and total + SPARE > free:
        raise MoveFailed(no_space(plan.target, total + SPARE, free))
    done = 0
    for file in to_copy:
        _copy(file, lambda copied, before=done: moving.report(before + copied, total))  # type: ignore[misc]
        done += file.stored
    moving.report(total, total)
    _sync(plan.staging)
    _check_device(plan.target, device)


def no_space(path: str, needed: int, free: int) -> str:
    """The sentence about a file system without enough space."""
    return f"{path!r} has {free} bytes free, and {needed} are needed"


def place(plan: Plan, moving: Moving) -> None:
    """Gives the staged files their final names. Then deletes the originals.

    Raises MoveFailed, OSError or Interrupted. If another file has a final name, raises Collision before an original is
    deleted.
    """
    paths = [path for pair in plan.pairs for path in pair]
    escape = Judge(moving.bounds, moving.disk).escape([*paths, plan.staging])
    if escape is not None:
        raise MoveFailed(str(escape))
    device = _device(plan.target)
    for source, final in plan.pairs:
        staged = plan.staged(source)
        if not os.path.lexists(staged) and not os.path.lexists(final):
            file = _file(plan, source, final)
            if file is None:
                continue
            _make(plan.staging)
            if not _link(file):
                _copy(file, lambda copied: moving.report(copied, 0))
        if os.path.lexists(staged):
            try:
                _make(os.path.dirname(final))  # noqa: PTH120
                no_replace.rename(staged, final)
            except (FileExistsError, NotADirectoryError):
                raise Collision(f"{final!r} is in use by a file that was not there when the move began") from None
    for source, _ in plan.pairs:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{plan.staged(source)}.part")  # noqa: PTH108  # of a copy that was interrupted
    _sync_all(plan, [final for _, final in plan.pairs], plan.target)
    _check_device(plan.target, device)
    placed = [pair for pair in plan.pairs if os.path.lexists(pair[1]) and os.path.lexists(pair[0])]
    placed = [pair for pair in placed if not os.path.isdir(pair[0])]  # noqa: PTH112
    for source, final in placed:
        if not _is_copy(source, final):  # a file has appeared at one of the two paths, and nobody can tell at which
            raise MoveFailed(f"{source!r} and {final!r} differ: move away the one that is not the torrent's")
    for source, _ in placed:
        os.unlink(source)  # noqa: PTH108
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(plan.staging)  # noqa: PTH106  # it is empty, unless somebody else has put something there
    _remove_folders([source for source, _ in plan.pairs], plan.source)
    _sync_all(plan, [source for source, _ in plan.pairs], plan.source)


def take_back(plan: Plan) -> None:
    """After a Collision, gives the placed files their staged names again. Then the move can be undone.

    Deletes only empty folders. So the placing can be repeated if the process dies.

    Raises:
        MoveFailed: an original is missing. An earlier placing may have deleted it.
        OSError: the disk reports an error.
    """
    for source in plan.claimed:
        if not os.path.lexists(source):
            raise MoveFailed(f"{source!r} is missing, so the move cannot be undone")
    finals = [final for _, final in plan.pairs]
    for source, final in plan.pairs:
        staged = plan.staged(source)
        if not os.path.lexists(staged) and _is_copy(source, final):
            no_replace.rename(final, staged)
    _sync_all(plan, finals, plan.target)
    _remove_folders(finals, plan.target)


def undo(plan: Plan) -> None:
    """Deletes the staged files, and the empty directories that were made for them. Raises OSError."""
    try:
        shutil.rmtree(plan.staging)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
    folder = plan.target
    while plan.made is not None and (folder == plan.made or folder.startswith(f"{plan.made}/")):
        with contextlib.suppress(FileNotFoundError):
            try:
                os.rmdir(folder)  # noqa: PTH106
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
                    return
                raise
        folder = os.path.dirname(folder)  # noqa: PTH120


def _existing(plan: Plan) -> Iterator[_File]:
    for source, final in plan.pairs:
        if (file := _file(plan, source, final)) is not None:
            yield file


def _file(plan: Plan, source: str, final: str) -> _File | None:
    """The file at a source path; None if there is no file. A directory counts as no file."""
    try:
        found = os.stat(source)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        if source in plan.claimed:
            raise MoveFailed(f"{source!r} is missing") from None
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise
    if stat.S_ISDIR(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise MoveFailed(f"{source!r} is not a regular file")
    return _File(source, plan.staged(source), final, found.st_size, min(found.st_size, found.st_blocks * 512))


def _device(path: str) -> int:
    """The file system of a directory. If the directory does not exist, the nearest existing parent counts."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)  # noqa: PTH120
    return os.stat(path).st_dev  # noqa: PTH116


def _check_device(path: str, device: int) -> None:
    """Raises MoveFailed if a path leads to another file system than before. This happens if a disk was unmounted."""
    if _device(path) != device:
        raise MoveFailed(f"another file system is at {path!r} now than when the move began")


def _check_free(plan: Plan, final: str, device: int) -> None:
    """Raises MoveFailed if a staged file cannot be renamed to a final path.

    Possible reasons: the path exists, leads through a file, or is on another file system.
    """
    if os.path.lexists(final):
        raise MoveFailed(f"{final!r} exists already")
    folder = os.path.dirname(final)  # noqa: PTH120
    while len(folder) >= len(plan.target):
        if os.path.lexists(folder):
            if not os.path.isdir(folder):  # noqa: PTH112
                raise MoveFailed(f"{folder!r} is not a directory")
            if os.stat(folder).st_dev != device:  # noqa: PTH116
                raise MoveFailed(f"{folder!r} is on another file system than {plan.target!r}")
            return
        folder = os.path.dirname(folder)  # noqa: PTH120


def _make(folder: str) -> None:
    """Makes a directory and its parents. `os.makedirs` would fail at 1,000 levels."""
    missing = list[str]()
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)  # noqa: PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(each)  # noqa: PTH102


def _is_copy(source: str, final: str) -> bool:
    """Whether the second file can be a copy or link of the first. False if a file does not exist."""
    try:
        before, after = os.stat(source), os.stat(final)  # noqa: PTH116
    except OSError:
        return False
    return stat.S_ISREG(before.st_mode) and stat.S_ISREG(after.st_mode) and before.st_size == after.st_size


def _is_staged(file: _File) -> bool:
    """Whether a file was staged by an earlier attempt, and its source has not been changed since."""
    try:
        staged, source = os.stat(file.staged), os.stat(file.source)  # noqa: PTH116
    except FileNotFoundError:
        return False
    return staged.st_size == source.st_size and staged.st_mtime_ns >= source.st_mtime_ns


def _link(file: _File) -> bool:
    """Stages a file as a hard link. Returns whether that worked. For example, links to another file system fail."""
    if os.path.islink(file.source):  # noqa: PTH114
        return False
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file.staged)  # noqa: PTH108
    try:
        os.link(file.source, file.staged)
    except OSError:  # file systems without links have various errors; copying will report a real problem
        return False
    return True


def _copy(file: _File, report: Callable[[int], None]) -> None:
    """Stages a copy of a file with the same holes."""
    copy = f"{file.staged}.part"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy)  # noqa: PTH108
    source_fd = os.open(file.source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(source_fd).st_mode)
        copy_fd = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode & 0o777)
        try:
            os.ftruncate(copy_fd, file.size)
            done = 0
            for start, end in _ranges(source_fd, file.size):
                os.lseek(copy_fd, start, os.SEEK_SET)
                while start < end:
                    report(done)
                    copied = os.sendfile(copy_fd, source_fd, start, min(CHUNK, end - start))
                    if copied == 0:
                        raise MoveFailed(f"{file.source!r} has become shorter meanwhile")
                    start, done = start + copied, done + copied
            os.fsync(copy_fd)
        finally:
            os.close(copy_fd)
    finally:
        os.close(source_fd)
    os.rename(copy, file.staged)  # noqa: PTH104


def _ranges(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """The ranges of a file that have data."""
    start = 0
    while start < size:
        try:
            start = os.lseek(fd, start, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole follows
                return
            raise
        end = min(size, os.lseek(fd, start, os.SEEK_HOLE))
        yield start, end
        start = end


def _free(path: str) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _remove_folders(paths: Iterable[str], save_path: str) -> None:
    """Removes the folders of these files if the folders are empty now. Keeps the save path itself."""
    for folder in folders(paths, save_path):
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106


def _sync_all(plan: Plan, paths: Sequence[str], save_path: str) -> None:
    """Makes renames and deletions durable."""
    for folder in [*folders(paths, save_path), save_path, plan.staging]:
        _sync(folder)


def _sync(folder: str) -> None:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
