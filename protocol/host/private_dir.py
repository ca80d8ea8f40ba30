"""Checks for directories and files that nobody else can change, and for paths that nobody else can redirect.

A path is walked from the root, one component after the other. Whoever can replace an entry of a directory decides where
the rest of the path leads. The directory's owner can replace its entries. If the directory has no sticky bit, everybody
who may write to the directory can replace its entries, too. So each directory on the path must belong to root or to
this user. The same holds for each symbolic link, and for each entry of a directory that others can write to.

These users and groups are trusted:

- root, this user, and this process's group
- the owner and the group of `/`, which may have any number in a user namespace

Folders are commonly shared with another of this user's groups. If such a group can write to a directory, the check only
reports that.

After the check the path is safe to use by name: no untrusted user can make it lead elsewhere.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

PRIVATE: Final = 0o700
GROUP: Final = 0o750
"""Writable for this user, readable for members of the group."""

LINKS_MAX: Final = 40
"""The maximum number of symbolic links on a path, as in the kernel."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ENTRY: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class _Place(NamedTuple):
    """A component of the walked path: an O_PATH descriptor, its status, and its path with links resolved."""

    fd: int
    found: os.stat_result
    path: str


class _Trust:
    """The users and groups that may change the directories on a path."""

    def __init__(self, root: os.stat_result) -> None:
        self.owners = {0, os.geteuid(), root.st_uid}
        self.groups = {0, os.getegid(), root.st_gid}
        self.shared = {*os.getgroups()} - self.groups


def prepare(directory: Path, mode: int = PRIVATE, *, widest: int = GROUP, parents: bool = True) -> list[str]:
    """Makes a private directory, or restricts the mode of an existing directory.

    A more restrictive mode is kept. Missing parents get the same mode. The umask has no effect.

    In a directory with mode 1777, others can add entries but not remove them. Such a directory is restricted if no
    entry belongs to others.

    Args:
        mode: the mode of new directories.
        widest: the mode bits that an existing directory may keep.
        parents: whether missing parents are made, too.

    Returns:
        A sentence for each directory on the path that members of another group can write to.

    Raises:
        OSError: the directory cannot be made.
        OSError: the directory belongs to another user, or may contain entries of others.
        OSError: others can redirect the path.
    """
    notes: list[str] = []
    with _opened(directory, make=mode, parents=parents, notes=notes) as fd:
        found = stat.S_IMODE(os.fstat(fd).st_mode)
        if found & ~widest:
            os.fchmod(fd, found & widest)
    return notes


def open_dir(directory: Path) -> int:
    """Opens an existing private directory. The caller closes the descriptor. Raises OSError like `prepare`."""
    with _opened(directory) as fd:
        return os.dup(fd)


def check_dir(directory: Path) -> os.stat_result:
    """The status of a directory. Raises OSError if anybody but root and this user could have put entries into it."""
    with contextlib.ExitStack() as open_fds:
        place, _, trust = _walk(open_fds, directory)
        if not stat.S_ISDIR(place.found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
        _check_trusted(place, trust)
        return place.found


def open_file(path: Path) -> int:
    """Opens a file for reading. Raises an error if anybody except root and this user can write or replace it.

    The call never blocks, even if the path is a FIFO or a device.

    Raises:
        OSError: the file cannot be read, or is not trusted.
    """
    with contextlib.ExitStack() as open_fds:
        place, above, trust = _walk(open_fds, path)
        _check_trusted(place, trust)
        name = os.path.basename(place.path)  # noqa: PTH119  # the path is a str
        with _naming(path):
            fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above.fd)
        if not os.path.samestat(os.fstat(fd), place.found):
            os.close(fd)
            raise OSError(errno.EAGAIN, "it was replaced just now", str(path))
        return fd


