"""The facts that an engine reports to other parts by its callback `emit`. Pure.

Events of the public protocol are facts. They are published unchanged. Some messages of the private link are facts, too.
An example is the state of a file system. All other facts are defined here.
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
    """A process was started as the engine. The process is not ready for commands yet.

    Fields:
        gen: the generation of the process.
    """

    gen: int


class LogLine(NamedTuple):
    """The engine or its spare has written a line to its log. `gen` is the generation of that process."""

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
    """A problem of the engine has begun, changed or ended.

    Fields:
        subject: the part of the engine. Component and subject identify a problem in `health`.
        problem: the text; None if the problem has ended.
        severity: the effect on the status in `health`.
    """

    subject: str
    problem: str | None
    severity: Severity = Severity.DEGRADING


class Restored(NamedTuple):
    """The engine has confirmed all torrents of its restore."""

    torrents: int
    took_ms: int


class TakenUp(NamedTuple):
    """The engine has applied or refused a torrent's desired state."""

    torrent: str


class Readable(NamedTuple):
    """Stored data of a torrent cannot be read. If `problem` is None, all stored data of the torrent was read."""

    torrent: str
    problem: str | None


class FilesKnown(NamedTuple):
    """A torrent's files have become known. They are in the snapshot."""

    torrent: str
    files: Sequence[FileEntry]


class MetadataLearned(NamedTuple):
    """A torrent's metadata has become known. It is not in the record yet."""

    torrent: str
    metadata: KnownMetadata


class TrackersFailing(NamedTuple):
    """All trackers of a torrent have failed since the monotonic time `since`. If `since` is None, a tracker works
    again.
    """

    torrent: str
    since: float | None


class Convicted(NamedTuple):
    """A torrent crashes the engine, so its quarantine must become durable. This fact is repeated until then."""

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
"""The facts that are made from messages of an engine process."""

EngineFact = Observation | Spawned | LogLine | Crashed | Finished | Problem | Restored | TrackersFailing | Convicted
