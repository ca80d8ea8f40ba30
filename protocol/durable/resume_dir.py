"""The layout of the resume directory: the names of its files, and how damaged files are put aside.

The supervisor writes all files except those in `fastresume/`.

- `<id>.json`: desired state
- `<id>.torrent`: metainfo
- `format.json`: the format of the directory, see `format_version`
- `session.json`: settings changed at run time
- `fastresume/<id>.fastresume`: libtorrent's resume data (engine)
- `fastresume/dht`: state of the DHT (engine)
- `totals/`: lifetime transfer totals of torrents and the session
- `ip_filter`: copy of the IP filter's file
- `damaged/`: damaged files
- `.lock`: locked by the supervisor while it runs

The lock file also identifies the directory, because the path may later lead to another directory.

The engine writes only below `fastresume/`. So its sandbox can deny it access to the records (ADR 025, 026). The engine
moves damaged files to `fastresume/damaged/`. The supervisor moves them from there to `damaged/`.

Earlier versions stored resume data in the directory of the records. The supervisor moves such files when it starts.
Until then the engine reads them at their old place.
"""

import contextlib
import errno
import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from protocol.durable.durable import TEMPORARY_SUFFIX, fsync_dir
from protocol.durable.format_version import FORMAT_FILE
from protocol.host import private_dir

_ENGINE_DIR: Final = "fastresume"
_TOTALS_DIR: Final = "totals"
_TOTALS_FILE: Final = re.compile(r"totals(?:-([0-9a-f]{2}))?\.json")
_TORRENT_FILE: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.(json|torrent|fastresume)")


