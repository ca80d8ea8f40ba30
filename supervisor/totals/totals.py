"""Totals: what each torrent and the session have moved over their lives, and for how long torrents were at it. Pure.

The engine counts, and begins each life with less than the one before had: with what was saved last. So what is kept
here never falls. A value that is lower than the known one changes nothing, since the next engine is told the known one
and counts on from there (`EnsureTorrent`); what has no such beginning (`wasted`, the session) counts from 0 in
each engine, and is added up.

Durations are not counted torrent by torrent: the *uptime* is for how long there has been an engine in all, and a
torrent that is active keeps at which uptime it would have begun. So ten thousand idle seeds change nothing, and there
is nothing to be saved of them.

What is saved is split into *shards*, by the first two digits of the torrent's id; the session is one, too.

Longer than most files here: what is counted, and how it is stored and taken up again, change together.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from protocol.internal.link import HistoryFound
from protocol.wire.events import Progress
from protocol.wire.rows import ACTIVE_STATES, COMPLETE_STATES, TorrentState

SESSION: Final = ""
"""The shard of the session."""

_RUNNING: Final = ACTIVE_STATES | COMPLETE_STATES


class TorrentRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One torrent's counts as they are stored.

    Fields:
        added_us: when the torrent was added that these are of; one that is added again begins anew.
        downloaded, uploaded, wasted: payload bytes.
        active_s, seeding_s: as of the shard's `uptime_s`.
        active, seeding: whether they have counted on since.
        completed_us, last_activity_us: microseconds since 1970; null for never.
    """

    added_us: int
    downloaded: int = 0
    uploaded: int = 0
    wasted: int = 0
    active_s: int = 0
    seeding_s: int = 0
    active: bool = False
    seeding: bool = False
    completed_us: int | None = None
    last_activity_us: int | None = None


class ShardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A shard as it is stored."""

    uptime_s: int
    torrents: dict[str, TorrentRecord] = {}


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The session's totals as they are stored: payload bytes of all engines there have been, and their uptime."""

    uptime_s: int = 0
    downloaded: int = 0
    uploaded: int = 0


class Counts(msgspec.Struct, gc=False):
    """One torrent's. There may be a hundred thousand of them.

    Fields:
        wasted_seen: what the running engine has told of it.
        engine: the number of the engine that told of it last.
        fetched: whether payload came since it was complete last.
        active_s, seeding_s: a duration; or, while it is counted (`active`, `seeding`), the uptime at which it began.
    """

    downloaded: int = 0
    uploaded: int = 0
    wasted: int = 0
    wasted_seen: int = 0
    engine: int = 0
    active_s: int = 0
    seeding_s: int = 0
    active: bool = False
    seeding: bool = False
    fetched: bool = False
    completed_us: int | None = None
    last_activity_us: int | None = None


_NOTHING: Final = Counts()


