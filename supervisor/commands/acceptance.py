"""What becomes of a mutation: accepted, with the revision that libtorrent has to confirm. Pure."""

from typing import Final, NamedTuple

import msgspec

from protocol.wire.errors import ErrorKind, OuzelError

SESSION: Final = "session"
"""The subject of what is accepted of the session's settings, and the name of the lock on these."""

GONE: Final = 2**53
"""The revision that is confirmed once a removed torrent is gone: later than all others."""


class Acceptance(NamedTuple):
    """A mutation that is durable.

    Fields:
        result: what its client is told, of the type that `protocol.wire.operations` names.
        subject: a torrent's id, or SESSION.
        revision: the one of the subject that libtorrent has to confirm for it to be applied.
    """

    result: msgspec.Struct
    subject: str
    revision: int


def quarantined(torrent: str) -> OuzelError:
    """What those are told who wait for libtorrent to do what is durable."""
    message = f"it is durable, but torrent {torrent} is in quarantine and is not loaded until it is released"
    return OuzelError(ErrorKind.QUARANTINED, message)
