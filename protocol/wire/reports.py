"""Reports on the service in the replies to clients: its health, processes, totals and limits.

These units apply:

- `*_ms`: durations in milliseconds
- `*_us`: times in microseconds since 1970
- `*_bps`: rates in bytes per second
- sizes: bytes
"""

from enum import StrEnum

import msgspec

from protocol.wire.desired import SettingValue
from protocol.wire.goals import GoalAction
from protocol.wire.session.desired_session import ScheduleWindow


class EngineState(StrEnum):
    """The state of an engine.

    In `backing_off` the supervisor waits before the next start. In `over_budget` it waits for five minutes.
    """

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    RECYCLING = "recycling"
    BACKING_OFF = "backing_off"
    OVER_BUDGET = "over_budget"
    STOPPING = "stopping"
    STOPPED = "stopped"


class HealthStatus(StrEnum):
    """The status of the service. The worst problem determines it.

    Without a problem the status is `healthy`. If no engine has run for long, it is `unhealthy`.
    """

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"


class Severity(StrEnum):
    """The severity of a problem."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One problem of the service.

    Fields:
        component: the part of the service with the problem: `engine`, `resume_dir`, `storage`, `torrents`, `config`,
            `log` and others.
        subject: what in the component has the problem. `component` and `subject` together identify a problem.
        message: a text for people: the problem, its cause, and the remedy.
        since_us: when the problem began, microseconds since 1970.
        severity: the severity of the problem. If the daemon does not send the severity, `warning` applies.
    """

    component: str
    subject: str
    message: str
    since_us: int
    severity: Severity = Severity.WARNING


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine process.

    Fields:
        state: the engine's state.
        pid: the process id; null while there is no process.
        gen: the engine's generation. It is incremented for each process that becomes the engine.
        restarts: how often the engine was replaced since the supervisor started.
        uptime_ms: the uptime of this generation; 0 without a process.
    """

    state: EngineState
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int


class EngineSlotReport(msgspec.Struct, frozen=True, kw_only=True):
    """One engine slot: the place of one engine. Its processes follow each other and load the same torrents.

    Fields:
        slot: the number of the slot, from 0.
        state: the state of the slot's engine.
        pid: the process id; null while there is no process.
        gen: the generation of the slot's present or last process. It is unique among all processes in all slots.
        restarts: how often the slot's process was replaced since the supervisor started.
        uptime_ms: the uptime of this generation; 0 without a process.
        torrents: the number of torrents that the slot's engine has to load.
    """

    slot: int
    state: EngineState
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int
    torrents: int


class SupervisorReport(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor process.

    Fields:
        pid: the process id.
        version: Ouzel's version.
        uptime_ms: the uptime of the process.
    """

    pid: int
    version: str
    uptime_ms: int


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of the present engine's restore.

    Fields:
        done: the number of torrents that the engine has loaded.
        total: the number of torrents that the engine has to load.
    """

    done: int
    total: int


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the engine's sandbox.

    Fields:
        mode: the configured mode: `auto`, `require` or `off`.
        landlock: the ABI version of Landlock, which restricts file access; 0 if Landlock is not in force.
        seccomp: whether the system call filter is in force.
        problem: which restriction is not in force, and why; null if all are in force.
    """

    mode: str
    landlock: int = 0
    seccomp: bool = False
    problem: str | None = None


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the service.

    Fields:
        status: the status. The worst problem determines it.
        reasons: the problems, the worst first. Among problems of equal severity, the oldest is first.
        engine: the engine process. If there are several slots, it is the process of the first slot.
        supervisor: the supervisor process.
        restore: the progress of restoring torrents. If there are several slots, it is the progress of all slots
            together.
        sandbox: the state of the engine's sandbox; null until the first engine is ready.
        engines: the engine slots in order; empty if the daemon does not send them.
    """

    status: HealthStatus
    reasons: list[Reason]
    engine: EngineReport
    supervisor: SupervisorReport
    restore: RestoreReport
    sandbox: SandboxReport | None = None
    engines: list[EngineSlotReport] = []


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """The resources of one process. A value is 0 if it is unknown, or if there is no process.

    Fields:
        rss_bytes: resident memory.
        cpu_ms: CPU time used.
        fds: open file descriptors.
    """

    rss_bytes: int
    cpu_ms: int
    fds: int


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The libtorrent session, as the engine last reported it.

    Fields:
        download_bps, upload_bps: payload rates of all torrents together, averaged over some seconds.
        downloaded, uploaded: payload bytes of all engines since the daemon started.
        peers: the number of connected peers.
        listen_port: the listening port; 0 if there is none.
        age_ms: the time since an engine's last report; null if there has been none.
        all_time_downloaded, all_time_uploaded: payload bytes, including those before restarts.
        alternative_limits: whether the alternative rate limits are in force.
        network_thread_load: the fraction of a CPU core that libtorrent's network thread used in the last five seconds.
            Null if it is unknown.
    """

    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    peers: int
    listen_port: int
    age_ms: int | None
    all_time_downloaded: int = 0
    all_time_uploaded: int = 0
    alternative_limits: bool = False
    network_thread_load: float | None = None


