"""A torrent in the mirror. Pure."""

from typing import Final

import msgspec

from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions
from protocol.wire.rows import TorrentRow, TorrentState


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the row of a torrent lacks. Each field has the meaning of the same field in `get_torrent`.

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

WITHOUT_ENGINE: Final = frozenset(
    {TorrentState.QUEUED, TorrentState.ERROR, TorrentState.MISSING_STORAGE, TorrentState.QUARANTINED}
)
"""The states that a torrent can have before an engine has loaded it."""


class Torrent:
    """One torrent.

    Fields:
        row: the latest row.
        facts: the latest facts; `NO_FACTS` until they were read.
        revision: the mirror's revision in which the row or the facts last changed.
        seq: the number of the last event that was applied to the row.
        read_us: when the row was last read, microseconds since 1970. Durations in the row were right at that time.
    """

    __slots__ = ("facts", "read_us", "revision", "row", "seq")

    def __init__(self, row: TorrentRow, revision: int, read_us: int) -> None:
        self.row = row
        self.facts = NO_FACTS
        self.revision = revision
        self.seq = 0
        self.read_us = read_us


def is_unloaded(row: TorrentRow) -> bool:
    """Whether no engine has loaded the torrent yet, so that nothing is known of its data."""
    return row.bytes_total == 0 and row.size > 0 and row.state in WITHOUT_ENGINE


def wanted_bytes(row: TorrentRow) -> int:
    """The bytes of the selected files. Before an engine has loaded the torrent, these are all bytes.

    A torrent that was just added would be complete otherwise, since it lacks nothing that is known.
    """
    return row.size if is_unloaded(row) else row.bytes_total
