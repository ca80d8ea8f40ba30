"""Which answers a session has. Pure."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_RID: Final = 1_000_000
MAX_SESSIONS: Final = 256
"""The sessions beyond this number get a full update again, those that were used longest ago first."""


@dataclass
class Answers(Generic[T]):
    """The answers of one session. A state is whatever the next difference is made from.

    Fields:
        sent: the id of the last answer, and its state.
        accepted: the id and the state of the last answer that the client has named.
    """

    sent: tuple[int, T | None] = (0, None)
    accepted: tuple[int, T | None] = (0, None)

    def base(self, rid: int) -> T | None:
        """Returns the state that the client has, given the id in its request; None if a full update is due."""
        if rid <= 0 or self.sent[0] == 0:
            return None
        if rid == self.sent[0]:
            self.accepted = self.sent
        return self.accepted[1] if rid == self.accepted[0] else None

    def send(self, state: T) -> int:
        """Notes an answer. Returns its id."""
        rid = self.sent[0] % MAX_RID + 1
        self.sent = (rid, state)
        return rid


@dataclass
class Session:
    """The answers of one session.

    Fields:
        main: those of `sync/maindata`, by the revision of the book.
        peers: those of `sync/torrentPeers`, by the torrent and its peers.
    """

    main: Answers[int] = field(default_factory=Answers)
    peers: "Answers[tuple[str, dict[str, dict[str, object]]]]" = field(default_factory=Answers)


class Sessions:
    """The sessions by key. Their number is bounded."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def of(self, key: str) -> Session:
        """Returns a session, which is made if there is none."""
        found = self._sessions.setdefault(key, Session())
        self._sessions.move_to_end(key)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return found
