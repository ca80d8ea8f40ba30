"""Findings, and the functions that make them."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """The status of a finding.

    - `ok`: nothing is wrong.
    - `info`: a fact that is worth knowing.
    - `warning`: the service works, but something may go wrong.
    - `error`: the service, or a part of it, does not work.
    - `unknown`: the check was not possible.
    """

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a check.

    Fields:
        check: the name of the check.
        subject: what was examined, such as a path or an address; null if the check has only one subject.
        status: the status.
        seen: what was seen.
        advice: what to do; null if nothing has to be done.
    """

    check: str = ""
    subject: str | None = None
    status: Status
    seen: str
    advice: str | None = None


def ok(seen: str, subject: str | None = None) -> Finding:
    """A finding that nothing is wrong."""
    return Finding(status=Status.OK, seen=seen, subject=subject)


def info(seen: str, advice: str | None = None, subject: str | None = None) -> Finding:
    """A finding about a fact."""
    return Finding(status=Status.INFO, seen=seen, advice=advice, subject=subject)


def warning(seen: str, advice: str, subject: str | None = None) -> Finding:
    """A finding that something may go wrong."""
    return Finding(status=Status.WARNING, seen=seen, advice=advice, subject=subject)


def error(seen: str, advice: str, subject: str | None = None) -> Finding:
    """A finding that something does not work."""
    return Finding(status=Status.ERROR, seen=seen, advice=advice, subject=subject)


def unknown(seen: str, advice: str | None = None, subject: str | None = None) -> Finding:
    """A finding that something could not be examined."""
    return Finding(status=Status.UNKNOWN, seen=seen, advice=advice, subject=subject)


def denied(what: str, problem: OSError, subject: str | None = None) -> Finding:
    """A finding about something that could not be read, because of permissions, the path or the disk."""
    seen = f"{what} could not be examined: {problem.strerror or problem}"
    remedy = (
        "run `ouzel doctor` as the daemon's user, or as root"
        if isinstance(problem, PermissionError)
        else "look at the path, and in `dmesg` for errors of its disk"
    )
    return unknown(seen, remedy, subject)
