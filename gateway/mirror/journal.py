"""The latest events of the service, as sentences for people. Pure."""

from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Final

import msgspec

from ouzel.stream.event import Event

KEPT: Final = 5_000
"""The maximum number of entries."""


class Level(Enum):
    """The importance of an entry."""

    NORMAL = "normal"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry of the journal.

    Fields:
        id: the number of the entry, from 0.
        ts_us: the time, microseconds since 1970.
        level: the importance of the entry.
        message: a sentence.
    """

    id: int
    ts_us: int
    level: Level
    message: str


SENTENCES: Final = {
    "torrent_added": (Level.NORMAL, 'Added new torrent. Torrent: "{name}"'),
    "torrent_removed": (Level.NORMAL, 'Torrent removed. Torrent: "{name}"'),
    "metadata_updated": (Level.NORMAL, 'Metadata received. Torrent: "{name}"'),
    "completed": (Level.NORMAL, 'Torrent download finished. Torrent: "{name}"'),
    "error": (Level.ERROR, 'Torrent errored. Torrent: "{name}". Reason: "{message}"'),
    "error_cleared": (Level.NORMAL, 'Torrent error is over. Torrent: "{name}"'),
    "tracker_status": (Level.INFO, 'Tracker status: {status}. Torrent: "{name}". URL: "{url}". Message: "{message}"'),
    "goal_reached": (Level.NORMAL, 'Torrent reached its seeding goal. Torrent: "{name}". Goal: {goal}'),
    "storage_moved": (Level.NORMAL, 'Torrent moved. Torrent: "{name}". Destination: "{save_path}"'),
    "quarantined": (Level.ERROR, 'Torrent is in quarantine. Torrent: "{name}". Reason: "{reason}"'),
    "released": (Level.NORMAL, 'Torrent left quarantine. Torrent: "{name}"'),
    "job_finished": (Level.NORMAL, "Torrent creation ended. Task: {job}"),
    "settings_changed": (Level.INFO, "Settings changed."),
    "session_error": (Level.WARNING, "Session problem: {message}"),
    "health_changed": (Level.INFO, "Health: {status}"),
    "engine_started": (Level.NORMAL, "Engine started. Generation: {gen}"),
    "engine_lost": (Level.ERROR, "Engine lost. Generation: {gen}"),
    "reconciled": (Level.INFO, "Desired state and session differed, and the difference was repaired."),
}
"""By type of event, the level and the sentence of an entry. Events of other types make no entry."""


class Journal:
    """Stores the latest entries."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._next = 0

    def record(self, event: Event, name: str | None) -> None:
        """Adds an event, if its type has a sentence.

        Args:
            event: the event.
            name: the name of the event's torrent. None if the name is unknown, or if the event has no torrent.
        """
        if event.type in SENTENCES:
            level, sentence = SENTENCES[event.type]
            values = _Known(event.data, gen=event.gen, name=name or event.data.get("name") or event.torrent)
            self.note(sentence.format_map(values), level, event.ts_us)

    def note(self, message: str, level: Level, ts_us: int) -> None:
        """Adds a sentence."""
        self._entries.append(Entry(id=self._next, ts_us=ts_us, level=level, message=message))
        self._next += 1

    def after(self, last: int) -> Iterator[Entry]:
        """The entries with ids greater than `last`, the oldest first."""
        return (entry for entry in list(self._entries) if entry.id > last)


class _Known(dict[str, object]):
    """The fields of an event. If the event does not have a field, the field is empty."""

    def __missing__(self, _: str) -> str:
        return ""
