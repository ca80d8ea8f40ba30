"""The log line of each lifecycle event: name, level and fields. Pure.

The log alone shows an operator what happened to which torrent, why, and the remedy. Routine events have no line. If
another line covers an event, this event has no line. docs/log.md lists all lines, and a test compares that list.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from protocol.text.redacted import redacted_text
from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.job_events import JobFinished
from protocol.wire.events.session_events import HealthChanged, LimitsStale, Reconciled, SessionError, SettingsChanged
from protocol.wire.events.torrent_events import (
    Completed,
    GoalReached,
    Quarantined,
    Released,
    StorageMoved,
    TorrentAdded,
    TorrentError,
    TorrentRemoved,
)
from protocol.wire.reports import HealthStatus, Reason
from supervisor.events import event_frames
from supervisor.log.short_name import short_name

TEXT_MAX: Final = 1000
"""The maximum length of a message in a line. A deep path and its problem fit into this length."""

REASONS_MAX: Final = 10
"""The maximum number of reasons of `health` in a line."""

WAITING: Final = frozenset({"disk_full", "storage_missing"})
"""Names of errors that all torrents on a disk have at once.

One `session_error` reports the disk, with level warning.
"""

ROUTINE: Final = frozenset({("engine", "restore")})
"""Component and subject of reasons that `health` has briefly after every start and failover."""

REMEDIES: Final[Mapping[str, str]] = {
    "add_failed": "fix the problem, then `ouzel resume ID`",
    "call_failed": "`ouzel resume ID` tries again; if that does not help, report it",
    "config_refused": "correct the configuration, and reload again",
    "damaged": "`ouzel damaged list` says what can be restored; else remove the torrent and add it again",
    "disk_full": "free some space; it recovers by itself",
    "files_overwritten": "another torrent writes to the same files: remove one of the two, or `ouzel resume ID`",
    "invalid_metadata": "remove it, it cannot be downloaded",
    "listen_failed": "end the program that uses the port, or configure another in [engine] listen_interfaces",
    "path_not_allowed": "add the directory to [paths] download_roots, or remove the link; then `ouzel resume ID`",
    "rules_too_slow": "give simpler patterns to `ouzel files`, or remove the torrent and add it with others",
    "move_delayed": "mount the disk, or move away what is in the way; it continues by itself",
    "storage": "fix the disk or the permissions, then `ouzel resume ID`",
    "storage_missing": "mount the disk or put the files back; it recovers by itself",
    "unreadable": "fix the disk or the permissions; it recovers by itself",
}
"""The remedy, by the name of a torrent's or the session's error."""


class Line(NamedTuple):
    """A line of the log. `level` is a level of structlog's. Field values have types of JSON."""

    level: str
    event: str
    fields: dict[str, Any]


def line(event: LifecycleEvent) -> Line | None:
    """The line of an event. None if the event has no line, or if the line depends on earlier events."""
    make = _LINES.get(event_frames.type_of(type(event)))
    return None if make is None else make(event)


def health_line(before: HealthChanged | None, now: HealthChanged) -> Line:
    """The line of a change of health. Only new reasons determine the level."""
    had = set() if before is None else {_key(reason) for reason in before.reasons}
    has = {_key(reason) for reason in now.reasons}
    new = [reason for reason in now.reasons if _key(reason) not in had]
    over = [] if before is None else [reason for reason in before.reasons if _key(reason) not in has]
    worse = before is None or _RANK[now.status] > _RANK[before.status]
    troubled = any(_key(reason) not in ROUTINE for reason in now.reasons)
    if now.status is HealthStatus.UNHEALTHY and worse:
        level = "error"
    elif now.status is HealthStatus.STOPPING:
        level = "info"
    elif any(_key(reason) not in ROUTINE for reason in new) or (_RANK[now.status] > 0 and worse and troubled):
        level = "warning"
    else:
        level = "info"
    fields: dict[str, Any] = {"status": now.status.value}
    if before is not None and before.status is not now.status:
        fields["before"] = before.status.value
    fields["reasons"] = _shown(now.reasons)
    for name, reasons in (("new", new), ("over", over)):
        if reasons:
            fields[name] = [f"{reason.component} {reason.subject}"[:TEXT_MAX] for reason in reasons[:REASONS_MAX]]
    return Line(level, "health", fields)


def _added(event: TorrentAdded) -> Line:
    fields = {"torrent": event.torrent, "name": short_name(event.name), "save_path": event.save_path}
    return Line("info", "torrent_added", fields if not event.paused else {**fields, "paused": True})


def _removed(event: TorrentRemoved) -> Line:
    return Line("info", "torrent_removed", {"torrent": event.torrent, "delete_files": event.delete_files})


def _completed(event: Completed) -> Line:
    return Line("info", "torrent_completed", {"torrent": event.torrent, "bytes": event.bytes_done})


def _goal_reached(event: GoalReached) -> Line:
    return Line("info", "goal_reached", {"torrent": event.torrent, "goal": event.goal, "action": event.action})


def _failed(event: TorrentError) -> Line | None:
    told = {"torrent": event.torrent, "error": event.name, "problem": _text(event.message), **_remedy(event)}
    match event.name:
        case "engine_lost":  # each active torrent has this event; `engine_exited` covers all of them
            return None
        case "resume_rejected":
            return Line("warning", "resume_data_rejected", told)
        case name if name in WAITING:
            return Line("info", "torrent_waits", told)
        case _:
            return Line("error", "torrent_failed", told)


def _quarantined(event: Quarantined) -> Line:
    fields = {"torrent": event.torrent, "reason": _text(event.reason), "crash_report": event.crash_report}
    return Line("error", "torrent_quarantined", fields)


