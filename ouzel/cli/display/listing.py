"""The listing of torrents: which columns fit, how the rows are sorted, and their totals. Pure.

The name column is kept at any width. Other columns are removed first. The name gets the remaining width. The column
after the name is the state. The state is a word in Latin letters, and never a number. Otherwise a terminal that shows
Arabic and Hebrew from right to left would draw a number inside the name.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_count, format_moment, format_rate, format_share, format_size, format_span
from protocol.wire.rows import HindranceCause, TorrentRow, TorrentState

ID_DIGITS: Final = 8
OLD_MS: Final = 5000
NAME_MIN: Final = 8
"""The minimum width of the name in cells. Further columns are added only if the name keeps this width."""
NAME_WANTED: Final = 20
"""The width in cells that a long name gets before more than the four basic columns are added."""
STATE_WANTED: Final = 11
"""The width of the state in a narrow line. The names of common states fit into it."""
WIDEST: Final = 10_000
TEXT_WANTED: Final = 20
"""The minimum width of an error or a reason. A shorter text would be useless."""

STATE_STYLES: Final = {
    TorrentState.DOWNLOADING: "cyan",
    TorrentState.FINISHED: "green",
    TorrentState.SEEDING: "green",
    TorrentState.PAUSED: "dim",
    TorrentState.ERROR: "red",
    TorrentState.MISSING_STORAGE: "red",
    TorrentState.QUARANTINED: "red",
}
_SAID_BY_STATE: Final = (HindranceCause.PAUSED, HindranceCause.QUEUED, HindranceCause.ERROR, HindranceCause.QUARANTINED)
_DOWNLOADING: Final = (TorrentState.DOWNLOADING, TorrentState.FETCHING_METADATA)
_UPLOADING: Final = (TorrentState.DOWNLOADING, TorrentState.FINISHED, TorrentState.SEEDING)
_NOTHING: Final = "-"


class StateFilter(StrEnum):
    """The values of `ls --state`: the states, and `stalled`."""

    QUEUED = "queued"
    CHECKING = "checking"
    FETCHING_METADATA = "fetching_metadata"
    DOWNLOADING = "downloading"
    FINISHED = "finished"
    SEEDING = "seeding"
    PAUSED = "paused"
    ERROR = "error"
    MISSING_STORAGE = "missing_storage"
    QUARANTINED = "quarantined"
    STALLED = "stalled"


class SortKey(StrEnum):
    """The values of `ls --sort`.

    Names, states and ids are sorted from A to Z. ETAs are sorted from short to long. All other columns are sorted from
    large to small.
    """

    NAME = "name"
    STATE = "state"
    DONE = "done"
    SIZE = "size"
    RATIO = "ratio"
    DOWN = "down"
    UP = "up"
    ETA = "eta"
    PEERS = "peers"
    ADDED = "added"
    ID = "id"


class ColumnName(StrEnum):
    """The values of `ls --column`. `active` is the time of the last activity, `hash` the whole id."""

    STATE = "state"
    DONE = "done"
    SIZE = "size"
    RATIO = "ratio"
    DOWN = "down"
    UP = "up"
    ETA = "eta"
    PEERS = "peers"
    WHY = "why"
    AGE = "age"
    SEEDS = "seeds"
    DOWNLOADED = "downloaded"
    UPLOADED = "uploaded"
    ADDED = "added"
    COMPLETED = "completed"
    ACTIVE = "active"
    SEEDING = "seeding"
    LABELS = "labels"
    PATH = "path"
    HASH = "hash"


_ASCENDING: Final = (SortKey.NAME, SortKey.STATE, SortKey.ETA, SortKey.ID)
_KEYS: Final[dict[SortKey, Callable[[TorrentRow], Any]]] = {
    SortKey.NAME: lambda row: name_of(row).casefold(),
    SortKey.STATE: lambda row: state_of(row),
    SortKey.DONE: lambda row: row.progress,
    SortKey.SIZE: lambda row: row.size,
    SortKey.RATIO: lambda row: row.ratio,
    SortKey.DOWN: lambda row: row.download_bps if moves(row) else 0,
    SortKey.UP: lambda row: row.upload_bps if gives(row) else 0,
    SortKey.ETA: lambda row: eta_s(row),
    SortKey.PEERS: lambda row: row.peers,
    SortKey.ADDED: lambda row: row.added_us,
    SortKey.ID: lambda row: row.torrent,
}


def name_of(row: TorrentRow) -> str:
    """A torrent's name. If the torrent has no name, its id."""
    return clean(row.name or row.torrent)


