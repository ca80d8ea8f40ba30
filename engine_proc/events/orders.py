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
    """An order: save the changed totals, which is not urgent."""

    torrent: str


class Reload(NamedTuple):
    """An order: unload the torrent and load it from its resume data, since libtorrent's state of it is wrong."""

    torrent: str


class ConfirmRetry(NamedTuple):
    """An order: confirm commands that waited until the torrent continues after an error."""

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
    """The result for one alert: events, which are sent first and in this order, and orders."""

    events: Sequence[TranslatedEvent] = ()
    orders: Sequence[Order] = ()


NOTHING: Final = Translation()
