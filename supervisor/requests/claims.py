"""Limits the pending requests of each connection, and the rate of its invalid frames and requests. Pure.

If a connection exceeds its limit, its requests are refused. No other connection is affected. The memory for these
limits is bounded. If a connection has no pending requests, only its token buckets are stored. The oldest token buckets
are evicted.
"""

from collections import OrderedDict
from typing import Final, Literal

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.pacing.token_bucket import TokenBucket

IN_FLIGHT_MAX: Final = 512
"""The maximum number of a connection's pending requests. It is more than a client can use. A disk needs half a second
for this number of requests.
"""

IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
"""The maximum size of a connection's pending requests in bytes. It is enough for four of the largest commands."""

TOTAL_BYTES_MAX: Final = 256 * 1024 * 1024
"""The maximum size of all pending requests in bytes. Beyond this size, each connection may have only one pending
request.
"""

BAD_FRAMES_BURST: Final = 100.0
BAD_FRAMES_PER_S: Final = 10.0
LIMITS_PER_S: Final = 1.0
"""The rate of replies about too many bad frames of a connection."""

BAD_REQUESTS_BURST: Final = 100.0
BAD_REQUESTS_PER_S: Final = 10.0
BAD_REQUESTS_WAITING_MAX: Final = 500
"""The maximum number of a connection's delayed refusals. It is about the maximum of its pending requests."""

RETRY_AFTER_MS: Final = 100

REMEMBERED_MAX: Final = 10_000
"""The number of connections with stored token buckets. After an eviction, the burst begins anew."""


class Claims:
    """The number and the bytes of pending requests, by connection."""

    def __init__(self) -> None:
        self._claims: dict[bytes, tuple[int, int]] = {}
        self.total_bytes = 0

    def __len__(self) -> int:
        return len(self._claims)

    def admits(self, peer: bytes, size: int) -> bool:
        """Whether a connection may have one more pending request, with this size in bytes."""
        count, held = self._claims.get(peer, (0, 0))
        if count == 0:
            return True
        return (
            count < IN_FLIGHT_MAX and held + size <= IN_FLIGHT_BYTES_MAX and self.total_bytes + size <= TOTAL_BYTES_MAX
        )

    def acquire(self, peer: bytes, size: int) -> "Claim":
        """Adds a pending request of a connection, and returns its claim."""
        count, held = self._claims.get(peer, (0, 0))
        self._claims[peer] = (count + 1, held + size)
        self.total_bytes += size
        return Claim(self, peer, size)

    def give_back(self, peer: bytes, size: int) -> None:
        """Removes a pending request of a connection."""
        count, held = self._claims.pop(peer)
        if count > 1:
            self._claims[peer] = (count - 1, held - size)
        self.total_bytes -= size


class Claim:
    """The entry for a pending request.

    A request is pending until it is answered and its work has ended.
    """

    def __init__(self, claims: Claims, peer: bytes, size: int) -> None:
        self._claims = claims
        self._peer = peer
        self._size = size
        self._holders = 1

    def hold(self) -> None:
        """Adds a user of the claim."""
        self._holders += 1

    def release(self, _: object = None) -> None:
        """Removes a user of the claim. When the last user is removed, the request is not pending any more."""
        self._holders -= 1
        if self._holders == 0:
            self._claims.give_back(self._peer, self._size)


class _Buckets:
    """The token buckets of the latest connections. Times are monotonic seconds."""

    def __init__(self, burst: float, per_s: float, remembered_max: int) -> None:
        self._burst = burst
        self._per_s = per_s
        self._remembered_max = remembered_max
        self._buckets: OrderedDict[bytes, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, peer: bytes, now: float) -> TokenBucket:
        """The bucket of a connection."""
        bucket = self._buckets.pop(peer, None) or TokenBucket(self._burst, self._per_s, now)
        self._buckets[peer] = bucket
        while len(self._buckets) > self._remembered_max:
            self._buckets.popitem(last=False)
        return bucket


class BadFrames:
    """Counts the frames of each connection that have no valid id."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._errors = _Buckets(BAD_FRAMES_BURST, BAD_FRAMES_PER_S, remembered_max)
        self._limits = _Buckets(1.0, LIMITS_PER_S, remembered_max)

    def __len__(self) -> int:
        return len(self._errors)

    def note(self, peer: bytes, now: float) -> Literal["error", "limit"] | None:
        """Counts a bad frame.

        Returns the kind of the answer:
        - `error`: answer with the frame's error.
        - `limit`: answer that the limit is reached.
        - None: do not answer.
        """
        if self._errors.of(peer, now).take(now):
            return "error"
        return "limit" if self._limits.of(peer, now).take(now) else None


class BadRequests:
    """Counts each connection's invalid requests that have a valid id. Beyond a rate limit, refusals are delayed."""

    def __init__(self, *, remembered_max: int = REMEMBERED_MAX) -> None:
        self._buckets = _Buckets(BAD_REQUESTS_BURST, BAD_REQUESTS_PER_S, remembered_max)

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, peer: bytes, now: float) -> float | None:
        """Counts a bad request. Returns the delay of the refusal in seconds. None if too many refusals wait already."""
        bucket = self._buckets.of(peer, now)
        if bucket.left(now) < 1 - BAD_REQUESTS_WAITING_MAX:
            return None
        return bucket.owe(now) / BAD_REQUESTS_PER_S


def too_many() -> OuzelError:
    """The error for a connection with the maximum of pending requests."""
    """The error for a connection that has the maximum of pending requests."""
    problem = "this connection has the maximum of pending requests; nothing was accepted"
    return OuzelError(ErrorKind.TOO_MANY_IN_FLIGHT, problem, retry_after_ms=RETRY_AFTER_MS)
