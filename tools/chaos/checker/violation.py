"""A broken invariant. Pure."""

from typing import Final

import msgspec

INVARIANTS: Final = {
    "linearizable": "each acknowledged change is there, and every value can be explained by an order of all changes",
    "one_outcome": "each request has exactly one outcome, by its deadline",
    "events": "events are numbered without gaps, or a tick shows the gap within two ticks",
    "table": "snapshot and events give the daemon's rows",
    "recovers": "the daemon recovers from all faults within a minute, or four if it searches for a poison torrent",
    "disk": "the records on disk are what the daemon tells",
    "files": "complete downloads have the right SHA-1",
    "claimed": "no piece is claimed by resume data whose hash on disk is wrong",
    "fetched_twice": "little is downloaded twice after a death",
    "supervisor": "the supervisor lives on: same pid, same start time",
    "one_session": "at most one engine has a session",
    "orphans": "no engine outlives its supervisor by more than a second (three on a busy machine)",
    "zombies": "each dead engine is reaped within a second",
    "resources": "descriptors, threads and memory of the supervisor do not grow",
    "healthy": "`healthy` is never said while changes are refused",
    "innocent": "no torrent of the traffic is quarantined",
    "outside": "nothing outside the roots is touched, and no unknown torrent appears",
    "exit": "the daemon ends with exit code 0, and leaves no process",
}
"""All invariants by name."""


class Violation(msgspec.Struct, frozen=True):
    """A broken invariant.

    Fields:
        invariant: its name.
        message: what was found.
        at: the monotonic time in the history.
        operation: the number of the operation. None if the violation is not about one operation.
    """

    invariant: str
    message: str
    at: float = 0.0
    operation: int | None = None
