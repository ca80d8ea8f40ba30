"""The form of crash reports, on disk and on the wire."""

from typing import Annotated, Any

import msgspec

from protocol.text import patterns

CrashName = Annotated[str, msgspec.Meta(pattern=patterns.CRASH_NAME)]
"""A report's name has the time of the engine's death in UTC, and the engine's generation. Names sort by time."""


class CrashSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One unexpected death of an engine, in the reply to `list_crashes`.

    Fields:
        name: the report's name. The name has the time of death in UTC, and the generation. Names sort by time.
        time_us: when the death was noticed, microseconds since 1970.
        gen: the engine's generation.
        pid: the engine's process id.
        exit_code: the engine's exit code; null if a signal ended it.
        signal: the name of the signal that ended the engine (`SIGSEGV`); null if it exited by itself.
        killed_for: why the supervisor killed the engine; null if it did not.
        uptime_ms: for how long the process was the engine.
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
        stacks: the stacks of all threads that run Python, if the engine could still write them.
        log: the engine's last log lines.
        flight: the records of the engine's flight recorder, the latest first, each `{what, torrent, age_us,
            request}`. `request` is the name of the client's request that has caused the command, or null.
        versions: the versions of Ouzel and its dependencies.
        settings: the configuration. Its member `clients` has the settings of libtorrent that clients have set. Values
            that may be secret are left out.
    """

    stacks: str = ""
    log: list[str] = []
    flight: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    settings: dict[str, Any] = {}
