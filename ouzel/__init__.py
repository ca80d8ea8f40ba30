"""The public Python face of Ouzel: a client of the daemon, and the `ouzel` command line.

- `client`: the clients, blocking and asyncio, and one function a verb.
- `stream`: events without gaps, and what a reader makes of them; no sockets.
- `cli`: the command line.
- *Errors* are what can go wrong for a client; *requests* are matched with their replies by unique ids.

All that a program needs is importable from here: `from ouzel import Client, AsyncClient, Server`. Where the modules
inside are may change.

Nothing here imports the daemon; client and daemon meet in `protocol`.
"""

from ouzel.client.aio import AsyncClient
from ouzel.client.aio_events import AsyncEvents
from ouzel.client.blocking import Client
from ouzel.client.events import Events
from ouzel.client.server import Server
from ouzel.client.special_calls import Added, ServerInfo
from ouzel.errors import Closed, DownloadFailed, KeyRefused, NotRunning, Refused, RequestTimeout, WaitTimeout
from ouzel.stream.event import Event, Resnapshot, SnapshotPage
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import (
    EngineReport,
    EngineSlotReport,
    EngineState,
    HealthReport,
    HealthStatus,
    ProcessReport,
    Reason,
    RestoreReport,
    SandboxReport,
    SessionReport,
    SettingsReport,
    StatsReport,
    SupervisorReport,
)
from protocol.wire.results import DamagedReport, DamagedRestored
from protocol.wire.rows import (
    FileRow,
    Hindrance,
    HindranceCause,
    RulesReport,
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
    "EngineSlotReport",
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
