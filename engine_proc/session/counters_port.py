"""The part of the session port that is about libtorrent's statistics counters and CPU time."""

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
    """The calls of a libtorrent session about its counters and its CPU time."""

    def counters(self) -> Counters | None:
        """The counters of the last answer to `post_statistics`; None before the first answer. No round trip."""
        ...

    def network_cpu_s(self) -> float | None:
        """The CPU time that the network thread has used so far, in seconds; None if it is unknown."""
        ...
