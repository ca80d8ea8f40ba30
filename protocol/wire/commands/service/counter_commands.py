"""The commands about statistics: of libtorrent, and of the supervisor."""

from typing import Annotated, Final

import msgspec

from protocol.wire import codec
from protocol.wire.commands.kinds import InstantRead, SessionRead

SPANS_MAX: Final = 1000


class GetCounters(SessionRead, frozen=True, kw_only=True, tag="get_counters"):
    """Returns libtorrent's statistics counters by name.

    The names and meanings are libtorrent's (`session_stats_metrics`). They differ between versions of libtorrent. Some
    values are counters, which begin at 0 with each engine. The others are gauges. While no engine runs, the reply has
    the last values.
    """


class GetMetrics(InstantRead, frozen=True, kw_only=True, tag="get_metrics"):
    """Returns what the supervisor counts about itself and about its engines.

    Examples are the durations of failovers, and the number of requests by outcome. `stats`, `health` and `get_counters`
    have the other figures that a monitoring system needs. The reply does not depend on the engine.
    """


class GetSpans(InstantRead, frozen=True, kw_only=True, tag="get_spans"):
    """Returns the ended spans of traces. The daemon traces requests only for 30 seconds after each `get_spans`.

    Requests with a sampled `traceparent` are traced. A share of the mutations without a `traceparent` is traced, too.
    The daemon keeps up to 4,096 ended spans. To follow them, send the `cursor` of each page as `after` of the next
    request. `ouzel-gateway` does this, and exports the spans. Only one exporter should read spans.

    Spans name torrents and clients. So a key with the role `read` may not use this command.

    Fields:
        after: the number of the last span that the exporter has. Numbers begin at 1 with each start of the daemon.
        limit: the maximum number of spans in the page.
        ratio: the share of the mutations without a `traceparent` that is traced.
    """

    after: Annotated[int, msgspec.Meta(ge=0, le=codec.MAX_INTEGER)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=SPANS_MAX)] = 500
    ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
