"""Totals: the lifetime transfer of torrents and the session, and durations of torrents. Pure.

An engine counts the bytes. A new engine begins with the last saved values. The saved values may be lower than the last
reported values. The totals here never decrease. If a reported value is lower than the total, it is ignored. The next
engine gets the total in `EnsureTorrent`, and continues from there. The counters of `wasted` bytes and of the session
begin with 0 in each engine. The values of all engines are added up.

Durations are not counted second by second. The *uptime* is the total time with an engine. When a torrent becomes
active, the uptime is stored, minus the torrent's earlier active time. So the data of ten thousand idle seeds does not
change, and is not saved again.

Saved data is split into *shards*. The first two digits of a torrent's id name its shard. The session is a shard, too.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from protocol.internal.link_events import HistoryFound
from protocol.wire.events.torrent_events import Progress
from protocol.wire.rows import ACTIVE_STATES, COMPLETE_STATES, TorrentState

SESSION: Final = ""
"""The name of the session's shard."""

_RUNNING: Final = ACTIVE_STATES | COMPLETE_STATES


class TorrentRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One torrent's counters as they are stored.

    Fields:
        added_us: when the torrent was added. If a torrent is added again, it begins with new counters.
        downloaded: received payload bytes.
        uploaded: sent payload bytes.
        wasted: wasted payload bytes.
        active_s: for how long the torrent was active, up to the shard's `uptime_s`.
        seeding_s: for how long the torrent was active and complete, up to the shard's `uptime_s`.
        active: whether the torrent was active at the shard's `uptime_s`.
        seeding: whether the torrent was active and complete at the shard's `uptime_s`.
        completed_us: the time of completion in microseconds since 1970; null for never.
        last_activity_us: the time of the last activity in the same form.
        quiet_from_s: the value of `seeding_s` at the last activity.
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
    quiet_from_s: int = 0


class ShardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A shard as it is stored."""

    uptime_s: int
    torrents: dict[str, TorrentRecord] = {}


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The session's totals as they are stored: payload bytes of all engines, and the uptime."""

    uptime_s: int = 0
    downloaded: int = 0
    uploaded: int = 0


