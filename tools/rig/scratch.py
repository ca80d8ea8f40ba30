"""A temporary directory that is always removed, and clean-up on signals."""

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
def scratch(*, keep: bool = False, below: Path | None = None) -> Iterator[Path]:
    """A temporary directory with a short path, because it will contain sockets.

    Args:
        keep: whether the directory is kept, and its path printed to stderr.
        below: the parent directory. None for the default of `tempfile`.
    """
    path = Path(tempfile.mkdtemp(prefix="ouzel-", dir=below))
    try:
        yield path
    finally:
        if keep:
            sys.stderr.write(f"kept: {path}\n")
        else:
            shutil.rmtree(path)


@contextmanager
def unwinding() -> Iterator[None]:
    """A context within which Ctrl-C, SIGTERM and SIGHUP unwind the stack. So processes and files are cleaned up.

    Only the first signal counts.

    Raises:
        SystemExit: with 128 plus the signal's number.
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
