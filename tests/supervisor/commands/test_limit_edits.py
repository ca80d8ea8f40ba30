"""Limits of the session: what clients set, and what is refused without effect."""

from typing import Any

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import parse_command
from protocol.wire.session.desired_session import DAYS, DesiredSession, OwnAlternativeLimits, ScheduleWindow
from supervisor.commands.limit_edits import check_torrents, limit_session
from supervisor.config.limit_schedule import AlternativeLimits

CONFIGURED = AlternativeLimits(download_bps=10)
NIGHT = {"from": "22:00", "to": "06:00"}


def limited(session: DesiredSession, configured: AlternativeLimits | None = None, **args: Any) -> DesiredSession:
    """The session after a command."""
    command: Any = parse_command("update_limits", args)
    return limit_session(configured, session, command)


def refused(session: DesiredSession, configured: AlternativeLimits | None = None, **args: Any) -> str | None:
    """The field of the error of a command."""
    with pytest.raises(OuzelError) as error:
        limited(session, configured, **args)
    assert error.value.kind is ErrorKind.INVALID_ARGUMENT
    return error.value.field


def test_what_is_absent_is_not_changed() -> None:
    """One command can set limits, schedule and switch together; the next one changes a single value."""
    change = {"download_bps": 5, "upload_bps": 6, "schedule": [{"days": ["sun", "mon", "sun"], **NIGHT}]}
    session = limited(DesiredSession(), upload_bps=1, alternative=True, alternative_limits=change)
    window = ScheduleWindow(days=["mon", "sun"], start="22:00", to="06:00")
    own = OwnAlternativeLimits(download_bps=5, upload_bps=6, schedule=[window])
    assert session == DesiredSession(upload_bps=1, alternative=True, alternative_limits=own)
    session = limited(session, alternative_limits={"upload_bps": 0})
    assert session.alternative_limits == OwnAlternativeLimits(download_bps=5, upload_bps=0, schedule=[window])
    assert limited(session) == limited(session, alternative_limits={}) == session
    session = limited(session, alternative=None, alternative_limits=dict.fromkeys(change, "file"))
    assert session == DesiredSession(upload_bps=1)


def test_a_window_is_on_all_days_by_default() -> None:
    """As in the configuration."""
    session = limited(DesiredSession(), CONFIGURED, alternative_limits={"schedule": [NIGHT]})
    assert session.alternative_limits.schedule == [ScheduleWindow(days=list(DAYS), start="22:00", to="06:00")]


def test_without_alternative_limits_neither_switch_nor_schedule_are_accepted() -> None:
    """They would have no effect. An empty schedule says nothing, so it is accepted."""
    schedule = {"schedule": [NIGHT]}
    assert refused(DesiredSession(), alternative=True) == "args.alternative"
    assert refused(DesiredSession(), alternative_limits=schedule) == "args.alternative_limits"
    session = limited(DesiredSession(), alternative_limits={"download_bps": 1} | schedule)
    assert refused(session, alternative_limits={"download_bps": "file"}) == "args.alternative_limits"
    assert limited(DesiredSession(), alternative=False, alternative_limits={"schedule": []}).alternative is False
    assert limited(DesiredSession(), CONFIGURED, alternative=True).alternative


@pytest.mark.parametrize("name", ["alternative", "alternative_limits"])
def test_a_torrent_has_no_alternative_limits(name: str) -> None:
    """With the name of the argument."""
    value = {"alternative": True, "alternative_limits": {}}[name]
    command: Any = parse_command("update_limits", {"torrent": "a" * 40, name: value})
    with pytest.raises(OuzelError) as error:
        check_torrents(command)
    assert error.value.field == f"args.{name}"


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ([{"from": "22:00"}], "[0].to"),
        ([NIGHT, {"from": "7:00", "to": "8:00"}], "[1].from"),
        ([{**NIGHT, "days": ["monday"]}], "[0].days[0]"),
        ([{**NIGHT, "days": []}], "[0].days"),
        ([NIGHT] * 101, ""),
        ("never", ""),
        (None, ""),
    ],
)
def test_what_is_no_schedule_is_refused(schedule: Any, field: str) -> None:
    """With the name of the member, and in words."""
    with pytest.raises(OuzelError) as error:
        parse_command("update_limits", {"alternative_limits": {"schedule": schedule}})
    assert error.value.field == f"args.alternative_limits.schedule{field}"
    assert "regex" not in error.value.message
