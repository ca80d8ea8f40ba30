"""Collects the spans of the daemon and of the gateway, and sends them to a receiver."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from gateway.traces.conversion import converted
from gateway.traces.own_spans import OwnSpans
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from protocol.configuration.gateway_sections import TracesConfig
from protocol.wire.errors import OuzelError

PERIOD_S: Final = 1.0
"""The time between two rounds."""

SEND_S: Final = 5.0
"""The time limit for sending the spans of one round."""

BATCH: Final = 1000

_PATH: Final = "/v1/traces"


class Exporter:
    """Exports spans until it is cancelled.

    Args:
        client: a client of the daemon.
        own: the gateway's own spans.

    Fields:
        exported: the number of spans that were sent.
        dropped: the number of spans that were lost.
    """

    def __init__(self, config: TracesConfig, client: AsyncClient, own: OwnSpans) -> None:
        endpoint = None if config.endpoint is None else config.endpoint.rstrip("/") + _PATH
        self._sender = OTLPSpanExporter(endpoint=endpoint, timeout=SEND_S)
        self._ratio = config.ratio
        self._client = client
        self._own = own
        self._cursor = 0
        self._failing = False
        self._log = structlog.get_logger()
        self.exported = self.dropped = 0
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # failures are logged here, and once

    async def run(self) -> None:
        """Sends spans every second. On cancellation, sends what is left, within SEND_S."""
        try:
            while True:
                while await self.round():
                    pass
                await asyncio.sleep(PERIOD_S)
        finally:
            if not self._failing:
                await asyncio.to_thread(self._sender.export, self._own.take())
            self._sender.shutdown()  # type: ignore[no-untyped-call]  # it has no annotations

    async def round(self) -> bool:
        """Sends the spans that have ended. Returns whether the daemon has more spans."""
        spans, more = self._own.take(), False
        lost, self._own.dropped = self._own.dropped, 0
        try:
            page = await self._client.run(calls.get_spans(after=self._cursor, limit=BATCH, ratio=self._ratio))
        except OuzelError:
            pass  # the daemon is away; the gateway's log has that
        else:
            self._cursor, more = page.cursor, page.more
            lost += page.dropped
            spans += map(converted, page.spans)
        self.dropped += lost
        if spans:
            await self._send(spans)
        return more

    async def _send(self, spans: Sequence[ReadableSpan]) -> None:
        sent = await asyncio.to_thread(self._sender.export, spans) is SpanExportResult.SUCCESS
        if sent:
            self.exported += len(spans)
            if self._failing:
                self._log.info("traces_exported_again", dropped=self.dropped)
        else:
            self.dropped += len(spans)
            if not self._failing:
                self._log.warning("traces_not_exported", dropped=self.dropped, remedy="see [traces] endpoint")
        self._failing = not sent
