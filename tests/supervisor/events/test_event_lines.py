from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.events.event import LifecycleEvent
from protocol.wire.events.session_events import HealthChanged, Reconciled, SessionError
from protocol.wire.events.torrent_events import Completed, Quarantined, TorrentAdded, TorrentError, TorrentRemoved
from protocol.wire.reports import HealthStatus, Reason
from supervisor.events import event_frames, event_lines
from supervisor.events.event_lines import LEVELS_BY_EVENT, TEXT_MAX, health_line, line
from supervisor.log.short_name import NAME_MAX

T = "a" * 40
HEALTHY, DEGRADED, UNHEALTHY = HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY


def error(name: str, message: str = "m") -> TorrentError:
    """An error of a torrent."""
    return TorrentError(torrent=T, name=name, message=message, recoverable=name != "add_failed")


@pytest.mark.parametrize(
    ("event", "level", "name"),
    [
        (
            TorrentAdded(torrent=T, name="n", save_path="/s", paused=False, labels=[], added_us=1),
            "info",
            "torrent_added",
        ),
        (TorrentRemoved(torrent=T, delete_files=True), "info", "torrent_removed"),
        (Completed(torrent=T, bytes_done=5), "info", "torrent_completed"),
        (Quarantined(torrent=T, reason="r"), "error", "torrent_quarantined"),
        (error("add_failed"), "error", "torrent_failed"),
        (error("unreadable"), "error", "torrent_failed"),
        (error("of a later version"), "error", "torrent_failed"),
        (error("resume_rejected"), "warning", "resume_data_rejected"),
        (error("disk_full"), "info", "torrent_waits"),
        (SessionError(name="disk_full", message="m"), "warning", "disk_full"),
        (SessionError(name="listen_failed", message="m"), "error", "listen_failed"),
        (SessionError(name="config_refused", message="m"), "error", "config_refused"),
        (SessionError(name="of_a_later_version", message="m"), "warning", "of_a_later_version"),
        (Reconciled(what="w", done="d"), "info", "reconciled"),
    ],
    ids=str,
)
def test_an_event_gives_a_line(event: LifecycleEvent, level: str, name: str) -> None:
    """With its name and level."""
    told = line(event)
    assert told is not None
    assert (told.level, told.event) == (level, name)
    assert told.fields.get("torrent") == getattr(event, "torrent", None)


@pytest.mark.parametrize(
    "event",
    [error("engine_lost"), SessionError(name="files_not_deleted", message="m")],
    ids=str,
)
def test_what_another_line_tells_gives_none(event: LifecycleEvent) -> None:
    """One line about an engine's death covers all interrupted torrents."""
    assert line(event) is None


def test_every_type_of_event_is_decided_on() -> None:
    """It has a line, depends on earlier events, or is left out on purpose."""
    types = {event_frames.type_of(kind) for kind in get_args(LifecycleEvent)}
    decided = set(event_lines.TYPES_WITH_LINES) | set(event_lines.BY_WHAT_WAS_BEFORE) | set(event_lines.SILENT)
    assert types <= decided


def test_each_trouble_that_somebody_can_mend_says_how() -> None:
    """The line has the remedy."""
    for name in event_lines.REMEDIES:
        told = [each for each in (line(error(name)), line(SessionError(name=name, message="m"))) if each is not None]
        assert all(each.fields["remedy"] for each in told)


class Tracker:
    """An event about a tracker."""

    torrent = T
    url = "https://user:secret@tracker.example:8443/secret/announce?passkey=secret"

    def __init__(self, status: str) -> None:
        self.status = status
        self.message = "https://tracker.example/secret/announce: refused" if status == "error" else ""


@pytest.mark.parametrize(
    ("status", "level", "name"), [("error", "warning", "tracker_failing"), ("working", "info", "tracker_working")]
)
def test_a_line_on_a_tracker_has_no_passkey(status: str, level: str, name: str) -> None:
    """Only the scheme, host and port of its URL, also in the tracker's message."""
    make = event_lines._LINES["tracker_status"]
    told = make(Tracker(status))
    assert told is not None
    assert (told.level, told.event) == (level, name)
    assert "secret" not in str(told.fields)
    assert "tracker.example:8443" in told.fields["tracker"]


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_lines_are_bounded(name: str, message: str) -> None:
    """However long names and error messages are."""
    added = line(TorrentAdded(torrent=T, name=name, save_path="/s", paused=False, labels=[], added_us=1))
    failed = line(error("add_failed", message))
    assert added is not None
    assert failed is not None
    assert len(added.fields["name"]) <= NAME_MAX
    assert len(failed.fields["problem"]) <= TEXT_MAX


def health(status: HealthStatus, *reasons: tuple[str, str]) -> HealthChanged:
    """The status with reasons of these components and subjects."""
    listed = [Reason(component=component, subject=subject, message="why", since_us=1) for component, subject in reasons]
    return HealthChanged(status=status, reasons=listed)


DISK, LOG, RESTORE = ("storage", "/"), ("log", "stderr"), ("engine", "restore")


@pytest.mark.parametrize(
    ("before", "now", "level"),
    [
        (None, health(HealthStatus.STARTING), "info"),
        (health(HealthStatus.STARTING), health(DEGRADED, RESTORE), "info"),
        (health(DEGRADED, RESTORE), health(HEALTHY), "info"),
        (health(HEALTHY), health(DEGRADED, DISK), "warning"),
        (health(HEALTHY), health(HEALTHY, LOG), "warning"),
        (health(DEGRADED, DISK), health(DEGRADED, DISK, LOG), "warning"),
        (health(DEGRADED, DISK, LOG), health(DEGRADED, DISK), "info"),
        (health(DEGRADED, DISK), health(DEGRADED, DISK, RESTORE), "info"),
        (health(DEGRADED, DISK), health(HEALTHY), "info"),
        (health(HEALTHY), health(UNHEALTHY, DISK), "error"),
        (health(DEGRADED, DISK), health(UNHEALTHY, DISK), "error"),
        (health(UNHEALTHY, DISK), health(HEALTHY), "info"),
        (health(HEALTHY, LOG), health(DEGRADED, LOG), "warning"),
        (health(UNHEALTHY, DISK), health(HealthStatus.STOPPING, DISK), "info"),
    ],
)
def test_health_is_told_at_the_level_of_what_is_new(
    before: HealthChanged | None, now: HealthChanged, level: str
) -> None:
    """Routine changes and ends of problems are info."""
    told = health_line(before, now)
    assert (told.event, told.level) == ("health", level)
    assert told.fields["status"] == now.status.value
    assert len(told.fields["reasons"]) == len(now.reasons)


def test_health_says_what_is_new_and_what_is_over() -> None:
    """In addition to all reasons, with their messages."""
    told = health_line(health(DEGRADED, DISK), health(DEGRADED, LOG))
    fields: dict[str, Any] = told.fields
    assert fields == {
        "status": "degraded",
        "reasons": ["log stderr: why"],
        "new": ["log stderr"],
        "over": ["storage /"],
    }


def test_a_level_is_one_that_there_is() -> None:
    """For every documented line."""
    assert {level for levels in LEVELS_BY_EVENT.values() for level in levels} <= {"info", "warning", "error"}
