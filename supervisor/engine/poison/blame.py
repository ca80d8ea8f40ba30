"""Decides whether a torrent can be the cause of an engine's death. Pure.

A torrent can end the engine in these ways:
- A signal such as SIGSEGV ends the engine.
- The engine exits because of an unexpected Python error.
- The engine hangs until the supervisor kills it.

Other deaths have other causes. An operator, or the kernel without free memory, sends SIGKILL or SIGTERM. SIGBUS comes
  from a disk that fails under a mapped file.
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
        exit_code, signal: how the engine ended. Both are None if the engine could not be started.
        killed_by_us: whether the supervisor killed the engine because the engine was faulty.
        shortage: whether the engine's log reported a lack of memory or an operating system error. If so, SIGABRT and
            exit codes are no evidence.
    """
    if killed_by_us:
        return True
    if shortage and signal in (None, "SIGABRT"):
        return False
    return signal in CRASH_SIGNALS or exit_code not in (None, 0, EXIT_ORPHANED)


def reports_shortage(line: bytes) -> bool:
    """Whether a line of the engine's log reports a lack of memory, or an error of the operating system."""
    return not line.startswith(b"{") and _SHORTAGE.search(line) is not None


def over_a_source(flight: Flight) -> bool:
    """Whether the engine died while it validated a client's source. If so, no loaded torrent is the cause."""
    return flight.sync is not None and flight.sync.what in _INSPECTIONS


def suspects(flight: Flight, few: int) -> tuple[str, ...]:
    """The torrents in flight at the engine's death, the likeliest first.

    The torrent of an unfinished call comes first, then the torrents that libtorrent had not confirmed. If more than
    `few` torrents were in flight, only the torrent of an unfinished call is returned.
    """
    called = (flight.sync.torrent,) if flight.sync is not None and flight.sync.torrent is not None else ()
    under_way = (record.torrent for record in flight.under_way if record.torrent is not None)
    found = tuple(dict.fromkeys((*called, *under_way)))
    return called if flight.overflowed or len(found) > few else found
