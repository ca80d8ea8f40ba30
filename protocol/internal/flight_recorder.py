"""The flight recorder: shared memory with the operations of an engine. It survives the engine's death.

Before each native call the engine records what it is about to do. After any death of the engine, the supervisor reads
the records. Recording takes well under a microsecond, so the engine records every call. `scripts/bench flight` measures
the time.

A buffer has three parts.

- The *header* has the number of the innermost call that has not returned. The header also has the alert that is being
  read. Alerts are too frequent for records of their own.
- The *ring* has the latest records.
- The *table* has operations that libtorrent continues after a call has returned. libtorrent adds and removes torrents
  in its own threads, and may crash there.

The writer may be killed at any instruction. So the writer puts a record's number first and last. A row of the table
counts as empty until its last byte is written. The reader validates everything and skips torn writes. No content of a
buffer makes the reader raise an error.
"""

import re
import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from mmap import mmap
from typing import Final

import msgspec

_MAGIC: Final = b"ouzel fr"
_HEADER: Final = struct.Struct("=8sQQQ32p65p7x")
"""Magic; innermost call's record; number of rows ever used; torrents without a row; alert; torrent of the alert."""
_CURRENT, _USED, _CROWDED = 1, 2, 3
_WORDS: Final = slice(0, 32)
"""The first four members as 64-bit words. Each word is written at once."""
_ALERT: Final = slice(32, 32 + 32 + 1)
"""The alert's name, and the byte with the length of the torrent's id. One write sets both. The length becomes 0."""
_ALERT_TORRENT: Final = 32 + 32
_RECORD: Final = struct.Struct("=QQQ32p65p7x72pQ")
"""Number; number of the enclosing call, or 0; time in ns; name of the call; torrent; request; number again."""
_RECORD_BYTES: Final = _RECORD.size
_ROW: Final = struct.Struct("=Q32p65p7x")
"""Time in ns; name of the operation; torrent."""
_ROW_TORRENT: Final = 8 + 32
"""The offset of the torrent's id in a row. The first byte of the id is the length. In a free row the length is 0."""
_TORRENT: Final = struct.Struct("=65p")

RECORDS: Final = 256
ROWS: Final = 2048
"""The size of the table: larger than the supervisor's window of unconfirmed torrents."""
_RING: Final = _HEADER.size
_TABLE: Final = _RING + RECORDS * _RECORD_BYTES
FLIGHT_BYTES: Final = _TABLE + ROWS * _ROW.size
"""The size of a buffer. Only written pages use memory, about 40 KiB."""

_WHAT: Final = re.compile(rb"[a-z][a-z0-9_ ]*")
_TORRENT_ID: Final = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_REQUEST: Final = re.compile(rb"[A-Za-z0-9._:/-]{1,64}")
_DEPTH: Final = 8
NO_ALERT: Final = bytes(33)
FORGOTTEN: Final = "a call whose record is gone"


class FlightRecord(msgspec.Struct, frozen=True):
    """What the engine was about to do: a native call, a command, or the reading of an alert.

    Examples of `what`: `add`, `command ensure_torrent`, `alert file_error`.

    Fields:
        torrent: the torrent concerned; None if there is none or if it was not known yet.
        age_us: microseconds from the recording until the reading; 0 for an alert.
        request: the id of the client's request that has caused the command; None without one.
    """

    what: str
    torrent: str | None
    age_us: int
    request: str | None = None


class Flight(msgspec.Struct, frozen=True):
    """What an engine was doing when it died, as read from its flight recorder.

    Fields:
        records: the latest records, newest first, whether or not their calls have returned.
        sync: the innermost call that had not returned. None if the engine was between calls. The call's torrent is
            usually the first suspect. But if the process died in a thread of libtorrent, another torrent may be the
            cause.
        under_way: additions and removals of torrents that libtorrent had not confirmed, the oldest first. Each of these
            torrents is a suspect.
        overflowed: whether the recorder had more torrents under way than its table holds. If so, any other torrent may
            be a suspect, too.
    """

    records: list[FlightRecord] = []
    sync: FlightRecord | None = None
    under_way: list[FlightRecord] = []
    overflowed: bool = False

    @property
    def in_flight(self) -> list[FlightRecord]:
        """All suspects of the crash, the innermost call first."""
        return self.under_way if self.sync is None else [self.sync, *self.under_way]


