"""Reports of the service as clients read them: its health, its processes, its totals and limits.

Times are milliseconds (`*_ms`) or microseconds since 1970 (`*_us`), rates bytes per second (`*_bps`), sizes bytes.
"""

from enum import StrEnum

import msgspec


class EngineState(StrEnum):
    """The engine's state. `backing_off` waits for the next start; so does `over_budget`, for five minutes."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    RECYCLING = "recycling"
    BACKING_OFF = "backing_off"
    OVER_BUDGET = "over_budget"
    STOPPING = "stopping"
    STOPPED = "stopped"


class HealthStatus(StrEnum):
    """The worst problem decides: nothing wrong is `healthy`, no engine for long is `unhealthy`."""

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"


class Severity(StrEnum):
    """How much a problem affects."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One problem.

    Fields:
        component: the part that has it: `engine`, `resume_dir`, `storage`, `torrents`, `config`, `log` and others.
        subject: the subject within the component; both together identify a problem.
        message: in words, for people: the problem, its cause, and the remedy.
        since_us: since when, microseconds since 1970.
        severity: how much it affects; `warning` for a daemon that does not send it.
    """

    component: str
    subject: str
    message: str
    since_us: int
    severity: Severity = Severity.WARNING


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine process.

    Fields:
        state: its state.
        pid: null while there is none.
        gen: its generation, +1 for each process that became the engine.
        restarts: how often the engine was replaced since the supervisor started.
        uptime_ms: the uptime of this generation; 0 without one.
    """

    state: EngineState
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int


class EngineSlotReport(msgspec.Struct, frozen=True, kw_only=True):
    """One engine slot. In a slot one engine process follows another; it has the same torrents.

    Fields:
        slot: its number, from 0.
        state: what the supervisor is doing about its process.
        pid: null while there is none.
        gen: the generation of its process, or of the last one. No other process has it, in whichever slot.
        restarts: how often another process took the place of one since the supervisor began.
        uptime_ms: for how long this generation has been there; 0 without one.
        torrents: how many it is to have.
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
        pid: its process id.
        version: Ouzel's.
        uptime_ms: its uptime.
    """

    pid: int
    version: str
    uptime_ms: int


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of this engine's restore.

    Fields:
        done: torrents that it has loaded.
        total: torrents that it has to load.
    """

    done: int
    total: int


class SandboxReport(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's confinement of the engine.

    Fields:
        mode: as configured: `auto`, `require` or `off`.
        landlock: the version of Landlock in force, which confines file access; 0 is none.
        seccomp: whether the filter over system calls is in force.
        problem: what could not be confined, and why; null if everything is.
    """

    mode: str
    landlock: int = 0
    seccomp: bool = False
    problem: str | None = None


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The health of the service.

    Fields:
        status: the worst problem decides.
        reasons: the problems, the worst first, and then the oldest.
        engine: the engine process; where there are several, the first slot's.
        supervisor: the supervisor process.
        restore: how far the engine is in taking up torrents; of several, all together.
        sandbox: what confines the engine; null while none has been ready.
        engines: each engine slot, the first one first; of a daemon that does not say, empty.
    """

    status: HealthStatus
    reasons: list[Reason]
    engine: EngineReport
    supervisor: SupervisorReport
    restore: RestoreReport
    sandbox: SandboxReport | None = None
    engines: list[EngineSlotReport] = []


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """One process. 0 where unknown, and without a process.

    Fields:
        rss_bytes: resident memory.
        cpu_ms: CPU time used.
        fds: open file descriptors.
    """

    rss_bytes: int
    cpu_ms: int
    fds: int


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The libtorrent session, as last reported by an engine.

    Fields:
        download_bps, upload_bps: payload of all torrents together, averaged over some seconds.
        downloaded, uploaded: payload bytes since this daemon started, of all its engines.
        peers: connections.
        listen_port: 0 if it listens on none.
        age_ms: the time since an engine's last report; null if there was none.
        all_time_downloaded, all_time_uploaded: payload bytes over all restarts.
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


class StatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Totals and rates.

    Fields:
        session: the libtorrent session.
        supervisor: the supervisor process.
        engine: the engine process; of several, all together.
        torrents: how many there are, by state; a state without torrents is left out.
    """

    session: SessionReport
    supervisor: ProcessReport
    engine: ProcessReport
    torrents: dict[str, int]


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Desired limits: from clients, or else from the configuration.

    Fields:
        download_bps, upload_bps: bytes per second, 0 is no limit.
    """

    download_bps: int
    upload_bps: int
