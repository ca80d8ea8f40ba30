"""The engine's log: one JSON object a line on stderr, which the supervisor reads and logs.

Lines that are not JSON, such as output of a native library, are logged, too.

Standard error is a non-blocking pipe, see `supervisor.engine.process.child`. While it is full, since the supervisor is
slow or stopped, lines are dropped and counted: the engine goes on. A line that was written in part is completed first.
"""

import os
import threading
from typing import Final

import msgspec

STDERR: Final = 2


class Log:
    """Writes lines to a descriptor that does not block.

    Fields:
        lost: the number of dropped lines.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.RLock()
        self._rest = b""
        self._gap = 0
        self.lost = 0

    def __call__(self, level: str, event: str, **fields: object) -> None:
        """Writes one line, or drops it. `level` is one of structlog's: debug, info, warning, error."""
        line = _encoded({"level": level, "event": event, **fields})
        with self._lock:
            self.flush()
            if self._gap and self._write(_encoded({"level": "warning", "event": "log_lines_lost", "lines": self._gap})):
                self._gap = 0
            if self._gap or not self._write(line):
                self._gap += 1
                self.lost += 1

    def flush(self) -> None:
        """Writes the rest of a line that was written in part, if possible."""
        with self._lock:
            if self._rest:
                self._rest = self._rest[self._written(self._rest) :]

    def _write(self, line: bytes) -> bool:
        """Whether a line was accepted, even in part: then its rest has to be written before the next one."""
        written = 0 if self._rest else self._written(line)
        if written:
            self._rest = line[written:]
        return bool(written)

    def _written(self, content: bytes) -> int:
        try:
            return os.write(self._fd, content)
        except OSError:  # it is full; or the supervisor is gone: then the lifeline ends the process
            return 0


def _encoded(fields: dict[str, object]) -> bytes:
    try:
        return msgspec.json.encode(fields, enc_hook=str) + b"\n"
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # Names may be invalid text, and a field's value must not raise an error.
        shown = {key: ascii(value) for key, value in fields.items()}
        shown |= {"level": str(fields["level"]), "event": str(fields["event"]), "not_encoded": ascii(error)}
        return msgspec.json.encode(shown) + b"\n"


log: Final = Log(STDERR)
"""The log of this process."""
