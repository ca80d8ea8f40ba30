"""The client's spans, for programs that use OpenTelemetry.

This module does not load OpenTelemetry. If the program has loaded `opentelemetry.trace`, each request within a span
gets a child span. The daemon then continues the trace. Other requests cost one look-up.
"""

import sys
from typing import Any, Final, Protocol

_API: Final = "opentelemetry.trace"


class ClientSpan(Protocol):
    """The span of one request."""

    @property
    def traceparent(self) -> str:
        """The span's context, as the envelope of the request has it."""

    def end(self, error: str | None = None) -> None:
        """Ends the span. The error tells why the request failed."""


def begin(op: str) -> ClientSpan | None:
    """Begins the span of a request. Returns None outside of spans, and in programs without OpenTelemetry."""
    api: Any = sys.modules.get(_API)
    if api is None or not api.get_current_span().get_span_context().is_valid:
        return None
    kind = api.SpanKind.CLIENT
    return _Span(api, api.get_tracer("ouzel").start_span(op, kind=kind, attributes={"rpc.system": "ouzel"}))


class _Span:
    def __init__(self, api: Any, span: Any) -> None:
        self._api = api
        self._span = span

    @property
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & 255:02x}"

    def end(self, error: str | None = None) -> None:
        if error is not None:
            self._span.set_status(self._api.StatusCode.ERROR, error)
        self._span.end()
