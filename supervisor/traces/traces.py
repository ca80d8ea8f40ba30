"""The spans of requests. Ended spans are kept until an exporter has read them.

The supervisor loads no OpenTelemetry, because OpenTelemetry costs 24 MiB and a thread. The gateway reads the spans and
exports them.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from itertools import islice
from typing import Final

from protocol.wire.commands.kinds import Command, Mutation
from protocol.wire.commands.service.counter_commands import GetSpans
from protocol.wire.envelope import Request
from protocol.wire.errors import OuzelError
from protocol.wire.metrics.spans_report import SpanKind, SpanRow, SpansPage

SPANS_MAX: Final = 4096
"""The maximum number of ended spans in memory. The oldest spans are dropped."""

READER_S: Final = 30.0
"""Spans are made for this time after each `get_spans`."""

_SAMPLED: Final = 1
_TEXT_MAX: Final = 200


class Span:
    """A part of a request that has begun.

    Args:
        keep: receives the row of the span when it ends.
        trace: the id of the trace, 32 hexadecimal digits.
        parent: the id of the parent span. None for a root.
    """

    __slots__ = ("_began", "_fields", "_id", "_keep", "_kind", "_name", "_parent", "_start_us", "_trace")

    def __init__(
        self,
        keep: Callable[[SpanRow], None],
        name: str,
        kind: SpanKind,
        trace: str,
        parent: str | None,
        fields: dict[str, str],
    ) -> None:
        self._keep = keep
        self._name = name
        self._kind: SpanKind = kind
        self._trace = trace
        self._parent = parent
        self._fields = fields
        self._id = f"{random.getrandbits(64) or 1:016x}"  # an id, not a secret
        self._start_us = time.time_ns() // 1000
        self._began = time.monotonic()

    def child(self, name: str, **fields: str) -> "Span":
        """Begins a child span of this span."""
        return Span(self._keep, name, "internal", self._trace, self._id, fields)

    def end(self, error: str | None = None) -> None:
        """Ends the span. The error tells why the part failed."""
        took_us = round((time.monotonic() - self._began) * 1e6)
        row = SpanRow(
            name=self._name,
            kind=self._kind,
            trace=self._trace,
            span=self._id,
            parent=self._parent,
            start_us=self._start_us,
            end_us=self._start_us + took_us,
            error=None if error is None else error[:_TEXT_MAX],
            fields=self._fields,
        )
        self._keep(row)


TRACE: Final[ContextVar[Span | None]] = ContextVar("trace", default=None)
"""The span of the request that the current task works on. None if the request is not traced."""

_Key = tuple[tuple[bytes, ...], str | int | None]


class Traces:
    """The spans of the service. Use on the loop only.

    Args:
        clock: returns monotonic seconds.

    Fields:
        on: whether an exporter reads spans.
    """

    def __init__(self, *, spans_max: int = SPANS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ended: deque[SpanRow] = deque(maxlen=spans_max)
        self._head = 0
        self._read_at = 0.0
        self._ratio = 0.0
        self._open: dict[_Key, Span] = {}
        self.on = False

    def begin(self, route: Sequence[bytes], request: Request, command: Command, name: str) -> Token[Span | None] | None:
        """Begins the span of a request. Returns a token that resets TRACE. Returns None if the request is not traced.

        If the client sends a trace, the client decides whether the trace is sampled. Otherwise a share of the mutations
        is traced.

        Args:
            name: the name of the request in the log.
        """
        if isinstance(command, GetSpans):
            return None
        if self._clock() - self._read_at > READER_S:
            self.on = False
            self._ended.clear()
            return None
        parent: str | None = None
        if request.traceparent:
            _, trace, parent, flags = request.traceparent.split("-")
            if not int(flags, 16) & _SAMPLED:
                return None
        elif isinstance(command, Mutation) and random.random() < self._ratio:  # noqa: S311
            trace = f"{random.getrandbits(128) or 1:032x}"
        else:
            return None
        fields = {"ouzel.request": name}
        if isinstance(torrent := getattr(command, "torrent", None), str):
            fields["ouzel.torrent"] = torrent
        span = Span(self._keep, request.op, "server", trace, parent, fields)
        self._open[tuple(route), request.id] = span
        return TRACE.set(span)

    def replied(self, route: Sequence[bytes], request_id: str | int | None, outcome: object) -> None:
        """Ends the span of a request if it has one. The outcome is an OuzelError or a result."""
        if self._open and (span := self._open.pop((tuple(route), request_id), None)) is not None:
            span.end(outcome.kind.wire_name if isinstance(outcome, OuzelError) else None)

    def page(self, wanted: GetSpans) -> SpansPage:
        """Returns ended spans. From now on, spans are made for READER_S."""
        self.on, self._read_at, self._ratio = True, self._clock(), wanted.ratio
        after = wanted.after if wanted.after <= self._head else 0  # a number of an earlier start of the daemon
        first = self._head - len(self._ended)
        skipped = max(0, after - first)
        found = list(islice(self._ended, skipped, skipped + wanted.limit))
        cursor = first + skipped + len(found)
        return SpansPage(spans=found, cursor=cursor, more=cursor < self._head, dropped=max(0, first - after))

    def _keep(self, row: SpanRow) -> None:
        self._head += 1
        self._ended.append(row)
