"""Stores recently accepted requests, because a repeated request must not be carried out again. Pure.

The key of an entry is the sender and the id of the request. At first, an entry has the work in progress. A repeated
request gets the outcome of this work. Once the request is accepted, the entry has the outcome for ten minutes. Refused
work had no effect, so it is not stored, and a repeated request tries again.

The stored outcomes are bounded in bytes. Beyond the bound, outcomes of the connection with the most bytes are evicted,
the oldest first. So a flood evicts only outcomes of its own connection. Work in progress is never evicted.
"""

import hashlib
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from protocol.wire.commands.kinds import Command
from protocol.wire.errors import ErrorKind, OuzelError

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

REMEMBERED_S: Final = 600.0
MAX_BYTES: Final = 32 * 1024 * 1024
ENTRY_BYTES: Final = 1000
"""The approximate memory of an entry. The text of its key and its outcome do not count."""

_DIGEST_BYTES: Final = 16


class Key(NamedTuple):
    """The identity of a request: the sender and the id. 1 and "1" are different ids.

    Fields:
        sender: the request's `client`. Without `client`, the frames of the sender's address.
    """

    sender: str | tuple[bytes, ...]
    id: str | int


class _Kept(NamedTuple, Generic[Outcome]):
    content: bytes
    outcome: Outcome
    size: int
    until: float
    holder: bytes


class _Holder:
    """A connection's stored outcomes: the keys and the total size in bytes. The oldest keys come first."""

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.bytes = 0


class Acceptances(Generic[Work, Outcome]):
    """The requests of the last ten minutes, by key. Times are monotonic seconds.

    The caller defines the values of work and outcome.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._working: dict[Key, tuple[bytes, Work, bytes]] = {}
        self._kept: dict[Key, _Kept[Outcome]] = {}
        """The outcomes in the order of their acceptance. They expire in the same order."""
        self._holders: dict[bytes, _Holder] = {}
        """The connections with stored outcomes."""

    def find(self, key: Key, content: bytes, now: float) -> Work | Outcome | None:
        """Returns the work or the outcome of a repeated request; None for a new request.

        Raises:
            OuzelError: ID_REUSED. The earlier request with this key had another content.
        """
        self.expire(now)
        found: Work | Outcome
        if key in self._working:
            before, found, _ = self._working[key]
        elif key in self._kept:
            before, found, *_ = self._kept[key]
        else:
            return None
        if before != content:
            raise OuzelError(
                ErrorKind.ID_REUSED,
                f"id: {str(key.id)[:100]!r} was used by another command within the last {REMEMBERED_S / 60:g} minutes",
                field="id",
            )
        return found

    def begin(self, key: Key, content: bytes, work: Work, *, holder: bytes = b"") -> None:
        """Adds a new request with its work in progress. `holder` is the connection of the request."""
        self._working[key] = (content, work, holder)

    def settle(self, key: Key, outcome: Outcome, size: int, now: float) -> None:
        """Replaces the work of an accepted request by its outcome.

        `size` is the outcome's approximate memory in bytes.
        """
        content, _, holder = self._working.pop(key)
        size += ENTRY_BYTES + len(key.id if isinstance(key.id, str) else "") + sum(map(len, key.sender))
        self._kept[key] = _Kept(content, outcome, size, now + REMEMBERED_S, holder)
        self._bytes += size
        held = self._holders.setdefault(holder, _Holder())
        held.bytes += size
        held.keys[key] = None
        self.expire(now)

    def drop(self, key: Key) -> None:
        """Removes a request after its work was refused or cancelled. Then a repeated request is carried out."""
        del self._working[key]

    def expire(self, now: float) -> None:
        """Removes expired outcomes, and evicts outcomes beyond the bound."""
        while self._kept:
            oldest = next(iter(self._kept))
            if now < self._kept[oldest].until:
                break
            self._forget(oldest)
        while self._bytes > self._max_bytes:
            most = max(self._holders.values(), key=lambda held: held.bytes)
            self._forget(next(iter(most.keys)))

    def _forget(self, key: Key) -> None:
        kept = self._kept.pop(key)
        self._bytes -= kept.size
        held = self._holders[kept.holder]
        held.bytes -= kept.size
        del held.keys[key]
        if not held.keys:
            del self._holders[kept.holder]


def content_of(command: Command) -> bytes:
    """A digest of a command's op and arguments. The order of arguments, and omitted defaults, make no difference."""
    packed = msgspec.msgpack.encode(command, order="deterministic")
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()
