"""The union of all events."""

from typing import Final, get_args

from protocol.wire.events.job_events import JobFinished, JobProgress
from protocol.wire.events.session_events import (
    EngineLost,
    EngineStarted,
    HealthChanged,
    LimitsApplied,
    LimitsStale,
    Reconciled,
    SessionError,
    SettingsChanged,
    Tick,
)
from protocol.wire.events.torrent_events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FilesDiscovered,
    FilesRenamed,
    GoalReached,
    MetadataUpdated,
    Progress,
    Quarantined,
    Released,
    SelectionChanged,
    StateChanged,
    StorageMoved,
    TorrentAdded,
    TorrentError,
    TorrentRemoved,
    TrackerStatusChanged,
)

LifecycleEvent = (
    TorrentAdded
    | TorrentRemoved
    | MetadataUpdated
    | FilesDiscovered
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | TrackerStatusChanged
    | SelectionChanged
    | StorageMoved
    | FilesRenamed
    | GoalReached
    | Quarantined
    | Released
    | LimitsApplied
    | LimitsStale
    | SettingsChanged
    | SessionError
    | HealthChanged
    | EngineStarted
    | EngineLost
    | Reconciled
    | JobFinished
)
LatestEvent = Progress | JobProgress | Tick
"""The events for which only the latest value matters."""

Event = LifecycleEvent | LatestEvent

MAX_EVENT_FILES: Final = 1000

TYPES: Final[tuple[str, ...]] = tuple(str(event.__struct_config__.tag) for event in get_args(Event))
"""The names of all event types on the wire."""
