"""Reads the files of a resume directory while a daemon may change them.

The daemon replaces each file by a rename, so a file is read whole. These rules make the files of a torrent consistent:

1. If a record changes while the other files are read, all files of the torrent are read again.
2. The fast-resume data is never newer than the record. A killed daemon leaves such files, too.
3. The supervisor may overwrite a replaced file with another record. The checksum in each record shows that.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from protocol.durable.durable import TEMPORARY_SUFFIX
from protocol.durable.format_version import FORMAT_FILE, DirectoryFormat
from protocol.durable.integrity import Damaged, check_crc32, decode_record, read, read_dated, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession

ATTEMPTS: Final = 20
"""How often a file is read before it counts as damaged."""

SESSION: Final = "session.json"
_NOT_OTHERS: Final = (TEMPORARY_SUFFIX, ".fastresume", ".torrent")
_RECORD: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.json")
_ROUNDS: Final = 3
"""How often the directory is listed. A listing may miss a file that is replaced at that moment."""


class LeftOut(Exception):
    """Files that cannot be in the backup. The message names the file and the reason."""


class TorrentFiles(NamedTuple):
    """The files of one torrent.

    Fields:
        record: the content of the record. `desired` is the decoded record.
        metainfo: the content of the .torrent file; None if there is none.
        resume: the fast-resume data without its trailer; None if there is none.
        resume_file: the content of the file with the fast-resume data.
        saved_at: when the fast-resume data was written, in seconds since 1970.
    """

    torrent: str
    record: bytes
    desired: DesiredTorrent
    metainfo: bytes | None
    resume: bytes | None
    resume_file: bytes
    saved_at: int

    @property
    def size(self) -> int:
        """The number of bytes in memory."""
        return len(self.record) + len(self.metainfo or b"") + len(self.resume or b"") + len(self.resume_file)


class Snapshot:
    """Reads one resume directory."""

    def __init__(self, directory: ResumeDir) -> None:
        self._dir = directory

    def torrents(self) -> Iterator[str]:
        """Returns the ids of all torrents. A torrent that is added meanwhile may be left out."""
        known: set[str] = set()
        for _ in range(_ROUNDS):
            new = sorted(set(self._dir.torrents()) - known)
            if not new:
                return
            known.update(new)
            yield from new

    def torrent(self, torrent: str) -> TorrentFiles | None:
        """Reads the files of a torrent. None if it was removed, or is being removed.

        Raises:
            LeftOut: a file of the torrent cannot be read.
        """
        record, problem = self._dir.desired(torrent), "it changes all the time"
        for _ in range(ATTEMPTS):
            try:
                before = _identity(record)
                content = read(record)
                desired = decode_record(content, DesiredTorrent)
                if desired.torrent != torrent:
                    raise Damaged(f"it is of torrent {desired.torrent!r}")
                if desired.removal is not None:
                    return None
                sealed, saved_at = self._fastresume(torrent)
                resume = None if sealed is None else unseal(sealed)
                metainfo = self._metainfo(desired)
                if _identity(record) == before:
                    return TorrentFiles(torrent, content, desired, metainfo, resume, sealed or b"", int(saved_at))
            except Damaged as error:
                problem = str(error)
            except FileNotFoundError:
                if not os.path.lexists(record):
                    return None
            except OSError as error:
                problem = error.strerror or str(error)
        raise LeftOut(f"torrent {torrent}: {problem}")

    def others(self) -> Iterator[tuple[str, bytes | LeftOut]]:
        """Returns the path of each other file, with its content or the reason why it cannot be read.

        Files of a torrent that was added just now are left out.
        """
        root = self._dir.root
        for name in sorted(os.listdir(root)):  # noqa: PTH208  # only names are needed
            if not name.endswith(_NOT_OTHERS) and not name.startswith(".") and not is_record(name):
                yield from self._other(root / name)
        for path in (self._dir.dht, *(self._dir.totals(shard) for shard in self._dir.total_shards())):
            yield from self._other(path)

    def _other(self, path: Path) -> Iterator[tuple[str, bytes | LeftOut]]:
        name, problem = str(path.relative_to(self._dir.root)), "it changes all the time"
        if not name.isprintable():
            yield name, LeftOut(f"{name!r}: its name is not text")
            return
        for _ in range(ATTEMPTS):
            try:
                before = _identity(path)
                if not stat.S_ISREG(path.lstat().st_mode):
                    return
                content = read(path)
                check_other(name, content)
                if _identity(path) == before:
                    yield name, content
                    return
            except FileNotFoundError:
                return
            except (Damaged, OSError) as error:
                problem = str(error)
        yield name, LeftOut(f"{name}: {problem}")

    def _fastresume(self, torrent: str) -> tuple[bytes | None, float]:
        for path in (self._dir.fastresume(torrent), self._dir.old_fastresume(torrent)):
            try:
                return read_dated(path)
            except FileNotFoundError:
                continue
        return None, 0.0

    def _metainfo(self, desired: DesiredTorrent) -> bytes | None:
        try:
            metainfo = read(self._dir.metainfo(desired.torrent))
        except FileNotFoundError:
            if desired.source == "metainfo":
                raise
            return None
        if desired.metainfo_crc32 is not None:
            check_crc32(metainfo, desired.metainfo_crc32)
        return metainfo


def is_record(name: str) -> bool:
    """Whether a file of this name is the record of a torrent."""
    return _RECORD.fullmatch(name) is not None


def check_other(name: str, content: bytes) -> None:
    """Checks the content of a file that is not a torrent's. Raises Damaged if a restore would refuse the file.

    Args:
        name: the path in the resume directory.
    """
    if name == SESSION:
        decode_record(content, DesiredSession)
    if name == FORMAT_FILE:
        try:
            msgspec.json.decode(content, type=DirectoryFormat)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Damaged(str(error)) from error


def check(directory: Path) -> ResumeDir:
    """Returns the resume directory. Raises OSError if there is none, or this user cannot read it."""
    os.listdir(directory)  # noqa: PTH208  # the error is what matters
    if not (directory / ".lock").exists():
        raise OSError(errno.ENOENT, "it is no resume directory: it has no file .lock", str(directory))
    return ResumeDir(directory)


def _identity(path: Path) -> tuple[int, ...]:
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
