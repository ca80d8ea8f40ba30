"""The engine's log: one JSON object per line on stderr, which the supervisor reads and logs.

The supervisor also logs lines that are not JSON, such as output of a native library.

Standard error is a non-blocking pipe; see `supervisor.engine.process.child`. If the supervisor is slow or stopped, the
pipe becomes full. Then lines are dropped and counted, so the engine never blocks. If a line was written in part, its
rest is written before the next line.
"""

import os
import threading
from typing import Final

import msgspec

STDERR: Final = 2


class Log:
    """Writes log lines to a non-blocking descriptor.

    Fields:
        lost: the number of dropped lines.
        request: the id of the client's request that the engine works on; empty without a request. Each line has this
            id.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.RLock()
        self._rest = b""
        self._gap = 0
        self.lost = 0
        self.request = ""

    def __call__(self, level: str, event: str, **fields: object) -> None:
        """Writes one line, or drops it. `level` is `debug`, `info`, `warning` or `error`, as in structlog."""
        if self.request:
            fields["request"] = self.request
        line = _encoded({"level": level, "event": event, **fields})
        with self._lock:
            self.flush()
            if self._gap and self._write(_encoded({"level": "warning", "event": "log_lines_lost", "lines": self._gap})):
                self._gap = 0
            if self._gap or not self._write(line):
                self._gap += 1
                self.lost += 1

    def flush(self) -> None:
        """If a line was written in part, tries to write its rest."""
        with self._lock:
            if self._rest:
                self._rest = self._rest[self._written(self._rest) :]

    def _write(self, line: bytes) -> bool:
        """Writes a line.

        Returns whether at least a part of the line was written. The rest is written before the next line.
        """
        written = 0 if self._rest else self._written(line)
        if written:
            self._rest = line[written:]
        return bool(written)

    def _written(self, content: bytes) -> int:
        try:
            return os.write(self._fd, content)
        except OSError:  # the pipe is full, or the supervisor has died, in which case the lifeline ends the process
            return 0


def _encoded(fields: dict[str, object]) -> bytes:
    try:
        return msgspec.json.encode(fields, enc_hook=str) + b"\n"
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        # File names may be invalid text, and no field's value must make logging fail.
        shown = {key: ascii(value) for key, value in fields.items()}
        shown |= {"level": str(fields["level"]), "event": str(fields["event"]), "not_encoded": ascii(error)}
        return msgspec.json.encode(shown) + b"\n"


log: Final = Log(STDERR)
"""The log of this process."""
