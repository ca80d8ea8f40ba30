"""Whether a torrent can be the cause of an engine's death. Pure.

A torrent that libtorrent, or our code over it, cannot cope with ends the engine by a signal of its own making, by an
unexpected error of Python's, or makes it hang, and then Ouzel kills it. All other ends come from elsewhere: SIGKILL and
SIGTERM from an operator or from the kernel that is out of memory, SIGBUS from a disk that fails under a mapped file.
"""

import re
from typing import Final

from protocol.internal.exit_codes import EXIT_ORPHANED
from protocol.internal.flight_recorder import Flight

CRASH_SIGNALS: Final = frozenset({"SIGSEGV", "SIGABRT", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"})

_INSPECTIONS: Final = frozenset({"inspect", "command inspect_source"})

_SHORTAGE: Final = re.compile(rb"MemoryError|std::bad_alloc|[Cc]annot allocate memory|\w+Error: \[Errno \d+\]")


def may_be_a_torrents(*, exit_code: int | None, signal: str | None, killed_by_us: bool, shortage: bool) -> bool:
    """Whether a torrent can have been the cause of a death.

    Args:
        exit_code, signal: how it ended; neither where it could not be started.
        killed_by_us: it hung or could not be trusted.
        shortage: it spoke of memory or of an operating system's error; then SIGABRT and exit codes tell no more.
    """
    if killed_by_us:
        return True
    if shortage and signal in (None, "SIGABRT"):
        return False
    return signal in CRASH_SIGNALS or exit_code not in (None, 0, EXIT_ORPHANED)


def reports_shortage(line: bytes) -> bool:
    """Whether a line that the engine wrote says that memory or a disk has failed it."""
    return not line.startswith(b"{") and _SHORTAGE.search(line) is not None


def over_a_source(flight: Flight) -> bool:
    """Whether the engine died judging a source that a client gave: no torrent that there is has a part in that."""
    return flight.sync is not None and flight.sync.what in _INSPECTIONS


def suspects(flight: Flight, few: int) -> tuple[str, ...]:
    """The torrents that the engine was at work on when it died, the likeliest first; none where they are too many.

    A call that had not returned says more than what libtorrent had yet to confirm, so it stands alone beside too many.
    """
    called = (flight.sync.torrent,) if flight.sync is not None and flight.sync.torrent is not None else ()
    under_way = (record.torrent for record in flight.under_way if record.torrent is not None)
    found = tuple(dict.fromkeys((*called, *under_way)))
    return called if flight.overflowed or len(found) > few else found
