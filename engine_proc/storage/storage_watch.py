"""The storage watch: checks mounts and disks on threads, so that a hung disk does not block the loop.

One thread waits for changes of /proc/self/mountinfo. Each file system with questions has a separate thread.
"""

import os
import queue
import select
import stat
import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from engine_proc.process.mailbox import Mailbox
from engine_proc.storage.confinement import Escape, Judge, Kind
from engine_proc.storage.leftovers import Leftover, leftovers
from protocol.host.mounts import Mounts, MountTable
from protocol.host.real_path import real_path
from protocol.internal.bounds import Bounds

MOUNTS_S: Final = 10.0
"""The maximum interval between two reads of the mounts."""

_CLOSE_S: Final = 0.5


class MountsRead(NamedTuple):
    """The mounts were read, after a change or after MOUNTS_S."""

    mounts: Mounts


class Look(NamedTuple):
    """A question about a torrent's files. The answer repeats the token.

    Fields:
        paths: the paths whose sizes are requested.
        others: further paths. Both `paths` and `others` are checked for paths out of the bounds.
    """

    torrent: str
    token: int
    paths: Sequence[str]
    others: Sequence[str] = ()


class FilesSeen(NamedTuple):
    """The answer to a `Look`: the size of each file, in the order of `paths`. None if a file cannot be reached.

    Fields:
        escape: the first path that leads out of the bounds. If such a path exists, the sizes are not determined.
    """

    torrent: str
    token: int
    sizes: list[int | None]
    escape: Escape | None = None


class SpaceSeen(NamedTuple):
    """The answer to `measure`: the free space for an unprivileged process; None if unknown."""

    mount_point: str
    free_bytes: int | None
    free_inodes: int


class After(NamedTuple):
    """A question about leftovers of deleted files (see `leftovers`). The answer repeats the token."""

    token: int
    paths: Sequence[str]
    save_path: str
    mount_points: Sequence[str]


class LeftSeen(NamedTuple):
    """The answer to an `After`: the files that still exist."""

    token: int
    left: Sequence[Leftover]


class Probe(NamedTuple):
    """A question whether files can be opened. The answer repeats the token.

    Fields:
        writing: whether this process has to be able to write the files, or to create missing files. If False, existing
            files have to be readable.
    """

    token: int
    paths: Sequence[str]
    writing: bool


class Probed(NamedTuple):
    """The answer to a `Probe`: a sentence about the first file that cannot be opened; None if all can be opened."""

    token: int
    problem: str | None


Sight = MountsRead | FilesSeen | SpaceSeen | LeftSeen | Probed


class _Looks(NamedTuple):
    bounds: Bounds
    looks: Sequence[Look]


_Task = _Looks | After | Probe | str | None


