"""The edit that sets the session's rate limits, and its alternative limits with their schedule and switch. Pure."""

from typing import Any

import msgspec

from protocol.wire.commands.torrent_commands import AlternativeChange, UpdateLimits
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.session.desired_session import DAYS, DesiredSession, OwnAlternativeLimits, ScheduleWindow
from supervisor.commands.edits import limits_given
from supervisor.config.limit_schedule import AlternativeLimits, with_clients


def limit_session(
    configured: AlternativeLimits | None, session: DesiredSession, command: UpdateLimits
) -> DesiredSession:
    """Sets limits of the session. Raises OuzelError: INVALID_ARGUMENT.

    Args:
        configured: the alternative limits in the configuration; None if there are none.
    """
    switch = session.alternative if command.alternative is msgspec.UNSET else command.alternative
    own = session.alternative_limits
    if command.alternative_limits is not msgspec.UNSET:
        own = _changed(own, command.alternative_limits)
    if with_clients(configured, own) is None:
        if command.alternative is True:
            raise _invalid("args.alternative", "there are no alternative limits; `alternative_limits` sets them")
        if own.schedule not in ("file", []):
            problem = "a schedule needs alternative limits; set `download_bps` or `upload_bps`, too"
            raise _invalid("args.alternative_limits", problem)
    return msgspec.structs.replace(session, **limits_given(command), alternative=switch, alternative_limits=own)


def check_torrents(command: UpdateLimits) -> None:
    """Checks a command that sets the limits of a torrent. Raises OuzelError: INVALID_ARGUMENT."""
    for name in ("alternative", "alternative_limits"):
        if getattr(command, name) is not msgspec.UNSET:
            raise _invalid(f"args.{name}", "a torrent has no alternative limits; leave out `torrent`")


def _changed(own: OwnAlternativeLimits, change: AlternativeChange) -> OwnAlternativeLimits:
    """Returns the values of clients after a change. The days of windows are sorted, and no day is repeated."""
    given: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET
    }
    if isinstance(change.schedule, list):
        given["schedule"] = [_sorted(window) for window in change.schedule]
    return msgspec.structs.replace(own, **given)


def _sorted(window: ScheduleWindow) -> ScheduleWindow:
    return msgspec.structs.replace(window, days=[day for day in DAYS if day in window.days])


def _invalid(field: str, problem: str) -> OuzelError:
    return OuzelError(ErrorKind.INVALID_ARGUMENT, f"{field}: {problem}", field=field)
