"""Sessions. A session begins with a login, and ends after some time without requests."""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_SESSIONS: Final = 500
"""The maximum number of sessions. Beyond it, the session that was not used for the longest time ends."""
SECRET_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Session:
    """Identifies the sender of a request.

    Fields:
        key: identifies the session. Two sessions never have the same key.
    """

    key: str


class Sessions:
    """The sessions that are open. Times are monotonic seconds.

    Args:
        timeout_s: a session without requests ends after this time.
        maximum: the maximum number of sessions.
    """

    def __init__(self, timeout_s: float, maximum: int = MAX_SESSIONS) -> None:
        self._timeout_s = timeout_s
        self._maximum = maximum
        self._begun = 0
        self._open: OrderedDict[bytes, tuple[Session, float]] = OrderedDict()
        """By digest of the secret: the session and its last use, in the order of last uses."""

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, now: float) -> str:
        """Begins a session, and returns its secret."""
        self._end_expired(now)
        while len(self._open) >= self._maximum:
            self._open.popitem(last=False)
        self._begun += 1
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._open[_digest(secret)] = Session(f"session-{self._begun}"), now
        return secret

    def find(self, secret: str, now: float) -> Session | None:
        """Returns the session with this secret, and notes its use. None if no session has this secret."""
        self._end_expired(now)
        digest = _digest(secret)
        found = self._open.get(digest)
        if found is None:
            return None
        self._open[digest] = found[0], now
        self._open.move_to_end(digest)
        return found[0]

    def end(self, secret: str) -> None:
        """Ends a session, if it is open."""
        self._open.pop(_digest(secret), None)

    def _end_expired(self, now: float) -> None:
        while self._open and next(iter(self._open.values()))[1] + self._timeout_s < now:
            self._open.popitem(last=False)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
