"""Stores the last answers of each session. Pure."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_RID: Final = 1_000_000
MAX_SESSIONS: Final = 256
"""The maximum number of sessions. Beyond it, the session with the oldest use is dropped, and gets a full update."""


@dataclass
class Answers(Generic[T]):
    """The last answers of one session. A state is the data with which the next state is compared.

    Fields:
        sent: the id of the last answer, and its state.
        accepted: the id and the state of the last answer that the client got.
    """

    sent: tuple[int, T | None] = (0, None)
    accepted: tuple[int, T | None] = (0, None)

    def base(self, rid: int) -> T | None:
        """Returns the state that the client has. `rid` is the id in its request. None means a full update."""
        if rid <= 0 or self.sent[0] == 0:
            return None
        if rid == self.sent[0]:
            self.accepted = self.sent
        return self.accepted[1] if rid == self.accepted[0] else None

    def send(self, state: T) -> int:
        """Stores the state of an answer. Returns the id of the answer."""
        rid = self.sent[0] % MAX_RID + 1
        self.sent = (rid, state)
        return rid


@dataclass
class Session:
    """The answers of one session.

    Fields:
        main: the answers of `sync/maindata`. A state is a revision of the book.
        peers: the answers of `sync/torrentPeers`. A state is a torrent and its peers.
    """

    main: Answers[int] = field(default_factory=Answers)
    peers: "Answers[tuple[str, dict[str, dict[str, object]]]]" = field(default_factory=Answers)


class Sessions:
    """The sessions by key, up to MAX_SESSIONS."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def of(self, key: str) -> Session:
        """Returns a session. Makes the session if it does not exist."""
        found = self._sessions.setdefault(key, Session())
        self._sessions.move_to_end(key)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return found
