"""Checks for directories and files that nobody else can change, at paths that nobody else can redirect.

A path is walked from the root, one component after the other. Whoever can replace an entry of a directory decides what
the rest of the path means: the directory's owner, and everybody who may write to it, unless the sticky bit protects the
entries of others. So each directory on the way has to be root's or ours, and so has each entry of one that others can
write to, and each symbolic link.

Root, this user and this process's group are trusted, and so are the owner and the group of `/`, which in a user
namespace may have any number. Another group of this user is reported and not refused, since folders are shared that
way.

After the check a path can be used by its name: nobody else can change its meaning.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

PRIVATE: Final = 0o700
GROUP: Final = 0o750
"""This user's, readable for members of the group."""

LINKS_MAX: Final = 40
"""The kernel's limit."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ENTRY: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class _Place(NamedTuple):
    """An entry on the way: an O_PATH descriptor, its status, and its path, links resolved."""

    fd: int
    found: os.stat_result
    path: str


class _Trust:
    """Who may change the directories on the way."""

    def __init__(self, root: os.stat_result) -> None:
        self.owners = {0, os.geteuid(), root.st_uid}
        self.groups = {0, os.getegid(), root.st_gid}
        self.shared = {*os.getgroups()} - self.groups


def prepare(directory: Path, mode: int = PRIVATE, *, widest: int = GROUP, parents: bool = True) -> list[str]:
    """Makes a directory, or narrows the mode of an existing one.

    A narrower mode stays. Missing parents get the same mode, whatever the umask is. One that others can add to but not
    remove from, as the root of a tmpfs is (mode 1777), is narrowed if nothing in it is theirs.

    Args:
        mode: of new ones.
        widest: the bits that an existing one may have at most.
        parents: whether missing parents are made, too.

    Returns:
        Directories on the way that members of another group can write to, as sentences.

    Raises:
        OSError: it cannot be made, belongs to somebody else, others could write to it and may have, or others can
            redirect its path.
    """
    notes: list[str] = []
    with _opened(directory, make=mode, parents=parents, notes=notes) as fd:
        found = stat.S_IMODE(os.fstat(fd).st_mode)
        if found & ~widest:
            os.fchmod(fd, found & widest)
    return notes


def open_dir(directory: Path) -> int:
    """A descriptor of a private directory that is there, to be closed by the caller. Raises OSError as `prepare`."""
    with _opened(directory) as fd:
        return os.dup(fd)


def check_dir(directory: Path) -> os.stat_result:
    """The status of a directory that only root or this user could have filled. Raises OSError."""
    with contextlib.ExitStack() as open_fds:
        place, _, trust = _walk(open_fds, directory)
        if not stat.S_ISDIR(place.found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
        _check_trusted(place, trust)
        return place.found


def open_file(path: Path) -> int:
    """A descriptor, for reading, of a file of root's or this user's that nobody else can write or replace.

    It does not block: a pipe or a device is opened like a file.

    Raises:
        OSError: it cannot be read, or not be trusted.
    """
    with contextlib.ExitStack() as open_fds:
        place, above, trust = _walk(open_fds, path)
        _check_trusted(place, trust)
        name = os.path.basename(place.path)  # noqa: PTH119  # of a str
        with _naming(path):
            fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above.fd)
        if not os.path.samestat(os.fstat(fd), place.found):
            os.close(fd)
            raise OSError(errno.EAGAIN, "it was replaced just now", str(path))
        return fd


def make_shared(directory: Path) -> None:
    """Makes a directory that is not private, and its parents, by the umask: 0755 if that would be world-writable.

    An existing one is not changed. The umask is the process's: what another thread makes at that moment has it too.

    Raises:
        OSError: it cannot be made.
    """
    before = os.umask(0o022)
    if before & stat.S_IWOTH:
        os.umask(before & 0o077)  # without the owner's bits nothing could be made in it
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
    """A private directory, opened."""
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
            # Before it is looked at; the sticky bit stays until it was, whatever happens meanwhile.
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
    """An entry of a directory that somebody else may have put there, or filled.

    That is another user's, a file with a second name, or a directory that others can write to.
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
    """The entry at a path, the directory that it is in, and who was trusted on the way. Raises OSError."""
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
            target = Path(os.readlink("", dir_fd=entry.fd))  # of the very link that was judged
        if target.is_absolute():
            here = root
        waiting += [part for part in reversed(target.parts) if part != "/"]
    return here, above, trust


def _enter(open_fds: contextlib.ExitStack, name: str, above: _Place | None, path: Path) -> _Place:
    with _naming(path):
        fd = os.open(name, _ENTRY, dir_fd=None if above is None else above.fd)
    open_fds.callback(os.close, fd)
    shown = name if above is None else os.path.normpath(os.path.join(above.path, name))  # noqa: PTH118  # of strs
    return _Place(fd, os.fstat(fd), shown)


def _make(name: str, above: _Place, mode: int, path: Path) -> None:
    """Makes one directory with exactly this mode; nobody else can replace it meanwhile, as its parent was checked."""
    with _naming(path), contextlib.suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=above.fd)
        os.chmod(name, mode, dir_fd=above.fd)  # the umask may have taken even the owner's bits


def _check_parent(here: _Place, trust: _Trust, notes: list[str] | None) -> None:
    """Raises PermissionError if somebody else can replace any entry of a directory."""
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
    """Raises PermissionError if an entry is a link of somebody else's, or theirs where others can make entries."""
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
    """Raises PermissionError if somebody else has written it, or could."""
    found = place.found
    if found.st_uid not in trust.owners:
        problem = f"belongs to uid {found.st_uid}, and has to be root's or uid {os.geteuid()}'s; `chown` it"
        raise PermissionError(errno.EPERM, problem, place.path)
    foreign = found.st_mode & stat.S_IWGRP and found.st_gid not in trust.groups
    if found.st_mode & stat.S_IWOTH or foreign:
        who = f"members of group {found.st_gid}" if foreign else "everybody"
        problem = f"can be written by {who}, its mode is {stat.S_IMODE(found.st_mode):04o}; `chmod go-w` it"
        raise PermissionError(errno.EPERM, problem, place.path)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors within it name the whole path, not one component."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
