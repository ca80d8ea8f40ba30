"""Takes in what the engine tells: keeps it in the snapshot, passes news on to clients, and notes what is confirmed.

The engine begins each generation knowing nothing of the one before, so it tells everything; what clients already know
is told here from what is news.
"""

import time
from collections.abc import Callable

import msgspec

from protocol.events import (
    MAX_EVENT_FILES,
    Completed,
    ErrorCleared,
    FileCompleted,
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
from protocol.link import (
    EngineEvent,
    EngineReady,
    FilePutAside,
    FilesQueried,
    FilesRestored,
    Heartbeat,
    ResumeStoreState,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    SourceInspected,
    StorageState,
    TorrentApplied,
    TorrentForgotten,
)
from protocol.rows import TorrentState
from supervisor.catalogue import Catalogue
from supervisor.publisher import Publisher
from supervisor.snapshot import Metadata, Snapshot
from supervisor.waiters import SESSION, Waiters


class Observer:
    """Knows what each engine event means for the snapshot and for clients.

    Args:
        on_ready, on_heartbeat, on_refused, on_applied, on_forgotten, on_store_problem, on_put_aside, on_storage,
            on_session_stats: what concerns the service rather than one torrent's record.
        on_unreadable: called with a torrent of which something stored cannot be read, and why; None once it could be.
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
        on_storage: Callable[[StorageState], None],
        on_taken_up: Callable[[str], None],
        on_session_stats: Callable[[SessionStats], None],
        on_unreadable: Callable[[str, str | None], None] = lambda torrent, problem: None,
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
        self._on_storage = on_storage
        self._on_taken_up = on_taken_up
        self._on_session_stats = on_session_stats
        self._on_unreadable = on_unreadable
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
                self._on_session_stats(event)
            case ResumeStoreState(problem=problem):
                self._on_store_problem(problem)
            case FilePutAside():
                self._on_put_aside(event)
            case StorageState():
                self._take_storage(event)
            case TorrentForgotten():
                self._on_forgotten(event)
            case SessionError():
                self._publisher.lifecycle(event)
            case LimitsApplied() | LimitsStale() | Reconciled():
                self._publisher.lifecycle(event)
            case SourceInspected() | FilesQueried():
                raise AssertionError("answers are matched on the link")
            case _:
                # What is said of a torrent that clients have removed meanwhile is of no interest to them any more.
                if event.torrent in self._catalogue.torrents:
                    self._take_of_torrent(event)

    def _take_storage(self, event: StorageState) -> None:
        """Notes on which torrents' rows it is to be read; one event tells when it begins, and health when it ends."""
        key = (event.mount_point, event.problem)
        known = self._storage.pop(key, None)
        for torrent in known or ():
            if torrent in self._catalogue.torrents:
                self._snapshot.of(torrent).storage_problem = None
        if event.message:
            self._storage[key] = [torrent for torrent in event.torrents if torrent in self._catalogue.torrents]
            for torrent in self._storage[key]:
                self._snapshot.of(torrent).storage_problem = event.message
            if known is None:
                self._publisher.lifecycle(SessionError(name=event.problem, message=storage_message(event)))
        self._on_storage(event)

    def _take_of_torrent(
        self,
        event: TorrentApplied
        | Progress
        | FilesRestored
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
                observed.applied_revision, observed.refusal = revision, problem
                self._waiters.confirm(torrent, revision, problem)
                self._snapshot.present.add(torrent)
                self._on_taken_up(torrent)
            case Progress(state=state):
                observed.progress = event
                if state is not TorrentState.QUEUED:
                    self._publisher.latest(event)
            case FilesRestored():
                self._keep_metadata(event)
            case MetadataUpdated():
                self._publisher.lifecycle(event)
                observed.metadata = Metadata.of(
                    name=event.name, size=event.size, piece_length=event.piece_length, files=[]
                )
            case FilesDiscovered(files=files):
                known = observed.metadata
                if known is not None:
                    observed.metadata = Metadata.of(
                        name=known.name, size=known.size, piece_length=known.piece_length, files=files
                    )
                shown = msgspec.structs.replace(
                    event, files=files[:MAX_EVENT_FILES], truncated=len(files) > MAX_EVENT_FILES
                )
                self._publisher.lifecycle(shown)
            case StateChanged():
                self._take_state(event)
            case TorrentError(message=message):
                observed.error = message
                if event.name == "unreadable":
                    self._on_unreadable(event.torrent, message)
                if event.name in ("add_failed", "damaged", "path_not_allowed", "unreadable"):
                    self._take_state(
                        StateChanged(torrent=event.torrent, state=TorrentState.ERROR, previous=observed.state)
                    )
                self._publisher.lifecycle(event)
            case ErrorCleared():
                observed.error = None
                self._publisher.lifecycle(event)
            case Completed() | FileCompleted() | SelectionChanged():
                self._publisher.lifecycle(event)

    def _take_state(self, event: StateChanged) -> None:
        """Publishes a state that clients do not know, or the same one after an interruption they were told of."""
        observed = self._snapshot.of(event.torrent)
        if event.state is TorrentState.QUEUED or (event.state is observed.state and not observed.interrupted):
            return
        previous, observed.state = observed.state, event.state
        observed.interrupted = False
        if event.state is not TorrentState.ERROR:
            observed.error = None
            if previous is TorrentState.ERROR:
                self._on_unreadable(event.torrent, None)
        self._publisher.lifecycle(StateChanged(torrent=event.torrent, state=event.state, previous=previous))

    def _keep_metadata(self, event: FilesRestored) -> None:
        self._snapshot.of(event.torrent).metadata = Metadata.of(
            name=event.name, size=event.size, piece_length=event.piece_length, files=event.files
        )


def storage_message(event: StorageState) -> str:
    """What is wrong with a file system, for people, and how many torrents wait for it."""
    free = f", bytes free: {event.free_bytes}" if event.problem == "disk_full" else ""
    return f"{event.mount_point}: {event.message} (torrents that wait: {len(event.torrents)}{free})"


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
