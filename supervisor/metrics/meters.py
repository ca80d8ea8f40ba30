"""The meters: histograms and counters that no other part owns. Pure."""

from typing import Final

from protocol.wire.errors import OuzelError
from supervisor.metrics.histogram import LONG_S, SHORT_S, Histogram

OK: Final = "ok"


class Meters:
    """Counts and measures the work of a service. Times are monotonic seconds.

    Fields:
        requests: the number of replies by outcome: `ok`, or the name of an error.
        acks: the time until an accepted mutation was durable.
        writes: the time to commit a group of changes. The writer's thread observes it.
        changes_written: the number of transactions in these groups.
        failovers: the time from an unexpected end of an engine until the next engine was ready.
        restores: the duration of restores.
        loop_lag: how late the event loop was.
        engine_ends: the number of ended engines by cause.
        replays: the number of replies to `replay`.
        replayed: the number of events in these replies.
    """

    def __init__(self) -> None:
        self.requests: dict[str, int] = {OK: 0}
        self.acks = Histogram(SHORT_S)
        self.writes = Histogram(SHORT_S)
        self.changes_written = 0
        self.failovers = Histogram(LONG_S)
        self.restores = Histogram(LONG_S)
        self.loop_lag = Histogram(SHORT_S)
        self.engine_ends: dict[str, int] = {}
        self.replays = self.replayed = 0
        self._lost_at: float | None = None
        """When the present failover began: an engine ended unexpectedly. None without a failover."""

    def replied(self, outcome: object) -> None:
        """Counts a reply. The outcome is an OuzelError or a result."""
        name = outcome.kind.wire_name if isinstance(outcome, OuzelError) else OK
        self.requests[name] = self.requests.get(name, 0) + 1

    def committed(self, transactions: int, took_s: float) -> None:
        """Counts a group of transactions that was written."""
        self.writes.observe(took_s)
        self.changes_written += transactions

    def engine_ended(self, cause: str, now: float, *, expected: bool) -> None:
        """Counts the end of an engine. Further ends before the next ready engine belong to the same failover."""
        self.engine_ends[cause] = self.engine_ends.get(cause, 0) + 1
        if not expected and self._lost_at is None:
            self._lost_at = now

    def engine_ready(self, now: float) -> None:
        """Ends a failover, if there is one."""
        if self._lost_at is not None:
            self.failovers.observe(now - self._lost_at)
            self._lost_at = None
