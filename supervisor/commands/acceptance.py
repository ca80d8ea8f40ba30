"""The outcome of a mutation. It has a result, and the revision that libtorrent has to confirm. Pure."""

from contextvars import ContextVar
from typing import Final, NamedTuple

import msgspec

from protocol.wire.errors import ErrorKind, OuzelError

SESSION: Final = "session"
"""The subject of mutations of the session's settings. The lock on these settings has the same name."""

GONE: Final = 2**53
"""The revision of a removal. It is confirmed when the removal is complete, and is greater than all other revisions."""

SENDER: Final[ContextVar[object]] = ContextVar("sender", default="")
"""The client that sent the current mutation. The context of the mutation's task has this variable."""


class Acceptance(NamedTuple):
    """A mutation that is durable.

    Fields:
        result: the result in the reply, of the type that `protocol.wire.operations` names.
        subject: a torrent's id, or SESSION.
        revision: the subject's revision. libtorrent confirms this revision when the mutation is applied.
    """

    result: msgspec.Struct
    subject: str
    revision: int


def quarantined(torrent: str) -> OuzelError:
    """The error for clients that wait until a mutation is applied to a quarantined torrent. The mutation is durable."""
    message = f"it is durable, but torrent {torrent} is in quarantine and is not loaded until it is released"
    return OuzelError(ErrorKind.QUARANTINED, message)
