"""The state of all torrents and of the service, with revisions. Pure."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.mirror.torrent import Facts, Torrent
from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.silence import DaemonSilent, Heard
from ouzel.stream.table import Table
from protocol.wire.reports import HealthReport, SettingsReport, StatsReport
from protocol.wire.results import CategoryReport
from protocol.wire.rows import TorrentRow

REMEMBERED: Final = 20_000
"""The maximum number of removals that are remembered."""


class Mirror:
    """The last known state. Pass every item of the event stream to `apply`.

    Fields:
        torrents: the torrents by id.
        revision: incremented with each change of a torrent, and with each removal.
        ready: whether the state was known once. Before that, lists would be wrongly empty.
        away: whether the daemon does not answer at present.
        health, stats, settings: the latest reports; None until the first.
        counters: libtorrent's statistics counters by name.
        categories: the categories by name.
        epoch: the daemon's epoch.
    """

    def __init__(self) -> None:
        self.torrents: dict[str, Torrent] = {}
        self.revision = 0
        self.ready = False
        self.away = True
        self.health: HealthReport | None = None
        self.stats: StatsReport | None = None
        self.settings: SettingsReport | None = None
        self.counters: dict[str, int] = {}
        self.categories: dict[str, CategoryReport] = {}
        self.epoch = ""
        self._table = Table()
        self._order: OrderedDict[str, None] = OrderedDict()
        self._removed: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)
        self._hashes: dict[str, str] = {}

    @property
    def table(self) -> Table:
        """The reader's state of the event stream: rows, engine, health status and reasons."""
        return self._table

    def apply(self, item: Heard, now_us: int) -> list[str]:
        """Applies an item of the event stream. Returns the ids of torrents that are new or have changed."""
        self._table.apply(item)
        if isinstance(item, Resnapshot):
            self.ready, self.away = True, False
            self.health, self.settings, self.epoch = item.health, item.settings, item.epoch
            return self._replace_all(now_us)
        if isinstance(item, Event):
            self.away = False
            if item.torrent is not None:
                changed = self._take([item.torrent], now_us)
                if (torrent := self.torrents.get(item.torrent)) is not None:
                    torrent.seq = item.seq
                return changed
            if item.type == "engine_lost":
                return self._take(list(self.torrents), now_us)
        elif isinstance(item, DaemonSilent):
            self.away = True
        return []

    def refresh(self, rows: Iterable[tuple[TorrentRow, Facts]], epoch: str, seq: int, now_us: int) -> None:
        """Applies rows that were read again. Torrents that were removed meanwhile are left out.

        If an event after `seq` was applied already, the present row is newer, and is kept.

        Args:
            epoch, seq: the event at which the rows are true. Rows of another epoch are left out.
        """
        if epoch != self.epoch:
            return
        for row, facts in rows:
            torrent = self.torrents.get(row.torrent)
            if torrent is None:
                continue
            if torrent.seq > seq:
                row = torrent.row
            else:
                torrent.read_us = now_us
            if row != torrent.row or facts != torrent.facts:
                self._table.rows[row.torrent] = row
                torrent.facts = facts
                self._put(torrent, row)

    def find(self, info_hash: str) -> Torrent | None:
        """The torrent with this id or info-hash, in lower-case hex. The first 40 digits of a v2 hash suffice."""
        found = self.torrents.get(info_hash)
        if found is None and (torrent := self._hashes.get(info_hash)) is not None:
            found = self.torrents.get(torrent)
        return found

    def changed_since(self, revision: int) -> Iterator[Torrent]:
        """The torrents that have changed after a revision, the latest first."""
        for torrent in reversed(self._order):
            found = self.torrents[torrent]
            if found.revision <= revision:
                return
            yield found

    def removed_since(self, revision: int) -> list[str] | None:
        """The ids of torrents that were removed after a revision, and are not there now; None if unknown."""
        if self._removed and len(self._removed) == REMEMBERED and self._removed[0][0] > revision:
            return None
        found: dict[str, None] = {}
        for at, torrent in reversed(self._removed):
            if at <= revision:
                break
            if torrent not in self.torrents:
                found[torrent] = None
        return list(found)

    def _replace_all(self, now_us: int) -> list[str]:
        for torrent in self.torrents.values():
            torrent.seq = 0
        for each in [each for each in self.torrents if each not in self._table.rows]:
            self._remove(each)
        return self._take(list(self._table.rows), now_us)

    def _take(self, ids: list[str], now_us: int) -> list[str]:
        """Compares rows with those in the table, and returns the ids of those that differ or are new."""
        changed = []
        for each in ids:
            row, torrent = self._table.rows.get(each), self.torrents.get(each)
            if row is None:
                if torrent is not None:
                    self._remove(each)
            elif torrent is None:
                torrent = self.torrents[each] = Torrent(row, 0, now_us)
                self._put(torrent, row)
                changed.append(each)
            elif row is not torrent.row:
                self._put(torrent, row)
                changed.append(each)
        return changed

    def _put(self, torrent: Torrent, row: TorrentRow) -> None:
        self.revision += 1
        torrent.row, torrent.revision = row, self.revision
        self._order[row.torrent] = None
        self._order.move_to_end(row.torrent)
        for info_hash in (
            row.info_hash_v1,
            row.info_hash_v2,
            row.info_hash_v2 and row.info_hash_v2[:40],
            row.torrent[:40],
        ):
            if info_hash is not None and info_hash != row.torrent:
                self._hashes[info_hash] = row.torrent

    def _remove(self, torrent: str) -> None:
        row = self.torrents.pop(torrent).row
        self._order.pop(torrent, None)
        for info_hash in _hashes_of(row):
            if self._hashes.get(info_hash) == torrent:
                del self._hashes[info_hash]
        self.revision += 1
        self._removed.append((self.revision, torrent))


def _hashes_of(row: TorrentRow) -> set[str]:
    """The names of a torrent beside its id: its info-hashes, and the first 40 digits of those of v2."""
    full = {each for each in (row.info_hash_v1, row.info_hash_v2, row.torrent) if each is not None}
    return {*full, *(each[:40] for each in full)} - {row.torrent}