class Totals:
    """All there is. Times are seconds on a monotonic clock, or microseconds since 1970, given by the caller.

    Fields:
        changed: the shards of which something is not saved yet.
        uptime_s: for how long there has been an engine in all, as of the last `tick`.
        loaded: whether what is stored was read, but for the shards that are `unread`.
        session_downloaded, session_uploaded: payload bytes since this supervisor began.
    """

    def __init__(self) -> None:
        self._shards: dict[str, dict[str, Counts]] = {}
        self.changed: set[str] = set()
        self.uptime_s = 0
        self.loaded = False
        self.unread: set[str] = set()
        self._uptime = 0.0
        self._ticked: float | None = None
        self._engine = 1
        self.session_downloaded = 0
        self.session_uploaded = 0
        self._before_downloaded = 0
        self._before_uploaded = 0
        self._session_seen = (0, 0)

    # -- time and engines -----------------------------------------------------------------------------------------

    def tick(self, now: float, *, up: bool) -> None:
        """To be called each second: whether there is an engine."""
        if up and self._ticked is not None:
            self._uptime += now - self._ticked
            self.uptime_s = int(self._uptime)
        self._ticked = now if up else None

    def engine_lost(self) -> None:
        """What counts from 0 in each engine begins anew."""
        self._engine += 1
        self._session_seen = (0, 0)

    # -- what is told ---------------------------------------------------------------------------------------------

    def session_told(self, downloaded: int, uploaded: int) -> None:
        """What the running engine has counted since it began."""
        if (downloaded, uploaded) != self._session_seen:
            seen_downloaded, seen_uploaded = self._session_seen
            self.session_downloaded += max(0, downloaded - seen_downloaded)
            self.session_uploaded += max(0, uploaded - seen_uploaded)
            self._session_seen = (max(downloaded, seen_downloaded), max(uploaded, seen_uploaded))
            self.changed.add(SESSION)

    @property
    def all_time(self) -> tuple[int, int]:
        """Payload bytes downloaded and uploaded over all restarts."""
        return self._before_downloaded + self.session_downloaded, self._before_uploaded + self.session_uploaded

    def progress(self, event: Progress, now_us: int) -> Progress:
        """Counts what an engine tells of a torrent. Returns the same with the totals that clients are to see."""
        torrent = event.torrent
        counts = self._of(torrent)
        downloaded, uploaded, wasted = counts.downloaded, counts.uploaded, counts.wasted
        if counts.engine != self._engine:
            counts.engine, counts.wasted_seen, moved = self._engine, 0, False
        else:
            moved = event.downloaded > downloaded or event.uploaded > uploaded
        counts.downloaded = max(downloaded, event.downloaded)
        counts.uploaded = max(uploaded, event.uploaded)
        if event.wasted != counts.wasted_seen:  # one that was loaded again begins with 0
            counts.wasted += event.wasted - counts.wasted_seen if event.wasted > counts.wasted_seen else event.wasted
            counts.wasted_seen = event.wasted
        if moved:
            counts.last_activity_us = now_us
            counts.fetched = counts.fetched or counts.downloaded > downloaded
        if moved or (downloaded, uploaded, wasted) != (counts.downloaded, counts.uploaded, counts.wasted):
            self.changed.add(torrent[:2])
        told = (counts.downloaded, counts.uploaded, counts.wasted)
        if told == (event.downloaded, event.uploaded, event.wasted):
            return event
        return msgspec.structs.replace(event, downloaded=told[0], uploaded=told[1], wasted=told[2])

    def state(self, torrent: str, state: TorrentState) -> None:
        """A torrent does something else now. One that waits for its turn is what it was before."""
        if state is TorrentState.QUEUED:
            return
        active, seeding = state in _RUNNING, state in COMPLETE_STATES
        if not active and not self.knows(torrent):
            return
        counts = self._of(torrent)
        if active is not counts.active:
            counts.active, counts.active_s = active, self.uptime_s - counts.active_s
            self.changed.add(torrent[:2])
        if seeding is not counts.seeding:
            counts.seeding, counts.seeding_s = seeding, self.uptime_s - counts.seeding_s
            self.changed.add(torrent[:2])

    def completed(self, torrent: str, now_us: int) -> None:
        """All that is wanted of a torrent is there. Where nothing was fetched since it was before, it is since then."""
        counts = self._of(torrent)
        if counts.fetched or counts.completed_us is None:
            counts.completed_us, counts.fetched = now_us, False
            self.changed.add(torrent[:2])

    def found(self, history: HistoryFound) -> None:
        """What resume data says of a torrent's past, of which nothing was stored here."""
        counts = self._of(history.torrent)
        counts.downloaded = max(counts.downloaded, history.downloaded)
        counts.uploaded = max(counts.uploaded, history.uploaded)
        counts.active_s += -history.active_s if counts.active else history.active_s
        counts.seeding_s += -history.seeding_s if counts.seeding else history.seeding_s
        if counts.completed_us is None and history.completed_s:
            counts.completed_us = history.completed_s * 10**6
        if counts.last_activity_us is None and history.last_activity_s:
            counts.last_activity_us = history.last_activity_s * 10**6
        self.changed.add(history.torrent[:2])

    def absorb(self, torrent: str, record: TorrentRecord, uptime_s: int) -> None:
        """What was stored of a torrent is known now, and what has been counted meanwhile goes on from there.

        Args:
            uptime_s: at which it was stored; what was counted since counts.
        """
        fresh = not self.knows(torrent)
        counts = self._of(torrent)
        since = 0
        if fresh:  # nothing was heard of it yet: it is what it was
            since = max(0, self.uptime_s - uptime_s)
            counts.active, counts.seeding = record.active, record.seeding
            counts.active_s = self.uptime_s if record.active else 0
            counts.seeding_s = self.uptime_s if record.seeding else 0
        active_s = record.active_s + (since if record.active else 0)
        seeding_s = record.seeding_s + (since if record.seeding else 0)
        counts.active_s += -active_s if counts.active else active_s
        counts.seeding_s += -seeding_s if counts.seeding else seeding_s
        counts.downloaded = max(counts.downloaded, record.downloaded)
        counts.uploaded = max(counts.uploaded, record.uploaded)
        counts.wasted += record.wasted
        counts.completed_us = record.completed_us if counts.completed_us is None else counts.completed_us
        times = [each for each in (counts.last_activity_us, record.last_activity_us) if each is not None]
        counts.last_activity_us = max(times, default=None)

    def absorb_session(self, record: SessionRecord, stamped_s: int) -> None:
        """The session's stored totals are known now.

        Args:
            stamped_s: the uptime by what else there is, which may be later.
        """
        self._before_downloaded += record.downloaded
        self._before_uploaded += record.uploaded
        more = max(record.uptime_s, stamped_s)
        self._uptime += more
        self.uptime_s = int(self._uptime)
        for shard in self._shards.values():
            for counts in shard.values():
                counts.active_s += more if counts.active else 0
                counts.seeding_s += more if counts.seeding else 0

    def at_least(self, uptime_s: int) -> None:
        """The uptime has been this long, whatever is known of it."""
        if uptime_s > self.uptime_s:
            self.absorb_session(SessionRecord(), uptime_s - self.uptime_s)

    def forget(self, torrent: str) -> None:
        """A torrent was removed: one that is added again begins anew."""
        shard = self._shards.get(torrent[:2])
        if shard is not None and shard.pop(torrent, None) is not None:
            self.changed.add(torrent[:2])

    # -- what is known --------------------------------------------------------------------------------------------

    def of(self, torrent: str) -> Counts:
        """A torrent's counts, to be read."""
        try:  # which is the quickest where there is something, and each of ten thousand rows asks
            return self._shards[torrent[:2]][torrent]
        except KeyError:
            return _NOTHING

    def knows(self, torrent: str) -> bool:
        """Whether anything was counted of a torrent."""
        return self.of(torrent) is not _NOTHING

    def lacks_history(self, torrent: str) -> bool:
        """Whether nothing is stored of a torrent, so that its resume data has the most that there is to know."""
        return self.loaded and torrent[:2] not in self.unread and not self.knows(torrent)

    def active_s(self, counts: Counts) -> int:
        """For how long a torrent was active in all."""
        return self.uptime_s - counts.active_s if counts.active else counts.active_s

    def seeding_s(self, counts: Counts) -> int:
        """For how long of that it was complete."""
        return self.uptime_s - counts.seeding_s if counts.seeding else counts.seeding_s

    # -- what is stored -------------------------------------------------------------------------------------------

    def shards(self) -> list[str]:
        """All shards that have something, the session's too."""
        return [SESSION, *self._shards]

    def size(self, shard: str) -> int:
        """How many torrents a shard has."""
        return len(self._shards.get(shard, ()))

    def session_record(self) -> SessionRecord:
        """The session's totals, to be stored."""
        downloaded, uploaded = self.all_time
        return SessionRecord(uptime_s=self.uptime_s, downloaded=downloaded, uploaded=uploaded)

    def shard_record(self, shard: str, added_us: Callable[[str], int | None]) -> ShardRecord:
        """A shard, to be stored.

        Args:
            added_us: when a torrent was added; None for one that there is not.
        """
        return ShardRecord(uptime_s=self.uptime_s, torrents=dict(self._records(shard, added_us)))

    def _records(self, shard: str, added_us: Callable[[str], int | None]) -> Iterator[tuple[str, TorrentRecord]]:
        for torrent, counts in self._shards.get(shard, _EMPTY).items():
            added = added_us(torrent)
            if added is not None:
                yield (
                    torrent,
                    TorrentRecord(
                        added_us=added,
                        downloaded=counts.downloaded,
                        uploaded=counts.uploaded,
                        wasted=counts.wasted,
                        active_s=self.active_s(counts),
                        seeding_s=self.seeding_s(counts),
                        active=counts.active,
                        seeding=counts.seeding,
                        completed_us=counts.completed_us,
                        last_activity_us=counts.last_activity_us,
                    ),
                )

    def _of(self, torrent: str) -> Counts:
        counts = self.of(torrent)
        if counts is _NOTHING:
            counts = self._shards.setdefault(torrent[:2], {})[torrent] = Counts()
        return counts


_EMPTY: Final[Mapping[str, Counts]] = {}
