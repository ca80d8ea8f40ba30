"""The trace of one command line, if OpenTelemetry's variables name a receiver and the extra `traces` is installed."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

SEND_S: Final = 1.0
"""The time limit for sending the spans. So a receiver that is down delays the end of a command by this time at most."""


@contextmanager
def traced(argv: Sequence[str]) -> Generator[None]:
    """Makes a span of a command line. The requests to the daemon become its children.

    The variable TRACEPARENT can name the parent of the span. Without a receiver, nothing is loaded.
    """
    if not any(os.environ.get(name) for name in VARIABLES):
        yield
        return
    import logging

    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ModuleNotFoundError:
        yield
        return
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a lost trace is no error of the command
    provider = TracerProvider(resource=Resource.create({"service.name": "ouzel"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=SEND_S)))
    trace.set_tracer_provider(provider)
    parent = TraceContextTextMapPropagator().extract({"traceparent": os.environ.get("TRACEPARENT", "")})
    name = next((word for word in argv if not word.startswith("-")), "")
    try:
        with trace.get_tracer("ouzel.cli").start_as_current_span(f"ouzel {name}".strip(), context=parent):
            yield
    finally:
        provider.shutdown()
