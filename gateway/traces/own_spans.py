"""The gateway's own spans: one for each HTTP request. Calls of the daemon become their children."""

from collections import deque
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SPANS_MAX: Final = 4096

_HEADERS: Final = (b"traceparent", b"tracestate")


class OwnSpans(SpanProcessor):
    """Keeps ended spans until the exporter takes them.

    Fields:
        dropped: the number of spans that were dropped because there were too many.
    """

    def __init__(self) -> None:
        self._ended: deque[ReadableSpan] = deque(maxlen=SPANS_MAX)
        self.dropped = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps a span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.dropped += len(self._ended) == SPANS_MAX
            self._ended.append(span)

    def take(self) -> list[ReadableSpan]:
        """Returns the ended spans. They are not kept any more."""
        taken = list(self._ended)
        self._ended.clear()
        return taken


def trace_process(ratio: float) -> OwnSpans:
    """Begins to trace this process. Returns its ended spans. The client of the daemon uses the same tracer."""
    own = OwnSpans()
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({"service.name": "ouzel-gateway"}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(own)
    trace.set_tracer_provider(provider)
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    return own


class Traced:
    """An ASGI application that wraps another application. It makes a span of each HTTP request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tracer = trace.get_tracer("ouzel.gateway")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, within a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _HEADERS}
        fields = {"http.request.method": scope["method"], "url.path": scope["path"]}
        with self._tracer.start_as_current_span(
            f"{scope['method']} {scope['path']}",
            context=propagate.extract(headers),
            kind=SpanKind.SERVER,
            attributes=fields,
        ) as span:

            async def send_with_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, send_with_status)
