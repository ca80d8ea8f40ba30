"""The events about the session, its engine and the service."""

from typing import Literal

from protocol.wire.events.base import Fact
from protocol.wire.reports import HealthStatus, Reason


class LimitsApplied(Fact, frozen=True, kw_only=True, tag="limits_applied"):
    """libtorrent has applied limits. The values are read back from libtorrent.

    Without `torrent` they are the session's limits.

    Fields:
        download_bps, upload_bps: bytes per second; 0 means no limit.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int


class LimitsStale(Fact, frozen=True, kw_only=True, tag="limits_stale"):
    """libtorrent does not have the limits that were set.

    Without `torrent` they are the session's limits.

    Fields:
        download_bps, upload_bps: the limits that were set, in bytes per second.
        message: a sentence with the limits that libtorrent has now.
    """

    torrent: str | None = None
    download_bps: int
    upload_bps: int
    message: str


class SettingsChanged(Fact, frozen=True, kw_only=True, tag="settings_changed"):
    """A changed configuration was read and applied, or a client has changed settings of libtorrent or global goals.

    Keys have the form `limits.download_bps`. A setting of libtorrent has the key `engine.NAME`. If libtorrent did not
    adopt a new value, a `session_error` reports that.

    Fields:
        changed: the keys with new values that are in force now.
        overridden: changed keys that have no effect, because clients' values override them.
        restart_needed: the keys with new values that apply only at the next start of the service.
        source: `file` for a changed configuration, `client` for a client's change.
    """

    changed: list[str]
    overridden: list[str]
    restart_needed: list[str]
    source: Literal["file", "client"] = "file"


class SessionError(Fact, frozen=True, kw_only=True, tag="session_error"):
    """A problem that does not concern a single torrent.

    Fields:
        name: the kind of problem. The kinds are `listen_failed`, `disk_full`, `storage_missing`, `files_not_deleted`,
            `move_failed`, `config_refused`, `settings_stale` and `memory_high`. `settings_stale`: libtorrent does not
            have the value of a setting. `memory_high`: the engine uses too much memory and is recycled. No event
            reports the end of a problem, but `health` shows it.
        message: a sentence for people.
        paths: for `files_not_deleted`. At most 1001 paths of files that were not deleted, if the paths are known.
    """

    name: str
    message: str
    paths: list[str] = []


class HealthChanged(Fact, frozen=True, kw_only=True, tag="health_changed"):
    """The health status has changed, or the set of reasons for it.

    Fields:
        status: the status. The worst problem determines it.
        reasons: all problems, the worst first. Among problems of equal severity, the oldest is first.
    """

    status: HealthStatus
    reasons: list[Reason]


class EngineStarted(Fact, frozen=True, kw_only=True, tag="engine_started"):
    """A new engine generation accepts commands.

    Fields:
        pid: the engine's process id.
        restarts: how often an engine was replaced since the supervisor started.
        engine: the engine's slot, as in `engines` of `health`.
    """

    pid: int
    restarts: int
    engine: int = 0


class EngineLost(Fact, frozen=True, kw_only=True, tag="engine_lost"):
    """The engine died, or could not be started.

    Fields:
        pid: the engine's process id; null if it could not be started.
        exit_code: the engine's exit code; null if it did not exit by itself.
        signal: the name of the signal that ended the engine (`SIGKILL`), or null.
        retry_ms: milliseconds until the next start; 0 means at once.
        killed_for: why the supervisor killed the engine; null if it did not.
        engine: the engine's slot, as in `engines` of `health`.
    """

    pid: int | None
    exit_code: int | None
    signal: str | None
    retry_ms: int | None
    killed_for: str | None = None
    engine: int = 0


class Reconciled(Fact, frozen=True, kw_only=True, tag="reconciled"):
    """Desired state and the session differed. The difference was repaired.

    Fields:
        what: a sentence about the difference.
        done: a sentence about the repair.
    """

    torrent: str | None = None
    what: str
    done: str


class Tick(Fact, frozen=True, kw_only=True, tag="tick"):
    """The latest `seq` and the status. Published once a second, so that subscribers detect lost events.

    Fields:
        head: the number of the last lifecycle event, equal to the envelope's `seq`.
        status: the health status of the service.
    """

    head: int
    status: HealthStatus
