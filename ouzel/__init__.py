"""Ouzel's public Python API: clients of the daemon, and the `ouzel` command line.

- `client`: the blocking and the asyncio client, and one function for each command.
- `stream`: event streams without gaps, and the state of a reader. This package uses no sockets.
- `cli`: the command line.
- *Errors* are the exceptions that clients raise. *Requests* are matched with their replies by unique ids.

All public names are importable from here: `from ouzel import Client, AsyncClient, Server`. The paths of modules inside
the package may change.

No module here imports the daemon. Clients and daemon share only `protocol`.
"""

from ouzel.client.aio import AsyncClient
from ouzel.client.aio_events import AsyncEvents
from ouzel.client.blocking import Client
from ouzel.client.events import Events
from ouzel.client.server import Server
from ouzel.client.special.adding_calls import Added
from ouzel.client.special.session_calls import ServerInfo
from ouzel.errors import Closed, DownloadFailed, KeyRefused, NotRunning, Refused, RequestTimeout, WaitTimeout
from ouzel.stream.event import Event, Resnapshot, SnapshotPage
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.desired import TorrentOptions
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.goals import GoalsReport
from protocol.wire.log.log_results import LogLevelReport, LogLevels, LogPage, LogRow
from protocol.wire.making_results import JobAccepted, JobRow, JobState, TorrentExport
from protocol.wire.metrics.metrics_report import EventLogReport, HistogramReport, MemoryReport, MetricsReport
from protocol.wire.metrics.spans_report import SpanRow, SpansPage
from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow, TrackerRow, TrackerStatus
from protocol.wire.reports import (
    ActionSetting,
    AlternativeReport,
    CountersReport,
    EngineReport,
    EngineSlotReport,
    EngineState,
    GlobalGoals,
    HealthReport,
    HealthStatus,
    IpFilterReport,
    ProcessReport,
    RatioSetting,
    Reason,
    RestoreReport,
    RootReport,
    SandboxReport,
    SessionReport,
    SettingReport,
    SettingSource,
    SettingsReport,
    StatsReport,
    SupervisorReport,
    TimeSetting,
)
from protocol.wire.results import (
    BanAccepted,
    CategoryReport,
    DamagedReport,
    DamagedRestored,
    PieceReport,
    StorageRelocated,
)
from protocol.wire.rows import (
    BadDataReport,
    FileRow,
    Hindrance,
    HindranceCause,
    Moving,
    RulesReport,
    TorrentDetail,
    TorrentRow,
    TorrentState,
)
from protocol.wire.session.desired_session import ScheduleWindow
from protocol.wire.session.group_results import GroupReport

__all__ = [
    "ActionSetting",
    "Added",
    "AlternativeReport",
    "AsyncClient",
    "AsyncEvents",
    "BadDataReport",
    "BanAccepted",
    "CategoryReport",
    "Client",
    "Closed",
    "CountersReport",
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
    "EventLogReport",
    "Events",
    "FileRow",
    "GlobalGoals",
    "GoalsReport",
    "GroupReport",
    "HealthReport",
    "HealthStatus",
    "Hindrance",
    "HindranceCause",
    "HistogramReport",
    "IpFilterReport",
    "JobAccepted",
    "JobRow",
    "JobState",
    "KeyRefused",
    "LogLevelReport",
    "LogLevels",
    "LogPage",
    "LogRow",
    "MemoryReport",
    "MetricsReport",
    "Moving",
    "NotRunning",
    "OuzelError",
    "PeerConnection",
    "PeerFlag",
    "PeerRow",
    "PieceReport",
    "ProcessReport",
    "RatioSetting",
    "Reason",
    "Refused",
    "RequestTimeout",
    "Resnapshot",
    "RestoreReport",
    "RootReport",
    "RulesReport",
    "SandboxReport",
    "ScheduleWindow",
    "Server",
    "ServerInfo",
    "SessionReport",
    "SettingReport",
    "SettingSource",
    "SettingsReport",
    "SnapshotPage",
    "SpanRow",
    "SpansPage",
    "StatsReport",
    "StorageRelocated",
    "SupervisorReport",
    "TimeSetting",
    "TorrentDetail",
    "TorrentExport",
    "TorrentOptions",
    "TorrentRow",
    "TorrentState",
    "TrackerRow",
    "TrackerStatus",
    "WaitTimeout",
]
