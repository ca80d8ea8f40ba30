"""Events on their way to the supervisor. Pure.

Progress is held back by the coalescer, and goes ahead of any other event of its torrent.
"""

from collections.abc import Iterable
from typing import Final

from engine_proc.session.coalescer import ProgressCoalescer
from protocol.internal.link_events import EngineEvent
from protocol.wire.events import Progress

EVENTS_PER_FRAME: Final = 40
"""The supervisor takes in a frame in one go, and its clients wait that long."""


class Outbox:
    """One engine's. Times are monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._coalescer = ProgressCoalescer()
        self._events: list[EngineEvent] = []

    def put(self, event: EngineEvent, now: float) -> None:
        """Puts an event behind those that wait."""
        if isinstance(event, Progress):
            self._coalescer.offer(event)
            return
        subject: str | None = getattr(event, "torrent", None)
        if subject and (progress := self._coalescer.flush(subject, now)):
            self._events.append(progress)
        self._events.append(event)

    def extend(self, events: Iterable[EngineEvent]) -> None:
        """Puts events behind those that wait which no progress has to precede."""
        self._events.extend(events)

    def ripen(self, now: float) -> None:
        """Puts progress behind the others whose time has come."""
        self._events.extend(self._coalescer.due(now))

    def forget(self, torrent: str) -> None:
        """Drops the progress of a torrent that is gone."""
        self._coalescer.discard(torrent)

    def next_due(self) -> float | None:
        """When `ripen` has something to do."""
        return self._coalescer.next_due()

    def frames(self) -> list[list[EngineEvent]]:
        """All that waits, as it goes into frames; it counts as sent."""
        events, self._events = self._events, []
        return [events[start : start + EVENTS_PER_FRAME] for start in range(0, len(events), EVENTS_PER_FRAME)]
