"""The engine's log: one JSON object a line on stderr, which the supervisor reads and logs as its own.

Lines that are not JSON, such as a native library's last words, reach the supervisor's log all the same.

Standard error is a pipe on which no write waits, see `supervisor.engine.process.child`. While it is full, since the
supervisor is slow or stopped, lines are lost and counted: the engine goes on. A line that went half into the pipe is
completed first.
"""

import os
import threading
from typing import Final

import msgspec

STDERR: Final = 2


class Log:
    """Writes lines to a descriptor that does not block.

    Fields:
        lost: lines that could not be written, of all.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.RLock()
        self._rest = b""
        self._gap = 0
        self.lost = 0

    def __call__(self, level: str, event: str, **fields: object) -> None:
        """Writes one line, or loses it. `level` is one of structlog's: debug, info, warning, error."""
        line = _encoded({"level": level, "event": event, **fields})
        with self._lock:
            self.flush()
            if self._gap and self._write(_encoded({"level": "warning", "event": "log_lines_lost", "lines": self._gap})):
                self._gap = 0
            if self._gap or not self._write(line):
                self._gap += 1
                self.lost += 1

    def flush(self) -> None:
        """Writes what is left of a line that went half into the pipe, if it can be."""
        with self._lock:
            if self._rest:
                self._rest = self._rest[self._written(self._rest) :]

    def _write(self, line: bytes) -> bool:
        """Whether a line was taken, be it in part: its rest is in the way of the next one then."""
        written = 0 if self._rest else self._written(line)
        if written:
            self._rest = line[written:]
        return bool(written)

    def _written(self, content: bytes) -> int:
        try:
            return os.write(self._fd, content)
        except OSError:  # it is full; or the supervisor is gone: the lifeline tells of that, and ends the process
            return 0


def _encoded(fields: dict[str, object]) -> bytes:
    try:
        return msgspec.json.encode(fields, enc_hook=str) + b"\n"
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # Names may be no text, and what a field holds must not end what it tells of.
        shown = {key: ascii(value) for key, value in fields.items()}
        shown |= {"level": str(fields["level"]), "event": str(fields["event"]), "not_encoded": ascii(error)}
        return msgspec.json.encode(shown) + b"\n"


log: Final = Log(STDERR)
"""The one of this process, as its descriptor is."""
