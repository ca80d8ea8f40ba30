"""The resume directory's layout: which file holds what, and how one that cannot be trusted is put aside.

`<id>.json` desired state (supervisor) · `<id>.torrent` metainfo (supervisor) · `<id>.fastresume` libtorrent's resume
data (engine) · `session.json` settings changed at run time (supervisor) · `damaged/` what cannot be trusted · `.lock`
held by the supervisor while it runs, by which the directory is known: a path may come to lead elsewhere.
"""

import contextlib
import errno
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from protocol.durable import TEMPORARY_SUFFIX, fsync_dir

_TORRENT_FILE: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.(json|torrent|fastresume)")


class ResumeDir:
    """The paths in one resume directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = root / ".lock"
        """Locked by the supervisor for as long as it runs."""
        self._lock = os.fspath(self.lock)
        self._prefix = os.path.join(root, "")  # noqa: PTH118  # see `fastresume_name`
        self._bound: str | None = None

    def identity(self) -> str:
        """Which directory this is: its lock file, as `device:inode`. Raises OSError."""
        return identity_of(os.stat(self._lock))  # noqa: PTH116  # asked for with each of thousands of torrents

    def bind(self, identity: str) -> None:
        """From now on only this very directory will do, whatever else comes to have its path."""
        self._bound = identity

    def check(self) -> None:
        """Raises OSError where the path leads to another directory than the one that it was bound to, or to none."""
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
        """What clients asked for of this torrent."""
        return self.root / f"{torrent}.json"

    def metainfo(self, torrent: str) -> Path:
        """The .torrent file it was added by."""
        return self.root / f"{torrent}.torrent"

    def fastresume(self, torrent: str) -> Path:
        """What libtorrent needs to go on without hashing."""
        return self.root / f"{torrent}.fastresume"

    def fastresume_name(self, torrent: str) -> str:
        """The same, for whoever reads thousands of them: making a path takes half as long as reading the file."""
        return f"{self._prefix}{torrent}.fastresume"

    @property
    def session(self) -> Path:
        """Settings that clients changed at run time."""
        return self.root / "session.json"

    @property
    def probe(self) -> Path:
        """Written for a moment, to see whether it can be."""
        return self.root / ".probe"

    @property
    def damaged(self) -> Path:
        """Where files go that cannot be trusted."""
        return self.root / "damaged"

    def torrents(self) -> list[str]:
        """The ids of all torrents that have a desired state here."""
        return sorted(torrent for torrent, kind in self._files() if kind == "json")

    def orphans(self, known: Collection[str]) -> list[Path]:
        """Files of torrents that are not known."""
        return sorted(self.root / f"{torrent}.{kind}" for torrent, kind in self._files() if torrent not in known)

    def leftovers(self) -> list[Path]:
        """Temporary files: what was being written when a process died, and nobody was told OK for."""
        probe = self.probe.name
        return sorted(
            path for path in self.root.iterdir() if path.name.endswith(TEMPORARY_SUFFIX) or path.name.startswith(probe)
        )

    def probes(self, count: int) -> list[Path]:
        """So many files that are written for a moment."""
        return [self.probe, *(self.root / f"{self.probe.name}.{number}" for number in range(1, count))]

    def was_put_aside(self, path: Path, *, since_us: int) -> bool:
        """Whether a file of this name was put aside since then, in microseconds since 1970. Raises OSError."""
        try:
            names = [entry.name for entry in self.damaged.iterdir() if entry.name.startswith(path.name)]
        except (FileNotFoundError, NotADirectoryError):
            return False
        times = [(self.damaged / name).lstat().st_ctime_ns // 1000 for name in names]
        return any(time >= since_us for time in times)

    def _files(self) -> list[tuple[str, str]]:
        found = (_TORRENT_FILE.fullmatch(path.name) for path in self.root.iterdir())
        return [(match[1], match[2]) for match in found if match]

    def put_aside(self, path: Path, *, mark: str = "") -> Path:
        """Moves a file that cannot be trusted into `damaged/`, never over an earlier one. Returns where it is now.

        Args:
            mark: goes behind the name.
        """
        self.damaged.mkdir(exist_ok=True)
        name = f"{path.name}{mark}"
        target = self.damaged / name
        number = 1
        while os.path.lexists(target):  # a link to nowhere is somebody, too
            target = self.damaged / f"{name}.{number}"
            number += 1
        try:
            path.rename(target)
        except OSError:
            if os.path.lexists(path) or not os.path.lexists(target):
                raise
        with contextlib.suppress(OSError):  # where a crash takes it back, the next start judges the file again
            self.sync_put_aside()
        return target

    def sync_put_aside(self) -> None:
        """Makes durable what was put aside: there first, so that it is never in neither place. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            fsync_dir(self.damaged)
        fsync_dir(self.root)


def identity_of(lock: os.stat_result) -> str:
    """A lock file as `device:inode`."""
    return f"{lock.st_dev}:{lock.st_ino}"