def moves(row: TorrentRow) -> bool:
    """Whether a download rate and an ETA make sense. False if the torrent is complete or stopped."""
    return row.progress < 1 and row.state in _DOWNLOADING


def gives(row: TorrentRow) -> bool:
    """Whether an upload rate makes sense."""
    return row.state in _UPLOADING


def eta_s(row: TorrentRow) -> int | None:
    """The estimated seconds until the torrent is complete. None if unknown, or if the torrent makes no progress."""
    return row.eta_s if moves(row) and stalled_since_us(row) is None else None


def stalled_since_us(row: TorrentRow) -> int | None:
    """Since when a torrent that should receive data has received none. None for other torrents."""
    return row.stalled_since_us if row.state in _DOWNLOADING and not row.download_bps else None


def why(row: TorrentRow) -> str:
    """The torrent's error, or why it makes no progress. Long texts are cut, so the text begins with the cause."""
    hindrance = row.hindrance
    if hindrance is None or hindrance.cause in _SAID_BY_STATE:
        return clean(row.error or "")
    always = (HindranceCause.TRACKERS_FAILING, HindranceCause.MOVING)
    if not row.error and stalled_since_us(row) is None and hindrance.cause not in always:
        return ""
    return clean(f"{hindrance.cause.value.replace('_', ' ')}: {hindrance.message}")


def state_of(row: TorrentRow) -> str:
    """The torrent's state in one word. A download that receives no data is `stalled`."""
    return row.state.value if stalled_since_us(row) is None else "stalled"


def kept(rows: Iterable[TorrentRow], states: Sequence[StateFilter], name: str = "") -> list[TorrentRow]:
    """The rows whose state is one of `states` and whose name contains `name`, ignoring case.

    Without `states`, the state may be any.
    """
    part = name.casefold()
    return [
        row
        for row in rows
        if (not states or row.state.value in states or state_of(row) in states) and part in name_of(row).casefold()
    ]


def ordered(rows: Iterable[TorrentRow], key: SortKey, *, reverse: bool) -> list[TorrentRow]:
    """The rows, sorted by one column. Rows without a value come last."""
    value = _KEYS[key]
    known: list[TorrentRow] = []
    unknown: list[TorrentRow] = []
    for row in rows:
        (unknown if value(row) is None else known).append(row)
    known.sort(key=value, reverse=reverse == (key in _ASCENDING))
    return known + unknown


class _Column(NamedTuple):
    """A column of the listing.

    Fields:
        header: the header.
        cell: returns the text for a row.
        rank: if there is too little space, the column with the highest rank is removed first.
        right: whether the text is right-aligned.
        style: the style of all cells, or a function that returns the style of one cell.
        least: the minimum width in cells. 0 means the width of the column's widest text.
        needed: returns whether a table needs this column.
    """

    header: str
    cell: Callable[[TorrentRow], str]
    rank: int
    right: bool = True
    style: Callable[[TorrentRow], str] = lambda _: ""
    least: int = 0
    needed: Callable[[Sequence[TorrentRow]], bool] = lambda _: True