class StorageWatch:
    """Checks mounts and disks. `fileno` is readable while there are results.

    Fields:
        mounts: the mounts when the watch was created. Later changes are reported by `MountsRead`.
    """

    def __init__(self) -> None:
        self._seen: Mailbox[Sequence[Sight]] = Mailbox()
        self._closing = False
        self._tasks: dict[str, queue.SimpleQueue[_Task]] = {}
        self._threads: list[threading.Thread] = []
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._table = MountTable()
        self.mounts: Mounts = self._table.read()
        self._start("mounts", self._follow_mounts)

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are results."""
        return self._seen.fileno()

    def seen(self) -> list[Sight]:
        """Removes and returns all results."""
        return [sight for sights in self._seen.drain() for sight in sights]

    def inspect(self, mount_point: str, looks: Sequence[Look], bounds: Bounds) -> None:
        """Requests checks of files on one file system. If the disk answers, one `FilesSeen` follows for each look."""
        self._ask(mount_point, _Looks(bounds, looks))

    def look_after(self, mount_point: str, after: After) -> None:
        """Requests a check for leftovers on one file system. If the disk answers, `LeftSeen` follows."""
        self._ask(mount_point, after)

    def probe(self, mount_point: str, probe: Probe) -> None:
        """Requests a check whether files on one file system can be opened. If the disk answers, `Probed` follows."""
        self._ask(mount_point, probe)

    def measure(self, mount_point: str) -> None:
        """Requests a measurement of a file system's free space. If the disk answers, `SpaceSeen` follows."""
        self._ask(mount_point, mount_point)

    def close(self) -> None:
        """Stops the threads. If a thread hangs in a disk access, it ends with the process."""
        self._closing = True
        os.eventfd_write(self._wake, 1)
        for tasks in self._tasks.values():
            tasks.put(None)
        for thread in self._threads:
            thread.join(_CLOSE_S)
        if not any(thread.is_alive() for thread in self._threads):
            self._table.close()
            os.close(self._wake)
            self._seen.close()

    def _ask(self, mount_point: str, task: _Task) -> None:
        tasks = self._tasks.get(mount_point)
        if tasks is None:
            tasks = self._tasks[mount_point] = queue.SimpleQueue()
            self._start(f"disk {mount_point}", lambda: self._work(tasks))
        tasks.put(task)

    def _start(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow_mounts(self) -> None:
        poll = select.poll()
        poll.register(self._table.fileno(), select.POLLPRI)
        poll.register(self._wake, select.POLLIN)
        while not self._closing:
            poll.poll(MOUNTS_S * 1000)
            if not self._closing:
                self._seen.put([MountsRead(self._table.read())])

    def _work(self, tasks: "queue.SimpleQueue[_Task]") -> None:
        while (task := tasks.get()) is not None and not self._closing:
            if isinstance(task, str):
                self._seen.put([_space(task)])
            elif isinstance(task, Probe):
                problems = (_unusable(path, writing=task.writing) for path in task.paths)
                self._seen.put([Probed(task.token, next(filter(None, problems), None))])
            elif isinstance(task, After):
                self._seen.put([LeftSeen(task.token, leftovers(task.paths, task.save_path, task.mount_points))])
            else:
                judge = Judge(task.bounds, RealDisk())
                self._seen.put([_answer(look, judge) for look in task.looks])


class RealDisk:
    """Accesses the disk for `Judge`."""

    def kind(self, path: str) -> Kind:
        """The kind of file at a path; links are not followed."""
        try:
            return Kind.LINK if stat.S_ISLNK(os.lstat(path).st_mode) else Kind.OTHER
        except (OSError, ValueError):  # ValueError: the text cannot be a path
            return Kind.ABSENT

    def resolve(self, path: str) -> str | None:
        """The path with all links resolved; None if the links form a loop."""
        try:
            return real_path(path)
        except (OSError, ValueError):
            return None


def _answer(look: Look, judge: Judge) -> FilesSeen:
    escape = judge.escape(look.paths) or judge.escape(look.others)
    sizes = [_size(path) for path in look.paths] if escape is None else []
    return FilesSeen(look.torrent, look.token, sizes, escape)


def _unusable(path: str, *, writing: bool) -> str | None:
    """Why a file cannot be written or read; None if no problem is known."""
    try:
        os.close(os.open(path, (os.O_RDWR if writing else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC))
    except FileNotFoundError:
        while writing and not os.access(path := os.path.dirname(path), os.W_OK | os.X_OK):  # noqa: PTH120
            if os.path.lexists(path):  # not Path, which is slow for many files
                return f"{path!r}: nothing can be made in it"
    except (OSError, ValueError) as error:
        return f"{path!r}: {getattr(error, 'strerror', None) or error}"
    return None


def _size(path: str) -> int | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # a Path for each of a torrent's files takes longer than the call
        return found.st_size if stat.S_ISREG(found.st_mode) else None
    except (OSError, ValueError):  # ValueError: the text cannot be a path
        return None


def _space(mount_point: str) -> SpaceSeen:
    try:
        found = os.statvfs(mount_point)
    except OSError:
        return SpaceSeen(mount_point, None, 0)
    # File systems that create inodes on demand report a total of 0.
    return SpaceSeen(mount_point, found.f_bavail * found.f_frsize, found.f_favail if found.f_files else 1)
