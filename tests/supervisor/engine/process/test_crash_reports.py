import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from protocol.durable.integrity import read
from protocol.wire import codec
from protocol.wire.crashes import CrashReport
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.engine.process import crash_reports
from supervisor.engine.process.crash_reports import REPORTS_MAX, CrashReports, name_of, without_secrets

pytestmark = pytest.mark.slow

NOON_US = 1_795_348_800_000_000


def report(number: int = 0, **fields: Any) -> CrashReport:
    """A report of a death `number` seconds after noon."""
    time_us = NOON_US + number * 1_000_000
    values: dict[str, Any] = {
        "name": name_of(time_us, number),
        "time_us": time_us,
        "gen": number,
        "pid": 4242,
        "exit_code": None,
        "signal": "SIGSEGV",
        "killed_for": None,
        "uptime_ms": 1500,
        "stacks": "Fatal Python error: Segmentation fault\n",
        "log": ["one", "two"],
        "flight": [{"what": "add_torrent", "torrent": "ab" * 20}],
        "versions": {"ouzel": "0.1.0"},
        "settings": {"limits": {"upload_bps": 0}},
        **fields,
    }
    return CrashReport(**values)


class Reports:
    """Crash reports in a directory, and the log lines."""

    def __init__(self, directory: Path, group: asyncio.TaskGroup) -> None:
        self.directory = directory
        self.logged: list[dict[str, Any]] = []
        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.problems: list[str | None] = []
        self.told = asyncio.Event()
        self.reports = CrashReports(directory, group=group, log=log, report=self._report)

    def _report(self, problem: str | None) -> None:
        self.problems.append(problem)
        self.told.set()

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(dict(fields))
        raise structlog.DropEvent

    async def written(self, *filed: CrashReport) -> None:
        """Writes reports one after the other, and waits for each."""
        for each in filed:
            self.reports.file(each)
            assert self.reports._writing is not None
            await self.reports._writing

    def files(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.logged]


@asynccontextmanager
async def reports(directory: Path) -> AsyncIterator[Reports]:
    """Reports that are closed at the end of the test."""
    async with asyncio.TaskGroup() as group:
        made = Reports(directory, group)
        yield made
        await made.reports.close()


async def refused(awaitable: Any) -> ErrorKind:
    """The error of a refused request."""
    with pytest.raises(OuzelError) as error:
        await awaitable
    return error.value.kind


def test_a_name_tells_when_and_which() -> None:
    """In UTC, to the microsecond, so the order of names is the order of time."""
    assert name_of(NOON_US + 42, 7) == "20261122T120000.000042Z-gen7"
    assert name_of(NOON_US + 999_999, 10) < name_of(NOON_US + 1_000_000, 2)


async def test_a_directory_that_others_could_fill_has_none(tmp_path: Path) -> None:
    """Nothing in it is read, and nothing is written to it."""
    async with reports(tmp_path / "crashes") as on:
        await on.written(report(1))
        on.directory.chmod(0o777)
        assert await refused(on.reports.summaries()) is ErrorKind.STORAGE_UNAVAILABLE
        assert await refused(on.reports.get(report(1).name)) is ErrorKind.STORAGE_UNAVAILABLE
        on.told.clear()
        on.reports.file(report(2))
        await on.told.wait()
        assert on.events() == ["crash_report_written", "crash_report_not_written"]
        assert on.files() == [f"{report(1).name}.json"]


async def test_what_was_filed_is_listed_and_read(tmp_path: Path) -> None:
    """The latest first. The file is readable text, and only for its owner."""
    async with reports(tmp_path / "crashes") as on:
        assert await on.reports.summaries() == []
        await on.written(report(1), report(2, signal=None, exit_code=3, killed_for="hangs"))
        listed = await on.reports.summaries()
        assert [(each.gen, each.signal, each.exit_code, each.killed_for) for each in listed] == [
            (2, None, 3, "hangs"),
            (1, "SIGSEGV", None, None),
        ]
        assert await on.reports.get(listed[1].name) == report(1)
        file = on.directory / f"{listed[0].name}.json"
        assert json.loads(file.read_text())["uptime_ms"] == 1500
        assert file.read_text().count("\n") > 10
        assert file.stat().st_mode & 0o077 == on.directory.stat().st_mode & 0o077 == 0
        codec.encode(listed)


async def test_there_is_no_report_of_another_name(tmp_path: Path) -> None:
    """Nor an unreadable one; the list leaves it out, like all other files."""
    async with reports(tmp_path) as on:
        await on.written(report(1))
        damaged = name_of(NOON_US, 9)
        (tmp_path / f"{damaged}.json").write_bytes(b'{"name": \xff')
        (tmp_path / "notes.json").write_text("{}")
        assert len(await on.reports.summaries()) == 1
        assert await refused(on.reports.get(damaged)) is ErrorKind.UNKNOWN_CRASH
        assert await refused(on.reports.get(name_of(NOON_US, 5))) is ErrorKind.UNKNOWN_CRASH