_ALMOST_ALWAYS: Final = 1
_COLUMNS: Final = (
    _Column(
        "STATE",
        lambda row: state_of(row),
        0,
        right=False,
        least=STATE_WANTED,
        style=lambda row: STATE_STYLES.get(row.state, "") if stalled_since_us(row) is None else "yellow",
    ),
    _Column("DONE", lambda row: format_share(row.progress), _ALMOST_ALWAYS),
    _Column("SIZE", lambda row: format_size(row.size) if row.size else _NOTHING, 6),
    _Column("RATIO", lambda row: _number(row.ratio), 4),
    _Column("DOWN", lambda row: format_rate(row.download_bps) if moves(row) else _NOTHING, 2),
    _Column("UP", lambda row: format_rate(row.upload_bps) if gives(row) else _NOTHING, 5),
    _Column("ETA", lambda row: _span_s(eta_s(row)), 3),
    _Column("PEERS", lambda row: str(row.peers), 7),
    _Column(
        "WHY",
        lambda row: why(row),
        8,
        right=False,
        least=TEXT_WANTED,
        style=lambda row: "red" if row.error else "yellow",
        needed=lambda rows: any(why(row) for row in rows),
    ),
)
_AGE: Final = _Column(
    "AGE",
    lambda row: f"{format_span(row.age_ms or 0)} old" if _is_old(row) else "",
    8,
    right=False,
    style=lambda _: "dim",
    needed=lambda rows: any(_is_old(row) for row in rows),
)


_MORE: Final = (
    _Column("SEEDS", lambda row: str(row.seeds), 9),
    _Column("DOWNLOADED", lambda row: format_size(row.downloaded), 9),
    _Column("UPLOADED", lambda row: format_size(row.uploaded), 9),
    _Column("ADDED", lambda row: format_moment(row.added_us), 9),
    _Column("COMPLETED", lambda row: _moment(row.completed_us), 9),
    _Column("ACTIVE", lambda row: _moment(row.last_activity_us), 9),
    _Column("SEEDING", lambda row: _span_s(row.seeding_s), 9),
    _Column("LABELS", lambda row: clean(",".join(row.labels)), 9, right=False),
    _Column("PATH", lambda row: clean(row.save_path), 9, right=False),
    _Column("HASH", lambda row: row.torrent, 9, right=False),
)
"""Columns that are only shown on request."""

_BY_NAME: Final = {each.header.lower(): each for each in (*_COLUMNS, _AGE, *_MORE)}


def torrents(rows: Sequence[TorrentRow], width: int, *, ages: bool = False, chosen: Sequence[ColumnName] = ()) -> Group:
    """A table with one line for each torrent. The table is as wide as the terminal.

    Args:
        rows: the torrents.
        width: the width of the terminal in cells.
        ages: whether to show the age of rows that the engine has not updated for long. Rows of a stream have no age.
        chosen: show these columns after id and name. No chosen column is removed, so the table may be wider than the
            terminal.
    """
    columns = [each for each in (*_COLUMNS, *([_AGE] if ages else [])) if each.needed(rows)]
    if chosen:
        columns = [_BY_NAME[each.value]._replace(rank=0, least=0) for each in dict.fromkeys(chosen)]
    cells = {each.header: [each.cell(row) for row in rows] for each in columns}
    names = [name_of(row) for row in rows]
    widths = {header: max((cell_len(cell) for cell in (header, *texts)), default=0) for header, texts in cells.items()}
    longest = max((cell_len(name) for name in ("NAME", *names)), default=4)
    if chosen:
        room = max(min(longest, NAME_WANTED), min(longest, width - ID_DIGITS - 1 - sum(e + 1 for e in widths.values())))
    else:
        columns, room, widths = _fitting(columns, widths, longest, width)
    # Not a Table of rich, which takes five times as long for 10,000 torrents.
    head = [("ID", ID_DIGITS, False), ("NAME", room, False), *((e.header, widths[e.header], e.right) for e in columns)]
    lines = [Text(" ".join(_fit(*each) for each in head), style="bold", no_wrap=True, overflow="crop")]
    for index, row in enumerate(rows):
        line = Text(f"{_fit(row.torrent, ID_DIGITS, cut='')} {_fit(names[index], room)}", no_wrap=True, overflow="crop")
        for each in columns:
            text = _fit(cells[each.header][index], widths[each.header], each.right)
            line.append(" ").append(text, each.style(row))
        lines.append(line)
    return Group(*lines)


