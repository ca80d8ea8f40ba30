"""The result of translating an alert: events for the supervisor, and orders for the loop. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol.internal.link_events import FilesRestored, MetadataKnown
from protocol.wire.events.session_events import SessionError
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FilesDiscovered,
    Progress,
    StateChanged,
    TorrentError,
)


class Flush(NamedTuple):
    """An order: flush the torrent's write cache."""

    torrent: str


class LoadLayout(NamedTuple):
    """An order after metadata has arrived: read the layout, apply the selection, and send `metadata_events`."""

    torrent: str


class SaveResume(NamedTuple):
    """An order: save resume data soon. `final`: no further change is expected."""

    torrent: str
    final: bool


class SaveCounters(NamedTuple):
    """An order: save the changed totals at some time."""

    torrent: str


class Reload(NamedTuple):
    """An order: load the torrent again from its resume data, because libtorrent's state is wrong."""

    torrent: str


class ConfirmRetry(NamedTuple):
    """An order: confirm the commands that waited for the torrent to continue after an error."""

    torrent: str


TranslatedEvent = (
    Progress
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | MetadataKnown
    | FilesDiscovered
    | FilesRestored
    | SessionError
)
Order = Flush | LoadLayout | SaveResume | SaveCounters | Reload | ConfirmRetry


class Translation(NamedTuple):
    """The result for one alert: events and orders. The events are sent first, in this order."""

    events: Sequence[TranslatedEvent] = ()
    orders: Sequence[Order] = ()


NOTHING: Final = Translation()
