"""The part of the session port that is about libtorrent's statistics counters."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Counters(NamedTuple):
    """libtorrent's counters by name, as of the last `SessionStatistics`.

    Fields:
        at: when they were reported, in monotonic seconds.
    """

    values: Mapping[str, int]
    at: float


class CountersPort(Protocol):
    """The call of a libtorrent session about its counters."""

    def counters(self) -> Counters | None:
        """The counters of the last answer to `post_statistics`; None before the first answer. No round trip."""
        ...
