"""The job runner: carries out the jobs that make torrents, one after the other."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from protocol.internal.making import Created, CreationOrder, Hashed
from protocol.wire.commands.making_commands import ListJobs
from protocol.wire.errors import OuzelError
from protocol.wire.events.event import LatestEvent, LifecycleEvent
from protocol.wire.events.job_events import JobFinished, JobProgress
from protocol.wire.making_results import JobList, JobRow, JobState
from supervisor.commands.creating.job_book import CANCELLED, JobBook
from supervisor.commands.handlers import handles
from supervisor.engine.process.hasher import Hasher, HashingFailed

Seed = Callable[[Created], Awaitable[bool]]
"""Adds a created torrent. Returns whether the torrent existed already. Raises OuzelError."""


class _Job(NamedTuple):
    """What a job has to do."""

    order: CreationOrder
    seed: Seed | None


class JobRunner:
    """Carries out the jobs that make torrents, one after the other.

    Args:
        hasher: makes the torrents.
        publish: publishes a lifecycle event.
        publish_latest: publishes an event that replaces the previous event.
    """

    def __init__(
        self,
        hasher: Hasher,
        *,
        publish: Callable[[LifecycleEvent], int],
        publish_latest: Callable[[LatestEvent], None],
    ) -> None:
        self._hasher = hasher
        self._publish = publish
        self._publish_latest = publish_latest
        self._book = JobBook()
        self._jobs: dict[str, _Job] = {}
        """The jobs that have not ended."""
        self._work: tuple[str, asyncio.Task[None]] | None = None
        self._news = asyncio.Event()

    def submit(self, order: CreationOrder, seed: Seed | None) -> str:
        """Accepts a job, and returns its id. Raises OuzelError: TOO_MANY_JOBS.

        Args:
            seed: adds the created torrent. None if the torrent shall not be added.
        """
        job = secrets.token_hex(4)
        row = JobRow(job=job, path=order.path, state=JobState.QUEUED, created_us=_now_us(), output=order.output)
        self._book.add(row)
        self._jobs[job] = _Job(order, seed)
        self._news.set()
        return job

    def cancel(self, job: str) -> None:
        """Cancels a job. Does nothing if its torrent is already made. Raises OuzelError: UNKNOWN_JOB."""
        row = self._book.get(job)
        if row.ended_us is not None or row.torrent is not None:
            return
        if self._work is not None and self._work[0] == job:
            self._work[1].cancel()
        else:
            self._end(job, JobState.CANCELLED, CANCELLED)

    @handles(ListJobs)
    def _list(self, _: ListJobs) -> JobList:
        return JobList(jobs=self._book.rows())

    async def run(self) -> None:
        """Carries out jobs, for ever."""
        while True:
            job = self._book.start_next()
            if job is None:
                self._news.clear()
                await self._news.wait()
                continue
            try:
                async with asyncio.TaskGroup() as group:
                    self._work = job, group.create_task(self._carry_out(job))
            finally:
                self._work = None

    async def _carry_out(self, job: str) -> None:
        """Carries out a job, and ends the job in the job book. The job ends after an error, too."""
        state, problem, duplicate = JobState.FAILED, "a defect in Ouzel has ended it; the log has the details", False
        try:
            order, seed = self._jobs[job]
            created = await self._hasher.run(order, lambda hashed: self._hashed(job, hashed))
            self._book.made(job, created.torrent)
            if seed is not None:
                duplicate = await seed(created)
            state, problem = JobState.FINISHED, ""
        except HashingFailed as error:
            problem = str(error)
        except OuzelError as error:
            problem = f"the torrent is made, and could not be added: {error.message}"
        except asyncio.CancelledError:
            state, problem = JobState.CANCELLED, CANCELLED
            raise
        finally:
            self._end(job, state, problem or None, duplicate=duplicate)

    def _hashed(self, job: str, hashed: Hashed) -> None:
        self._book.hashed(job, hashed.bytes_done, hashed.bytes_total)
        self._publish_latest(JobProgress(job=job, bytes_done=hashed.bytes_done, bytes_total=hashed.bytes_total))

    def _end(self, job: str, state: JobState, problem: str | None, *, duplicate: bool = False) -> None:
        del self._jobs[job]
        row = self._book.end(job, state, problem, _now_us())
        output = None if row.torrent is None else row.output
        self._publish(JobFinished(job=job, torrent=row.torrent, output=output, problem=problem, duplicate=duplicate))


def _now_us() -> int:
    return time.time_ns() // 1000
