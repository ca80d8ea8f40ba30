"""Converts the daemon's spans to OpenTelemetry's form. Pure."""

from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from protocol.wire.metrics.spans_report import SpanRow

_DAEMON: Final = Resource.create({"service.name": "ouzeld"})
_SCOPE: Final = InstrumentationScope("ouzel.supervisor")
_KINDS: Final = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


def converted(row: SpanRow) -> ReadableSpan:
    """Returns a span of the daemon as OpenTelemetry's exporter sends it."""
    trace = int(row.trace, 16)
    return ReadableSpan(
        name=row.name,
        context=SpanContext(trace, int(row.span, 16), is_remote=False, trace_flags=_SAMPLED),
        parent=None
        if row.parent is None
        else SpanContext(trace, int(row.parent, 16), is_remote=row.kind == "server", trace_flags=_SAMPLED),
        resource=_DAEMON,
        attributes=row.fields,
        kind=_KINDS.get(row.kind, SpanKind.INTERNAL),
        status=Status(StatusCode.UNSET) if row.error is None else Status(StatusCode.ERROR, row.error),
        start_time=row.start_us * 1000,
        end_time=row.end_us * 1000,
        instrumentation_scope=_SCOPE,
    )
