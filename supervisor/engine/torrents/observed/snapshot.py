"""The snapshot: the last observed state of each torrent and the session. Pure.

The snapshot outlives engines. Reads are answered from the snapshot even without an engine. A reply's `age_ms` is the
age of the data. If the running engine has confirmed a torrent, the age is the time since the last event of that engine.
The engine reports every change, so the state is still true.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from protocol.internal.link_events import IpFilterState, SessionStats
from protocol.wire.desired import DesiredTorrent, TorrentOptions, edited_web_seeds
from protocol.wire.events.torrent_events import Progress, StateChanged
from protocol.wire.goals import GoalsReport
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import TrackerRow, WebSeedRow
from protocol.wire.rows import (
    ACTIVE_STATES,
    DETAIL_FIELDS,
    FileRow,
    Hindrance,
    TorrentDetail,
    TorrentRow,
    TorrentState,
    ratio,
)
from supervisor.engine.torrents.observed import hindrance
from supervisor.engine.torrents.observed.answers import Answers
from supervisor.engine.torrents.observed.bad_data import BadData
from supervisor.engine.torrents.observed.details import OF_RECORD
from supervisor.engine.torrents.observed.eta import Estimates
from supervisor.engine.torrents.observed.moves import MovesSeen
from supervisor.engine.torrents.observed.no_progress import NO_PROGRESS
from supervisor.engine.torrents.observed.observed import Observed
from supervisor.engine.torrents.observed.stuck import StuckTorrents
from supervisor.engine.torrents.observed.trackers import Trackers, urls_of_link
from supervisor.totals.totals import Totals

_ON_THE_WAY: Final = frozenset({TorrentState.QUEUED, TorrentState.CHECKING})
"""The states of a download between two engines. The average of its rate continues during these states."""

V1_DIGITS: Final = 40


class Snapshot:
    """The observed state of all torrents of a slot, and of its session. Callers pass times in monotonic seconds.

    Args:
        slot: the number of the engine slot. Rows show this number.
        on_trackers_failing: called with a torrent and the time since which all its trackers fail. The time is None once
            a tracker works.
        category_of: returns the name of a torrent's category.
        options_of: returns a torrent's options as clients see them.
    """

    def __init__(
        self,
        slot: int = 0,
        on_trackers_failing: Callable[[str, float | None], None] = lambda torrent, since: None,
        category_of: Callable[[DesiredTorrent], str | None] = lambda desired: None,
        options_of: Callable[[DesiredTorrent], TorrentOptions] = lambda desired: desired.options,
    ) -> None:
        self._category_of = category_of
        self._options_of = options_of
        self._slot = slot
        self._torrents: dict[str, Observed] = {}
        self._counts: Counter[TorrentState] = Counter()
        """The number of torrents in `_torrents` by state."""
        self.session: SessionStats | None = None
        self.ip_filter: IpFilterState | None = None
        self.engine_told_at: float | None = None
        self.present: set[str] = set()
        """The torrents that the running engine has confirmed."""
        self.engine_up = False
        """Whether an engine is ready for commands."""
        self.trackers = Trackers(on_trackers_failing)
        self.web_seeds: dict[str, list[str]] = {}
        """By torrent: the web seeds in the last answer of an engine."""
        self.moves = MovesSeen()
        self.settings_revision = 0
        """The last confirmed revision of the session's settings."""
        self.totals = Totals()
        self.estimates = Estimates()
        self.answers = Answers()
        self.bad_data = BadData()
        self.stuck = StuckTorrents()

    def of(self, torrent: str) -> Observed:
        """Returns the observed state of a torrent. Creates the state if there is none."""
        observed = self._torrents.get(torrent)
        if observed is None:
            observed = self._torrents[torrent] = Observed()
            self._counts[observed.state] += 1
        return observed

    def change_state(self, torrent: str, state: TorrentState) -> TorrentState:
        """Changes the state of a torrent. Returns the previous state."""
        observed = self.of(torrent)
        previous, observed.state = observed.state, state
        self._counts[previous] -= 1
        self._counts[state] += 1
        return previous

    def discard(self, torrent: str) -> None:
        """Drops the state of a torrent that was removed."""
        observed = self._torrents.pop(torrent, None)
        if observed is not None:
            self._counts[observed.state] -= 1
        self.present.discard(torrent)
        self.totals.discard(torrent)
        self.estimates.drop(torrent)
        self.trackers.discard(torrent)
        self.answers.discard(torrent)
        self.bad_data.discard(torrent)
        self.stuck.discard(torrent)
        self.web_seeds.pop(torrent, None)
        self.moves.discard(torrent)

    def files_known(self, desired: DesiredTorrent) -> bool:
        """Whether a torrent's files are known with their desired priorities."""
        observed = self._torrents.get(desired.torrent)
        return (
            observed is not None
            and observed.metadata is not None
            and observed.refusal is None
            and observed.applied_revision == desired.revision
        )

    def state_of(self, torrent: str) -> TorrentState | None:
        """The last known state of a torrent; None if no state was ever observed."""
        return None if (observed := self._torrents.get(torrent)) is None else observed.state

    def count_states(self, torrents: Mapping[str, object], unreadable: Collection[str]) -> Counter[TorrentState]:
        """Returns the number of torrents in each state. Torrents with an unreadable record are included.

        Torrents that no engine has reported are queued. If all observed torrents have a readable record, the numbers
        are known already. Otherwise each torrent is counted.
        """
        if not unreadable and self._torrents.keys() <= torrents.keys():
            counts, known = +self._counts, len(self._torrents)
        else:
            each = map(self._torrents.get, (*torrents, *unreadable))
            states = [observed.state for observed in each if observed is not None]
            counts, known = Counter(states), len(states)
        if unknown := len(torrents) + len(unreadable) - known:
            counts[TorrentState.QUEUED] += unknown
        return counts

    def engine_lost(self, now_us: int) -> list[str]:
        """Clears `present` and all rates, because the engine was lost. Returns the interrupted torrents."""
        self.engine_up = False
        self.present.clear()
        self.stuck.clear()
        self.totals.engine_lost()
        if self.session is not None:
            self.session = msgspec.structs.replace(self.session, download_bps=0, upload_bps=0, peers=0)
        interrupted = []
        for torrent, observed in self._torrents.items():
            if (progress := observed.progress) is not None:
                # Clients wait meanwhile, and most of a hundred thousand seeds have no peers.
                if progress.peers or progress.seeds or progress.download_bps or progress.upload_bps:
                    observed.progress = msgspec.structs.replace(
                        progress, download_bps=0, upload_bps=0, peers=0, seeds=0
                    )
                if hindrance.lacks(progress):
                    observed.quiet_since_us, observed.stalled = observed.quiet_since_us or now_us, True
            if observed.state in ACTIVE_STATES and not observed.interrupted:
                observed.interrupted = True
                interrupted.append(torrent)
        return interrupted

    def quarantined(self, torrent: str, reason: str) -> list[StateChanged]:
        """Sets a torrent's state to quarantined. Returns the events to publish."""
        told = self._now_in(torrent, TorrentState.QUARANTINED)
        self.of(torrent).error = reason
        return told

    def unreadable(self, torrent: str, problem: str) -> None:
        """Sets a torrent's state to error. The torrent is not loaded, because its record cannot be read."""
        self._now_in(torrent, TorrentState.ERROR)
        self.of(torrent).error = problem

    def queued(self, torrent: str) -> list[StateChanged]:
        """Sets a torrent's state to queued until an engine loads the torrent. Returns the events to publish."""
        return self._now_in(torrent, TorrentState.QUEUED)

    def _now_in(self, torrent: str, state: TorrentState) -> list[StateChanged]:
        previous = self.change_state(torrent, state)
        observed = self.of(torrent)
        observed.error, observed.interrupted = None, False
        self.totals.state(torrent, state)
        return [] if previous is state else [StateChanged(torrent=torrent, state=state, previous=previous)]

    def metadata(self, desired: DesiredTorrent) -> KnownMetadata | None:
        """A torrent's metadata as rows show it. The metadata is from an engine, or from the record."""
        return self.of(desired.torrent).known or desired.metadata

    def name(self, desired: DesiredTorrent) -> str:
        """A torrent's name as rows show it."""
        observed = self._torrents.get(desired.torrent)
        metadata = (observed.known if observed else None) or desired.metadata
        return desired.options.name or (metadata.name if metadata else desired.name)

    def apply_progress(self, event: Progress, now: float, now_us: int) -> Progress:
        """Stores a torrent's progress. Returns the progress with the totals that clients see.

        `now_us` is in microseconds since 1970.
        """
        event = self.totals.progress(event, now_us)
        observed = self.of(event.torrent)
        if hindrance.arrives(observed.progress, event):
            observed.quiet_since_us, observed.stalled = None, False
        else:
            if observed.quiet_since_us is None:
                observed.quiet_since_us = now_us
            observed.stalled = event.download_bps == 0 or now_us - observed.quiet_since_us >= hindrance.QUIET_US
        observed.progress = event
        if event.state is TorrentState.DOWNLOADING:
            self.estimates.update(event.torrent, event.downloaded - event.wasted, now)
        elif event.state not in _ON_THE_WAY:
            self.estimates.drop(event.torrent)
        return event

    def row(self, desired: DesiredTorrent, now: float, goals: GoalsReport | None = None) -> TorrentRow:
        """A torrent's row for `list_torrents`, including its goals."""
        torrent = desired.torrent
        observed = self._torrents.get(torrent) or self.of(torrent)
        progress = observed.progress or NO_PROGRESS
        metadata = observed.known or desired.metadata
        present = torrent in self.present
        trackers = self.trackers.of.get(torrent) if desired.tracker_edits is None else None
        told_at = self.engine_told_at if present else observed.told_at
        counts, uptime_s = self.totals.of(torrent), self.totals.uptime_s
        downloads = observed.state is TorrentState.DOWNLOADING
        return TorrentRow(
            torrent=torrent,
            name=desired.options.name or (metadata.name if metadata else desired.name),
            state=observed.state,
            progress=progress.progress,
            bytes_done=progress.bytes_done,
            bytes_total=progress.bytes_total,
            size=metadata.size if metadata else 0,
            downloaded=counts.downloaded,
            uploaded=counts.uploaded,
            wasted=counts.wasted,
            download_bps=progress.download_bps,
            upload_bps=progress.upload_bps,
            peers=progress.peers,
            seeds=progress.seeds,
            save_path=desired.save_path,
            labels=[*desired.labels],
            paused=desired.paused,
            sequential=desired.sequential,
            download_limit_bps=desired.download_bps,
            upload_limit_bps=desired.upload_bps,
            error=observed.error or observed.storage_problem,
            info_hash_v1=desired.info_hash_v1 or (torrent if len(torrent) == V1_DIGITS else None),
            info_hash_v2=desired.info_hash_v2 or (torrent if len(torrent) > V1_DIGITS else None),
            added_us=desired.added_us,
            age_ms=None if told_at is None else int((now - told_at) * 1000) if now > told_at else 0,
            ratio=ratio(counts.downloaded, counts.uploaded, progress.bytes_done),
            eta_s=self.estimates.of(progress, now) if downloads else None,
            completed_us=counts.completed_us,
            last_activity_us=counts.last_activity_us,
            # As `Totals.active_s` and others, but without calls, which cost time in ten thousand rows.
            active_s=uptime_s - counts.active_s if counts.active else counts.active_s,
            seeding_s=uptime_s - counts.seeding_s if counts.seeding else counts.seeding_s,
            hindrance=self._hindrance(desired, observed, progress, present),
            stalled_since_us=observed.quiet_since_us if observed.stalled else None,
            engine=self._slot,
            moving=None if desired.move is None else self.moves.of(desired),
            queue_position=None if progress.queue_position is None or not desired.managed else progress.queue_position,
            category=None if desired.category is None else self._category_of(desired),
            goals=goals,
            content=(
                None
                if metadata is None or metadata.pieces is None
                else metadata.name
                if metadata.root is None
                else metadata.root
            ),
            swarm_seeds=progress.swarm_seeds,
            swarm_leeches=progress.swarm_leeches,
            tracker=self._tracker(desired) if trackers is None else trackers.shown,
        )

    def _tracker(self, desired: DesiredTorrent) -> str | None:
        """The tracker that a torrent's row shows. Counts changes by clients that no engine has applied yet."""
        known = self.trackers.of.get(desired.torrent)
        rows = self.trackers.desired_rows(desired, 0.0, present=desired.torrent in self.present)
        urls = [row.url for row in rows]  # with changes that no engine has applied yet
        return known.shown if known is not None and known.shown in urls else next(iter(urls), None)

    def _hindrance(
        self, desired: DesiredTorrent, observed: Observed, progress: Progress, present: bool
    ) -> Hindrance | None:
        state, trouble = observed.state, None
        if (
            (state is TorrentState.SEEDING or (state is TorrentState.DOWNLOADING and not observed.stalled))
            and present
            and not desired.paused
            and observed.error is observed.storage_problem is None
            and desired.torrent not in self.trackers.all_failing
            and (desired.torrent not in self.bad_data.of or not self.bad_data.hinders(desired.torrent, progress.peers))
        ):
            return None  # a shortcut for nearly all torrents; `hindrance.find` has the same result
        if observed.error is not None:
            trouble = observed.error_name, observed.error
        elif observed.storage_problem is not None:
            trouble = "storage_missing", observed.storage_problem
        return hindrance.find(
            desired,
            state,
            progress,
            trouble=trouble,
            stalled=observed.stalled or self.bad_data.hinders(desired.torrent, progress.peers),
            bad_data=self.bad_data.why(desired.torrent),
            stuck=self.stuck.why(desired.torrent),
            engine_up=self.engine_up,
            present=present,
            trackers=self.trackers,
        )

    def detail(self, desired: DesiredTorrent, now: float, goals: GoalsReport | None = None) -> TorrentDetail:
        """A torrent's details for `get_torrent`, including its goals."""
        row = msgspec.structs.asdict(self.row(desired, now, goals))
        return TorrentDetail(**row, **self.members(desired, DETAIL_FIELDS, now))

    def members(self, desired: DesiredTorrent, names: Iterable[str], now: float) -> dict[str, Any]:
        """The members of a torrent's details with these names. None of them is a member of the torrent's row.

        The engine is not asked for these members.
        """
        metadata = self.metadata(desired)
        return {
            name: OF_RECORD[name](desired, metadata) if name in OF_RECORD else self._member(desired, name, now)
            for name in names
        }

    def _member(self, desired: DesiredTorrent, name: str, now: float) -> Any:
        match name:
            case "applied_revision":
                return self.of(desired.torrent).applied_revision
            case "tracker_status":
                return self.trackers_of(desired, now)
            case "options":
                return self._options_of(desired)
            case "bad_data":
                return self.bad_data.report(desired.torrent)
            case _:
                raise AssertionError(f"no such member of the details: {name}")

    def trackers_of(self, desired: DesiredTorrent, now: float) -> list[TrackerRow]:
        """Returns the trackers of a torrent as engines have reported them.

        Before the first report, the result has the trackers in the torrent's record. Changes by clients count, even if
        no engine has applied them yet.
        """
        return self.trackers.desired_rows(desired, now, present=desired.torrent in self.present)

    def web_seeds_of(self, desired: DesiredTorrent) -> list[WebSeedRow]:
        """Returns the web seeds of a torrent as an engine reported them.

        Before the first report, the result has the web seeds in the torrent's record.
        """
        known = self.web_seeds.get(desired.torrent)
        given = urls_of_link(desired.magnet or "", "ws") if known is None else known
        return [WebSeedRow(url=url) for url in edited_web_seeds(given, desired)]

    def files(self, torrent: str, start: int = 0, count: int | None = None) -> list[FileRow] | None:
        """A torrent's files from index `start` on. `count` limits their number. None while the files are not known."""
        observed = self._torrents.get(torrent)
        return None if observed is None else observed.file_rows(start, count)

    def session_age_ms(self, now: float) -> int | None:
        """The age of the session's numbers; None before the first report."""
        return None if self.engine_told_at is None else max(0, int((now - self.engine_told_at) * 1000))
