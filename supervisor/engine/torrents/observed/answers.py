"""The latest answers of engines to queries about torrents. Pure.

The number of stored answers is bounded. There may be 100,000 torrents, and an answer is needed only for the reply to a
client.
"""

from typing import Any, Final, NamedTuple

from protocol.internal.link_queries import Answer, AnswerT

KEPT: Final = 16
"""The number of answers that are kept. The oldest are evicted."""


class Aged(NamedTuple):
    """An answer, and the time of its arrival in monotonic seconds."""

    answer: Any
    at: float


class Answers:
    """The latest answers, by torrent and type."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, type[Answer]], Aged] = {}

    def store(self, torrent: str, answer: Answer, now: float) -> None:
        """Stores an answer. It replaces the previous answer of the same type about the torrent."""
        key = torrent, type(answer)
        self._kept.pop(key, None)
        self._kept[key] = Aged(answer, now)
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def latest(self, torrent: str, kind: type[AnswerT], now: float) -> tuple[AnswerT, int] | None:
        """Returns the latest answer of a type about a torrent, and its age in milliseconds.

        None if no answer is kept.
        """
        kept = self._kept.get((torrent, kind))
        return None if kept is None else (kept.answer, max(0, int((now - kept.at) * 1000)))

    def discard(self, torrent: str) -> None:
        """Drops the answers about a torrent that was removed."""
        for key in [key for key in self._kept if key[0] == torrent]:
            del self._kept[key]
