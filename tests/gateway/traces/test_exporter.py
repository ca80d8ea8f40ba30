"""Spans of the daemon and of the gateway, as a receiver of OTLP over HTTP gets them."""

import asyncio
from typing import cast

import structlog
from opentelemetry.sdk.trace import ReadableSpan

from gateway.traces.conversion import converted
from gateway.traces.exporter import Exporter
from gateway.traces.own_spans import OwnSpans
from ouzel.client.aio import AsyncClient
from protocol.configuration.gateway_sections import TracesConfig
from protocol.wire.metrics.spans_report import SpanRow, SpansPage
from tools.rig.servers.otlp import Receiver

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROW = SpanRow(
    name="pause",
    kind="server",
    trace=TRACE,
    span="53995c3f42cd8ad8",
    parent="00f067aa0ba902b7",
    start_us=1_767_225_600_000_000,
    end_us=1_767_225_600_004_100,
    error="unknown_torrent",
    fields={"ouzel.request": "web/1"},
)


class Daemon:
    """Answers `get_spans`."""

    def __init__(self, *pages: SpansPage) -> None:
        self._pages = list(pages)

    async def run(self, call: object) -> SpansPage:
        return self._pages.pop(0)


def exporter_of(endpoint: str, *pages: SpansPage) -> tuple[Exporter, OwnSpans]:
    """An exporter beside a daemon that answers these pages."""
    own = OwnSpans()
    config = TracesConfig(endpoint=endpoint)
    return Exporter(config, cast("AsyncClient", Daemon(*pages)), own), own


def page(*spans: SpanRow, dropped: int = 0) -> SpansPage:
    """A last page."""
    return SpansPage(cursor=len(spans), more=False, dropped=dropped, spans=list(spans))


def test_a_span_arrives_with_all_that_it_has() -> None:
    """Beside a span of the gateway."""
    with Receiver() as receiver:
        exporter, own = exporter_of(receiver.endpoint, page(ROW, dropped=2))
        own.on_end(converted(ROW))
        assert not asyncio.run(exporter.round())
        first, second = receiver.spans()
    assert first == second
    assert (exporter.exported, exporter.dropped) == (2, 2)
    assert (second.service, second.name, second.kind) == ("ouzeld", "pause", "SPAN_KIND_SERVER")
    assert (second.trace, second.span, second.parent) == (ROW.trace, ROW.span, ROW.parent)
    assert (second.start_ns, second.end_ns) == (ROW.start_us * 1000, ROW.end_us * 1000)
    assert (second.error, second.fields) == ("unknown_torrent", {"ouzel.request": "web/1"})


def test_lost_spans_are_counted_and_logged_once() -> None:
    """While the receiver refuses them, and again when it accepts them."""
    with Receiver(status=400) as receiver, structlog.testing.capture_logs() as logged:
        exporter, _ = exporter_of(receiver.endpoint, page(ROW), page(ROW, ROW), page(ROW))
        for _ in range(2):
            asyncio.run(exporter.round())
        assert (exporter.exported, exporter.dropped) == (0, 3)
        receiver.status = 200
        asyncio.run(exporter.round())
    assert [(line["event"], line["dropped"]) for line in logged] == [
        ("traces_not_exported", 1),
        ("traces_exported_again", 3),
    ]


def test_own_spans_are_bounded() -> None:
    """The oldest ones are dropped and counted."""
    own = OwnSpans()
    span: ReadableSpan = converted(ROW)
    for _ in range(4097):
        own.on_end(span)
    assert (len(own.take()), own.dropped) == (4096, 1)
    assert own.take() == []
