"""Takes in what the engine tells: keeps it in the snapshot, passes news on to clients, and notes what is confirmed.

The engine begins each generation knowing nothing of the one before, so it tells everything; what clients already know
is told here from what is news.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from protocol.internal.link import (
    AllHandedOver,
    Answer,
    EngineEvent,
    EngineReady,
    FilePutAside,
    FilesRestored,
    HashesProven,
    Heartbeat,
    HistoryFound,
    Learned,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentApplied,
    TorrentForgotten,
    TrackersKnown,
    TrackerTold,
)
from protocol.wire.desired import KnownMetadata
from protocol.wire.events import (
    MAX_EVENT_FILES,
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    LifecycleEvent,
    LimitsApplied,
    LimitsStale,
    MetadataUpdated,
    Progress,
    Reconciled,
    SelectionChanged,
    SessionError,
    StateChanged,
    TorrentError,
)
from protocol.wire.rows import COMPLETE_STATES, TorrentState
from supervisor.engine.torrents.snapshot import Metadata, Snapshot
from supervisor.engine.torrents.waiters import SESSION, Waiters
from supervisor.events.publisher import Publisher
from supervisor.health.health import storage_message
from supervisor.store.catalogue import Catalogue

NOT_LOADED: Final = frozenset(
    {"add_failed", "call_failed", "damaged", "files_overwritten", "path_not_allowed", "rules_too_slow", "unreadable"}
)
"""Names of errors with which a torrent is not in the session; no status says so of it."""


class Observer:
    """Knows what each engine event means for the snapshot and for clients.

    Args:
        on_ready, on_heartbeat, on_refused, on_applied, on_forgotten, on_store_problem, on_put_aside, on_storage,
            on_session_stats, on_hashes: what concerns the service rather than one torrent's record.
        on_metadata: called with what is known of a torrent's files, where its record does not have it.
        on_files: called with a torrent and its files, when they are known and in the snapshot.
        on_progress, on_completed: called with how far a torrent is, and with one that has just become complete.
        on_unreadable: called with a torrent of which something stored cannot be read, and why; None once it could be.
        on_learned: called with what a torrent's record is to have.
        on_taken_up: called with a torrent when the engine has it as desired, or has refused it.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        snapshot: Snapshot,
        publisher: Publisher,
        waiters: Waiters,
        on_ready: Callable[[EngineReady], None],
        on_heartbeat: Callable[[Heartbeat], None],
        on_refused: Callable[[SettingsRefused], None],
        on_applied: Callable[[SettingsApplied], None],
        on_forgotten: Callable[[TorrentForgotten], None],
        on_store_problem: Callable[[str | None], None],
        on_put_aside: Callable[[FilePutAside], None],
        on_metainfo_damaged: Callable[[MetainfoDamaged], None],
        on_handed_over: Callable[[ResumeHandedOver | AllHandedOver], None],
        on_storage: Callable[[StorageState], None],
        on_taken_up: Callable[[str], None],
        on_session_stats: Callable[[SessionStats], None],
        on_hashes: Callable[[HashesProven], None],
        on_files: Callable[[str, Sequence[FileEntry]], None],
        on_progress: Callable[[Progress], None],
        on_completed: Callable[[str], None],
        on_metadata: Callable[[str, KnownMetadata], None] = lambda torrent, metadata: None,
        on_unreadable: Callable[[str, str | None], None] = lambda torrent, problem: None,
        on_learned: Callable[[Learned], None] = lambda fact: None,
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._publisher = publisher
        self._waiters = waiters
        self._on_ready = on_ready
        self._on_heartbeat = on_heartbeat
        self._on_refused = on_refused
        self._on_applied = on_applied
        self._on_forgotten = on_forgotten
        self._on_store_problem = on_store_problem
        self._on_put_aside = on_put_aside
        self._on_metainfo_damaged = on_metainfo_damaged
        self._on_handed_over = on_handed_over
        self._on_storage = on_storage
        self._on_taken_up = on_taken_up
        self._on_session_stats = on_session_stats
        self._on_hashes = on_hashes
        self._on_files = on_files
        self._on_progress = on_progress
        self._on_completed = on_completed
        self._on_metadata = on_metadata
        self._on_unreadable = on_unreadable
        self._on_learned = on_learned
        self._storage: dict[tuple[str, str], list[str]] = {}
        """The torrents that wait for a file system, by mount point and problem."""

    def take(self, event: EngineEvent) -> None:
        """Takes in one event of the running engine."""
        self._snapshot.engine_told_at = time.monotonic()
        match event:
            case TorrentApplied() | Progress():  # these come by the thousand
                if event.torrent in self._catalogue.torrents:
                    self._take_of_torrent(event)
            case EngineReady():
                self._snapshot.engine_up = True
                # What waits now is for the new engine to find out.
                for mount_point, problem in list(self._storage):
                    self._take_storage(StorageState(mount_point=mount_point, problem=problem, message="", torrents=[]))
                self._on_ready(event)
            case SettingsRefused():
                self._on_refused(event)
            case Heartbeat():
                self._on_heartbeat(event)
            case SettingsApplied(revision=revision):
                self._snapshot.settings_revision = revision
                self._waiters.confirm(SESSION, revision)
                self._on_applied(event)
            case SessionStats():
                self._snapshot.session = event
                self._snapshot.totals.session_told(event.downloaded, event.uploaded)
                self._on_session_stats(event)
            case ResumeStoreState(problem=problem):
                self._on_store_problem(problem)
            case FilePutAside():
                self._on_put_aside(event)
            case MetainfoDamaged():
                self._on_metainfo_damaged(event)
            case ResumeHandedOver() | AllHandedOver():
                self._on_handed_over(event)
            case StorageState():
                self._take_storage(event)
            case HashesProven():
                self._on_hashes(event)
            case TorrentForgotten():
                self._on_forgotten(event)
            case SessionError():
                self._publisher.lifecycle(event)
            case LimitsApplied() | LimitsStale() | Reconciled():
                self._publisher.lifecycle(event)
            case TrackersKnown(trackers=sources, torrents=torrents):
                there = [torrent for torrent in torrents if torrent in self._catalogue.torrents]
                self._snapshot.trackers.known(there, sources)
            case TrackerTold():
                news = self._snapshot.trackers.told(event, time.monotonic(), now_us())
                if news is not None:
                    self._publisher.lifecycle(news)
            case Learned():
                self._on_learned(event)
            case Answer():
                raise AssertionError("answers are matched on the link")
            case _:
                # What is said of a torrent that clients have removed meanwhile is of no interest to them any more.
                if event.torrent in self._catalogue.torrents:
                    self._take_of_torrent(event)

    def take_described(self, event: EngineEvent) -> None:
        """Takes in what is stored of a torrent that no engine has loaded, unless an engine has told of it meanwhile."""
        match event:
            case FilesRestored(torrent=torrent) if self._unheard(torrent):
                self._take_of_torrent(event)
                self._snapshot.of(torrent).told_at = None
            case Progress(torrent=torrent) if self._unheard(torrent):
                observed = self._snapshot.of(torrent)
                if observed.progress is None:
                    stored = msgspec.structs.replace(event, state=observed.state)
                    self._publisher.latest(self._snapshot.take_progress(stored, time.monotonic(), now_us()))

    def _unheard(self, torrent: str) -> bool:
        return torrent in self._catalogue.torrents and torrent not in self._snapshot.present

    def _take_storage(self, event: StorageState) -> None:
        """Notes on which torrents' rows it is to be read. One event tells when it begins, and health when it ends."""
        key = (event.mount_point, event.problem)
        known = self._storage.pop(key, None)
        waiting = [torrent for torrent in event.torrents if torrent in self._catalogue.torrents]
        for torrent in known or ():
            if torrent in self._catalogue.torrents and not (event.message and torrent in waiting):
                self._wait_for(torrent, None, event.problem)
        if event.message:
            self._storage[key] = waiting
            for torrent in waiting:
                self._wait_for(torrent, event.message, event.problem)
            if known is None:
                self._publisher.lifecycle(SessionError(name=event.problem, message=storage_message(event)))
        self._on_storage(event)

    def _wait_for(self, torrent: str, message: str | None, problem: str) -> None:
        """A torrent waits for its storage, or not any more; told where its row shows it."""
        observed = self._snapshot.of(torrent)
        before, observed.storage_problem = observed.storage_problem, message
        if observed.error is not None or before == message:
            return
        if message is None:
            self._publisher.lifecycle(ErrorCleared(torrent=torrent))
        else:
            self._publisher.lifecycle(_waits(torrent, message, problem))

    def _repeat_what_it_waits_for(self, torrent: str) -> None:
        """What clients were told just now has cleared the error of their rows, and it is there still."""
        message = self._snapshot.of(torrent).storage_problem
        if message is not None:
            problem = next((problem for (_, problem), waiting in self._storage.items() if torrent in waiting), "")
            self._publisher.lifecycle(_waits(torrent, message, problem))

    def _take_of_torrent(
        self,
        event: TorrentApplied
        | Progress
        | FilesRestored
        | HistoryFound
        | MetadataUpdated
        | FilesDiscovered
        | StateChanged
        | Completed
        | FileCompleted
        | TorrentError
        | ErrorCleared
        | SelectionChanged,
    ) -> None:
        observed = self._snapshot.of(event.torrent)
        observed.told_at = time.monotonic()
        match event:
            case TorrentApplied(torrent=torrent, revision=revision, problem=problem):
                refused_before, observed.refusal = observed.refusal, problem
                observed.applied_revision = revision
                if refused_before is not None and problem is None and observed.state is TorrentState.ERROR:
                    self._clear(ErrorCleared(torrent=torrent))
                if problem is None:  # also where an engine before could not read something of it
                    self._on_unreadable(torrent, None)
                self._waiters.confirm(torrent, revision, problem)
                self._snapshot.present.add(torrent)
                self._on_taken_up(torrent)
            case Progress(state=state):
                event = self._snapshot.take_progress(event, observed.told_at, now_us())
                self._on_progress(event)
                if state is not TorrentState.QUEUED:
                    self._publisher.latest(event)
            case FilesRestored(files=files):
                found = KnownMetadata(
                    name=event.name, size=event.size, piece_length=event.piece_length, files=len(files)
                )
                self._take_metadata(event.torrent, found)
                observed.metadata = Metadata.of(files, event.torrent_paths)
                self._on_files(event.torrent, files)
            case HistoryFound():
                self._snapshot.totals.found(event)
            case MetadataUpdated():
                found = KnownMetadata(
                    name=event.name, size=event.size, piece_length=event.piece_length, files=event.files
                )
                self._take_metadata(event.torrent, found)
            case FilesDiscovered(files=files, torrent_paths=torrent_paths):
                observed.metadata = Metadata.of(files, torrent_paths)
                told = files[:MAX_EVENT_FILES]
                shown = msgspec.structs.replace(
                    event,
                    files=told,
                    truncated=len(files) > MAX_EVENT_FILES,
                    torrent_paths={
                        index: torrent_paths[index] for file in told if (index := str(file.index)) in torrent_paths
                    },
                )
                self._publisher.lifecycle(shown)
                self._on_files(event.torrent, files)
            case StateChanged():
                self._take_state(event)
            case TorrentError(message=message):
                observed.error, observed.error_name = message, event.name
                if event.name == "unreadable":
                    self._on_unreadable(event.torrent, message)
                if event.name in NOT_LOADED:
                    self._take_state(
                        StateChanged(torrent=event.torrent, state=TorrentState.ERROR, previous=observed.state)
                    )
                self._publisher.lifecycle(event)
            case ErrorCleared():
                self._clear(event)
                self._repeat_what_it_waits_for(event.torrent)
            case Completed():
                self._snapshot.totals.completed(event.torrent, now_us())
                self._publisher.lifecycle(event)
                self._on_completed(event.torrent)
            case FileCompleted() | SelectionChanged():
                self._publisher.lifecycle(event)

    def _clear(self, event: ErrorCleared) -> None:
        """An error is over; what the torrent does instead is told soon, if it is not already."""
        observed = self._snapshot.of(event.torrent)
        observed.error = None
        self._publisher.lifecycle(event)
        if observed.state is TorrentState.ERROR:
            for change in self._snapshot.queued(event.torrent):
                self._publisher.lifecycle(change)

    def _take_state(self, event: StateChanged) -> None:
        """Publishes a state that clients do not know, or the same one after an interruption they were told of."""
        observed = self._snapshot.of(event.torrent)
        if event.state is TorrentState.QUEUED or (event.state is observed.state and not observed.interrupted):
            return
        previous, observed.state = observed.state, event.state
        observed.interrupted = False
        self._snapshot.totals.state(event.torrent, event.state)
        if event.state in COMPLETE_STATES and observed.progress is not None and observed.progress.bytes_total:
            self._snapshot.totals.completed(event.torrent, now_us())
        if event.state is not TorrentState.ERROR:
            observed.error = None
            if previous is TorrentState.ERROR:
                self._on_unreadable(event.torrent, None)
        self._publisher.lifecycle(StateChanged(torrent=event.torrent, state=event.state, previous=previous))
        if event.state is not TorrentState.ERROR:
            self._repeat_what_it_waits_for(event.torrent)

    def _take_metadata(self, torrent: str, found: KnownMetadata) -> None:
        """Publishes what rows did not show, and has kept what the record does not have."""
        desired = self._catalogue.torrents[torrent]
        shown, kept = self._snapshot.metadata(desired), desired.metadata
        self._snapshot.of(torrent).known = kept if kept == found else found  # one for both, which saves memory
        if shown != found:
            self._publisher.lifecycle(MetadataUpdated(torrent=torrent, **msgspec.structs.asdict(found)))
        if kept != found:
            self._on_metadata(torrent, found)


def now_us() -> int:
    """Wall clock, for people."""
    return time.time_ns() // 1000


def _waits(torrent: str, message: str, problem: str) -> TorrentError:
    return TorrentError(torrent=torrent, name=problem or "storage_missing", message=message, recoverable=True)


def engine_lost_events(torrents: list[str]) -> list[LifecycleEvent]:
    """What the subscribers of interrupted torrents are told."""
    return [
        TorrentError(
            torrent=torrent,
            name="engine_lost",
            message="the engine was lost; the torrent goes on as soon as the next one is up",
            recoverable=True,
        )
        for torrent in torrents
    ]
