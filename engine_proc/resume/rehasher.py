"""The rehasher: a thread that verifies pieces on disk after a crash. Verified pieces need no second download.

The newest torrents are verified first. Only one torrent is verified at a time, in order to limit the I/O after a crash.
The rehasher skips files that are older than the resume data. It reads only ranges that have data (SEEK_DATA). So a
torrent without new data costs only a few `stat` calls.
"""

import itertools
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine_proc.process.mailbox import Mailbox
from engine_proc.resume.pieces import (
    OFFERED_MAX,
    Disk,
    MissingPiece,
    Slice,
    Unverified,
    Verified,
    candidates,
    fragments,
    located,
    lost,
    offer,
    sound_blocks,
    sparse,
)
from engine_proc.resume.proof import proves

MTIME_SLACK_S: Final = 5.0
"""The rehasher also checks files that are older than the resume data by less than this time.

File systems have coarse clocks. Also, blocks may be written shortly before the resume data that lacks them.
"""

TELL_S: Final = 0.1

_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""The flags for opening files. O_NONBLOCK is included, because a path may lead to a FIFO."""


class Rehashed(NamedTuple):
    """The progress or the outcome of one submission.

    Fields:
        ticket: the ticket of the submission.
        checked_bytes: the number of hashed bytes so far.
        verified: the outcome; None until the end.
    """

    torrent: str
    ticket: int
    checked_bytes: int
    verified: Verified | None


class _Task(NamedTuple):
    torrent: str
    ticket: int
    unverified: Unverified
    saved_at: float


class Rehasher:
    """Verifies submitted torrents on a thread. `fileno` is readable while there are outcomes."""

    def __init__(self) -> None:
        self._work: queue.PriorityQueue[tuple[int, int, _Task | None]] = queue.PriorityQueue()
        self._tickets = itertools.count(1)
        self._given_up: set[int] = set()
        self._outcomes: Mailbox[Rehashed] = Mailbox()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="rehash", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are outcomes."""
        return self._outcomes.fileno()

    def submit(self, torrent: str, unverified: Unverified, *, saved_at: float, added_us: int) -> int:
        """Queues a torrent for verification. `outcomes` will return the progress. The last outcome has `verified`.

        Args:
            saved_at: the modification time of the resume data in seconds since 1970.
            added_us: when the torrent was added, in microseconds. The torrent that was added last is verified first.

        Returns:
            The ticket that the outcomes will have.
        """
        ticket = next(self._tickets)
        self._work.put((-added_us, ticket, _Task(torrent, ticket, unverified, saved_at)))
        return ticket

    def give_up(self, ticket: int) -> None:
        """Cancels a submission. Outcomes that are already queued may still follow."""
        self._given_up.add(ticket)

    def outcomes(self) -> list[Rehashed]:
        """All outcomes since the last call."""
        return self._outcomes.drain()

    def close(self) -> None:
        """Cancels all submissions, and stops the thread."""
        self._closing = True
        self._work.put((0, 0, None))
        self._thread.join()
        self._outcomes.close()

    def _run(self) -> None:
        while not self._closing:
            _, _, task = self._work.get()
            if task is not None and not self._closing:
                checked, verified = self._rehash(task)
                self._outcomes.put(Rehashed(task.torrent, task.ticket, checked, verified))
                self._given_up.discard(task.ticket)

    def _ends(self, task: _Task) -> bool:
        return self._closing or task.ticket in self._given_up

    def _rehash(self, task: _Task) -> tuple[int, Verified]:
        unverified = task.unverified
        disk = scan(unverified, task.saved_at - MTIME_SLACK_S)
        suspects = sparse(unverified, disk)
        if not any(disk.data.values()):
            return 0, Verified(lost=lost(unverified, disk, ()).union(suspects))
        verified, wrong = set(), False
        checked, told_at = 0, time.monotonic()
        for piece, parts in itertools.chain(_readable(unverified, disk, suspects), candidates(unverified, disk)):
            if self._ends(task):
                break
            if _holds(piece, parts):
                verified.add(piece.number)
            else:
                wrong = True
            checked += piece.size
            if time.monotonic() - told_at >= TELL_S:
                told_at = time.monotonic()
                self._outcomes.put(Rehashed(task.torrent, task.ticket, checked, None))
        gone = lost(unverified, disk, verified).union(suspects).difference(verified)
        blocks = {} if wrong or self._ends(task) else _written(fragments(unverified, disk))
        offered = sound_blocks(unverified, disk) | offer(unverified, blocks)
        return checked, Verified(frozenset(verified), offered, gone)


