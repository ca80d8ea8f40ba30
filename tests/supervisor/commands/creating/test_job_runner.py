"""The job runner: one job at a time, and each ends, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from protocol.internal.making import Created, CreationOrder, Hashed
from protocol.wire.commands.making_commands import ListJobs
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.event import LatestEvent, LifecycleEvent
from protocol.wire.events.job_events import JobFinished, JobProgress
from protocol.wire.making_results import JobRow, JobState
from supervisor.commands.creating.job_runner import JobRunner
from supervisor.commands.handlers import handlers_of
from supervisor.engine.process.hasher import HashingFailed

MADE = Created(torrent="f" * 40, metainfo=b"d")
TWO = 2


class Hasher:
    """Makes torrents when it is told, by path."""

    def __init__(self) -> None:
        self.outcomes: dict[str, asyncio.Future[Created]] = {}
        self.cancelled: list[str] = []

    async def run(self, order: CreationOrder, on_progress: Callable[[Hashed], None]) -> Created:
        """As the real one."""
        on_progress(Hashed(bytes_done=1, bytes_total=2))
        outcome: asyncio.Future[Created] = asyncio.get_running_loop().create_future()
        self.outcomes[order.path] = outcome
        try:
            return await outcome
        except asyncio.CancelledError:
            self.cancelled.append(order.path)
            raise


class Stage:
    """A runner with its surroundings."""

    def __init__(self) -> None:
        self.hasher = Hasher()
        self.finished: list[JobFinished] = []
        self.latest: list[LatestEvent] = []
        self.jobs = JobRunner(cast(Any, self.hasher), publish=self._publish, publish_latest=self.latest.append)

    def _publish(self, event: LifecycleEvent) -> int:
        assert isinstance(event, JobFinished)
        self.finished.append(event)
        return 1

    def submit(self, path: str, seed: Any = None) -> str:
        """Submits a job."""
        order = CreationOrder(
            path=path,
            format="v1",
            piece_length=None,
            trackers=[],
            web_seeds=[],
            private=False,
            source="",
            comment="",
            exclude=[],
            output=f"{path}.torrent",
            created_by="Ouzel",
        )
        return self.jobs.submit(order, seed)

    def rows(self) -> list[JobRow]:
        """The jobs as listed."""
        rows: list[JobRow] = handlers_of(self.jobs)[ListJobs](ListJobs()).jobs
        return rows

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until something is the case."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # some conditions have no event
                await asyncio.sleep(0)


@asynccontextmanager
async def running() -> AsyncIterator[Stage]:
    """A runner that carries out jobs."""
    stage = Stage()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stage.jobs.run())
        yield stage
        task.cancel()


async def test_jobs_run_one_after_the_other() -> None:
    """The output is named only if there is one."""
    async with running() as on:
        one, two = on.submit("/a"), on.submit("/b")
        await on.until(lambda: "/a" in on.hasher.outcomes)
        assert [row.state for row in on.rows()] == [JobState.RUNNING, JobState.QUEUED]
        assert on.latest == [JobProgress(job=one, bytes_done=1, bytes_total=2)]
        on.hasher.outcomes["/a"].set_result(MADE)
        await on.until(lambda: "/b" in on.hasher.outcomes)
        on.hasher.outcomes["/b"].set_exception(HashingFailed("a file has changed"))
        await on.until(lambda: len(on.finished) == TWO)
        assert on.finished == [
            JobFinished(job=one, torrent=MADE.torrent, output="/a.torrent"),
            JobFinished(job=two, problem="a file has changed"),
        ]
        assert [(row.state, row.problem) for row in on.rows()] == [
            (JobState.FINISHED, None),
            (JobState.FAILED, "a file has changed"),
        ]


async def test_a_job_can_be_cancelled_until_its_torrent_is_made() -> None:
    """Then its record may be on the way to the disk."""
    adding = asyncio.Event()

    async def seed(created: Created) -> bool:
        await adding.wait()
        return True

    async with running() as on:
        one, two, three = on.submit("/a"), on.submit("/b"), on.submit("/c", seed)
        await on.until(lambda: "/a" in on.hasher.outcomes)
        on.jobs.cancel(two)
        on.jobs.cancel(one)
        await on.until(lambda: "/c" in on.hasher.outcomes)
        assert on.hasher.cancelled == ["/a"]
        assert [event.problem for event in on.finished] == ["it was cancelled"] * TWO
        on.hasher.outcomes["/c"].set_result(MADE)
        await on.until(lambda: on.rows()[2].torrent)
        on.jobs.cancel(three)
        adding.set()
        await on.until(lambda: on.rows()[2].ended_us)
        on.jobs.cancel(three)
        assert on.finished[2:] == [JobFinished(job=three, torrent=MADE.torrent, output="/c.torrent", duplicate=True)]


async def test_a_torrent_that_cannot_be_added_is_made_all_the_same() -> None:
    """The event has both."""

    async def seed(created: Created) -> bool:
        raise OuzelError(ErrorKind.INVALID_METAINFO, "args.metainfo: no")

    async with running() as on:
        job = on.submit("/a", seed)
        await on.until(lambda: "/a" in on.hasher.outcomes)
        on.hasher.outcomes["/a"].set_result(MADE)
        await on.until(lambda: on.finished)
    problem = "the torrent is made, and could not be added: args.metainfo: no"
    assert on.finished == [JobFinished(job=job, torrent=MADE.torrent, output="/a.torrent", problem=problem)]


async def test_a_defect_ends_its_job_alone() -> None:
    """The task is started again, and carries out the next job."""
    on = Stage()
    on.submit("/a")
    on.submit("/b")
    task = asyncio.create_task(on.jobs.run())
    await on.until(lambda: "/a" in on.hasher.outcomes)
    on.hasher.outcomes["/a"].set_exception(ZeroDivisionError())
    with pytest.raises(ExceptionGroup):
        await task
    assert [row.state for row in on.rows()] == [JobState.FAILED, JobState.QUEUED]
    assert "defect" in str(on.finished[0].problem)
    task = asyncio.create_task(on.jobs.run())
    await on.until(lambda: "/b" in on.hasher.outcomes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert on.rows()[1].state is JobState.CANCELLED
