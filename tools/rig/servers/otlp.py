"""A receiver of OTLP over HTTP, which decodes the spans that it gets."""

import gzip
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


class Received(NamedTuple):
    """A span, as it arrived. `parent` is empty if the span has no parent. `error` is None if there is no error."""

    service: str
    name: str
    kind: str
    trace: str
    span: str
    parent: str
    start_ns: int
    end_ns: int
    error: str | None
    fields: dict[str, str]


class Receiver:
    """Listens on a free port of loopback.

    Fields:
        status: the status of its answers. It keeps spans only if this is 200.
    """

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self._bodies: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                status = receiver.status if self.path == "/v1/traces" else 404
                if status == 200:
                    receiver._bodies.append(body)
                self.send_response(status)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        """The address to configure."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def spans(self) -> list[Received]:
        """All spans that have arrived."""
        return [
            _received(service, span)
            for body in list(self._bodies)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for service in [_service(resource.resource.attributes)]
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def _service(attributes: Iterable[KeyValue]) -> str:
    return next(each.value.string_value for each in attributes if each.key == "service.name")


def _received(service: str, span: Span) -> Received:
    return Received(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind),
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        error=span.status.message if span.status.code == Status.STATUS_CODE_ERROR else None,
        fields={each.key: each.value.string_value for each in span.attributes},
    )