class Counts(msgspec.Struct, gc=False):
    """One torrent's counters. There may be a hundred thousand torrents.

    Fields:
        wasted_seen: the last value of `wasted` from the running engine.
        engine: the number of the engine with the last report about the torrent.
        fetched: whether payload was received since the torrent was last complete.
        active_s: for how long the torrent was active. While `active` is true, the value is the uptime when the torrent
            became active, minus its earlier active time.
        seeding_s: for how long the torrent was seeding, in the same form. Its flag is `seeding`.
        quiet_from_s: the torrent's seeding time when payload was last received or sent.
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
    quiet_from_s: int = 0


_NOTHING: Final = Counts()


class Totals:
    """All totals. Callers pass times in monotonic seconds, or in microseconds since 1970.

    Fields:
        changed: the shards with unsaved changes.
        uptime_s: the total time with an engine, up to the last `tick`.
        loaded: whether the stored data was read. The shards in `unread` could not be read yet.
        session_downloaded: received payload bytes since the start of this supervisor.
        session_uploaded: sent payload bytes since the start of this supervisor.
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
        """If an engine is up, adds to the uptime. Call `tick` every second."""
        if up and self._ticked is not None:
            self._uptime += now - self._ticked
            self.uptime_s = int(self._uptime)
        self._ticked = now if up else None

    def engine_lost(self) -> None:
        """Notes an engine's death. Some counters begin with 0 in each engine."""
        self._engine += 1
        self._session_seen = (0, 0)

    # -- counting -------------------------------------------------------------------------------------------------

    def count_session(self, downloaded: int, uploaded: int) -> None:
        """Counts the session's bytes. The arguments are the counters of the running engine since its start."""
        if (downloaded, uploaded) != self._session_seen:
            seen_downloaded, seen_uploaded = self._session_seen
            self.session_downloaded += max(0, downloaded - seen_downloaded)
            self.session_uploaded += max(0, uploaded - seen_uploaded)
            self._session_seen = (max(downloaded, seen_downloaded), max(uploaded, seen_uploaded))
            self.changed.add(SESSION)

    @property
    def all_time(self) -> tuple[int, int]:
        """The payload bytes downloaded and uploaded over all restarts."""
        return self._before_downloaded + self.session_downloaded, self._before_uploaded + self.session_uploaded

    def progress(self, event: Progress, now_us: int) -> Progress:
        """Counts an engine's report on a torrent. Returns the report with the totals for clients."""
        torrent = event.torrent
        counts = self._of(torrent)
        downloaded, uploaded, wasted = counts.downloaded, counts.uploaded, counts.wasted
        if counts.engine != self._engine:
            counts.engine, counts.wasted_seen, moved = self._engine, 0, False
        else:
            moved = event.downloaded > downloaded or event.uploaded > uploaded
        counts.downloaded = max(downloaded, event.downloaded)
        counts.uploaded = max(uploaded, event.uploaded)
        if event.wasted != counts.wasted_seen:  # a torrent that was loaded again counts from 0
            counts.wasted += event.wasted - counts.wasted_seen if event.wasted > counts.wasted_seen else event.wasted
            counts.wasted_seen = event.wasted
        if moved:
            counts.last_activity_us, counts.quiet_from_s = now_us, self.seeding_s(counts)
            counts.fetched = counts.fetched or counts.downloaded > downloaded
        if moved or (downloaded, uploaded, wasted) != (counts.downloaded, counts.uploaded, counts.wasted):
            self.changed.add(torrent[:2])
        told = (counts.downloaded, counts.uploaded, counts.wasted)
        if told == (event.downloaded, event.uploaded, event.wasted):
            return event
        return msgspec.structs.replace(event, downloaded=told[0], uploaded=told[1], wasted=told[2])

    def state(self, torrent: str, state: TorrentState) -> None:
        """Starts or ends a torrent's durations according to its new state. The state `queued` changes nothing."""
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
        """Sets the time of a torrent's completion. Does nothing if nothing was downloaded since its previous
        completion.
        """
        counts = self._of(torrent)
        if counts.fetched or counts.completed_us is None:
            counts.completed_us, counts.fetched = now_us, False
            self.changed.add(torrent[:2])

    def found(self, history: HistoryFound) -> None:
        """Merges the totals in a torrent's fast-resume data. An engine sends these totals if the supervisor has stored
        no totals.
        """
        counts = self._of(history.torrent)
        counts.downloaded = max(counts.downloaded, history.downloaded)
        counts.uploaded = max(counts.uploaded, history.uploaded)
        counts.active_s += -history.active_s if counts.active else history.active_s
        counts.seeding_s += -history.seeding_s if counts.seeding else history.seeding_s
        counts.quiet_from_s += history.seeding_s
        if counts.completed_us is None and history.completed_s:
            counts.completed_us = history.completed_s * 10**6
        if counts.last_activity_us is None and history.last_activity_s:
            counts.last_activity_us = history.last_activity_s * 10**6
        self.changed.add(history.torrent[:2])

    def merge_stored(self, torrent: str, record: TorrentRecord, uptime_s: int) -> None:
        """Merges the stored counters of a torrent with the counters since the start.

        Args:
            uptime_s: the uptime at which the counters were stored.
        """
        fresh = not self.knows(torrent)
        counts = self._of(torrent)
        since = 0
        if fresh:  # no engine has reported the torrent yet: it is in its stored state
            since = max(0, self.uptime_s - uptime_s)
            counts.active, counts.seeding = record.active, record.seeding
            counts.active_s = self.uptime_s if record.active else 0
            counts.seeding_s = self.uptime_s if record.seeding else 0
        active_s = record.active_s + (since if record.active else 0)
        seeding_s = record.seeding_s + (since if record.seeding else 0)
        counts.active_s += -active_s if counts.active else active_s
        counts.seeding_s += -seeding_s if counts.seeding else seeding_s
        moved = counts.last_activity_us is not None
        counts.quiet_from_s = counts.quiet_from_s + seeding_s if moved else record.quiet_from_s
        counts.downloaded = max(counts.downloaded, record.downloaded)
        counts.uploaded = max(counts.uploaded, record.uploaded)
        counts.wasted += record.wasted
        counts.completed_us = record.completed_us if counts.completed_us is None else counts.completed_us
        times = [each for each in (counts.last_activity_us, record.last_activity_us) if each is not None]
        counts.last_activity_us = max(times, default=None)

    def merge_stored_session(self, record: SessionRecord, stamped_s: int) -> None:
        """Merges the session's stored totals.

        Args:
            stamped_s: the uptime in the stamp file. It may be greater than the stored uptime.
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
        """If the uptime is lower than this value, sets the uptime to this value."""
        if uptime_s > self.uptime_s:
            self.merge_stored_session(SessionRecord(), uptime_s - self.uptime_s)

    def discard(self, torrent: str) -> None:
        """Removes the counters of a removed torrent."""
        shard = self._shards.get(torrent[:2])
        if shard is not None and shard.pop(torrent, None) is not None:
            self.changed.add(torrent[:2])

    # -- reading --------------------------------------------------------------------------------------------------

    def of(self, torrent: str) -> Counts:
        """A torrent's counters, for reading only."""
        try:  # this is the fastest way for existing counters, which ten thousand rows need
            return self._shards[torrent[:2]][torrent]
        except KeyError:
            return _NOTHING

    def knows(self, torrent: str) -> bool:
        """Whether a torrent has counters."""
        return self.of(torrent) is not _NOTHING

    def lacks_history(self, torrent: str) -> bool:
        """Whether no totals of a torrent are stored. If so, the totals in its fast-resume data are used."""
        return self.loaded and torrent[:2] not in self.unread and not self.knows(torrent)

    def active_s(self, counts: Counts) -> int:
        """For how long a torrent was active in total, in seconds."""
        return self.uptime_s - counts.active_s if counts.active else counts.active_s

    def seeding_s(self, counts: Counts) -> int:
        """For how long a torrent was active and complete in total, in seconds."""
        return self.uptime_s - counts.seeding_s if counts.seeding else counts.seeding_s

    # -- storing --------------------------------------------------------------------------------------------------

    def shards(self) -> list[str]:
        """All shards with content, including the session's."""
        return [SESSION, *self._shards]

    def size(self, shard: str) -> int:
        """The number of torrents in a shard."""
        return len(self._shards.get(shard, ()))

    def session_record(self) -> SessionRecord:
        """The session's totals to store."""
        downloaded, uploaded = self.all_time
        return SessionRecord(uptime_s=self.uptime_s, downloaded=downloaded, uploaded=uploaded)

    def shard_record(self, shard: str, added_us: Callable[[str], int | None]) -> ShardRecord:
        """The shard's totals to store.

        Args:
            added_us: returns when a torrent was added. None if the torrent does not exist.
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
                        quiet_from_s=counts.quiet_from_s,
                    ),
                )

    def _of(self, torrent: str) -> Counts:
        counts = self.of(torrent)
        if counts is _NOTHING:
            counts = self._shards.setdefault(torrent[:2], {})[torrent] = Counts()
        return counts


_EMPTY: Final[Mapping[str, Counts]] = {}
