"""What each connection may have under way, and how much that is no request it may send. Pure.

A connection that goes over its share is refused; nothing here ever costs another one anything. What is remembered of
connections is bounded too: of one that has nothing under way only its spoilt frames are, and the latest of these.
"""

from collections import OrderedDict
from typing import Final, Literal

from supervisor.pacing.token_bucket import TokenBucket

IN_FLIGHT_MAX: Final = 512
"""Requests: more than a client has a use for, and half a second of a disk's work."""

IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of one connection: four of the largest commands."""

TOTAL_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of all connections. At this, one that has something under way gets no more; one that has nothing does."""

BAD_FRAMES_BURST: Final = 100.0
BAD_FRAMES_PER_S: Final = 10.0
LIMITS_PER_S: Final = 1.0
"""How often a connection is told that it has sent too many."""

BAD_REQUESTS_BURST: Final = 100.0
BAD_REQUESTS_PER_S: Final = 10.0
BAD_REQUESTS_WAITING_MAX: Final = 500
"""Refusals that wait, about as many as may be under way; one more is one too many."""

REMEMBERED_MAX: Final = 10_000
"""Connections that spoilt frames; of one that is forgotten, the burst begins anew."""


class Claims:
    """Requests under way, in number and bytes, by connection."""

    def __init__(self) -> None:
        self._claims: dict[bytes, tuple[int, int]] = {}
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._claims)

    def admits(self, peer: bytes, size: int) -> bool:
        """Whether this connection may have one more, of so many bytes."""
        count, held = self._claims.get(peer, (0, 0))
        if count == 0:
            return True
        return (
            count < IN_FLIGHT_MAX and held + size <= IN_FLIGHT_BYTES_MAX and self.total_bytes + size <= TOTAL_BYTES_MAX
        )

    def acquire(self, peer: bytes, size: int) -> "Claim":
        """One more is under way."""
        count, held = self._claims.get(peer, (0, 0))
        self._claims[peer] = (count + 1, held + size)
        self.total_bytes += size
        return Claim(self, peer, size)

    def give_back(self, peer: bytes, size: int) -> None:
        """One that was taken has ended."""
        count, held = self._claims.pop(peer)
        if count > 1:
            self._claims[peer] = (count - 1, held - size)
        self.total_bytes -= size


class Claim:
    """One request under way: until it is answered, and what was begun for it has ended."""

    def __init__(self, claims: Claims, peer: bytes, size: int) -> None:
        self._claims = claims
        self._peer = peer
        self._size = size
        self._holders = 1

    def hold(self) -> None:
        """Somebody else works on it, too."""
        self._holders += 1

    def release(self, _: object = None) -> None:
        """Ends one use of the claim; with the last one, its share is free again."""
        self._holders -= 1
        if self._holders == 0:
            self._claims.give_back(self._peer, self._size)


class _Buckets:
    """A token bucket for each connection, of the latest. Times are monotonic seconds."""

    def __init__(self, burst: float, per_s: float, remembered_max: int) -> None:
        self._burst = burst
        self._per_s = per_s
        self._remembered_max = remembered_max
        self._buckets: OrderedDict[bytes, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, peer: bytes, now: float) -> TokenBucket:
        """A connection's bucket."""
        bucket = self._buckets.pop(peer, None) or TokenBucket(self._burst, self._per_s, now)
        self._buckets[peer] = bucket
        while len(self._buckets) > self._remembered_max:
            self._buckets.popitem(last=False)
        return bucket


class BadFrames:
    """Frames without an id that could be read, by connection."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._errors = _Buckets(BAD_FRAMES_BURST, BAD_FRAMES_PER_S, remembered_max)
        self._limits = _Buckets(1.0, LIMITS_PER_S, remembered_max)

    def __len__(self) -> int:
        return len(self._errors)

    def note(self, peer: bytes, now: float) -> Literal["error", "limit"] | None:
        """One more. Returns how to answer it: with its own `error`, with the `limit` that is reached, or not."""
        if self._errors.of(peer, now).take(now):
            return "error"
        return "limit" if self._limits.of(peer, now).take(now) else None


class BadRequests:
    """Requests that are none although their id can be read, by connection: each is refused, and late where it owes."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._buckets = _Buckets(BAD_REQUESTS_BURST, BAD_REQUESTS_PER_S, remembered_max)

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, peer: bytes, now: float) -> float | None:
        """One more: the seconds that its refusal waits, 0.0 for none; None where too many wait already."""
        bucket = self._buckets.of(peer, now)
        if bucket.left(now) < 1 - BAD_REQUESTS_WAITING_MAX:
            return None
        return bucket.owe(now) / BAD_REQUESTS_PER_S
