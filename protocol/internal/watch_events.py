"""Engine events about torrents that make no progress although no error stops them."""

from enum import StrEnum

from protocol.internal.link_messages import EventMessage


class DataFailures(EventMessage, frozen=True, kw_only=True, tag="data_failures"):
    """Data from peers has failed its hash check since the last message, or has passed the check after failures.

    Fields:
        pieces: the number of failed pieces.
        piece: the index of the last failed piece; None if only metadata has failed.
        metadata: the number of failed copies of the metadata.
        problem: why the last copy of the metadata has failed; empty if none has.
        passed: whether pieces or metadata have passed their check since the last failure.
        banned: the peers that libtorrent has banned for corrupt pieces, up to a limit. None if the list has not
            changed.
    """

    torrent: str
    pieces: int = 0
    piece: int | None = None
    metadata: int = 0
    problem: str = ""
    passed: bool = False
    banned: list[str] | None = None


class StuckIn(StrEnum):
    """What makes no progress: the check of a torrent's files, or the search for the metadata of a magnet link."""

    CHECKING = "checking"
    METADATA = "metadata"


class TorrentStuck(EventMessage, frozen=True, kw_only=True, tag="torrent_stuck"):
    """A torrent has made no progress for a while. If `what` is None, the torrent makes progress again.

    Fields:
        since_s: for how long the torrent has made no progress.
        reloaded: whether the engine is loading the torrent again for that reason.
    """

    torrent: str
    what: StuckIn | None = None
    since_s: int = 0
    reloaded: bool = False
