"""Encodes replies, and sends them to clients."""

from collections.abc import Callable
from typing import Any

import msgspec

from protocol.wire import codec
from protocol.wire.envelope import ErrorBody, Reply
from protocol.wire.errors import OuzelError
from supervisor.events.event_log import EventLog
from supervisor.metrics.meters import Meters
from supervisor.traces.traces import Traces
from supervisor.transport.outbox import Outbox


class Replies:
    """The replies on one socket. A route has the frames of a request before its last frame.

    Args:
        outbox: sends and queues replies.
        events: the event log. Each reply has the number of its last event.
        gen: returns the generation of the engine.
        meters: counts replies.
        traces: ends the spans of requests.
    """

    def __init__(
        self, outbox: Outbox, *, events: EventLog, gen: Callable[[], int], meters: Meters, traces: Traces
    ) -> None:
        self._outbox = outbox
        self._events = events
        self._gen = gen
        self._meters = meters
        self._traces = traces

    def send(self, route: list[bytes], request_id: str | int | None, outcome: Any, *, repeats: bool = False) -> None:
        """Sends the reply to a request. The outcome is an OuzelError or a result."""
        self._meters.replied(outcome)
        self._traces.replied(route, request_id, outcome)
        refused = isinstance(outcome, OuzelError)
        reply = Reply(
            id=request_id,
            ok=not refused,
            result=msgspec.UNSET if refused else outcome,
            error=ErrorBody.of(outcome) if refused else msgspec.UNSET,
            dup=repeats or msgspec.UNSET,
            epoch=self._events.epoch,
            gen=self._gen(),
            seq=self._events.head,
        )
        self._outbox.send([*route, codec.encode(reply)])

    def refuse(self, route: list[bytes], request_id: str | int | None, error: OuzelError) -> None:
        """Answers a request with an error. No work was begun for this request."""
        error.accepted = False
        self.send(route, request_id, error)
