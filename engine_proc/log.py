"""The engine's log: one JSON object a line on stderr, which the supervisor reads and logs as its own.

Lines that are not JSON, such as a native library's last words, reach the supervisor's log all the same.
"""

import contextlib
import sys

import msgspec


def log(level: str, event: str, **fields: object) -> None:
    """Writes one line. `level` is one of structlog's: debug, info, warning, error."""
    line = msgspec.json.encode({"level": level, "event": event, **fields})
    with contextlib.suppress(BrokenPipeError):  # the supervisor is gone; the lifeline tells of it, and ends the process
        sys.stderr.buffer.write(line + b"\n")
        sys.stderr.buffer.flush()
