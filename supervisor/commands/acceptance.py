"""The outcome of a mutation: its result, and the revision that libtorrent has to confirm. Pure."""

from contextvars import ContextVar
from typing import Final, NamedTuple

import msgspec

from protocol.wire.errors import ErrorKind, OuzelError

SESSION: Final = "session"
"""The subject of mutations of the session's settings, and the name of the lock on these settings."""

GONE: Final = 2**53
"""The revision that is confirmed when a removal is complete; it is greater than all other revisions."""

SENDER: Final[ContextVar[object]] = ContextVar("sender", default="")
"""The client that sent the mutation that is being carried out, in the context of the mutation's task."""


class Acceptance(NamedTuple):
    """A mutation that is durable.

    Fields:
        result: the result in the reply, of the type that `protocol.wire.operations` names.
        subject: a torrent's id, or SESSION.
        revision: the revision of the subject that libtorrent confirms when the mutation is applied.
    """

    result: msgspec.Struct
    subject: str
    revision: int


def quarantined(torrent: str) -> OuzelError:
    """The error for clients that wait until a durable mutation is applied to a quarantined torrent."""
    message = f"it is durable, but torrent {torrent} is in quarantine and is not loaded until it is released"
    return OuzelError(ErrorKind.QUARANTINED, message)
