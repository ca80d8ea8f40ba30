"""The state of one torrent, as the translator has reported it. Pure."""

from enum import Enum

from engine_proc.session.alerts import TorrentStatus
from protocol.wire.rows import TorrentState


class Phase(Enum):
    """The phase of a download. `engine_proc.events.translator` has the transitions."""

    INCOMPLETE = "incomplete"
    FLUSHING = "flushing"
    FLUSHED = "flushed"
    COMPLETE = "complete"
    SPOILED = "spoiled"
    """A write failed after the last piece had passed its check. libtorrent keeps claiming the missing data."""


class View:
    """The state of one torrent as reported so far."""

    __slots__ = (
        "downloading",
        "file_problem",
        "finished_nameless",
        "has_downloaded",
        "moved",
        "nameless",
        "out_of_space",
        "phase",
        "row",
        "row_is_newer",
        "state",
        "trouble",
    )

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.state = TorrentState.QUEUED
        self.downloading = False
        self.has_downloaded = False
        """Whether the torrent may have written to its files since it was added."""
        self.nameless = False
        """Whether the torrent is from a magnet link, and has no metadata yet.

        No file is selected before its paths are checked, so `Finished` means nothing.
        """
        self.finished_nameless = False
        self.trouble: str | None = None
        self.file_problem: str | None = None
        """The last failed read or write."""
        self.out_of_space = False
        """Whether the torrent is stopped because a write found no space."""
        self.row: TorrentStatus | None = None
        self.row_is_newer = False
        """Whether `row` is newer than the last `Finished`."""
        self.moved = (0, 0)
        """`moved_down` and `moved_up` of the previous row."""
