"""The clock: whether it is synchronised, and whether files have times in the future."""

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, ok, unknown, warning
from ouzel.doctor.target import Target

SKEW_S: Final = 60.0
"""A file may be this far in the future. The clock of a file server may differ a little."""

UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC of adjtimex(2)."""

_STATUS_OFFSET: Final = 40
_TIMEX_BYTES: Final = 256


def synchronised(target: Target, flags: Callable[[], int] | None = None) -> Iterator[Finding]:
    """Whether the kernel considers its clock synchronised (adjtimex(2))."""
    try:
        status = (flags or clock_flags)()
    except OSError as problem:
        yield unknown(f"the kernel does not say whether the clock is synchronised: {problem.strerror}")
        return
    if status & UNSYNCHRONISED:
        yield warning(
            "the clock is not synchronised: https trackers may refuse certificates, and schedules may be wrong",
            "`timedatectl set-ntp true`, or run chrony; in a container or virtual machine, do it on the host",
        )
    else:
        yield ok("the clock is synchronised")


def skew(target: Target, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Whether files are from the future, or the clock is before the installation of Ouzel."""
    here = now()
    installed = Path(__file__).stat().st_mtime
    if here < installed - SKEW_S:
        yield error(
            f"it is {_shown(here)} by the clock, which is before Ouzel was installed ({_shown(installed)})",
            "set the clock: `timedatectl set-ntp true`",
        )
    found = [newest for path in target.paths.own().values() if (newest := _newest(Path(path))) is not None]
    if found and max(found)[0] > here + SKEW_S:
        at, path = max(found)
        yield warning(
            f"{path} was changed at {_shown(at)}, and it is {_shown(here)} by the clock: the clock was set back, "
            "or was ahead",
            "check the clock with `timedatectl`; times of torrents and the order of crash reports may be wrong",
        )
    elif here >= installed - SKEW_S:
        yield ok("no file is from the future")


def clock_flags() -> int:
    """The status of the kernel's clock. Changes nothing. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # `modes` is 0: only read
    if libc.adjtimex(timex) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int.from_bytes(timex.raw[_STATUS_OFFSET : _STATUS_OFFSET + 4], "little")


def _newest(directory: Path) -> tuple[float, str] | None:
    """The change time and the path of the latest entry of a directory. None if it cannot be read."""
    try:
        with os.scandir(directory) as entries:
            times = [(entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in entries]
    except OSError:
        return None
    return max(times, default=None)


def _shown(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
