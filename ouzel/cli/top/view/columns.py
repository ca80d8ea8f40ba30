"""The columns of the lists in `ouzel top`, and how they fit into a width. Pure."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size

from ouzel.cli.display import why
from ouzel.cli.display.listing import (
    STATE_STYLES,
    SortKey,
    eta_s,
    gives,
    moves,
    name_of,
    stalled_since_us,
    state_of,
)
from ouzel.cli.display.listing import why as hindered
from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_rate, format_share, format_size, format_span
from protocol.wire.peer_rows import PeerRow, TrackerRow, TrackerStatus
from protocol.wire.rows import FileRow, TorrentRow

T = TypeVar("T")
FLEXIBLE_MIN: Final = 16
"""The minimum width of the flexible column. Other columns are removed until it has this width."""
_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"


class Column(NamedTuple, Generic[T]):
    """One column.

    Fields:
        header: the header.
        width: the width in cells. 0 means that the column gets the rest of the width.
        cell: returns the text for a row.
        right: whether the text is right-aligned.
        rank: if there is too little space, the column with the highest rank is removed first. 0 is never removed.
        style: returns the style of a cell.
        sort: the key by which a click on the header sorts.
    """

    header: str
    width: int
    cell: Callable[[T], str]
    right: bool = False
    rank: int = 0
    style: Callable[[T], str] = lambda _: ""
    sort: SortKey | None = None


def fitting(columns: Sequence[Column[T]], width: int) -> list[Column[T]]:
    """The columns that fit, each with its width."""
    left = list(columns)
    while True:
        rest = width - sum(each.width for each in left) - (len(left) - 1)
        removable = [each for each in left if each.rank]
        if rest >= FLEXIBLE_MIN or not removable:
            break
        left.remove(max(removable, key=lambda each: each.rank))
    return [each if each.width else each._replace(width=max(1, rest)) for each in left]


def fit(text: str, width: int, right: bool = False) -> str:
    """The text, padded or cut to a width in cells."""
    cells = cell_len(text)
    if cells > width:
        return set_cell_size(text, width - 1) + _ELLIPSIS if width > 1 else set_cell_size(text, width)
    padding = " " * (width - cells)
    return padding + text if right else text + padding


def _span(seconds: int | None) -> str:
    return "-" if seconds is None else format_span(seconds * 1000) if seconds else "0 s"


TORRENTS: Final[tuple[Column[TorrentRow], ...]] = (
    Column("NAME", 0, name_of, sort=SortKey.NAME),
    Column(
        "STATE",
        11,
        state_of,
        style=lambda row: STATE_STYLES.get(row.state, "") if stalled_since_us(row) is None else "yellow",
        sort=SortKey.STATE,
    ),
    Column("DONE", 6, lambda row: format_share(row.progress), True, sort=SortKey.DONE),
    Column(
        "DOWN", 10, lambda row: format_rate(row.download_bps) if moves(row) else "-", True, rank=1, sort=SortKey.DOWN
    ),
    Column("UP", 10, lambda row: format_rate(row.upload_bps) if gives(row) else "-", True, rank=2, sort=SortKey.UP),
    Column("ETA", 9, lambda row: _span(eta_s(row)), True, rank=3, sort=SortKey.ETA),
    Column("PEERS", 5, lambda row: str(row.peers), True, rank=4, sort=SortKey.PEERS),
    Column("RATIO", 5, lambda row: "-" if row.ratio is None else f"{row.ratio:.2f}", True, rank=5, sort=SortKey.RATIO),
    Column("SIZE", 8, lambda row: format_size(row.size) if row.size else "-", True, rank=6, sort=SortKey.SIZE),
    Column("ID", 8, lambda row: row.torrent[:8], rank=7, sort=SortKey.ID),
    Column("WHY", 30, hindered, rank=8, style=lambda row: "red" if row.error else "yellow"),
)

FILES: Final[tuple[Column[FileRow], ...]] = (
    Column("PATH", 0, lambda row: clean(row.path)),
    Column("WANTED", 6, lambda row: "yes" if row.priority else "no", style=lambda row: "" if row.priority else "dim"),
    Column("PRIORITY", 8, lambda row: str(row.priority), True),
    Column("DONE", 6, lambda row: format_share(row.bytes_done / row.size) if row.size else "100.0%", True),
    Column("SIZE", 8, lambda row: format_size(row.size), True, rank=1),
    Column("INDEX", 6, lambda row: str(row.index), True, rank=2),
)

PEERS: Final[tuple[Column[PeerRow], ...]] = (
    Column("ENDPOINT", 0, lambda row: clean(row.endpoint)),
    Column("HAS", 6, lambda row: format_share(row.progress), True),
    Column("DOWN", 10, lambda row: format_rate(row.download_bps), True),
    Column("UP", 10, lambda row: format_rate(row.upload_bps), True),
    Column("CLIENT", 16, lambda row: clean(row.client), rank=1),
    Column("BY", 8, lambda row: row.connection.replace("_", " "), rank=2),
    Column("RECEIVED", 9, lambda row: format_size(row.downloaded), True, rank=3),
    Column("SENT", 9, lambda row: format_size(row.uploaded), True, rank=4),
    Column("FLAGS", 30, lambda row: " ".join(flag.replace("_", "-") for flag in row.flags), rank=5),
)


def trackers(now_us: int) -> tuple[Column[TrackerRow], ...]:
    """The columns of trackers. Their URLs are redacted.

    Args:
        now_us: the present time in microseconds since 1970.
    """
    return (
        Column("TIER", 4, lambda row: str(row.tier), True),
        Column(
            "TRACKER",
            0,
            lambda row: clean(why.tracker(row, now_us)),
            style=lambda row: "red" if row.status is TrackerStatus.ERROR else "",
        ),
    )
