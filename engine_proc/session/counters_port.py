"""The part of the session port about libtorrent's counters and CPU time."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Counters(NamedTuple):
    """libtorrent's counters by name, at the time of the last `SessionStatistics`.

    Fields:
        at: when libtorrent reported the counters, in monotonic seconds.
    """

    values: Mapping[str, int]
    at: float


class CountersPort(Protocol):
    """The calls of a libtorrent session about its counters and its CPU time."""

    def counters(self) -> Counters | None:
        """The counters of the last answer to `post_statistics`; None before the first answer."""
        ...

    def network_cpu_s(self) -> float | None:
        """The CPU time that the network thread has used so far, in seconds; None if unknown."""
        ...
