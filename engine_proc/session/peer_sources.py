"""The part of the session port about the sources of peers and payload: trackers, the DHT and web seeds."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from protocol.internal.link_queries import TrackerReading
from protocol.wire.desired import DesiredTorrent, TrackerEdits


class TrackerState(NamedTuple):
    """One tracker of a torrent. `legs` are the present legs; see `tracker_book`."""

    reading: TrackerReading
    legs: Sequence[str] = ()


class PeerSources(Protocol):
    """The sources of peers and payload of a session's torrents. For errors see `LibtSession`."""

    def release_trackers(self, torrent: str) -> None:
        """Passes a torrent's trackers to libtorrent, which from now on announces the torrent, unless it is paused.

        Idempotent.
        """
        ...

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """The trackers of a torrent that `release_trackers` has not passed to libtorrent yet, each with its tier."""
        ...

    def edit_trackers(self, torrent: str, edits: TrackerEdits) -> None:
        """Changes a torrent's trackers. If this changes the list, `TrackersChanged` follows.

        The changed list is held until `release_trackers`. Until then libtorrent has none of the torrent's trackers. But
        if trackers are only added, libtorrent keeps the present ones.
        """
        ...

    def trackers(self, torrent: str) -> list[TrackerState]:
        """The state of a torrent's trackers, including held ones. The call waits for libtorrent."""
        ...

    def web_seeds(self, torrent: str) -> list[str]:
        """The URLs of a torrent's web seeds. The call waits for libtorrent."""
        ...

    def edit_web_seeds(self, torrent: str, desired: DesiredTorrent) -> None:
        """Adds and removes web seeds; see `edited_web_seeds`."""
        ...

    def reannounce(self, torrent: str, tracker: str | None) -> None:
        """Announces a torrent now to one tracker, or to the trackers in use and the DHT (None).

        Intervals that a tracker requested are ignored. Nothing happens while the torrent is paused.
        """
        ...
