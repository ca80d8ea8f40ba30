"""Crash reports: one file in `state_dir/crashes/` for each unexpected death of an engine.

Crash reports help people, and no code depends on crash reports. If a report cannot be written, that is logged, and the
write is tried again. If too many reports wait, the oldest is dropped. The number and the size of the files are bounded.
The oldest files are evicted. All disk access runs in threads, because a disk may hang.
"""

import asyncio
import contextlib
import errno
import os
import platform
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from protocol.durable import durable
from protocol.durable.integrity import Damaged, read
from protocol.host import private_dir
from protocol.text.redacted import redacted_text
from protocol.text.scrub import scrub
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.concurrency.background import Tasks
from supervisor.concurrency.threads import in_thread
from supervisor.engine.process.child import Child, Death
from supervisor.log import logs

T = TypeVar("T")

REPORTS_MAX: Final = 50
TOTAL_BYTES_MAX: Final = 16 * 1024 * 1024
REPORT_BYTES_MAX: Final = 1024 * 1024
WAITING_MAX: Final = 5
"""The maximum number of reports that wait for a slow or failing disk. Beyond this number, the oldest are dropped."""
AGAIN_S: Final = 2.0
"""The delay before the next attempt to write a report."""
READERS_MAX: Final = 2
"""The maximum number of threads that read reports, including hung threads."""

CLOSE_S: Final = 1.0

