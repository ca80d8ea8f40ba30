"""What an engine tells the rest of the supervisor: each is given to the engine's one outlet, `emit`. Pure.

Events of the public protocol are facts as they are: they are published. So are messages of the private link that
concern others than the engine, such as the state of a file system. What neither has is defined here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from protocol.internal.link_events import (
    AllHandedOver,
    EngineReady,
    FilePutAside,
    HashesProven,
    Heartbeat,
    Learned,
    MetainfoDamaged,
    ResumeHandedOver,
    ResumeStoreState,
    SessionStats,
    SettingsApplied,
    SettingsRefused,
    StorageState,
    TorrentDropped,
)
from protocol.wire.crashes import CrashReport
from protocol.wire.desired import KnownMetadata, Quarantine
from protocol.wire.events import FileEntry, LifecycleEvent, Progress
from supervisor.health.health import Severity


class Spawned(NamedTuple):
    """A process has become the engine; it does not take commands yet.

    Fields:
        gen: its generation.
    """

    gen: int


class LogLine(NamedTuple):
    """A process of this generation, the engine or its spare, has written a line to its log."""

    gen: int
    line: bytes


class Crashed(NamedTuple):
    """The engine died though nobody wanted that.

    Fields:
        report: all that is known of it.
    """

    report: CrashReport


class Finished(NamedTuple):
    """The engine is gone, as it was asked to, and there will be no other one."""


class Problem(NamedTuple):
    """Something is wrong with the engine, or with None is not any more.

    Fields:
        subject: which part of it; component and subject name a problem in `health`.
        problem: in words.
        severity: how bad it is.
    """

    subject: str
    problem: str | None
    severity: Severity = Severity.DEGRADING


class Restored(NamedTuple):
    """The engine has taken up all torrents that it was given after its start."""

    torrents: int
    took_ms: int


class TakenUp(NamedTuple):
    """The engine has a torrent as it is desired, or has refused it."""

    torrent: str


class Readable(NamedTuple):
    """Something stored of a torrent cannot be read, and why; with None all could be."""

    torrent: str
    problem: str | None


class FilesKnown(NamedTuple):
    """A torrent's files are known, and are in the snapshot."""

    torrent: str
    files: Sequence[FileEntry]


class MetadataLearned(NamedTuple):
    """What a torrent's info dictionary says is known, and its record does not have it."""

    torrent: str
    metadata: KnownMetadata


class TrackersFailing(NamedTuple):
    """All trackers of a torrent have been failing since then, in monotonic seconds; with None not all of them are."""

    torrent: str
    since: float | None


class Convicted(NamedTuple):
    """A torrent crashes the engine: the quarantine has to be made durable. Told again until it is."""

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
    | ResumeStoreState
    | ResumeHandedOver
    | AllHandedOver
    | StorageState
    | FilePutAside
    | MetainfoDamaged
    | HashesProven
    | TorrentDropped
    | Learned
)
"""What follows from what an engine says."""

EngineFact = Observation | Spawned | LogLine | Crashed | Finished | Problem | Restored | TrackersFailing | Convicted
