"""A directory that is gone when its user is, and an end that clean-up is sure of."""

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def scratch(*, keep: bool = False) -> Iterator[Path]:
    """A temporary directory with a short path, since sockets lie in it. `keep` leaves it, and says on stderr where."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    try:
        yield path
    finally:
        if keep:
            sys.stderr.write(f"kept: {path}\n")
        else:
            shutil.rmtree(path)


@contextmanager
def unwinding() -> Iterator[None]:
    """Within it Ctrl-C, SIGTERM and SIGHUP unwind the stack, so that processes and files go; the first counts.

    Raises:
        SystemExit: with 128 and the signal's number.
    """

    def unwind(number: int, frame: FrameType | None) -> NoReturn:
        for each in _ENDINGS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, unwind) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
