"""A torrent in the mirror. Pure."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.rows import TorrentRow


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a torrent that its row does not have. They have the same meaning as in `get_torrent`.

    Fields:
        trackers: the URLs of all trackers, each with its tier.
        revision: the number of accepted changes. If it has changed, the other facts may have changed, too.
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
    revision: int = 0


NO_FACTS: Final = Facts()


CLOCKS: Final = frozenset({"age_ms", "active_s", "seeding_s"})
"""The fields of a row that are durations. They grow all the time."""

_steady: Callable[[TorrentRow], Any] = attrgetter(
    *(name for name in TorrentRow.__struct_fields__ if name not in CLOCKS)
)


def same(one: TorrentRow, other: TorrentRow) -> bool:
    """Whether two rows are equal. Ignores the fields in CLOCKS."""
    return bool(_steady(one) == _steady(other))


def wanted_bytes(row: TorrentRow) -> int:
    """Returns the size of the selected files.

    Until an engine has reported this size, all files count as selected. With a size of 0, Sonarr and other
    programs would think that a new torrent is complete.
    """
    return row.size if row.bytes_total == 0 and row.progress < 1 else row.bytes_total


class Torrent:
    """One torrent.

    Fields:
        row: the latest row.
        facts: the latest facts; `NO_FACTS` until the first read.
        revision: the mirror's revision in which the row or the facts last changed. The fields in CLOCKS do not count.
        seq: the number of the last event that was applied to the row.
        read_us: when the row was last read, in microseconds since 1970. The row's durations were true at this time.
        read_seq: the number of the last event before the row was read.
    """

    __slots__ = ("facts", "read_seq", "read_us", "revision", "row", "seq")

    def __init__(self, row: TorrentRow, revision: int, read_us: int) -> None:
        self.row = row
        self.facts = NO_FACTS
        self.revision = revision
        self.seq = 0
        self.read_us = read_us
        self.read_seq = 0

    def older_than(self, seq: int) -> bool:
        """Whether a row that was read at this number may replace the present row."""
        return self.seq <= seq and self.read_seq <= seq
