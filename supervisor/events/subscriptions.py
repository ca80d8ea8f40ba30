"""Which topics somebody listens to, and who holds how many prefixes. Pure.

A topic is wanted when it begins with a prefix that somebody has subscribed to. With tens of thousands of prefixes that
is still a handful of look-ups: one for each length that a prefix has, and no topic is longer than `TOPIC_BYTES_MAX`.

ZeroMQ keeps every prefix of every connection in a tree of its own, a node for each byte, and offers no bound. So it is
counted here who has subscribed to what, and who holds too much has to go: the connection that exceeds what one may
hold, or the one that holds the most once all together hold too much. Few prefixes are nobody's fault: however much
others have left behind, they cost a connection nothing.
"""

from collections import Counter
from typing import Final

from supervisor.events.event_frames import TOPIC_BYTES_MAX

HOLDER_BYTES_MAX: Final = 1024 * 1024
"""Ten thousand topics of one torrent each. In ZeroMQ's tree a byte takes about 50, so this is about 50 MB."""
ALL_BYTES_MAX: Final = 4 * 1024 * 1024
BLAMED_BYTES_MIN: Final = 64 * 1024
"""Who holds less does not go for what all together hold."""
NOBODY: Final = 0
"""The holder of prefixes whose connection is not known."""
_EACH_BYTES: Final = 16
"""What a prefix counts beside its length."""


class Subscriptions:
    """A set of prefixes, each with its holder, which is any number that names a connection for ever."""

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
        """Somebody is the first to subscribe to a prefix. Returns the holder that now has too much, if one has."""
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
        """Nobody is subscribed to a prefix any more."""
        holder = self._holders.pop(prefix, None)
        if holder is None:
            return
        if len(prefix) <= TOPIC_BYTES_MAX:
            _take(self._lengths, len(prefix), 1)
        _take(self._held, holder, _cost(prefix))
        self._bytes -= _cost(prefix)

    def disown(self, holder: int) -> None:
        """A holder is gone, and what it was the first to subscribe to goes on for others, nobody knows for whom."""
        for prefix, each in self._holders.items():
            if each == holder:
                self._holders[prefix] = NOBODY
        self._held[NOBODY] += self._held.pop(holder, 0)

    def wants(self, topic: bytes) -> bool:
        """Whether somebody hears what goes out on a topic."""
        for length in self._lengths:  # a plain loop: this is asked of every event  # noqa: SIM110
            if topic[:length] in self._holders:
                return True
        return False


def _cost(prefix: bytes) -> int:
    return len(prefix) + _EACH_BYTES


def _take(counter: Counter[int], key: int, count: int) -> None:
    counter[key] -= count
    if not counter[key]:
        del counter[key]
