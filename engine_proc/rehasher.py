"""The rehasher: a thread that looks at what unclean ends left on disk, and proves pieces before they are claimed.

Newest torrents come first. Only files that were written at or after the resume data are read, and of those only the
ranges that have data (SEEK_DATA), so that a torrent with nothing new costs a few `stat` calls.
"""

import itertools
import os
import queue
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

from engine_proc.mailbox import Mailbox
from engine_proc.pieces import MissingPiece, Slice, Unverified, candidates, proves

MTIME_SLACK_S: Final = 5.0
"""File systems have coarse clocks, and what is flushed while resume data is made may be written just before it."""

TELL_S: Final = 0.1


class Rehashed(NamedTuple):
    """How far a torrent is: bytes hashed so far; `verified` is None until the end, and then the pieces proven."""

    torrent: str
    checked_bytes: int
    verified: frozenset[int] | None


class Rehasher:
    """`fileno` is readable while outcomes wait."""

    def __init__(self) -> None:
        self._work: queue.PriorityQueue[tuple[int, int, tuple[str, Unverified, float] | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._outcomes: Mailbox[Rehashed] = Mailbox()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="rehash", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Readable while outcomes wait."""
        return self._outcomes.fileno()

    def submit(self, torrent: str, unverified: Unverified, *, saved_at: float, added_us: int) -> None:
        """Queues a torrent; outcomes follow, the last with `verified`.

        Args:
            saved_at: when its resume data was written, seconds since 1970 as file systems have them.
            added_us: when it was added; later ones come first.
        """
        self._work.put((-added_us, next(self._order), (torrent, unverified, saved_at)))

    def outcomes(self) -> list[Rehashed]:
        """All outcomes that wait."""
        return self._outcomes.take_all()

    def close(self) -> None:
        """Gives up what is not finished, and ends the thread."""
        self._closing = True
        self._work.put((0, next(self._order), None))
        self._thread.join()
        self._outcomes.close()

    def _run(self) -> None:
        while not self._closing:
            _, _, task = self._work.get()
            if task is not None and not self._closing:
                torrent, unverified, saved_at = task
                self._outcomes.put(self._rehash(torrent, unverified, saved_at))

    def _rehash(self, torrent: str, unverified: Unverified, saved_at: float) -> Rehashed:
        data = {
            file.path: data_ranges(file.path)
            for file in unverified.files
            if file.path is not None and file.wanted and _written_since(file.path, saved_at - MTIME_SLACK_S)
        }
        verified = set()
        checked, told_at = 0, time.monotonic()
        for piece, parts in candidates(unverified, data):
            if self._closing:
                break
            if _holds(piece, parts):
                verified.add(piece.number)
            checked += piece.size
            if time.monotonic() - told_at >= TELL_S:
                told_at = time.monotonic()
                self._outcomes.put(Rehashed(torrent, checked, None))
        return Rehashed(torrent, checked, frozenset(verified))


def data_ranges(path: str) -> list[tuple[int, int]]:
    """Where a file has data, in bytes; nowhere if it cannot be read. Preallocated space has none."""
    found = []
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return []
    try:
        end = 0
        while True:
            start = os.lseek(fd, end, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
            found.append((start, end))
    except OSError:
        # No data after `end`, which is how SEEK_DATA says that it is through; a read error is no data either.
        return found
    finally:
        os.close(fd)


def _written_since(path: str, moment: float) -> bool:
    try:
        return Path(path).stat().st_mtime >= moment
    except OSError:
        return False


def _holds(piece: MissingPiece, parts: list[Slice]) -> bool:
    """Whether the piece is on disk, whole and right."""
    content = bytearray()
    try:
        for part in parts:
            content += bytes(part.size) if part.path is None else _read(part.path, part.start, part.size)
    except OSError:
        return False
    return proves(piece, memoryview(content))


def _read(path: str, start: int, size: int) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        return os.pread(fd, size, start)
    finally:
        os.close(fd)