class IpFilterReport(msgspec.Struct, frozen=True, kw_only=True):
    """The IP filter that is in force, as the engine last reported it.

    Fields:
        file: the file of the filter.
        rules: the number of address ranges.
        bad_lines: the number of lines that are neither rules nor comments. The filter ignores these lines.
    """

    file: str
    rules: int
    bad_lines: int


class RootReport(msgspec.Struct, frozen=True, kw_only=True):
    """The space of a download root's file system. The daemon checks it every five seconds.

    Fields:
        path: the download root.
        free_bytes: the space that the daemon's user can still use. Null if the root is missing or does not answer.
        size_bytes: the size of the file system; null if it is unknown.
        age_ms: the time since the root was last seen; null if it is unknown.
    """

    path: str
    free_bytes: int | None = None
    size_bytes: int | None = None
    age_ms: int | None = None


class CountersReport(msgspec.Struct, frozen=True, kw_only=True):
    """libtorrent's statistics counters.

    Fields:
        counters: the values by libtorrent's names.
        age_ms: the age of the values. A running engine refreshes them four times a second.
    """

    counters: dict[str, int]
    age_ms: int


class StatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Totals and rates of the service.

    Fields:
        session: the libtorrent session.
        supervisor: the supervisor process.
        engine: the engine process. If there are several engines, the values are sums.
        torrents: the number of torrents by state. States without torrents are omitted.
        ip_filter: the IP filter; null if there is none.
        roots: the download roots in the order of the configuration, with the free space of each. The first root is the
            default save path. The reply has the roots even without an engine.
    """

    session: SessionReport
    supervisor: ProcessReport
    engine: ProcessReport
    torrents: dict[str, int]
    ip_filter: IpFilterReport | None = None
    roots: list[RootReport] = []


class SettingSource(StrEnum):
    """Who set a setting: nobody, the configuration (file or environment), or a client."""

    DEFAULT = "default"
    FILE = "file"
    CLIENT = "client"


class AlternativeReport(msgspec.Struct, frozen=True, kw_only=True):
    """The session's alternative limits. At certain times they replace the normal limits.

    Fields:
        download_bps, upload_bps: bytes per second; 0 means no limit.
        in_force: whether the alternative limits are in force now.
        scheduled: whether the alternative limits are in force now according to the schedule.
        switch: true or false if a client has switched them on or off; null if the schedule decides.
        schedule: the times at which the alternative limits are in force. A client's switch overrides the schedule.
        sources: who set `download_bps`, `upload_bps` and `schedule`.
    """

    download_bps: int
    upload_bps: int
    in_force: bool
    scheduled: bool
    switch: bool | None
    schedule: list[ScheduleWindow] = []
    sources: dict[str, SettingSource] = {}


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The session's desired limits. A client's value overrides the configured value.

    Fields:
        download_bps, upload_bps: the normal limits, in bytes per second; 0 means no limit.
        alternative: the alternative limits. Absent if nobody has set them. Absent for a single torrent.
    """

    download_bps: int
    upload_bps: int
    alternative: AlternativeReport | None = None


class SettingReport(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of libtorrent.

    Fields:
        value: the value that was set, or the default. A password is shown as `(hidden)`.
        default: Ouzel's default. libtorrent's own default may differ. Null until the first engine accepts commands.
            Null if this version of libtorrent does not have the setting.
        source: who set the value.
    """

    value: SettingValue
    default: SettingValue | None
    source: SettingSource


class RatioSetting(msgspec.Struct, frozen=True, kw_only=True):
    """The global goal for `ratio`.

    Fields:
        value: the goal; null for none.
        source: who set it.
    """

    value: float | None
    source: SettingSource


class TimeSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A global goal for a time.

    Fields:
        value: the goal in seconds; null for none.
        source: who set it.
    """

    value: int | None
    source: SettingSource


class ActionSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with a torrent that has reached a goal and has no action of its own.

    Fields:
        value: `pause`, `remove`, `remove_files` or `super_seed`.
        source: who set it.
    """

    value: GoalAction
    source: SettingSource


class GlobalGoals(msgspec.Struct, frozen=True, kw_only=True):
    """The global seeding goals. They apply to torrents whose own goals are `global`, as they are by default.

    Fields:
        ratio: the goal for a torrent's `ratio`.
        seeding_time_s: the goal for its `seeding_s`.
        inactive_time_s: the goal for its seeding time since the last transfer.
        action: what is done once a goal is reached.
    """

    ratio: RatioSetting
    seeding_time_s: TimeSetting
    inactive_time_s: TimeSetting
    action: ActionSetting