def make_shared(directory: Path) -> None:
    """Makes a directory that is not private, and its parents.

    The mode follows from the umask. But if the directory would be world-writable, the mode is 0755.

    An existing directory is not changed. The function changes the umask of the whole process for a moment. At that
    moment the changed umask also applies to files that other threads create.

    Raises:
        OSError: the directory cannot be made.
    """
    before = os.umask(0o022)
    if before & stat.S_IWOTH:
        os.umask(before & 0o077)  # keep the owner's bits: without them nothing could be created in the directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        what = "is a symbolic link that leads to no directory" if directory.is_symlink() else "is no directory"
        raise NotADirectoryError(errno.ENOTDIR, what, error.filename) from None
    finally:
        os.umask(before)


@contextlib.contextmanager
def _opened(
    directory: Path, *, make: int | None = None, parents: bool = False, notes: list[str] | None = None
) -> Iterator[int]:
    """Opens a private directory for the duration of the context. Yields its descriptor."""
    with contextlib.ExitStack() as open_fds:
        place, _, _ = _walk(open_fds, directory, make=make, parents=parents, notes=notes)
        with _naming(directory):
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.fd)
        open_fds.callback(os.close, fd)
        found = os.fstat(fd)
        if found.st_uid != os.geteuid():
            problem = f"belongs to uid {found.st_uid}, and this is uid {os.geteuid()}; choose another directory"
            raise PermissionError(errno.EPERM, problem, str(directory))
        if make is not None and found.st_mode & stat.S_ISVTX:
            mode = stat.S_IMODE(found.st_mode)
            # Others lose access before the entries are checked; the sticky bit stays until after the check.
            os.fchmod(fd, mode & ~_OTHERS_WRITE)
            try:
                strange = _not_ours(fd)
            except OSError:
                os.fchmod(fd, mode)
                raise
            if strange is not None:
                os.fchmod(fd, mode)
                problem = f"others can add to it, and {strange} in it may be theirs; look at it, and `chmod go-w` it"
                raise PermissionError(errno.EPERM, problem, str(directory))
            found = os.fstat(fd)
        if found.st_mode & _OTHERS_WRITE:
            problem = (
                f"others can write to it, its mode is {stat.S_IMODE(found.st_mode):04o}; remove it, or `chmod go-w` "
                "and look what is in it"
            )
            raise PermissionError(errno.EPERM, problem, str(directory))
        yield fd


def _not_ours(fd: int) -> str | None:
    """The name of an entry that another user may have created or filled; None if there is none.

    Such an entry has one of three properties:

    - It belongs to another user.
    - It is a file with a second hard link.
    - It is a directory that others can write to.
    """
    for name in os.listdir(fd):
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        shared = found.st_mode & _OTHERS_WRITE if stat.S_ISDIR(found.st_mode) else found.st_nlink > 1
        if found.st_uid != os.geteuid() or shared:
            return name
    return None


def _walk(
    open_fds: contextlib.ExitStack,
    path: Path,
    *,
    make: int | None = None,
    parents: bool = False,
    notes: list[str] | None = None,
) -> tuple[_Place, _Place, _Trust]:
    """Walks a path. Returns the entry at its end, the directory of that entry, and the trusted users.

    Raises OSError.
    """
    root = _enter(open_fds, "/", None, path)
    trust = _Trust(root.found)
    here = above = root
    waiting = [part for part in reversed(path.parts) if part != "/"]
    links = 0
    while waiting:
        name = waiting.pop()
        if not stat.S_ISDIR(here.found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), here.path)
        _check_parent(here, trust, notes)
        try:
            entry = _enter(open_fds, name, here, path)
        except FileNotFoundError:
            if make is None or (waiting and not parents):
                raise
            _make(name, here, make, path)
            entry = _enter(open_fds, name, here, path)
        _check_entry(here, entry, trust)
        if not stat.S_ISLNK(entry.found.st_mode):
            here, above = entry, here
            continue
        links += 1
        if links > LINKS_MAX:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        with _naming(path):
            target = Path(os.readlink("", dir_fd=entry.fd))  # by descriptor: the link that was checked
        if target.is_absolute():
            here = root
        waiting += [part for part in reversed(target.parts) if part != "/"]
    return here, above, trust


