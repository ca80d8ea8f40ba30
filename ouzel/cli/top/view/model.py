"""The state of `ouzel top`: torrents, filter, order and selection. Pure: the caller passes the time."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, overload

import msgspec

from ouzel.cli.display.listing import SortKey, moves, ordered
from ouzel.cli.top.view.filter import Filter, parse_filter
from ouzel.cli.top.view.log import EventLog
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.table import Table, still
from protocol.wire.reports import HealthReport, StatsReport
from protocol.wire.rows import TorrentRow

SAMPLES: Final = 60
"""The number of rates that are kept for the sparklines."""
SORTS: Final = tuple(SortKey)
ETA_MAX_S: Final = 100 * 86_400
ENGINE_EVENTS: Final = frozenset({"engine_started", "engine_lost", "health_changed"})
_QUIET: Final = frozenset({"tick", "progress", "job_progress"})


class _Latest(Sequence[TorrentRow]):
    """The latest rows, in the order of an earlier list. Long lists are drawn more often than they are sorted."""

    def __init__(self, rows: list[TorrentRow], latest: Mapping[str, TorrentRow]) -> None:
        self._rows = rows
        self._latest = latest

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> TorrentRow: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[TorrentRow]: ...

    def __getitem__(self, index: int | slice) -> TorrentRow | Sequence[TorrentRow]:
        if isinstance(index, slice):
            return [self._latest.get(row.torrent, row) for row in self._rows[index]]
        row = self._rows[index]
        return self._latest.get(row.torrent, row)


class Model:
    """What the screen shows.

    Fields:
        table: the reader's copy of the state.
        rows: the torrents to show, in order, as of the last `arrange`.
        health, stats: the last reports; None before the first.
        rates: the last download and upload rates in bytes per second.
        quiet_s: the seconds since the daemon's last message.
        problem: why there is no connection to the daemon; None if there is one.
        loaded: whether the first snapshot has arrived.
        selected: the id of the selected torrent; None if there is no torrent.
        filter_text: the filter as typed.
        sort, reverse: the order.
        stale: whether rows have changed since the last `arrange`.
    """

    def __init__(self) -> None:
        self.table = Table()
        self.log = EventLog()
        self.rows: list[TorrentRow] = []
        self.health: HealthReport | None = None
        self.stats: StatsReport | None = None
        self.rates: deque[tuple[int, int]] = deque(maxlen=SAMPLES)
        self.quiet_s = 0.0
        self.problem: str | None = None
        self.loaded = False
        self.selected: str | None = None
        self.filter_text = ""
        self.sort = SortKey.NAME
        self.reverse = False
        self.stale = True
        self._filter = Filter()
        self._index = 0

    def apply(self, items: Sequence[Event | Resnapshot], now_us: int) -> bool:
        """Applies items of the event stream. Returns whether new reports have to be requested now."""
        urgent = False
        for item in items:
            if isinstance(item, Resnapshot):
                self.log.resnapshot(item, now_us)
                self.loaded = urgent = True
                self.health = item.health
            elif item.type not in _QUIET:
                self.log.event(item, self.table.rows)
                urgent = urgent or item.type in ENGINE_EVENTS
            if isinstance(item, Event) and item.type == "tick":
                self.table.apply(item)
                continue
            self.table.apply(item)
            self.stale = True
            if isinstance(item, Event) and item.type == "progress" and item.torrent in self.table.rows:
                row = self.table.rows[item.torrent]
                self.table.rows[item.torrent] = msgspec.structs.replace(row, eta_s=_eta_s(row))
        return urgent

    def report(self, health: HealthReport, stats: StatsReport) -> None:
        """Stores the latest reports, and the rates for the sparklines."""
        self.health, self.stats = health, stats
        running = self.table.engine not in ("lost", "backing_off", "over_budget")
        session = stats.session
        self.rates.append((session.download_bps, session.upload_bps) if running else (0, 0))

    def update_row(self, row: TorrentRow) -> None:
        """Stores a row that was read on its own. Such a row has members that no event has."""
        if row.torrent in self.table.rows:
            fields = {name: getattr(row, name) for name in TorrentRow.__struct_fields__}
            self.table.rows[row.torrent] = TorrentRow(**fields)

    def set_filter(self, text: str) -> None:
        """Sets the filter. If the filter is invalid, raises ValueError and changes nothing."""
        self._filter = parse_filter(text)
        self.filter_text = text.strip()
        self.stale = True

    def set_sort(self, key: SortKey) -> None:
        """Sorts by a key. The same key again reverses the order."""
        self.reverse = not self.reverse if key is self.sort else False
        self.sort = key
        self.stale = True

    def arrange(self) -> None:
        """Filters and sorts the rows. Keeps the selection, or selects the torrent at the same place."""
        rows = self._filter.apply(list(self.table.rows.values()))
        if self.problem is not None:
            rows = [still(row) for row in rows]
        self.rows = ordered(rows, self.sort, reverse=self.reverse)
        self.stale = False
        index = self.index
        if index is not None:
            self._index = index
        elif self.rows:
            self._index = min(self._index, len(self.rows) - 1)
            self.selected = self.rows[self._index].torrent
        else:
            self.selected = None

    @property
    def shown(self) -> Sequence[TorrentRow]:
        """The rows in the order of the last `arrange`, each with its latest values."""
        return _Latest(self.rows, {} if self.problem is not None else self.table.rows)

    @property
    def index(self) -> int | None:
        """The place of the selected torrent in `rows`. None if `rows` does not have this torrent."""
        if self._index < len(self.rows) and self.rows[self._index].torrent == self.selected:
            return self._index
        return next((place for place, row in enumerate(self.rows) if row.torrent == self.selected), None)

    def select(self, index: int) -> None:
        """Selects the torrent at a place in `rows`."""
        if 0 <= index < len(self.rows):
            self._index = index
            self.selected = self.rows[index].torrent

    @property
    def row(self) -> TorrentRow | None:
        """The selected torrent's latest row. None if there is none, or if the filter hides it."""
        index = self.index
        return None if index is None else self.table.rows.get(self.rows[index].torrent)


def _eta_s(row: TorrentRow) -> int | None:
    """The ETA at the present rate. Events do not have the daemon's own estimate."""
    if not (row.download_bps and moves(row)):
        return None
    eta_s = (row.bytes_total - row.bytes_done) // row.download_bps
    return eta_s if eta_s <= ETA_MAX_S else None
