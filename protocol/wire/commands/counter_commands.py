"""The commands about statistics: of libtorrent, and of the supervisor."""

from protocol.wire.commands.kinds import InstantRead, SessionRead


class GetCounters(SessionRead, frozen=True, kw_only=True, tag="get_counters"):
    """Returns libtorrent's statistics counters by name.

    The names and meanings are libtorrent's (`session_stats_metrics`). They differ between versions of libtorrent. Some
    values are counters, which begin at 0 with each engine. The others are gauges. While no engine runs, the reply has
    the last values.
    """


class GetMetrics(InstantRead, frozen=True, kw_only=True, tag="get_metrics"):
    """Returns what the supervisor counts about itself and about its engines.

    Such figures are durations of failovers, and requests by outcome. `stats`, `health` and `get_counters` have the
    other figures that a monitoring system needs. The reply does not depend on the engine.
    """