async def test_what_is_no_regular_file_blocks_nobody(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a link and a directory: the list leaves them out, and new reports are written."""
    async with reports(tmp_path) as on:
        pipe, link, directory = (tmp_path / f"{name_of(NOON_US, gen)}.json" for gen in (7, 8, 9))
        os.mkfifo(pipe)
        directory.mkdir()
        await on.written(*(report(number) for number in range(REPORTS_MAX + 1)))
        link.symlink_to(tmp_path / on.files()[-1])
        assert len(await on.reports.summaries()) >= REPORTS_MAX - 2
        for path in (pipe, link, directory):
            assert await refused(on.reports.get(path.stem)) is ErrorKind.UNKNOWN_CRASH


async def test_they_are_bounded_in_number(tmp_path: Path) -> None:
    """The oldest are deleted. Other files stay, except for those of an interrupted write."""
    (tmp_path / "notes.txt").touch()
    (tmp_path / f"{name_of(NOON_US, 0)}.json.tmp").touch()
    async with reports(tmp_path) as on:
        await on.written(*(report(number) for number in range(REPORTS_MAX + 3)))
        gens = [each.gen for each in await on.reports.summaries()]
        assert gens == list(range(REPORTS_MAX + 2, 2, -1))
        assert len(on.files()) == REPORTS_MAX + 1
        assert "notes.txt" in on.files()


async def test_they_are_bounded_in_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In total and each; the longest parts are omitted first."""
    monkeypatch.setattr(crash_reports, "REPORT_BYTES_MAX", 4000)
    monkeypatch.setattr(crash_reports, "TOTAL_BYTES_MAX", 10_000)
    async with reports(tmp_path) as on:
        await on.written(*(report(number, log=["x" * 50] * 40) for number in range(6)))
        assert sum((tmp_path / name).stat().st_size for name in on.files()) <= 10_000
        assert 2 <= len(on.files()) < 6
        long = report(7, log=["x" * 100] * 100)
        await on.written(long)
        assert (await on.reports.get(long.name)).log == long.log[-20:]
        longer = report(8, log=["x" * 5000], stacks="s" * 1000)
        await on.written(longer)
        kept = await on.reports.get(longer.name)
        assert (kept.log, kept.stacks) == ([], longer.stacks)


async def test_a_disk_that_takes_nothing_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported. The parent directory is not made, and waiting reports are written when it is back."""
    monkeypatch.setattr(crash_reports, "AGAIN_S", 0.01)
    async with reports(tmp_path / "away" / "crashes") as on:
        on.reports.file(report(1))
        await on.told.wait()
        assert await on.reports.summaries() == []
        assert not (tmp_path / "away").exists()
        (tmp_path / "away").mkdir()
        (tmp_path / "away" / "crashes").touch()
        on.reports.file(report(2))
        assert await refused(on.reports.summaries()) is ErrorKind.STORAGE_UNAVAILABLE
        (tmp_path / "away" / "crashes").unlink()
        await on.written(report(3))
        assert [each.gen for each in await on.reports.summaries()] == [3, 2, 1]
        assert on.events() == ["crash_report_not_written"] + ["crash_report_written"] * 3
        assert "cannot be written" in str(on.problems[0])
        assert on.problems[-1] is None


async def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few reports wait, and the shutdown does not."""
    monkeypatch.setattr(crash_reports, "CLOSE_S", 0.05)
    hung = asyncio.Event()

    async def never(_: Any) -> None:
        hung.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(crash_reports, "in_thread", never)
    async with reports(tmp_path) as on:
        on.reports.file(report(0))
        await hung.wait()
        for number in range(1, 20):
            on.reports.file(report(number))
        assert len(on.reports._waiting) == crash_reports.WAITING_MAX
    assert on.reports._writing is not None
    assert on.reports._writing.cancelled()


async def test_a_disk_that_hangs_has_few_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests gave up; once the disk answers, it is read again."""
    answers = threading.Event()
    async with reports(tmp_path) as on:
        await on.written(report(1))
        monkeypatch.setattr(crash_reports, "read", lambda path: read(path) if answers.wait(20) else b"")
        before = threading.active_count()
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await on.reports.summaries()
        assert threading.active_count() - before <= crash_reports.READERS_MAX
        answers.set()
        await asyncio.gather(*on.reports._reading)
        assert [each.gen for each in await on.reports.summaries()] == [1]


def test_secrets_are_not_told() -> None:
    """By their names, at any depth. Empty values are shown as empty, and invalid text is readable."""
    settings = {
        "engine": {
            "proxy_password": "p",
            "proxy_username": "u",
            "i2p_hostname": "h",
            "user_agent": "a",
            "listen_interfaces": "127.0.0.1:0",
            "proxy_port": 8080,
        },
        "api": {"curve_secret_key_file": "/k", "other_key": ""},
        "paths": {"download_roots": ["/\udcff"]},
    }
    assert without_secrets(settings) == {
        "engine": {
            "proxy_password": "(hidden)",
            "proxy_username": "(hidden)",
            "i2p_hostname": "(hidden)",
            "user_agent": "a",
            "listen_interfaces": "127.0.0.1:0",
            "proxy_port": 8080,
        },
        "api": {"curve_secret_key_file": "(hidden)", "other_key": ""},
        "paths": {"download_roots": ["/?"]},
    }