class FlightRecorder:
    """Writes the flight recorder's buffer. Used only by the thread that calls libtorrent.

    Args:
        buffer: `FLIGHT_BYTES` of zeros, shared or not.
        clock: monotonic time in nanoseconds.

    Fields:
        request: the id of the client's request that the engine works on; empty without one. Each record gets this id.
    """

    __slots__ = ("_buffer", "_clock", "_crowd", "_current", "_free", "_number", "_rows", "_words", "_write", "request")

    def __init__(self, buffer: mmap | bytearray, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._buffer = buffer
        self._write = partial(_RECORD.pack_into, buffer)
        self._clock = clock
        self.request = b""
        self._number = 0
        self._current = 0
        self._rows: dict[str, int] = {}
        self._free: list[int] = []
        self._crowd: set[str] = set()
        _HEADER.pack_into(buffer, 0, _MAGIC, 0, 0, 0, b"", b"")
        self._words = memoryview(buffer)[_WORDS].cast("Q")

    def close(self) -> None:
        """Releases the buffer. Nothing must be recorded after this."""
        self._words.release()

    def begin(self, what: bytes, torrent: str = "") -> int:
        """Records that a call is about to be made. Returns a value that the caller passes to `end`.

        Args:
            what: the call's name, at most 31 lower-case letters.
            torrent: the torrent that the call is about, if any.
        """
        outer = self._current
        self._current = self._number = number = self._number + 1
        at = _RING + number % RECORDS * _RECORD_BYTES
        self._write(at, number, outer, self._clock(), what, torrent.encode(), self.request, number)
        self._words[_CURRENT] = number
        return outer

    def end(self, outer: int) -> None:
        """Records that a call has returned."""
        self._words[_CURRENT] = self._current = outer

    def alert(self, name: bytes) -> None:
        """Records that an alert is about to be read.

        Args:
            name: the result of `alert_name`, or `NO_ALERT` after the last alert.
        """
        self._buffer[_ALERT] = name

    def alert_about(self, torrent: str) -> None:
        """Records the torrent of the alert that is being read."""
        _TORRENT.pack_into(self._buffer, _ALERT_TORRENT, torrent.encode())

    def under_way(self, what: bytes, torrent: str) -> None:
        """Records an operation that libtorrent will do later and confirm by an alert."""
        row = self._rows.get(torrent)
        if row is None:
            if self._free:
                row = self._free.pop()
            elif self._words[_USED] < ROWS:
                row = self._words[_USED]
                self._words[_USED] = row + 1
            else:
                self._crowd.add(torrent)
                self._words[_CROWDED] = len(self._crowd)
                return
            self._rows[torrent] = row
        _ROW.pack_into(self._buffer, _TABLE + row * _ROW.size, self._clock(), what, torrent.encode())

    def confirmed(self, torrent: str) -> None:
        """Records that libtorrent has confirmed the operation on a torrent. The torrent may be missing in the table."""
        row = self._rows.pop(torrent, None)
        if row is not None:
            self._buffer[_TABLE + row * _ROW.size + _ROW_TORRENT] = 0
            self._free.append(row)
        elif torrent in self._crowd:
            self._crowd.discard(torrent)
            self._words[_CROWDED] = len(self._crowd)


def alert_name(name: str) -> bytes:
    """The encoded name of an alert type, for `FlightRecorder.alert`: at most 25 lower-case letters."""
    return struct.pack("=32px", f"alert {name}".encode())


def read(buffer: bytes, now_ns: int) -> Flight:
    """Reads a flight recorder's buffer. The buffer may have any content.

    Args:
        now_ns: the present time by the recorder's clock.
    """
    if len(buffer) != FLIGHT_BYTES:
        return Flight()
    magic, current, used, overflowed, alert_name, alert_torrent = _HEADER.unpack_from(buffer)
    if magic != _MAGIC:
        return Flight()
    found = {number: (outer, record) for number, outer, record in _records(buffer, now_ns)}
    records = [found[number][1] for number in sorted(found, reverse=True)]
    sync = _innermost(found, current)
    alert = _record(alert_name, alert_torrent, 0)
    if alert is not None:
        records.insert(0, alert)
        sync = alert
    return Flight(
        records=records,
        sync=sync,
        under_way=sorted(_rows(buffer, min(used, ROWS), now_ns), key=lambda row: -row.age_us),
        overflowed=overflowed > 0,
    )


def _records(buffer: bytes, now_ns: int) -> Iterator[tuple[int, int, FlightRecord]]:
    ring = memoryview(buffer)[_RING:_TABLE]
    for index, (number, outer, at_ns, what, torrent, request, again) in enumerate(_RECORD.iter_unpack(ring)):
        if number == again and number and number % RECORDS == index:
            record = _record(what, torrent, now_ns - at_ns, request)
            if record is not None:
                yield number, outer, record


def _rows(buffer: bytes, used: int, now_ns: int) -> Iterator[FlightRecord]:
    table = memoryview(buffer)[_TABLE : _TABLE + used * _ROW.size]
    for at_ns, what, torrent in _ROW.iter_unpack(table):
        if torrent:
            row = _record(what, torrent, now_ns - at_ns)
            if row is not None and row.torrent is not None:
                yield row


def _record(what: bytes, torrent: bytes, age_ns: int, request: bytes = b"") -> FlightRecord | None:
    if not _WHAT.fullmatch(what):
        return None
    known = torrent.decode() if _TORRENT_ID.fullmatch(torrent) else None
    cause = request.decode() if _REQUEST.fullmatch(request) else None
    return FlightRecord(what.decode(), known, max(0, age_ns) // 1000, cause)


def _innermost(found: dict[int, tuple[int, FlightRecord]], current: int) -> FlightRecord | None:
    """The innermost call that has not returned. If it names no torrent, the enclosing call's torrent is added."""
    if current == 0 or current > max(found, default=0):
        return None
    if current not in found:
        return FlightRecord(FORGOTTEN, None, 0)
    outer, innermost = found[current]
    record = innermost
    for _ in range(_DEPTH):
        if record.torrent is not None or outer not in found:
            break
        outer, record = found[outer]
    return FlightRecord(innermost.what, record.torrent, innermost.age_us, innermost.request)
