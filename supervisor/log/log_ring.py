"""The last lines of the log, in memory. Clients read them with `get_log`.

The number of lines and their size are bounded. The oldest lines are dropped. Any thread may add lines.
"""

import itertools
import logging
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Generator
from typing import Any, Final, NamedTuple

import msgspec

from protocol.wire import codec
from protocol.wire.commands.service.log_commands import GetLog
from protocol.wire.log.log_results import LogRow

LINES_MAX: Final = 5000
BYTES_MAX: Final = 2 * 1024 * 1024
"""The bounds of the ring. The size of a line is the size of its encoded row."""

PAGE_BYTES: Final = 512 * 1024
STEP: Final = 256
"""The number of lines that are examined in one step. That takes about 0.1 ms."""

_NUMBERS: Final = logging.getLevelNamesMapping()


class _Kept(NamedTuple):
    number: int
    time_us: int
    level: int
    component: str
    torrent: object
    request: object
    row: bytes


class LogRing:
    """A bounded ring of lines."""

    def __init__(self, *, lines_max: int = LINES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._lines_max = lines_max
        self._bytes_max = bytes_max
        self._lines: deque[_Kept] = deque()
        self._bytes = 0
        self._numbers = itertools.count(1)
        self._head = 0
        # Reentrant: a destructor that warns may run, and log, in the middle of `put`.
        self._lock = threading.RLock()

    @property
    def head(self) -> int:
        """The number of the last line; 0 before the first line."""
        return self._head

    def put(self, level: str, component: str, event: str, fields: dict[str, Any], time_us: int) -> None:
        """Adds a line. The values of the fields have types of JSON."""
        shown = {key: _on_wire(value) for key, value in fields.items()}
        with self._lock:
            number = next(self._numbers)
            row = codec.encode(
                LogRow(number=number, time_us=time_us, level=level, component=component, event=event, fields=shown)
            )
            self._head = number
            found = shown.get("torrent"), shown.get("request")
            self._lines.append(_Kept(number, time_us, _NUMBERS.get(level.upper(), 20), component, *found, row))
            self._bytes += len(row)
            while len(self._lines) > self._lines_max or self._bytes > self._bytes_max:
                self._bytes -= len(self._lines.popleft().row)

    def page(self, wanted: GetLog) -> Generator[None, None, dict[str, Any]]:
        """Makes a page of the matching lines in steps. The result is a `LogPage` with encoded lines."""
        with self._lock:
            lines, head = list(self._lines), self._head
        dropped = 0
        if wanted.after is not None:
            after = wanted.after if wanted.after <= head else 0  # a number of an earlier start of the daemon
            first = lines[0].number if lines else head + 1
            dropped = max(0, first - 1 - after)
            lines = lines[bisect_right(lines, after, key=lambda line: line.number) :]
        else:
            lines.reverse()
        matches = _matcher(wanted)
        found: list[_Kept] = []
        size, more = 0, False
        for index, line in enumerate(lines, start=1):
            if matches(line):
                if len(found) == wanted.limit or size + len(line.row) > PAGE_BYTES:
                    more = wanted.after is not None
                    break
                found.append(line)
                size += len(line.row)
            if index % STEP == 0:
                yield
        if wanted.after is None:
            found.reverse()
        rows = [msgspec.Raw(line.row) for line in found]
        return {"lines": rows, "cursor": found[-1].number if more else head, "more": more, "dropped": dropped}


def _matcher(wanted: GetLog) -> Any:
    """Returns a function that says whether a line matches all conditions of a command."""
    lowest = 0 if wanted.level is None else _NUMBERS[wanted.level.upper()]
    text = None if wanted.text is None else wanted.text.encode()

    def matches(line: _Kept) -> bool:
        return (
            line.level >= lowest
            and (wanted.component is None or line.component == wanted.component)
            and (wanted.torrent is None or line.torrent == wanted.torrent)
            and (wanted.request is None or line.request == wanted.request)
            and (wanted.since_us is None or line.time_us >= wanted.since_us)
            and (wanted.until_us is None or line.time_us <= wanted.until_us)
            and (text is None or text in line.row)
        )

    return matches


def _on_wire(value: Any) -> Any:
    """Returns a value that the wire can represent. An integer of more than 53 bits becomes a text."""
    match value:
        case bool() | None | str() | float():
            return value
        case int():
            return value if abs(value) <= codec.MAX_INTEGER else str(value)
        case list():
            return [_on_wire(each) for each in value]
        case dict():
            return {str(key): _on_wire(each) for key, each in value.items()}
        case _:
            return str(value)
