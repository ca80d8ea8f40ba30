"""A model of a disk in memory. It fails on demand and simulates power loss.

The model has only the functions of the os module that `durable` uses.

Written content becomes durable when the file is synced. Names become durable when the directory is synced. After a
crash, the directory has its synced entries and any number of later changes, in order. A file has either its synced
content or its last content.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

Entries = dict[str, "Inode"]
State = tuple[tuple[str, bytes], ...]
"""The state after a crash: names and contents, sorted by name."""

TEMPORARY: Final = ".tmp"


class Fault(NamedTuple):
    """A call that fails: its number, and whether it takes effect in spite of the error."""

    number: int
    after: bool


class Inode:
    """A file."""

    def __init__(self) -> None:
        self.content = b""
        self.synced = b""
        self.links = 0


class ModelDisk:
    """One directory. Implements the functions of the os module that `durable` uses.

    All other functions are the os module's.

    Args:
        fails: called with the name and the number of each modifying call. Returns None if the call succeeds. If the
            call fails, returns whether it takes effect in spite of the error.
        on_step: called after each such call.
    """

    def __init__(self, fails: Callable[[str, int], bool | None], on_step: Callable[[], None]) -> None:
        self._fails = fails
        self._on_step = on_step
        self._entries: Entries = {}
        self._durable: Entries = {}
        self._pending: list[tuple[str, Inode | None]] = []
        """The changes of names since the directory was last synced."""
        self._fds: dict[int, Inode | None] = {}
        self._next_fd = 1000
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def put(self, name: str, content: bytes) -> None:
        """Adds a durable file."""
        inode = Inode()
        inode.content = inode.synced = content
        inode.links = 1
        self._entries[name] = self._durable[name] = inode

    def after_a_crash(self) -> Iterator[State]:
        """Yields every state that a crash at this moment can leave."""
        entries = dict(self._durable)
        for at in range(len(self._pending) + 1):
            if at:
                name, inode = self._pending[at - 1]
                if inode is None:
                    entries.pop(name, None)
                else:
                    entries[name] = inode
            lasting = [(name, inode) for name, inode in sorted(entries.items()) if not name.endswith(TEMPORARY)]
            yield tuple((name, inode.synced) for name, inode in lasting)
            yield tuple((name, inode.content) for name, inode in lasting)

    def now(self) -> State:
        """The present content of the directory. It remains if only the process is killed."""
        there = sorted(self._entries.items())
        return tuple((name, inode.content) for name, inode in there if not name.endswith(TEMPORARY))

    # -- the os module --------------------------------------------------------------------------------------------

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECTORY:
            return self._opened(None)
        name = _name(path)
        if flags & os.O_CREAT:
            with _Call(self, "open"):
                inode = self._entries.get(name)
                if inode is None:
                    inode = Inode()
                    self._bind(name, inode)
                inode.content = b""
            return self._opened(inode)
        if name not in self._entries:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        with _Call(self, "open"):
            pass
        return self._opened(self._entries[name])

    def close(self, fd: int) -> None:
        del self._fds[fd]

    def write(self, fd: int, content: Any) -> int:
        inode = self._file(fd)
        with _Call(self, "write"):
            inode.content = bytes(content)  # always written as a whole, from the beginning
        return len(content)

    def ftruncate(self, fd: int, size: int) -> None:
        inode = self._file(fd)
        with _Call(self, "ftruncate"):
            inode.content = inode.content[:size].ljust(size, b"\0")

    def fsync(self, fd: int) -> None:
        inode = self._fds[fd]
        with _Call(self, "fsync directory" if inode is None else "fsync"):
            if inode is None:
                self._durable, self._pending = dict(self._entries), []
            else:
                inode.synced = inode.content

    def replace(self, source: Any, target: Any) -> None:
        inode = self._there(source)
        with _Call(self, "replace"):
            self._bind(_name(target), inode)
            self._unbind(_name(source))

    def link(self, source: Any, target: Any, *, follow_symlinks: bool = True) -> None:
        inode = self._there(source)
        if _name(target) in self._entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), _name(target))
        with _Call(self, "link"):
            self._bind(_name(target), inode)

    def unlink(self, path: Any) -> None:
        self._there(path)
        with _Call(self, "unlink"):
            self._unbind(_name(path))

    def posix_fadvise(self, fd: int, *_: int) -> None:
        with _Call(self, "fadvise"):
            pass

    def lstat(self, path: Any) -> Any:
        return _Stat(self._there(path))

    def fstat(self, fd: int) -> Any:
        return _Stat(self._file(fd))

    # -- internals ------------------------------------------------------------------------------------------------

    def judge(self, name: str) -> bool | None:
        """Counts a call, and returns whether it fails."""
        self.calls += 1
        return self._fails(name, self.calls)

    def stepped(self) -> None:
        """Notes the end of a call."""
        self._on_step()

    def _opened(self, inode: Inode | None) -> int:
        self._next_fd += 1
        self._fds[self._next_fd] = inode
        return self._next_fd

    def _file(self, fd: int) -> Inode:
        inode = self._fds[fd]
        assert inode is not None
        return inode

    def _there(self, path: Any) -> Inode:
        try:
            return self._entries[_name(path)]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), _name(path)) from None

    def _bind(self, name: str, inode: Inode) -> None:
        if (before := self._entries.get(name)) is not None:
            before.links -= 1
        inode.links += 1
        self._entries[name] = inode
        self._pending.append((name, inode))

    def _unbind(self, name: str) -> None:
        self._entries.pop(name).links -= 1
        self._pending.append((name, None))


class _Call:
    """A context for a call that may fail. If the call fails before its effect, the body does not run."""

    def __init__(self, disk: ModelDisk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._after: bool | None = None

    def __enter__(self) -> None:
        self._after = self._disk.judge(self._name)
        if self._after is False:
            raise OSError(errno.EIO, f"{self._name} fails before its effect")

    def __exit__(self, *_: object) -> None:
        self._disk.stepped()
        if self._after:
            raise OSError(errno.EIO, f"{self._name} fails after its effect")


class _Stat:
    """The members of a stat result that are used."""

    def __init__(self, inode: Inode) -> None:
        self.st_mode = stat.S_IFREG | 0o600
        self.st_nlink = inode.links
        self.st_uid = os.geteuid()
        self.st_size = len(inode.content)


def _name(path: Any) -> str:
    return Path(path).name
