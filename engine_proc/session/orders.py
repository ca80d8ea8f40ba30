"""What comes of an alert: events for the supervisor, and orders for the loop, apart from each other. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol.internal.link_events import FilesRestored
from protocol.wire.events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FilesDiscovered,
    MetadataUpdated,
    Progress,
    SessionError,
    StateChanged,
    TorrentError,
)


class Flush(NamedTuple):
    """Flush the torrent's write cache."""

    torrent: str


class LoadLayout(NamedTuple):
    """The metadata came: read the layout, apply the selection, and call `metadata_events`."""

    torrent: str


class SaveResume(NamedTuple):
    """Something worth keeping happened; `final` where nothing more will follow of it."""

    torrent: str
    final: bool


class SaveCounters(NamedTuple):
    """Totals moved; they are saved when convenient."""

    torrent: str


class Reload(NamedTuple):
    """What libtorrent believes of the torrent is wrong: take it out and load it anew from its resume data."""

    torrent: str


class ConfirmRetry(NamedTuple):
    """The torrent goes on after an error: confirm what waited for that."""

    torrent: str


TranslatedEvent = (
    Progress
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | MetadataUpdated
    | FilesDiscovered
    | FilesRestored
    | SessionError
)
Order = Flush | LoadLayout | SaveResume | SaveCounters | Reload | ConfirmRetry


class Translation(NamedTuple):
    """What one alert means: the events are told in this order, then the orders are carried out."""

    events: Sequence[TranslatedEvent] = ()
    orders: Sequence[Order] = ()


NOTHING: Final = Translation()
