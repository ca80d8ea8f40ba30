"""The state of all torrents and of the service, with revisions. Pure."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.mirror.journal import Journal, Level
from gateway.mirror.torrent import Facts, Torrent, same
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
        ready: whether the torrents are known. Until then, a list would wrongly show no torrents.
        away: whether the daemon does not answer at present.
        health, stats, settings: the latest reports; None until the first.
        counters: libtorrent's statistics counters by name.
        categories: the categories by name.
        journal: the latest events.
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
        self.journal = Journal()
        self.epoch = ""
        self._table = Table()
        self._order: OrderedDict[str, None] = OrderedDict()
        self._removed: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)
        self._hashes: dict[str, str] = {}
        self._seq = 0
        """The number of the last event that was applied."""

    @property
    def seq(self) -> int:
        """The number of the last event that was applied."""
        return self._seq

    @property
    def table(self) -> Table:
        """The state that the reader of the event stream has: rows, engine, health status and reasons."""
        return self._table

    def apply(self, item: Heard, now_us: int) -> list[str]:
        """Applies an item of the event stream. Returns the ids of torrents that are new or have changed.

        Ignores an event if the mirror has a row that was read after the event.
        """
        self._record(item, now_us)
        if isinstance(item, DaemonSilent):
            self.away = True
        if isinstance(item, Event):
            self.away, self._seq = False, item.seq
            if self._covers(item):
                return []
        self._table.apply(item)
        if isinstance(item, Resnapshot):
            changed = self._replace_all(item, now_us)
            self.ready, self.away, self._seq = True, False, item.seq
            self.health, self.settings, self.epoch = item.health, item.settings, item.epoch
            return changed
        if isinstance(item, Event) and item.torrent is not None:
            taken = self._take([item.torrent], now_us)
            if (torrent := self.torrents.get(item.torrent)) is not None:
                torrent.seq = item.seq
            return taken
        if isinstance(item, Event) and item.type == "engine_lost":
            later = {each: found.row for each, found in self.torrents.items() if found.read_seq >= item.seq}
            self._table.rows.update(later)
            return self._take(list(self.torrents), now_us)
        return []

    def refresh(
        self, rows: Iterable[TorrentRow], epoch: str, seq: int, now_us: int, absent: Iterable[str] = ()
    ) -> None:
        """Applies rows that were read. If an event after `seq` was applied to a torrent, the present row stays.

        An unknown torrent in the rows is a new torrent, because a read may be ahead of the event stream.

        Args:
            epoch, seq: the epoch and number of the event at which the rows are true. Rows of another epoch are ignored.
            absent: the ids that were requested and that the daemon does not know.
        """
        if epoch != self.epoch:
            return
        for row in rows:
            torrent = self.torrents.get(row.torrent)
            if torrent is None:
                if seq <= self._seq:
                    continue  # it was removed meanwhile
                torrent = self.torrents[row.torrent] = Torrent(row, 0, now_us)
                self._put(torrent, row)
            elif not torrent.older_than(seq):
                continue
            elif not same(row, torrent.row):
                self._put(torrent, row)
            torrent.row = self._table.rows[row.torrent] = row
            torrent.read_us, torrent.read_seq = now_us, seq
        for each in absent:
            torrent = self.torrents.get(each)
            if torrent is not None and torrent.older_than(seq):
                self._table.rows.pop(each, None)
                self._remove(each)

    def learn(self, facts: Iterable[tuple[str, Facts]], epoch: str, seq: int) -> None:
        """Applies facts that were read. `epoch` and `seq` are the same as in `refresh`."""
        if epoch != self.epoch:
            return
        for each, found in facts:
            torrent = self.torrents.get(each)
            if torrent is not None and torrent.seq <= seq and found != torrent.facts:
                torrent.facts = found
                self._put(torrent, torrent.row)

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
        """The ids of torrents that were removed after a revision and not added again. None if they are not known."""
        if self._removed and len(self._removed) == REMEMBERED and self._removed[0][0] > revision + 1:
            return None
        found: dict[str, None] = {}
        for at, torrent in reversed(self._removed):
            if at <= revision:
                break
            if torrent not in self.torrents:
                found[torrent] = None
        return list(found)

    def _record(self, item: Heard, now_us: int) -> None:
        """Writes the journal. Called before a removed torrent is dropped, because the journal needs the name."""
        if isinstance(item, Event):
            torrent = self.torrents.get(item.torrent or "")
            self.journal.record(item, None if torrent is None else torrent.row.name)
        elif isinstance(item, Resnapshot):
            version = item.health.supervisor.version
            self.journal.note(
                f"Connected to Ouzel {version}, which has {len(item.torrents)} torrents.", Level.INFO, now_us
            )
        elif isinstance(item, DaemonSilent) and not self.away:
            self.journal.note("Ouzel does not answer.", Level.WARNING, now_us)

    def _covers(self, event: Event) -> bool:
        """Whether the row of the event's torrent was read after the event.

        A `progress` event has the number of the last lifecycle event before it. If the row was read at this number, the
        `progress` event may be newer than the row.
        """
        torrent = self.torrents.get(event.torrent or "")
        if torrent is None:
            return False
        return event.seq <= torrent.read_seq if event.numbered else event.seq < torrent.read_seq

    def _replace_all(self, snapshot: Resnapshot, now_us: int) -> list[str]:
        """Takes over a snapshot. Keeps rows that were read after the rows of the snapshot."""
        newer: dict[str, TorrentRow] = {}
        if snapshot.epoch == self.epoch:
            seqs = snapshot.row_seqs
            newer = {
                each: found.row for each, found in self.torrents.items() if each in seqs and found.read_seq > seqs[each]
            }
        self._table.rows.update(newer)
        for each in [each for each in self.torrents if each not in self._table.rows]:
            self._remove(each)
        changed = self._take(list(self._table.rows), now_us)
        for each, torrent in self.torrents.items():
            torrent.seq = 0
            if each not in newer:
                torrent.read_us, torrent.read_seq = now_us, snapshot.row_seqs.get(each, snapshot.seq)
        return changed

    def _take(self, ids: list[str], now_us: int) -> list[str]:
        """Takes over rows from the table. Returns the ids of rows that are new or have changed."""
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
                if not same(row, torrent.row):
                    self._put(torrent, row)
                    changed.append(each)
                torrent.row = row
        return changed

    def _put(self, torrent: Torrent, row: TorrentRow) -> None:
        self.revision += 1
        before = torrent.row
        torrent.row, torrent.revision = row, self.revision
        self._order[row.torrent] = None
        self._order.move_to_end(row.torrent)
        if row is before or (row.info_hash_v1, row.info_hash_v2) != (before.info_hash_v1, before.info_hash_v2):
            self._forget_hashes(before)
            self._hashes.update(dict.fromkeys(_hashes_of(row), row.torrent))

    def _remove(self, torrent: str) -> None:
        row = self.torrents.pop(torrent).row
        self._order.pop(torrent, None)
        self._forget_hashes(row)
        self.revision += 1
        self._removed.append((self.revision, torrent))

    def _forget_hashes(self, row: TorrentRow) -> None:
        for info_hash in _hashes_of(row):
            if self._hashes.get(info_hash) == row.torrent:
                del self._hashes[info_hash]


def _hashes_of(row: TorrentRow) -> set[str]:
    """The names of a torrent beside its id: its info-hashes, and the first 40 digits of its v2 info-hash."""
    full = {each for each in (row.info_hash_v1, row.info_hash_v2, row.torrent) if each is not None}
    return {*full, *(each[:40] for each in full)} - {row.torrent}