def _enter(open_fds: contextlib.ExitStack, name: str, above: _Place | None, path: Path) -> _Place:
    with _naming(path):
        fd = os.open(name, _ENTRY, dir_fd=None if above is None else above.fd)
    open_fds.callback(os.close, fd)
    shown = name if above is None else os.path.normpath(os.path.join(above.path, name))  # noqa: PTH118  # on strs
    return _Place(fd, os.fstat(fd), shown)


def _make(name: str, above: _Place, mode: int, path: Path) -> None:
    """Makes one directory with exactly this mode.

    Nobody else can replace the directory at this time, because its parent was checked.
    """
    with _naming(path), contextlib.suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=above.fd)
        os.chmod(name, mode, dir_fd=above.fd)  # the umask may have cleared even the owner's bits


def _check_parent(here: _Place, trust: _Trust, notes: list[str] | None) -> None:
    """Raises PermissionError if an untrusted user can replace entries of a directory."""
    found = here.found
    if found.st_uid not in trust.owners:
        problem = f"belongs to uid {found.st_uid}, who decides what is below it; choose a directory elsewhere"
        raise PermissionError(errno.EPERM, problem, here.path)
    if found.st_mode & stat.S_ISVTX:
        return
    if found.st_mode & stat.S_IWOTH:
        problem = (
            f"everybody can replace what is in it, its mode is {stat.S_IMODE(found.st_mode):04o}; `chmod o-w` it, or "
            "choose a directory elsewhere"
        )
        raise PermissionError(errno.EPERM, problem, here.path)
    if found.st_mode & stat.S_IWGRP and found.st_gid not in trust.groups:
        problem = f"members of group {found.st_gid} can replace what is in it"
        if found.st_gid not in trust.shared:
            problem += "; `chmod g-w` it, or choose a directory elsewhere"
            raise PermissionError(errno.EPERM, problem, here.path)
        if notes is not None:
            notes.append(f"{here.path}: {problem}")


def _check_entry(here: _Place, entry: _Place, trust: _Trust) -> None:
    """Raises PermissionError for an untrusted user's link.

    If others can write to the directory, every entry of an untrusted user raises the error.
    """
    uid = entry.found.st_uid
    if uid in trust.owners:
        return
    if stat.S_ISLNK(entry.found.st_mode):
        problem = f"is a symbolic link of uid {uid}; remove it, or choose a directory elsewhere"
        raise PermissionError(errno.EPERM, problem, entry.path)
    if here.found.st_mode & _OTHERS_WRITE:
        problem = (
            f"belongs to uid {uid}, in a directory that others can write to; remove it, or choose another directory"
        )
        raise PermissionError(errno.EPERM, problem, entry.path)


def _check_trusted(place: _Place, trust: _Trust) -> None:
    """Raises PermissionError if an untrusted user owns the entry or can write to it."""
    found = place.found
    if found.st_uid not in trust.owners:
        problem = f"belongs to uid {found.st_uid}, and has to be root's or uid {os.geteuid()}'s; `chown` it"
        raise PermissionError(errno.EPERM, problem, place.path)
    foreign = found.st_mode & stat.S_IWGRP and found.st_gid not in trust.groups
    if found.st_mode & stat.S_IWOTH or foreign:
        who = f"members of group {found.st_gid}" if foreign else "everybody"
        problem = f"can be written by {who}, its mode is {stat.S_IMODE(found.st_mode):04o}; `chmod go-w` it"
        raise PermissionError(errno.EPERM, problem, place.path)


class _naming:  # noqa: N801  # used like a function
    """A context that puts the whole path into errors in place of one component.

    From Python 3.12 on, `contextlib.contextmanager` would leave the error and its frames to the garbage collector.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Does nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(self._path)) from None
