"""Tracks which topics have subscribers, and the bytes of each connection's prefixes. Pure.

If a topic begins with a subscribed prefix, it has a subscriber. The number of look-ups is the number of different
lengths of prefixes. Prefixes longer than `TOPIC_BYTES_MAX` match no topic, and are not looked up.

ZeroMQ stores every prefix of every connection in a tree. The tree has a node for each byte, and has no bound. So
subscriptions are counted here by connection. If a connection exceeds its limit, it is closed. If all connections
together exceed the total limit, the connection with the most bytes is closed. The total limit never closes a connection
with few bytes.
"""

from collections import Counter
from typing import Final

from supervisor.events.event_frames import TOPIC_BYTES_MAX

HOLDER_BYTES_MAX: Final = 1024 * 1024
"""The limit in bytes for one connection. It is enough for ten thousand topics with torrent ids.

A byte of a prefix takes about 50 bytes in ZeroMQ's tree. So a connection takes about 50 MB at most.
"""
ALL_BYTES_MAX: Final = 4 * 1024 * 1024
BLAMED_BYTES_MIN: Final = 64 * 1024
"""If the total limit is exceeded, only connections with at least this number of bytes are closed."""
NOBODY: Final = 0
"""The holder of a prefix if its connection is unknown."""
_EACH_BYTES: Final = 16
"""The bytes that a prefix counts in addition to its length."""


class Subscriptions:
    """The subscribed prefixes, each with its holder.

    A holder is the number of a connection. Numbers are never reused.
    """

    def __init__(
        self,
        *,
        holder_bytes: int = HOLDER_BYTES_MAX,
        all_bytes: int = ALL_BYTES_MAX,
        blamed_bytes: int = BLAMED_BYTES_MIN,
    ) -> None:
        self._holder_bytes = holder_bytes
        self._all_bytes = all_bytes
        self._blamed_bytes = blamed_bytes
        self._holders: dict[bytes, int] = {}
        self._lengths: Counter[int] = Counter()
        self._held: Counter[int] = Counter()
        self._bytes = 0

    def add(self, prefix: bytes, holder: int) -> int | None:
        """Adds the first subscription to a prefix. Returns the holder that now exceeds a limit, or None."""
        if prefix not in self._holders:
            self._holders[prefix] = holder
            if len(prefix) <= TOPIC_BYTES_MAX:
                self._lengths[len(prefix)] += 1
            self._held[holder] += _cost(prefix)
            self._bytes += _cost(prefix)
        if holder != NOBODY and self._held[holder] > self._holder_bytes:
            return holder
        if self._bytes <= self._all_bytes:
            return None
        blamed = [each for each, held in self._held.items() if each != NOBODY and held >= self._blamed_bytes]
        return max(blamed, key=self._held.__getitem__, default=None)

    def remove(self, prefix: bytes) -> None:
        """Removes the last subscription to a prefix."""
        holder = self._holders.pop(prefix, None)
        if holder is None:
            return
        if len(prefix) <= TOPIC_BYTES_MAX:
            _take(self._lengths, len(prefix), 1)
        _take(self._held, holder, _cost(prefix))
        self._bytes -= _cost(prefix)

    def release_holder(self, holder: int) -> None:
        """Handles the end of a connection.

        If other connections share a prefix of this connection, the prefix stays, but its holder is unknown.
        """
        for prefix, each in self._holders.items():
            if each == holder:
                self._holders[prefix] = NOBODY
        self._held[NOBODY] += self._held.pop(holder, 0)

    def has_subscriber(self, topic: bytes) -> bool:
        """Whether a topic has a subscriber."""
        for length in self._lengths:  # a plain loop is faster, and this is called for every event  # noqa: SIM110
            if topic[:length] in self._holders:
                return True
        return False


def _cost(prefix: bytes) -> int:
    return len(prefix) + _EACH_BYTES


def _take(counter: Counter[int], key: int, count: int) -> None:
    counter[key] -= count
    if not counter[key]:
        del counter[key]
