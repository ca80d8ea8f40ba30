"""Decides whether the normal or the alternative rate limits of the session are in force. Pure.

If a client has set the switch, the switch decides. Otherwise the weekly schedule decides. The schedule is compared with
the wall clock each second. When the clock changes, the new time counts at once. If daylight saving time begins in a
window, the window is an hour shorter. If daylight saving time ends in a window, the window is an hour longer.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from protocol.wire.desired import Bps
from protocol.wire.reports import AlternativeReport, SettingSource, SettingsReport
from protocol.wire.session.desired_session import DAYS, Day, DesiredSession, OwnAlternativeLimits, ScheduleWindow

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class AlternativeLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[limits.alternative]`: the rate limits for certain times, in bytes/s; 0 is no limit."""

    download_bps: Bps = 0
    upload_bps: Bps = 0


class Window(ScheduleWindow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[limits.schedule]]`: a time of the week. During this time, the alternative limits are in force.

    `problems` checks the values, so the types of these fields are wider than the types in `ScheduleWindow`.

    Fields:
        days: the days on which the window begins; by default all days.
        start: the local time at which the window begins, such as `22:00`. The file calls this key `from`.
        to: the local time at which the window ends. If this time is not after `from`, the window ends on the next day.
    """

    days: list[Day] = msgspec.field(default_factory=lambda: list(DAYS))
    start: str
    to: str


class LocalTime(NamedTuple):
    """A local time: the day of the week (Monday is 0), and the minute of the day."""

    weekday: int
    minute: int


class LimitsInForce(NamedTuple):
    """The limits that engines get, and whether they are the alternative limits."""

    download_bps: int
    upload_bps: int
    alternative: bool


def problems(schedule: Sequence[Window], *, alternative: bool) -> Iterator[tuple[str, str]]:
    """The problems of a schedule: pairs of a key and a text.

    Args:
        alternative: whether alternative limits are configured.
    """
    for index, window in enumerate(schedule):
        for key, text in (("from", window.start), ("to", window.to)):
            if _TIME.fullmatch(text) is None:
                yield f"limits.schedule[{index}].{key}", f"{text!r} is no time of day, such as 22:00"
        if not window.days:
            yield f"limits.schedule[{index}].days", "has no day; leave it out for all days"
    if schedule and not alternative:
        yield "limits.schedule", "has no effect without the limits of [limits.alternative]"


def scheduled(schedule: Sequence[ScheduleWindow], now: LocalTime) -> bool:
    """Whether a window of the schedule covers a local time."""
    return any(_covers(window, now) for window in schedule)


def _covers(window: ScheduleWindow, now: LocalTime) -> bool:
    start, end = _minute(window.start), _minute(window.to)
    today, yesterday = DAYS[now.weekday], DAYS[now.weekday - 1]
    if start < end:
        return today in window.days and start <= now.minute < end
    return (today in window.days and now.minute >= start) or (yesterday in window.days and now.minute < end)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def with_clients(configured: AlternativeLimits | None, own: OwnAlternativeLimits) -> AlternativeLimits | None:
    """Returns the alternative limits. Values of clients override the configuration. None if no limits are set.

    Args:
        own: the values that clients have set.
    """
    if own.download_bps == "file" and own.upload_bps == "file":
        return configured
    base = configured or AlternativeLimits()
    return AlternativeLimits(
        download_bps=base.download_bps if own.download_bps == "file" else own.download_bps,
        upload_bps=base.upload_bps if own.upload_bps == "file" else own.upload_bps,
    )


def limits_report(
    normal: tuple[int, int],
    alternative: AlternativeLimits | None,
    schedule: Sequence[ScheduleWindow],
    session: DesiredSession,
    now: LocalTime,
) -> SettingsReport:
    """The session's limits, and whether the alternative limits are in force.

    Args:
        normal: the configured download limit and upload limit.
        alternative: the configured alternative limits; None if none are configured.
        schedule: the configured schedule.
        session: the values of clients. They override the configured values.
    """
    report = SettingsReport(
        download_bps=normal[0] if session.download_bps is None else session.download_bps,
        upload_bps=normal[1] if session.upload_bps is None else session.upload_bps,
    )
    own = session.alternative_limits
    limits = with_clients(alternative, own)
    if limits is None:
        return report
    windows = list(schedule) if own.schedule == "file" else own.schedule
    planned = scheduled(windows, now)
    told = AlternativeReport(
        download_bps=limits.download_bps,
        upload_bps=limits.upload_bps,
        in_force=planned if session.alternative is None else session.alternative,
        scheduled=planned,
        switch=session.alternative,
        schedule=windows,
        sources={
            "download_bps": _source(own.download_bps, configured=alternative is not None),
            "upload_bps": _source(own.upload_bps, configured=alternative is not None),
            "schedule": _source(own.schedule, configured=bool(schedule)),
        },
    )
    return msgspec.structs.replace(report, alternative=told)


def _source(own: object, *, configured: bool) -> SettingSource:
    if own != "file":
        return SettingSource.CLIENT
    return SettingSource.FILE if configured else SettingSource.DEFAULT


def in_force(report: SettingsReport) -> LimitsInForce:
    """Returns the limits that are in force according to a report."""
    other = report.alternative
    if other is not None and other.in_force:
        return LimitsInForce(other.download_bps, other.upload_bps, alternative=True)
    return LimitsInForce(report.download_bps, report.upload_bps, alternative=False)
