"""Crash reports, on disk and on the wire."""

from typing import Annotated, Any

import msgspec

from protocol.text import patterns

CrashName = Annotated[str, msgspec.Meta(pattern=patterns.CRASH_NAME)]
"""A report's name: when the engine died, in UTC, and its generation. Names sort by time."""


class CrashSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One unexpected death of an engine, in the reply to `list_crashes`.

    Fields:
        name: of the report: when, in UTC, and which generation; names sort by time.
        time_us: when it was noticed, microseconds since 1970.
        gen: the engine's generation.
        pid: its process id.
        exit_code: its exit code, or null.
        signal: the signal's name that ended it (`SIGSEGV`), or null; one of the two is set.
        killed_for: why the supervisor killed it, null if it did not.
        uptime_ms: its uptime as the engine.
    """

    name: str
    time_us: int
    gen: int
    pid: int
    exit_code: int | None
    signal: str | None
    killed_for: str | None
    uptime_ms: int


class CrashReport(CrashSummary, frozen=True, kw_only=True):
    """One crash report, in the reply to `get_crash`.

    Fields:
        stacks: of all threads that run Python, if the engine could still write them.
        log: its last log lines.
        flight: its flight recorder, the latest first: `{what, torrent, age_us}` each.
        versions: of Ouzel and its dependencies.
        settings: the configuration, without values that may be secret.
    """

    stacks: str = ""
    log: list[str] = []
    flight: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    settings: dict[str, Any] = {}
