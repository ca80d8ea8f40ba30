"""Queues events to the supervisor. Pure.

The coalescer holds progress. Held progress is sent before any other event of the same torrent.
"""

from collections.abc import Iterable
from typing import Final

from engine_proc.events.coalescer import ProgressCoalescer
from protocol.internal.link_events import EngineEvent
from protocol.wire.events.torrent_events import Progress

EVENTS_PER_FRAME: Final = 40
"""The maximum number of events in a frame.

The supervisor handles a frame without interruption. During that time clients wait.
"""


class Outbox:
    """Queues one engine's events. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._coalescer = ProgressCoalescer()
        self._events: list[EngineEvent] = []

    def put(self, event: EngineEvent, now: float) -> None:
        """Appends an event to the queue, after the held progress of its torrent."""
        if isinstance(event, Progress):
            self._coalescer.offer(event)
            return
        subject: str | None = getattr(event, "torrent", None)
        if subject and (progress := self._coalescer.flush(subject, now)):
            self._events.append(progress)
        self._events.append(event)

    def extend(self, events: Iterable[EngineEvent]) -> None:
        """Appends events to the queue. Held progress stays held."""
        self._events.extend(events)

    def ripen(self, now: float) -> None:
        """Moves held progress that is due to the queue."""
        self._events.extend(self._coalescer.due(now))

    def forget(self, torrent: str) -> None:
        """Discards the held progress of a torrent that was removed."""
        self._coalescer.discard(torrent)

    def next_due(self) -> float | None:
        """The time at which held progress will be due; None while no progress is held."""
        return self._coalescer.next_due()

    def frames(self) -> list[list[EngineEvent]]:
        """Removes and returns all queued events, split into frames."""
        events, self._events = self._events, []
        return [events[start : start + EVENTS_PER_FRAME] for start in range(0, len(events), EVENTS_PER_FRAME)]
