"""The command about libtorrent's statistics."""

from protocol.wire.commands.kinds import SessionRead


class GetCounters(SessionRead, frozen=True, kw_only=True, tag="get_counters"):
    """Returns libtorrent's statistics counters by name.

    The names and meanings are libtorrent's (`session_stats_metrics`). They differ between versions of libtorrent. Some
    values are counters, which begin at 0 with each engine. The others are gauges. While no engine runs, the reply has
    the last values.
    """
