import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from supervisor.concurrency import background
from supervisor.concurrency.background import Background


class Seen:
    """Background tasks, and the reports about them."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.logged: list[dict[str, Any]] = []
        self.reported: list[tuple[str, str | None]] = []
        self.news = asyncio.Event()
        log = structlog.wrap_logger(
            structlog.PrintLogger(),
            processors=[self._log],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        self.background = Background(group, self._report, log)

    async def until_reported(self, *wanted: tuple[str, str | None]) -> None:
        while self.reported != list(wanted):
            self.news.clear()
            await self.news.wait()

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.logged]

    def _log(self, _: Any, __: str, fields: Any) -> Any:
        self.logged.append(dict(fields))
        raise structlog.DropEvent

    def _report(self, name: str, problem: str | None) -> None:
        self.reported.append((name, problem))
        self.news.set()


@asynccontextmanager
async def seen() -> AsyncIterator[Seen]:
    """In a task group of its own, whose end is awaited."""
    async with asyncio.TaskGroup() as group:
        yield Seen(group)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "RETRY_S", 0.01)
    monkeypatch.setattr(background, "STEADY_S", 0.05)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (KeyError("x"), "KeyError: 'x'"),
        (ExceptionGroup("several", [ExceptionGroup("more", [OSError(28, "No space")])]), "[Errno 28] No space"),
    ],
)
async def test_a_task_that_fails_begins_again(error: Exception, told: str) -> None:
    """The failure is in the log and in health; so is the recovery, once it has run for a while."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise error
        await asyncio.Event().wait()

    async with seen() as on:
        task = on.background.keep("part", run)
        await on.until_reported(("part", f"{told}; it is tried again"), ("part", None))
        assert on.events() == ["task_failed", "task_well_again"]
        assert on.logged[0]["exc_info"] is error
        task.cancel()
    assert runs == 2


async def test_a_task_that_fails_over_and_over_is_logged_once() -> None:
    """Health reports it all the time."""
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs <= 5:
            raise OSError("no")

    async with seen() as on:
        await on.background.keep("part", run)
    assert on.events() == ["task_failed", "task_well_again"]
    assert on.reported == [("part", "no; it is tried again")] * 5 + [("part", None)]


async def test_a_task_that_is_done_once_may_fail() -> None:
    """The others are not affected."""

    async def fail() -> None:
        raise ValueError("why")

    async with seen() as on:
        await on.background.create_task(fail())
        assert on.events() == ["task_failed"]
        assert on.logged[0]["problem"] == "ValueError: why"


async def test_an_attempt_that_fails_is_told_until_one_does_not() -> None:
    """Other code decides when it is made again."""
    async with seen() as on:
        for _ in range(3):
            on.background.attempt("part", lambda: [][0])
        on.background.attempt("part", lambda: None)
        on.background.attempt("part", lambda: None)
        assert on.events() == ["task_failed", "task_well_again"]
        assert [problem is None for _, problem in on.reported] == [False, False, False, True]


async def test_a_task_can_be_cancelled() -> None:
    """Also while it waits for its restart."""

    async def run() -> None:
        raise OSError("no")

    async with seen() as on:
        task = on.background.keep("part", run)
        await on.until_reported(("part", "no; it is tried again"))
        task.cancel()
    assert task.cancelled()
