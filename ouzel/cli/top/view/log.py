"""The last events of the service, as lines for people. Pure."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ouzel.cli.display.listing import ID_DIGITS, name_of
from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_count
from ouzel.stream.event import Event, Resnapshot
from protocol.wire.rows import TorrentRow

KEPT: Final = 500
"""The maximum number of lines."""
VALUE_MAX: Final = 60
_LEFT_OUT: Final = frozenset({"name", "save_path", "labels", "added_us", "reasons", "info_hash_v1", "info_hash_v2"})
"""Members of events that a line does not show."""


class EventLog:
    """The last lines. An event is formatted only when it is shown, because thousands may arrive at once."""

    def __init__(self) -> None:
        self._items: deque[tuple[Event, str] | str] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._items)

    def event(self, event: Event, rows: Mapping[str, TorrentRow]) -> None:
        """Adds an event. `rows` has the row that the event's torrent had before the event."""
        row = None if event.torrent is None else rows.get(event.torrent)
        name = str(event.data.get("name", "")) if event.type == "torrent_added" else ""
        subject = name_of(row) if row is not None else clean(name) or (event.torrent or "")[:ID_DIGITS]
        self._items.append((event, subject))

    def resnapshot(self, item: Resnapshot, now_us: int) -> None:
        """Adds a line about a resnapshot."""
        why = {"start": "connected", "new_epoch": "the daemon was restarted", "replay_gone": "caught up"}[item.reason]
        self.note(f"{why}: {format_count(len(item.torrents), 'torrent')}, {item.health.status.value}", now_us)

    def note(self, text: str, now_us: int) -> None:
        """Adds a line about this program or its connection."""
        self._items.append(f"{_clock(now_us)} {clean(text)}")

    def lines(self, most: int) -> list[str]:
        """The last lines, the latest last."""
        if most <= 0:
            return []
        return [each if isinstance(each, str) else _line(*each) for each in list(self._items)[-most:]]


def _line(event: Event, subject: str) -> str:
    data = " ".join(f"{name}={_brief(value)}" for name, value in event.data.items() if name not in _LEFT_OUT)
    words = (_clock(event.ts_us), event.type.replace("_", " "), subject, data)
    return clean(" ".join(word for word in words if word))


def _clock(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1_000_000).astimezone().strftime("%H:%M:%S")


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "\N{HORIZONTAL ELLIPSIS}"
