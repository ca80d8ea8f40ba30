"""A torrent in the mirror. Pure."""

from typing import Final

import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.rows import TorrentRow


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a torrent that its row does not have. They have the same meaning as in `get_torrent`.

    Fields:
        trackers: the URLs of all trackers by tier.
    """

    comment: str = ""
    created_by: str = ""
    created_us: int | None = None
    private: bool | None = None
    pieces: int | None = None
    piece_length: int | None = None
    files: int | None = None
    magnet: str | None = None
    options: TorrentOptions = DEFAULT_OPTIONS
    trackers: tuple[tuple[str, int], ...] = ()


NO_FACTS: Final = Facts()


class Torrent:
    """One torrent.

    Fields:
        row: the latest row.
        facts: the latest facts; `NO_FACTS` until the first read.
        revision: the mirror's revision in which the row or the facts last changed.
        seq: the number of the last event that was applied to the row.
        read_us: when the row was last read, in microseconds since 1970. The durations in the row are from this time.
    """

    __slots__ = ("facts", "read_us", "revision", "row", "seq")

    def __init__(self, row: TorrentRow, revision: int, read_us: int) -> None:
        self.row = row
        self.facts = NO_FACTS
        self.revision = revision
        self.seq = 0
        self.read_us = read_us
