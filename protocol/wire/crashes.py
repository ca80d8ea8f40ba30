"""Crash reports, as they lie on disk and as clients read them."""

from typing import Annotated, Any

import msgspec

from protocol.text import patterns

CrashName = Annotated[str, msgspec.Meta(pattern=patterns.CRASH_NAME)]
"""A report's name: when the engine died, in UTC, and its generation. Names sort by time."""


class CrashSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One death of an engine that nobody wanted, as `list_crashes` gives it.

    Fields:
        name: of the report: when, in UTC, and which generation; names sort by time.
        time_us: when it was noticed, microseconds since 1970.
        gen: the engine's generation.
        pid: its process id.
        exit_code: what it ended with, or null.
        signal: the signal's name that ended it (`SIGSEGV`), or null; one of the two is set.
        killed_for: why the supervisor killed it, null where it did not.
        uptime_ms: for how long it had been the engine.
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
    """One death as `get_crash` gives it.

    Fields:
        stacks: of all threads that run Python, where the engine could still write them.
        log: the last lines that it wrote.
        flight: what it was about to do, the latest first: `{what, torrent, age_us}` each.
        versions: of Ouzel and what it stands on.
        settings: the configuration, without what may be secret.
    """

    stacks: str = ""
    log: list[str] = []
    flight: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    settings: dict[str, Any] = {}
