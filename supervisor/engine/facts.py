"""The facts that an engine reports to the rest of the supervisor, by its callback `emit`. Pure.

Events of the public protocol are facts, and are published unchanged. Some messages of the private link are facts, too,
such as the state of a file system. All other facts are defined here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from protocol.internal.link_events import (
    EngineReady,
    HashesProven,
    Heartbeat,
    IpFilterState,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentDropped,
)
from protocol.internal.link_messages import Learned
from protocol.internal.resume_events import (
    AllHandedOver,
    FilePutAside,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
)
from protocol.internal.watch_events import TorrentStuck
from protocol.wire.crashes import CrashReport
from protocol.wire.desired import Quarantine
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.torrent_events import FileEntry, Progress
from protocol.wire.metadata import KnownMetadata
from supervisor.health.health import Severity


class Spawned(NamedTuple):
    """A process was started as the engine; it is not ready for commands yet.

    Fields:
        gen: the generation of the process.
    """

    gen: int


class LogLine(NamedTuple):
    """A process of this generation, the engine or its spare, has written a line to its log."""

    gen: int
    line: bytes


class Crashed(NamedTuple):
    """The engine died unexpectedly.

    Fields:
        report: the crash report.
    """

    report: CrashReport


class Finished(NamedTuple):
    """The engine has ended on request, and no other engine will be started."""


class Problem(NamedTuple):
    """A problem of the engine has begun or changed, or (`problem` is None) has ended.

    Fields:
        subject: the part of the engine; component and subject identify a problem in `health`.
        problem: the text, or None.
        severity: the effect on the status in `health`.
    """

    subject: str
    problem: str | None
    severity: Severity = Severity.DEGRADING


class Restored(NamedTuple):
    """The engine has confirmed all torrents that it was sent after its start."""

    torrents: int
    took_ms: int


class TakenUp(NamedTuple):
    """The engine has applied a torrent's desired state, or has refused it."""

    torrent: str


class Readable(NamedTuple):
    """Stored data of a torrent cannot be read, or (`problem` is None) all of its stored data could be read."""

    torrent: str
    problem: str | None


class FilesKnown(NamedTuple):
    """A torrent's files have become known; they are in the snapshot."""

    torrent: str
    files: Sequence[FileEntry]


class MetadataLearned(NamedTuple):
    """A torrent's metadata has become known, and is not in its record yet."""

    torrent: str
    metadata: KnownMetadata


class TrackersFailing(NamedTuple):
    """All trackers of a torrent fail since the monotonic time `since`, or (None) at least one of them works again."""

    torrent: str
    since: float | None


class Convicted(NamedTuple):
    """A torrent crashes the engine, so its quarantine has to be made durable. Emitted again until that is done."""

    torrent: str
    quarantine: Quarantine


Observation = (
    LifecycleEvent
    | Progress
    | TakenUp
    | Readable
    | FilesKnown
    | MetadataLearned
    | EngineReady
    | Heartbeat
    | SettingsApplied
    | SettingsRefused
    | SessionStats
    | IpFilterState
    | ResumeStoreState
    | ResumeHandedOver
    | AllHandedOver
    | StorageState
    | FilePutAside
    | MetainfoDamaged
    | HashesProven
    | TorrentDropped
    | TorrentStuck
    | Learned
)
"""The facts that follow from the messages of an engine process."""

EngineFact = Observation | Spawned | LogLine | Crashed | Finished | Problem | Restored | TrackersFailing | Convicted
