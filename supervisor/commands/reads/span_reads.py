"""Answers `get_spans`: the ended spans of traces."""

from protocol.wire.commands.service.counter_commands import GetSpans
from protocol.wire.metrics.spans_report import SpansPage
from supervisor.commands.handlers import handles
from supervisor.traces.traces import Traces


class SpanReads:
    """Answers `get_spans`."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    @handles(GetSpans)
    def _spans(self, command: GetSpans) -> SpansPage:
        return self._traces.page(command)
