"""The observer: applies the engine's events to the snapshot, emits facts, and confirms requests.

A new engine does not know the reports of the previous engine, so the new engine reports everything. The observer emits
only what clients do not know.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from protocol.internal.link_events import (
    EngineEvent,
    EngineReady,
    FilesRestored,
    HashesProven,
    Heartbeat,
    HistoryFound,
    IpFilterState,
    MetadataKnown,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentApplied,
    TorrentDropped,
    TrackerReport,
    TrackersKnown,
)
from protocol.internal.link_messages import Learned
from protocol.internal.link_queries import Answer
from protocol.internal.move_events import MoveProgress
from protocol.internal.resume_events import (
    AllHandedOver,
    FilePutAside,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
)
from protocol.internal.watch_events import DataFailures, TorrentStuck
from protocol.wire.events.event import MAX_EVENT_FILES, LifecycleEvent
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled, SessionError
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FileEntry,
    FilesDiscovered,
    MetadataUpdated,
    Progress,
    SelectionChanged,
    StateChanged,
    TorrentError,
)
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import COMPLETE_STATES, TorrentState
from supervisor.engine.facts import FilesKnown, MetadataLearned, Observation, Readable, TakenUp
from supervisor.engine.torrents.observed.packed_files import Metadata, with_renames
from supervisor.engine.torrents.observed.snapshot import Snapshot
from supervisor.engine.torrents.own_torrents import OwnTorrents
from supervisor.engine.torrents.waiters import Waiters
from supervisor.health.health import storage_message

NOT_LOADED: Final = frozenset(
    {"add_failed", "call_failed", "damaged", "files_overwritten", "path_not_allowed", "rules_too_slow", "unreadable"}
)
"""Names of errors that keep a torrent out of the session. libtorrent reports no state of such a torrent."""


class Observer:
    """Applies each event of the engine to the snapshot. Emits facts that are new for clients and other parts.

    Args:
        emit: called with the resulting facts, in order. The receiver publishes public events.
    """

    def __init__(
        self,
        *,
        torrents: OwnTorrents,
        snapshot: Snapshot,
        waiters: Waiters,
        emit: Callable[[Observation], None],
    ) -> None:
        self._own = torrents
        self._snapshot = snapshot
        self._waiters = waiters
        self._emit = emit
        self._storage: dict[tuple[str, str], list[str]] = {}
        """By mount point and problem: the torrents that wait for the file system there."""

    def handle(self, event: EngineEvent) -> None:
        """Handles an event of the running engine."""
        self._snapshot.engine_told_at = time.monotonic()
        match event:
            # These events come by the thousand, so they are tried first: each class that is tried takes time.
            case Progress() | StateChanged() | TorrentApplied() | FilesRestored() | HistoryFound():
                if event.torrent in self._own.torrents:
                    self._take_of_torrent(event)
            case EngineReady():
                self._snapshot.engine_up = True
                self._snapshot.ip_filter = None
                # The new engine will report anew which torrents wait for storage.
                for mount_point, problem in list(self._storage):
                    self._take_storage(StorageState(mount_point=mount_point, problem=problem, message="", torrents=[]))
                self._emit(event)
            case SettingsApplied(revision=revision, refused=refused):
                self._snapshot.settings_revision = revision
                self._waiters.confirm(None, revision, refused)
                self._emit(event)
            case SessionStats():
                self._snapshot.session = event
                self._snapshot.totals.count_session(event.downloaded, event.uploaded)
                self._emit(event)
            case IpFilterState():
                self._snapshot.ip_filter = event
                self._emit(event)
            case StorageState():
                self._take_storage(event)
            case (
                Heartbeat()
                | SettingsRefused()
                | ResumeStoreState()
                | ResumeHandedOver()
                | AllHandedOver()
                | FilePutAside()
                | MetainfoDamaged()
                | HashesProven()
                | TorrentDropped()
                | Learned()
                | SessionError()
                | LimitsApplied()
                | LimitsStale()
                | Reconciled()
            ):
                self._emit(event)
            case MoveProgress(torrent=torrent):
                if torrent in self._own.torrents:
                    self._take_move(event)
            case TrackersKnown(trackers=sources, torrents=torrents):
                there = [torrent for torrent in torrents if torrent in self._own.torrents]
                self._snapshot.trackers.known(there, sources)
            case TrackerReport():
                news = self._snapshot.trackers.apply(event, time.monotonic(), now_us())
                if news is not None:
                    self._emit(news)
            case DataFailures():
                if event.torrent in self._own.torrents:
                    self._snapshot.bad_data.apply(event, now_us())
            case TorrentStuck():
                if event.torrent in self._own.torrents:
                    self._snapshot.stuck.apply(event)
                    self._emit(event)
            case Answer():
                raise AssertionError("answers are matched on the link")
            case _:
                # Events about a torrent that was removed meanwhile are dropped.
                if event.torrent in self._own.torrents:
                    self._take_of_torrent(event)

    def _take_move(self, event: MoveProgress) -> None:
        """Stores the progress of a move. The torrent is in state `queued` until the engine loads it again."""
        torrent = self._own.torrents[event.torrent].torrent
        self._snapshot.moves.report(torrent, event.done, event.total)
        for change in self._snapshot.queued(torrent):
            self._emit(change)

    def handle_described(self, event: EngineEvent) -> None:
        """Applies the stored data of an unloaded torrent.

        Does nothing if an engine has reported the torrent meanwhile.
        """
        match event:
            case FilesRestored(torrent=torrent) if self._unheard(torrent):
                self._take_of_torrent(event)
                self._snapshot.of(torrent).told_at = None
            case Progress(torrent=torrent) if self._unheard(torrent):
                observed = self._snapshot.of(torrent)
                if observed.progress is None:
                    stored = msgspec.structs.replace(event, state=observed.state)
                    self._emit(self._snapshot.apply_progress(stored, time.monotonic(), now_us()))

    def _unheard(self, torrent: str) -> bool:
        return torrent in self._own.torrents and torrent not in self._snapshot.present

    def _take_storage(self, event: StorageState) -> None:
        """Shows the problem of a file system on the rows of all waiting torrents. One event reports the beginning of
        the problem.
        """
        key = (event.mount_point, event.problem)
        known = self._storage.pop(key, None)
        waiting = [torrent for torrent in event.torrents if torrent in self._own.torrents]
        for torrent in known or ():
            if torrent in self._own.torrents and not (event.message and torrent in waiting):
                self._wait_for(torrent, None, event.problem)
        if event.message:
            self._storage[key] = waiting
            for torrent in waiting:
                self._wait_for(torrent, event.message, event.problem)
            if known is None:
                self._emit(SessionError(name=event.problem, message=storage_message(event)))
        self._emit(event)

    def _wait_for(self, torrent: str, message: str | None, problem: str) -> None:
        """Sets or clears the storage problem of a torrent.

        If the torrent's row shows no other error, emits the change.
        """
        observed = self._snapshot.of(torrent)
        before, observed.storage_problem = observed.storage_problem, message
        if observed.error is not None or before == message:
            return
        if message is None:
            self._emit(ErrorCleared(torrent=torrent))
        else:
            self._emit(_waits(torrent, message, problem))

    def _repeat_what_it_waits_for(self, torrent: str) -> None:
        """Emits a torrent's storage problem again, because the previous event has cleared the error for clients."""
        message = self._snapshot.of(torrent).storage_problem
        if message is not None:
            problem = next((problem for (_, problem), waiting in self._storage.items() if torrent in waiting), "")
            self._emit(_waits(torrent, message, problem))

    def _take_of_torrent(
        self,
        event: TorrentApplied
        | Progress
        | FilesRestored
        | HistoryFound
        | MetadataKnown
        | FilesDiscovered
        | StateChanged
        | Completed
        | FileCompleted
        | TorrentError
        | ErrorCleared
        | SelectionChanged,
    ) -> None:
        # Events are stored by the thousand, so all events of a torrent share one `str` for its id.
        msgspec.structs.force_setattr(event, "torrent", self._own.torrents[event.torrent].torrent)
        observed = self._snapshot.of(event.torrent)
        observed.told_at = time.monotonic()
        match event:
            case TorrentApplied(torrent=torrent, revision=revision, problem=problem):
                refused_before, observed.refusal = observed.refusal, problem
                observed.applied_revision = revision
                if refused_before is not None and problem is None and observed.state is TorrentState.ERROR:
                    self._clear(ErrorCleared(torrent=torrent))
                if problem is None:  # this clears a read error of an earlier engine, too
                    self._emit(Readable(torrent, None))
                self._waiters.confirm(torrent, revision, problem)
                self._snapshot.present.add(torrent)
                self._emit(TakenUp(torrent))
            case Progress(state=state):
                event = self._snapshot.apply_progress(event, observed.told_at, now_us())
                if state is not TorrentState.QUEUED or self._own.torrents[event.torrent].managed:
                    self._emit(event)
            case FilesRestored():
                self._take_metadata(event.torrent, event.metadata)
                files, torrent_paths = self._with_renames(event)
                observed.metadata = Metadata.of(files, torrent_paths)
                self._emit(FilesKnown(event.torrent, files))
            case HistoryFound():
                self._snapshot.totals.found(event)
            case MetadataKnown(metadata=metadata):
                self._take_metadata(event.torrent, metadata)
            case FilesDiscovered():
                files, torrent_paths = self._with_renames(event)
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
                self._emit(shown)
                self._emit(FilesKnown(event.torrent, files))
            case StateChanged():
                self._take_state(event)
            case TorrentError(message=message):
                observed.error, observed.error_name = message, event.name
                if event.name == "unreadable":
                    self._emit(Readable(event.torrent, message))
                if event.name in NOT_LOADED:
                    self._take_state(
                        StateChanged(torrent=event.torrent, state=TorrentState.ERROR, previous=observed.state)
                    )
                self._emit(event)
            case ErrorCleared():
                self._clear(event)
                self._repeat_what_it_waits_for(event.torrent)
            case Completed():
                self._snapshot.totals.completed(event.torrent, now_us())
                self._emit(event)
            case FileCompleted() | SelectionChanged():
                self._emit(event)

    def _with_renames(self, event: FilesRestored | FilesDiscovered) -> tuple[list[FileEntry], Mapping[str, str]]:
        """The files in an event, with the renames in the torrent's record."""
        return with_renames(event.files, event.torrent_paths, self._own.torrents[event.torrent].renames)

    def _clear(self, event: ErrorCleared) -> None:
        """Clears an error. The torrent is queued until the engine reports its next state."""
        observed = self._snapshot.of(event.torrent)
        observed.error = None
        self._emit(event)
        if observed.state is TorrentState.ERROR:
            for change in self._snapshot.queued(event.torrent):
                self._emit(change)

    def _take_state(self, event: StateChanged) -> None:
        """Emits a state that has changed. Also emits the state of a torrent that was reported as interrupted.

        In the state `queued`, the engine loads the torrent, or the torrent waits in libtorrent's queue. This state is
        emitted only if the torrent may be in libtorrent's queue.
        """
        observed = self._snapshot.of(event.torrent)
        waits = event.state is TorrentState.QUEUED
        if waits and not self._own.torrents[event.torrent].managed:
            return
        if event.state is observed.state and not observed.interrupted:
            return
        previous = self._snapshot.change_state(event.torrent, event.state)
        observed.interrupted = False
        self._snapshot.totals.state(event.torrent, TorrentState.PAUSED if waits else event.state)
        if event.state in COMPLETE_STATES and observed.progress is not None and observed.progress.bytes_total:
            self._snapshot.totals.completed(event.torrent, now_us())
        if event.state is not TorrentState.ERROR:
            observed.error = None
            if previous is TorrentState.ERROR:
                self._emit(Readable(event.torrent, None))
        self._emit(StateChanged(torrent=event.torrent, state=event.state, previous=previous))
        if event.state is not TorrentState.ERROR:
            self._repeat_what_it_waits_for(event.torrent)

    def _take_metadata(self, torrent: str, found: KnownMetadata) -> None:
        """If rows did not show the metadata, emits `MetadataUpdated`. If the record lacks the metadata, emits
        `MetadataLearned`.

        Records of earlier versions lack some facts that clients already know. Clients get no events about these facts,
        because there may be thousands of such records.
        """
        desired = self._own.torrents[torrent]
        shown, kept = self._snapshot.metadata(desired), desired.metadata
        found = found.joined(shown).joined(kept)
        self._snapshot.of(torrent).known = kept if kept == found else found  # one object for both saves memory
        if shown != found and (shown is None or _is_news(shown, found)):
            self._emit(MetadataUpdated.of(torrent, found))
        if kept != found:
            self._emit(MetadataLearned(torrent, found))


def _is_news(shown: KnownMetadata, found: KnownMetadata) -> bool:
    """Whether an event has to notify clients of the metadata. Only the members of `MetadataUpdated` count."""
    before, after = MetadataUpdated.of("", shown), MetadataUpdated.of("", found)
    return after != (before if shown.pieces is not None else msgspec.structs.replace(before, content=after.content))


def now_us() -> int:
    """The wall-clock time in microseconds since 1970, for people."""
    return time.time_ns() // 1000


def _waits(torrent: str, message: str, problem: str) -> TorrentError:
    return TorrentError(torrent=torrent, name=problem or "storage_missing", message=message, recoverable=True)


def engine_lost_events(torrents: list[str]) -> list[LifecycleEvent]:
    """The events for interrupted torrents."""
    return [
        TorrentError(
            torrent=torrent,
            name="engine_lost",
            message="the engine was lost; the torrent goes on as soon as the next one is up",
            recoverable=True,
        )
        for torrent in torrents
    ]
