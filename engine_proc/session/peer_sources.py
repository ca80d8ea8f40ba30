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
        """Passes a torrent's trackers to libtorrent. From now on libtorrent announces the torrent.

        A paused torrent is not announced. The call is idempotent.
        """
        ...

    def held_trackers(self, torrent: str) -> Sequence[tuple[str, int]]:
        """A torrent's trackers that `release_trackers` has not passed to libtorrent yet, each with its tier."""
        ...

    def edit_trackers(self, torrent: str, edits: TrackerEdits) -> None:
        """Changes a torrent's trackers. If this changes the list, `TrackersChanged` follows.

        The changed list is held until `release_trackers`. If trackers are only added, libtorrent keeps the present
        trackers until then. After other changes libtorrent has no trackers of the torrent until then.
        """
        ...

    def trackers(self, torrent: str) -> list[TrackerState]:
        """The state of a torrent's trackers, including held trackers. The call waits for libtorrent."""
        ...

    def web_seeds(self, torrent: str) -> list[str]:
        """The URLs of a torrent's web seeds. The call waits for libtorrent."""
        ...

    def edit_web_seeds(self, torrent: str, desired: DesiredTorrent) -> None:
        """Adds and removes web seeds; see `edited_web_seeds`."""
        ...

    def reannounce(self, torrent: str, tracker: str | None) -> None:
        """Announces a torrent now to one tracker. None means all trackers in use, and the DHT.

        Ignores the interval that a tracker requested. Does nothing while the torrent is paused.
        """
        ...