_FILE: Final = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-gen[0-9]{1,10}\.json")
_SECRET: Final = re.compile("password|passphrase|secret|key|token|username|proxy_hostname|i2p", re.IGNORECASE)
_UNREADABLE: Final = (Damaged, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_HIDDEN: Final = "(hidden)"


class CrashReports:
    """The stored crash reports.

    Args:
        directory: the directory of the reports. The first write makes the directory if its parent exists.
        group: runs the task that writes.
        log: logs each report, even if its write fails.
        report: called with the reason why reports cannot be written. Called with None once reports can be written.
    """

    def __init__(
        self,
        directory: Path,
        *,
        group: Tasks,
        log: logs.Logger,
        report: Callable[[str | None], None] = lambda problem: None,
    ) -> None:
        self._report = report
        self._directory = directory
        self._group = group
        self._log = log
        self._waiting: deque[CrashReport] = deque(maxlen=WAITING_MAX)
        self._writing: asyncio.Task[None] | None = None
        self._readers = asyncio.Semaphore(READERS_MAX)
        self._reading: set[asyncio.Task[Any]] = set()

    def file(self, report: CrashReport) -> None:
        """Queues a report for writing."""
        self._waiting.append(report)
        if self._writing is None or self._writing.done():
            self._writing = self._group.create_task(self._write_all())

    async def summaries(self) -> list[CrashSummary]:
        """Summaries of all readable reports, the latest first. Raises OuzelError: STORAGE_UNAVAILABLE."""
        return await self._read(partial(_summaries, self._directory))

    async def get(self, name: str) -> CrashReport:
        """Returns one report. Raises OuzelError: UNKNOWN_CRASH, STORAGE_UNAVAILABLE."""
        return await self._read(partial(_report, self._directory, name))

    async def close(self) -> None:
        """Waits up to CLOSE_S for queued reports to be written, then drops them."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=CLOSE_S)
            self._writing.cancel()
        for reading in self._reading:
            reading.cancel()

    async def _write_all(self) -> None:
        told: CrashReport | None = None
        while self._waiting:
            report = self._waiting[0]
            try:
                await in_thread(partial(_write, self._directory, report))
            except OSError as error:
                if report is not told:
                    self._log.warning("crash_report_not_written", name=report.name, problem=str(error))
                told = report
                if error.errno != errno.EFBIG:
                    self._report(f"crash reports cannot be written: {error}")
                    await asyncio.sleep(AGAIN_S)
                    continue
            else:
                self._log.info("crash_report_written", name=report.name)
                self._report(None)
            if self._waiting and self._waiting[0] is report:  # the report may have been dropped meanwhile
                self._waiting.popleft()

    async def _read(self, call: Callable[[], T]) -> T:
        """Runs a call in one of READERS_MAX threads. The thread stays occupied until the call ends."""
        await self._readers.acquire()
        reading = asyncio.create_task(in_thread(call))
        self._reading.add(reading)
        reading.add_done_callback(self._end_reading)
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, f"{self._directory}: {error.strerror}") from error
        finally:
            del reading  # see in_thread

    def _end_reading(self, reading: asyncio.Task[Any]) -> None:
        self._reading.discard(reading)
        self._readers.release()


def report_on(
    child: Child, death: Death, *, uptime_ms: int, versions: Mapping[str, str], settings: Mapping[str, Any]
) -> CrashReport:
    """Makes the report on a child that has just died. Its stacks must still be readable."""
    now_us = time.time_ns() // 1000
    return CrashReport(
        name=name_of(now_us, child.gen),
        time_us=now_us,
        gen=child.gen,
        pid=child.pid,
        exit_code=death.exit_code,
        signal=death.signal,
        killed_for=death.killed_for,
        uptime_ms=uptime_ms,
        stacks=child.stacks(),
        log=[redacted_text(line) for line in child.last_lines()],
        flight=[msgspec.to_builtins(record) for record in child.flight().records],
        versions={**versions, "python": platform.python_version(), "kernel": platform.release()},
        settings=without_secrets(settings),
    )


def name_of(time_us: int, gen: int) -> str:
    """The name of a report."""
    at = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    return f"{at:%Y%m%dT%H%M%S}.{time_us % 1_000_000:06}Z-gen{gen}"


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings with all text in UTF-8. If a name at any depth suggests a secret, its value is hidden."""
    return {
        scrub(name): _HIDDEN if value and _SECRET.search(name) else _clean(value) for name, value in settings.items()
    }


def _clean(value: Any) -> Any:
    match value:
        case dict():
            return without_secrets(value)
        case list():
            return [_clean(each) for each in value]
        case str():
            return scrub(value)  # values from the environment may not be UTF-8
        case _:
            return value


# -- in the threads -----------------------------------------------------------------------------------------------


def _write(directory: Path, report: CrashReport) -> None:
    content = _encoded(report)
    private_dir.prepare(directory, parents=False)
    _make_room(directory, len(content))
    durable.write(directory / f"{report.name}.json", content)


def _encoded(report: CrashReport) -> bytes:
    """The report as indented JSON. If the text is too long, log lines, flight records and settings are dropped."""
    cut = msgspec.structs.replace
    for each in (report, cut(report, log=report.log[-20:]), cut(report, flight=[], log=[], settings={})):
        content = msgspec.json.format(msgspec.json.encode(each), indent=2)
        if len(content) <= REPORT_BYTES_MAX:
            return content
    raise OSError(errno.EFBIG, "the report is too long")


def _make_room(directory: Path, size: int) -> None:
    """Deletes temporary files of interrupted writes. Deletes the oldest reports until there is room for one more."""
    for left in directory.glob(f"*{durable.TEMPORARY_SUFFIX}"):
        left.unlink(missing_ok=True)
    files = [(path, path.stat().st_size) for path in _files(directory)]
    total = size + sum(size for _, size in files)
    for index, (path, size) in enumerate(files):
        if len(files) - index < REPORTS_MAX and total <= TOTAL_BYTES_MAX:
            return
        path.unlink(missing_ok=True)
        total -= size


def _files(directory: Path) -> list[Path]:
    """The report files, the oldest first. Raises OSError if another user could have written the files."""
    try:
        os.close(private_dir.open_dir(directory))
        return sorted(path for path in directory.iterdir() if _FILE.fullmatch(path.name) and not path.is_dir())
    except FileNotFoundError:
        return []


def _summaries(directory: Path) -> list[CrashSummary]:
    found = []
    for path in reversed(_files(directory)):
        with contextlib.suppress(FileNotFoundError, *_UNREADABLE):
            # The summary has the file's current name: a renamed file is requested by its new name.
            summary = msgspec.json.decode(read(path), type=CrashSummary)
            found.append(msgspec.structs.replace(summary, name=path.stem))
    return found


def _report(directory: Path, name: str) -> CrashReport:
    try:
        os.close(private_dir.open_dir(directory))
        content = read(directory / f"{name}.json")
        return msgspec.structs.replace(msgspec.json.decode(content, type=CrashReport), name=name)
    except FileNotFoundError:
        raise OuzelError(
            ErrorKind.UNKNOWN_CRASH, f"args.name: there is no crash report {name}", field="args.name"
        ) from None
    except _UNREADABLE as error:
        raise OuzelError(
            ErrorKind.UNKNOWN_CRASH, f"args.name: the crash report {name} cannot be read: {error}", field="args.name"
        ) from None