class ResumeDir:
    """The paths in one resume directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = root / ".lock"
        """The file that the supervisor locks while it runs."""
        self.fastresume_dir = root / _ENGINE_DIR
        """The directory that the engine writes to."""
        self._lock = os.fspath(self.lock)
        # Strings, for paths that are needed for thousands of torrents: making a Path takes half as long as reading a
        # file.
        self._start = os.path.join(root, "")  # noqa: PTH118
        self._aside_dirs = (os.fspath(self.damaged), os.fspath(self.staged))
        self._bound: str | None = None

    def identity(self) -> str:
        """The identity of the directory: `device:inode` of its lock file. Raises OSError."""
        return identity_of(os.stat(self._lock))  # noqa: PTH116  # called for each of thousands of torrents

    def bind(self, identity: str) -> None:
        """Stores the identity of the directory. `check` compares this identity with the directory at the path."""
        self._bound = identity

    def check(self) -> None:
        """Raises OSError if the path does not lead to the bound directory."""
        if self._bound is None:
            return
        try:
            identity = self.identity()
        except FileNotFoundError:
            self.root.stat()
            identity = None
        if identity != self._bound:
            raise OSError(errno.ESTALE, "it is not the directory that ouzeld has locked", str(self.root))

    def desired(self, torrent: str) -> Path:
        """The path of a torrent's record."""
        return self.root / f"{torrent}.json"

    @property
    def dht(self) -> Path:
        """The path of the DHT's state."""
        return self.fastresume_dir / "dht"

    def metainfo(self, torrent: str) -> Path:
        """The path of a torrent's .torrent file."""
        return self.root / f"{torrent}.torrent"

    def fastresume(self, torrent: str) -> Path:
        """The path of a torrent's fast-resume data."""
        return self.fastresume_dir / f"{torrent}.fastresume"

    def old_fastresume(self, torrent: str) -> Path:
        """The path of a torrent's fast-resume data in earlier versions."""
        return self.root / f"{torrent}.fastresume"

    def desired_name(self, torrent: str) -> str:
        """The path that `desired` returns, as a string."""
        return f"{self._start}{torrent}.json"

    def fastresume_name(self, torrent: str) -> str:
        """The path that `fastresume` returns, as a string."""
        return f"{self._start}{_ENGINE_DIR}/{torrent}.fastresume"

    def old_fastresume_name(self, torrent: str) -> str:
        """The path that `old_fastresume` returns, as a string."""
        return f"{self._start}{torrent}.fastresume"

    def metainfo_name(self, torrent: str) -> str:
        """The path that `metainfo` returns, as a string."""
        return f"{self._start}{torrent}.torrent"

    @property
    def session(self) -> Path:
        """The path of the file with settings that clients changed at run time."""
        return self.root / "session.json"

    @property
    def format(self) -> Path:
        """The path of the file with the format of the directory."""
        return self.root / FORMAT_FILE

    @property
    def ip_filter(self) -> Path:
        """The path of the copy of the IP filter's file."""
        return self.root / "ip_filter"

    @property
    def totals_dir(self) -> Path:
        """The directory of the files with totals."""
        return self.root / _TOTALS_DIR

    def totals(self, shard: str) -> Path:
        """The file with the totals of the torrents whose ids begin with `shard`. An empty `shard` means the session."""
        return self.totals_dir / (f"totals-{shard}.json" if shard else "totals.json")

    def total_shards(self) -> list[str]:
        """The shards that have a file of totals; empty if the directory cannot be listed."""
        try:
            names = os.listdir(self.totals_dir)  # noqa: PTH208  # only names are needed
        except OSError:
            return []
        return sorted(match[1] or "" for match in map(_TOTALS_FILE.fullmatch, names) if match)

    @property
    def probe(self) -> Path:
        """The path of a probe file. Ouzel writes and deletes this file to test the disk."""
        return self.root / ".probe"

    @property
    def damaged(self) -> Path:
        """The directory to which damaged files are moved."""
        return self.root / "damaged"

    @property
    def staged(self) -> Path:
        """The directory to which the engine moves damaged files. The supervisor moves them from there to `damaged`."""
        return self.fastresume_dir / "damaged"

    def torrents(self) -> list[str]:
        """The ids of all torrents that have a record here."""
        return sorted(torrent for torrent, kind, _ in self._files(self.root) if kind == "json")

    def orphans(self, known: Collection[str]) -> list[Path]:
        """The files of torrents that are not in `known`."""
        places = [(self.root, self._files(self.root))]
        with contextlib.suppress(OSError):  # this directory has no records, and its files are checked when read
            places.append((self.fastresume_dir, self._files(self.fastresume_dir)))
        return sorted(place / name for place, found in places for torrent, _, name in found if torrent not in known)

    def leftovers(self) -> list[Path]:
        """Temporary files of writes that were in progress when a process died. Their writes were not acknowledged."""
        probe, names = self.probe.name, os.listdir(self.root)  # noqa: PTH208  # there may be 100,000
        found = {self.root / name for name in names if name.startswith(probe) or name.endswith(TEMPORARY_SUFFIX)}
        for directory in (self.fastresume_dir, self.totals_dir):
            with contextlib.suppress(OSError):  # as in `orphans`
                found |= {directory / name for name in _names(directory) if name.endswith(TEMPORARY_SUFFIX)}
        return sorted(found)

    def probes(self, count: int) -> list[Path]:
        """The paths of several probe files."""
        return [self.probe, *(self.root / f"{self.probe.name}.{number}" for number in range(1, count))]

    def make_engine_dir(self) -> None:
        """Makes the directory that the engine writes to. The caller must have verified `root`.

        Raises:
            OSError: the directory cannot be made, or others can write to it.
        """
        directory = self.fastresume_dir
        if os.path.isdir(directory) and not os.path.islink(directory):  # noqa: PTH112, PTH114  # called each second
            private_dir.prepare(directory, parents=False)  # others could have put files into an existing directory
            return
        if os.path.lexists(directory):  # a file or a symbolic link has this name
            self.put_aside(directory)
        private_dir.prepare(directory, parents=False)
        fsync_dir(self.root)

    def migrate(self) -> list[tuple[str, OSError]]:
        """Moves resume data of earlier versions into `fastresume/`. The supervisor calls this while there is no engine.

        The function renames each file. So at any moment the file is in one of the two directories. If both directories
        have a file for a torrent, the newer file is kept. Returns the names of files that could not be moved, with the
        errors. If a file was not moved, the engine reads the file in its old directory.
        """
        failed = []
        old = [(torrent, self.root / name) for torrent, kind, name in self._files(self.root) if kind == "fastresume"]
        for torrent, path in old:
            try:
                if _is_newer(self.fastresume(torrent), path):
                    path.unlink()
                else:
                    os.replace(path, self.fastresume(torrent))
            except OSError as error:
                failed.append((path.name, error))
        if len(failed) < len(old):
            # The destination first: a power cut between the two syncs may leave a file in both directories, but never
            # in none.
            for directory in (self.fastresume_dir, self.root):
                with contextlib.suppress(OSError):  # on failure the next start may have to move some files again
                    fsync_dir(directory)
        return failed

    def was_put_aside(self, name: str, *, since_us: int) -> bool:
        """Whether a file of this name was put aside at or after `since_us` (microseconds since 1970).

        Raises OSError.
        """
        for directory in self._aside_dirs:
            try:
                entries = os.scandir(directory)
            except (FileNotFoundError, NotADirectoryError):
                continue
            with entries:
                for found in entries:
                    with contextlib.suppress(FileNotFoundError):  # the file was moved on or restored meanwhile
                        if (
                            found.name.startswith(name)
                            and found.stat(follow_symlinks=False).st_ctime_ns // 1000 >= since_us
                        ):
                            return True
        return False

    def _files(self, directory: Path) -> list[tuple[str, str, str]]:
        """The torrent, the kind and the name of each torrent file in a directory.

        In `fastresume/` only resume data counts.
        """
        names = os.listdir(directory) if directory == self.root else _names(directory)  # noqa: PTH208  # only names are needed
        files = [(match[1], match[2], match[0]) for match in map(_TORRENT_FILE.fullmatch, names) if match]
        return files if directory == self.root else [each for each in files if each[1] == "fastresume"]

    def put_aside(self, path: Path, *, mark: str = "") -> Path:
        """Moves a damaged file into `damaged/`. Never overwrites an earlier file. Returns its new path.

        Args:
            mark: a suffix for the new name.
        """
        return self._aside(path.name, mark, path)

    def _aside(self, name: str, mark: str, source: Path | str, *, source_fd: int | None = None) -> Path:
        private_dir.prepare(self.damaged, parents=False)
        target = _free_name(self.damaged, f"{name}{mark}")
        try:
            os.rename(source, target, src_dir_fd=source_fd)  # relative to a descriptor of the source directory
        except OSError:
            if source_fd is not None or os.path.lexists(source) or not os.path.lexists(target):
                raise
        with contextlib.suppress(OSError):  # if a crash undoes the move, the next start checks the file again
            self.sync_put_aside()
        return target

    def stage(self, path: Path) -> Path:
        """Moves a damaged file into `staged`. Only the engine calls this. Returns the file's new path."""
        self.staged.mkdir(mode=0o700, exist_ok=True)  # the sandbox denies the engine chmod
        target = _free_name(self.staged, path.name)
        path.rename(target)
        fsync_dir(self.staged)
        fsync_dir(path.parent)
        return target

    def staged_names(self) -> list[str]:
        """The names of files that the engine has moved into `staged`; empty if there is no such directory."""
        try:
            with self._open_staged() as fd:
                return sorted(os.listdir(fd))  # noqa: PTH208  # the argument is a descriptor
        except (FileNotFoundError, NotADirectoryError):
            return []

    def take_staged(self, name: str) -> Path:
        """Moves a file from `staged` into `damaged`. Returns its new path.

        No link is followed, because a compromised engine may have put anything into `staged`.

        Raises:
            OSError: the file could not be moved, or does not exist.
        """
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise OSError(errno.EINVAL, "it is no name of a file", name)
        with self._open_staged() as fd:
            return self._aside(name, "", name, source_fd=fd)

    @contextlib.contextmanager
    def _open_staged(self) -> Iterator[int]:
        fd = os.open(self.staged, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)

    def sync_put_aside(self) -> None:
        """Makes the moves of damaged files durable. Raises OSError.

        The destination is synced first. So no crash loses a file.
        """
        for directory in (self.damaged, self.staged, self.fastresume_dir):
            with contextlib.suppress(FileNotFoundError):
                fsync_dir(directory)
        fsync_dir(self.root)


def _names(directory: Path) -> list[str]:
    """The names in a directory; empty if the directory does not exist. Raises OSError."""
    try:
        return os.listdir(directory)  # noqa: PTH208  # only names are needed
    except (FileNotFoundError, NotADirectoryError):
        return []


def _free_name(directory: Path, name: str) -> Path:
    """An unused path in a directory. If the name is in use, it gets a number as suffix."""
    target, number = directory / name, 1
    while os.path.lexists(target):  # a dangling link counts as existing
        target = directory / f"{name}.{number}"
        number += 1
    return target


def _is_newer(one: Path, other: Path) -> bool:
    """Whether `one` is a regular file that is at least as new as `other`. False if `one` does not exist."""
    try:
        found = one.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime_ns >= other.lstat().st_mtime_ns


def identity_of(lock: os.stat_result) -> str:
    """`device:inode` of a lock file."""
    return f"{lock.st_dev}:{lock.st_ino}"
