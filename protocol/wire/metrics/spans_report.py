"""The result of `get_spans`."""

from typing import Literal

import msgspec

SpanKind = Literal["server", "internal"]


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One ended span of a trace.

    Fields:
        name: the command's name for a whole request. Otherwise `durable_write`, `engine_query` or `engine_apply`.
        kind: `server` for a whole request, `internal` for its parts.
        trace: the id of the trace, 32 hexadecimal digits.
        span: the id of the span, 16 hexadecimal digits.
        parent: the id of the parent span; null if the span is the root.
        start_us, end_us: when the span began and ended, microseconds since 1970.
        error: the error's name or text; null if the part did not fail.
        fields: the other attributes: `ouzel.request` is the request's name in the log, `ouzel.torrent` is a torrent.
    """

    name: str
    kind: SpanKind
    trace: str
    span: str
    parent: str | None = None
    start_us: int
    end_us: int
    error: str | None = None
    fields: dict[str, str] = {}


class SpansPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of ended spans.

    Fields:
        cursor: the value of `after` for the request of the next page.
        more: whether there are more spans after the page now.
        dropped: the number of spans after `after` that are no longer in memory.
        spans: the spans in the order of their ends.
    """

    cursor: int
    more: bool
    dropped: int
    spans: list[SpanRow]
