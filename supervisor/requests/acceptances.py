"""What was accepted lately, so that a request which comes again is answered and not carried out again. Pure.

An entry is kept under who sent the request and its id. It begins as work under way, which a repeat joins; once the work
was accepted it is what came of it, for ten minutes. Work that was refused is not remembered: nothing was done, and
whoever asks again wants it to be tried again. What is kept is bounded: the connection of which the most is kept loses
the oldest of it, so that a flood costs nobody else his. Work is never forgotten.
"""

import hashlib
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from protocol.wire.commands import Command
from protocol.wire.errors import ErrorKind, OuzelError

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

REMEMBERED_S: Final = 600.0
MAX_BYTES: Final = 32 * 1024 * 1024
ENTRY_BYTES: Final = 1000
"""What an entry takes in memory beside the text of its key and its outcome, about."""

_DIGEST_BYTES: Final = 16


class Key(NamedTuple):
    """A request's name: who sent it, and its id; 1 and "1" are two ids.

    Fields:
        sender: the name that it gave itself, or else the frames by which its socket is addressed.
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
    """A connection: the keys of what it has kept, the oldest first, and what these take."""

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.bytes = 0


class Acceptances(Generic[Work, Outcome]):
    """Requests of the last ten minutes, by key. Times are monotonic seconds.

    The work and its outcome are the caller's; nothing is done with them here.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._working: dict[Key, tuple[bytes, Work, bytes]] = {}
        self._kept: dict[Key, _Kept[Outcome]] = {}
        """In the order in which they were settled, which is that in which they end."""
        self._holders: dict[bytes, _Holder] = {}
        """By connection."""

    def find(self, key: Key, content: bytes, now: float) -> Work | Outcome | None:
        """The work or the outcome of a request that was seen before, None where it was not.

        Raises:
            OuzelError: ID_REUSED where the request under this key had another content.
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
                f"id: {str(key.id)[:100]!r} was another command's within the last {REMEMBERED_S / 60:g} minutes",
                field="id",
            )
        return found

    def begin(self, key: Key, content: bytes, work: Work, *, holder: bytes = b"") -> None:
        """A request that was not found is being carried out; `holder` is the connection that it came from."""
        self._working[key] = (content, work, holder)

    def settle(self, key: Key, outcome: Outcome, size: int, now: float) -> None:
        """The work was accepted. `size` is what the outcome takes in memory, in bytes, about."""
        content, _, holder = self._working.pop(key)
        size += ENTRY_BYTES + len(key.id if isinstance(key.id, str) else "") + sum(map(len, key.sender))
        self._kept[key] = _Kept(content, outcome, size, now + REMEMBERED_S, holder)
        self._bytes += size
        held = self._holders.setdefault(holder, _Holder())
        held.bytes += size
        held.keys[key] = None
        self.expire(now)

    def drop(self, key: Key) -> None:
        """The work was refused, or given up: the request may come again as if it had never been."""
        del self._working[key]

    def expire(self, now: float) -> None:
        """Forgets what is too old, or too much."""
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
    """A digest of what a command says: its op and arguments, whatever their order, defaults given or left out."""
    packed = msgspec.msgpack.encode(command, order="deterministic")
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()