def _released(event: Released) -> Line:
    return Line("info", "torrent_released", {"torrent": event.torrent})


def _moved(event: StorageMoved) -> Line:
    return Line("info", "torrent_moved", {"torrent": event.torrent, "save_path": event.save_path})


def _limits_stale(event: LimitsStale) -> Line:
    limits = {"download_bps": event.download_bps, "upload_bps": event.upload_bps}
    subject = {} if event.torrent is None else {"torrent": event.torrent}
    return Line("warning", "limits_stale", {**subject, **limits, "problem": _text(event.message)})


def _session_error(event: SessionError) -> Line | None:
    match event.name:
        case "files_not_deleted" | "move_failed":  # there is another line of that name, with the torrent
            return None
        case "config_refused" | "listen_failed":
            level = "error"
        case _:
            level = "warning"
    return Line(level, event.name, {"problem": _text(event.message), **_remedy(event)})


def _settings_changed(event: SettingsChanged) -> Line | None:
    """The line of a client's change of settings. None after a reload, because the line `reloaded` reports a reload. The
    line shows no values.
    """
    return Line("info", "settings_changed", {"changed": event.changed}) if event.source == "client" else None


def _reconciled(event: Reconciled) -> Line:
    subject = {} if event.torrent is None else {"torrent": event.torrent}
    return Line("info", "reconciled", {**subject, "what": _text(event.what), "done": _text(event.done)})


def _job_finished(event: JobFinished) -> Line:
    """The line of a job that has made a torrent, or has failed."""
    if event.problem is not None:
        return Line("warning", "job_failed", {"job": event.job, "problem": _text(event.problem)})
    fields = {"torrent": event.torrent, "job": event.job, "output": event.output}
    return Line("info", "torrent_created", fields)


def _tracker_status(event: Any) -> Line:
    """The line of a tracker's status. The URL is redacted, because a private tracker's URL has a passkey."""
    working = str(event.status) == "working"
    fields = {"torrent": event.torrent, "tracker": redacted_text(event.url)}
    if working:
        return Line("info", "tracker_working", fields)
    remedy = "see whether the tracker is up, and whether its URL, with its passkey, still holds"
    return Line(
        "warning", "tracker_failing", {**fields, "problem": _text(redacted_text(event.message)), "remedy": remedy}
    )


_LINES: Final[Mapping[str, Callable[[Any], Line | None]]] = {
    "torrent_added": _added,
    "torrent_removed": _removed,
    "completed": _completed,
    "goal_reached": _goal_reached,
    "error": _failed,
    "quarantined": _quarantined,
    "released": _released,
    "storage_moved": _moved,
    "limits_stale": _limits_stale,
    "session_error": _session_error,
    "settings_changed": _settings_changed,
    "reconciled": _reconciled,
    "tracker_status": _tracker_status,
    "job_finished": _job_finished,
}
"""The function that makes the line, by the event's type."""

TYPES_WITH_LINES: Final = frozenset(_LINES)

BY_WHAT_WAS_BEFORE: Final = frozenset({"health_changed", "error_cleared", "state_changed"})
"""Types of events with lines that depend on earlier events. See `health_line` and `event_logger`."""

SILENT: Final = frozenset(
    {
        "engine_lost",  # `engine_exited` is its line
        "engine_started",  # `engine_ready`
        "metadata_updated",
        "files_discovered",
        "file_completed",
        "selection_changed",
        "files_renamed",
        "limits_applied",
    }
)
"""Types of events without a line. Another line covers these events, or they are routine."""

LEVELS_BY_EVENT: Final[Mapping[str, tuple[str, ...]]] = {
    "config_refused": ("error",),
    "disk_full": ("warning",),
    "goal_reached": ("info",),
    "health": ("info", "warning", "error"),
    "job_failed": ("warning",),
    "limits_stale": ("warning",),
    "lines_left_out": ("info", "warning", "error"),
    "listen_failed": ("error",),
    "memory_high": ("warning",),
    "reconciled": ("info",),
    "resume_data_rejected": ("warning",),
    "settings_changed": ("info",),
    "settings_stale": ("warning",),
    "storage_missing": ("warning",),
    "torrent_added": ("info",),
    "torrent_completed": ("info",),
    "torrent_created": ("info",),
    "torrent_failed": ("error",),
    "torrent_paused": ("info",),
    "torrent_quarantined": ("error",),
    "torrent_recovered": ("info",),
    "torrent_released": ("info",),
    "torrent_removed": ("info",),
    "torrent_moved": ("info",),
    "torrent_resumed": ("info",),
    "torrent_waits": ("info",),
    "tracker_failing": ("warning",),
    "tracker_working": ("info",),
}
"""All lines of lifecycle events and of clients' commands, with their levels. docs/log.md lists them."""

_RANK: Final[Mapping[HealthStatus, int]] = {
    HealthStatus.STOPPING: 0,
    HealthStatus.STARTING: 0,
    HealthStatus.HEALTHY: 0,
    HealthStatus.DEGRADED: 1,
    HealthStatus.UNHEALTHY: 2,
}


def _key(reason: Reason) -> tuple[str, str]:
    return reason.component, reason.subject


def _shown(reasons: list[Reason]) -> list[str]:
    return [_text(f"{reason.component} {reason.subject}: {reason.message}") for reason in reasons[:REASONS_MAX]]


def _text(message: str) -> str:
    return message if len(message) <= TEXT_MAX else f"{message[: TEXT_MAX - 1]}…"


def _remedy(event: TorrentError | SessionError) -> dict[str, str]:
    remedy = REMEDIES.get(event.name)
    return {} if remedy is None else {"remedy": remedy}
