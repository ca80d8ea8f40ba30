"""The public Python face of Ouzel: a client of the daemon, and the `ouzel` command line.

- A *client* (`Client`, `AsyncClient`) sends commands to the daemon, and opens streams of its events.
- A *call* is one command with its arguments, and knows how to read its reply; `calls` has one function a verb.
- A *server* is a daemon on tcp; a *key* is what lets a client in there.
- An *event* is one fact, numbered by `seq` within an *epoch*; an epoch ends when the supervisor restarts.
- A *stream* gives events without gaps: what the network lost is fetched again. Where that is not possible it gives a
  *resnapshot*, all rows anew, and goes on from there.
- A *feed* is a stream with its requests and timers, and still without sockets.
- A *table* is what a reader of a stream knows: the rows of a snapshot, brought up to date by the events after it.
- An *ending* is how a download that somebody waits for came out; `wait` gives its row, or raises the cause.

Nothing here imports the daemon; client and daemon meet in `protocol`.
"""

from ouzel.aio import AsyncClient
from ouzel.aio_events import AsyncEvents
from ouzel.calls import Added, ServerInfo
from ouzel.client import Client
from ouzel.errors import Closed, DownloadFailed, KeyRefused, NotRunning, Refused, RequestTimeout, WaitTimeout
from ouzel.event import Event, Resnapshot, SnapshotPage
from ouzel.events import Events
from ouzel.server import Server
from protocol.crashes import CrashReport, CrashSummary
from protocol.errors import ErrorKind, OuzelError
from protocol.results import DamagedReport, DamagedRestored
from protocol.rows import (
    EngineReport,
    EngineState,
    FileRow,
    HealthReport,
    HealthStatus,
    Hindrance,
    HindranceCause,
    ProcessReport,
    Reason,
    RestoreReport,
    RulesReport,
    SandboxReport,
    SessionReport,
    SettingsReport,
    StatsReport,
    SupervisorReport,
    TorrentDetail,
    TorrentRow,
    TorrentState,
    TrackerRow,
    TrackerStatus,
)

__all__ = [
    "Added",
    "AsyncClient",
    "AsyncEvents",
    "Client",
    "Closed",
    "CrashReport",
    "CrashSummary",
    "DamagedReport",
    "DamagedRestored",
    "DownloadFailed",
    "EngineReport",
    "EngineState",
    "ErrorKind",
    "Event",
    "Events",
    "FileRow",
    "HealthReport",
    "HealthStatus",
    "Hindrance",
    "HindranceCause",
    "KeyRefused",
    "NotRunning",
    "OuzelError",
    "ProcessReport",
    "Reason",
    "Refused",
    "RequestTimeout",
    "Resnapshot",
    "RestoreReport",
    "RulesReport",
    "SandboxReport",
    "Server",
    "ServerInfo",
    "SessionReport",
    "SettingsReport",
    "SnapshotPage",
    "StatsReport",
    "SupervisorReport",
    "TorrentDetail",
    "TorrentRow",
    "TorrentState",
    "TrackerRow",
    "TrackerStatus",
    "WaitTimeout",
]