def _readable(
    unverified: Unverified, disk: Disk, suspects: Sequence[int]
) -> Iterator[tuple[MissingPiece, list[Slice]]]:
    """The suspected pieces that can be read and verified, each with the slices to read."""
    if suspects and unverified.foreign is not None:
        for piece in unverified.foreign.pieces(suspects):
            if (parts := located(unverified, disk, piece.offset, piece.size)) is not None:
                yield piece, parts


def scan(unverified: Unverified, since: float) -> Disk:
    """Determines where the files of a torrent have data.

    Args:
        since: seconds since 1970. Files that were last written before this time count as empty. If there are doubtful
            pieces, all files are checked.
    """
    part_file = unverified.part_file
    stored = [(file.path, file.wanted) for file in unverified.files if file.path is not None]
    kept = frozenset(path for path, wanted in stored if not wanted and _size(path) > 0)
    slots: Mapping[int, int] = {}
    if not all(wanted or path in kept for path, wanted in stored):
        slots = part_file.slots(_read_or_nothing(part_file.path, part_file.header_size()))
    paths = [path for path, wanted in stored if wanted or path in kept]
    data = {path: data_ranges(path) for path in paths if unverified.doubtful or _written_since(path, since)}
    if slots:
        data[part_file.path] = data_ranges(part_file.path)
    return Disk(data, kept, slots)


def data_ranges(path: str) -> list[tuple[int, int]]:
    """The ranges of a file that have data; empty if the file cannot be read. Preallocated space is no data."""
    found = []
    try:
        fd = os.open(path, _OPEN)
    except OSError:
        return []
    try:
        end = 0
        while True:
            start = os.lseek(fd, end, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
            found.append((start, end))
    except OSError:
        # SEEK_DATA fails if there is no data after `end`; a read error counts as no data, too.
        return found
    finally:
        os.close(fd)


def _written_since(path: str, moment: float) -> bool:
    try:
        return Path(path).stat().st_mtime >= moment
    except OSError:
        return False


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _holds(piece: MissingPiece, parts: list[Slice]) -> bool:
    """Whether the piece is on disk, complete and with the right hash."""
    try:
        return proves(piece, memoryview(_content(parts)))
    except OSError:
        return False


def _written(found: Mapping[int, Mapping[int, list[Slice]]]) -> dict[int, list[int]]:
    """The first `OFFERED_MAX` pieces that have written blocks. Stops reading after these pieces."""
    written = ((piece, [at for at, parts in blocks.items() if _is_written(parts)]) for piece, blocks in found.items())
    return dict(itertools.islice(((piece, blocks) for piece, blocks in written if blocks), OFFERED_MAX))


def _is_written(parts: list[Slice]) -> bool:
    """Whether the slices contain more than zeros.

    A file system may report data in ranges that were never written.
    """
    try:
        return any(_content([part for part in parts if part.path is not None]))
    except OSError:
        return False


def _content(parts: list[Slice]) -> bytes:
    return b"".join(
        bytes(part.size) if part.path is None else _read(part.path, part.start, part.size) for part in parts
    )


def _read_or_nothing(path: str, size: int) -> bytes:
    try:
        return _read(path, 0, size)
    except OSError:
        return b""


def _read(path: str, start: int, size: int) -> bytes:
    fd = os.open(path, _OPEN)
    try:
        return os.pread(fd, size, start)
    finally:
        os.close(fd)