def _fit(text: str, width: int, right: bool = False, cut: str = "\N{HORIZONTAL ELLIPSIS}") -> str:
    """The text, padded or cut to a width in cells. A cut text ends in `cut`."""
    cells = cell_len(text)
    if cells > width:
        return set_cell_size(text, width - cell_len(cut)) + cut
    padding = " " * (width - cells)
    return padding + text if right else text + padding


def _fitting(
    columns: Sequence[_Column], widths: dict[str, int], longest: int, width: int
) -> tuple[list[_Column], int, dict[str, int]]:
    """The columns that fit, the width of the name, and the width of each column."""
    left = list(columns)
    while True:
        cells = {each.header: min(widths[each.header], each.least or WIDEST) for each in left}
        room = width - ID_DIGITS - 1 - sum(each + 1 for each in cells.values())
        wanted = NAME_WANTED if any(each.rank > _ALMOST_ALWAYS for each in left) else NAME_MIN
        if room >= min(longest, wanted) or not left:
            break
        left.remove(max(left, key=lambda each: each.rank))
    for each in left:  # each column that could be wider gets half of the space that is left, the name the rest
        more = min(widths[each.header] - cells[each.header], max(0, room - min(longest, NAME_WANTED)))
        if room - more < longest:
            more = min(more, (room - min(longest, NAME_WANTED) + 1) // 2)
        cells[each.header] += max(0, more)
        room -= max(0, more)
    return left, max(1, min(longest, room)), cells


def totals(rows: Sequence[TorrentRow], width: int) -> Text:
    """One line with totals of the rows: the number of torrents by state, bytes and rates."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[state_of(row)] = counts.get(state_of(row), 0) + 1
    down = sum(row.download_bps for row in rows if moves(row))
    up = sum(row.upload_bps for row in rows if gives(row))
    downloaded, uploaded = sum(row.downloaded for row in rows), sum(row.uploaded for row in rows)
    done, wanted = sum(row.bytes_done for row in rows), sum(row.bytes_total for row in rows)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items(), key=lambda each: -each[1]))
    count = format_count(len(rows), "torrent")
    share = f"{format_size(done)} of {format_size(wanted)}"
    rates = f"down {format_rate(down)}; up {format_rate(up)}"
    base = downloaded if downloaded * 100 >= done else done  # many torrents are added with their data
    given = f"; ratio {uploaded / base:.2f}" if base else ""
    fuller = [
        f"{count}: {states}; {share}; {rates}{given}",
        f"{count}; {share}; {rates}{given}",
        f"{count}; {rates}{given}",
    ]
    # Rates matter more than the numbers of torrents by state.
    line = next((each for each in fuller if rows and cell_len(each) <= width), f"{count}; {rates}" if rows else count)
    return Text(line, style="dim", no_wrap=True, overflow="ellipsis")


def overview(rows: Sequence[TorrentRow], width: int, height: int) -> Group:
    """A table of limited height, with active torrents first, and totals of all torrents below."""
    ranked = sorted(rows, key=lambda row: (row.state not in _ACTIVE_FIRST, -row.download_bps - row.upload_bps))
    fitting = ranked[: max(1, height - 2)]
    rest = len(ranked) - len(fitting)
    if rest:
        fitting = ranked[: max(1, height - 3)]
        rest = len(ranked) - len(fitting)
    more: list[RenderableType] = [Text(f"and {rest} more", style="dim")] if rest else []
    return Group(torrents(fitting, width), *more, totals(rows, width))


_ACTIVE_FIRST: Final = (TorrentState.DOWNLOADING, TorrentState.CHECKING, TorrentState.FETCHING_METADATA)


def _is_old(row: TorrentRow) -> bool:
    return row.age_ms is not None and row.age_ms > OLD_MS


def _moment(time_us: int | None) -> str:
    return _NOTHING if time_us is None else format_moment(time_us)


def _number(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}"


def _span_s(seconds: int | None) -> str:
    return _NOTHING if seconds is None else format_span(seconds * 1000) if seconds else "0 s"
