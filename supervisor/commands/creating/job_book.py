"""The job book: waiting jobs, running jobs and the latest ended jobs. Pure.

Jobs are in the order of acceptance.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.making_results import JobRow, JobState

WAITING_MAX: Final = 1000
ENDED_MAX: Final = 100
"""The number of ended jobs that are listed. The oldest ended jobs are evicted."""
CANCELLED: Final = "it was cancelled"


class JobBook:
    """The jobs by id."""

    def __init__(self) -> None:
        self._rows: dict[str, JobRow] = {}

    def add(self, row: JobRow) -> None:
        """Adds a queued job. Raises OuzelError: TOO_MANY_JOBS."""
        if sum(each.state is JobState.QUEUED for each in self._rows.values()) >= WAITING_MAX:
            problem = f"{WAITING_MAX} jobs are waiting; nothing was accepted"
            raise OuzelError(ErrorKind.TOO_MANY_JOBS, problem, retry_after_ms=10_000)
        self._rows[row.job] = row

    def get(self, job: str) -> JobRow:
        """Returns a job. Raises OuzelError: UNKNOWN_JOB."""
        row = self._rows.get(job)
        if row is None:
            problem = f"args.job: there is no job {job[:100]!r}; a restart of the daemon ends all jobs"
            raise OuzelError(ErrorKind.UNKNOWN_JOB, problem, field="args.job")
        return row

    def rows(self) -> list[JobRow]:
        """All jobs."""
        return list(self._rows.values())

    def start_next(self) -> str | None:
        """Starts the job that has waited longest. Returns the job's id; None if no job waits."""
        for job, row in self._rows.items():
            if row.state is JobState.QUEUED:
                self._rows[job] = msgspec.structs.replace(row, state=JobState.RUNNING)
                return job
        return None

    def hashed(self, job: str, bytes_done: int, bytes_total: int) -> None:
        """Notes the progress of a job."""
        self._rows[job] = msgspec.structs.replace(self._rows[job], bytes_done=bytes_done, bytes_total=bytes_total)

    def made(self, job: str, torrent: str) -> None:
        """Notes the torrent that a job has made."""
        self._rows[job] = msgspec.structs.replace(self._rows[job], torrent=torrent)

    def end(self, job: str, state: JobState, problem: str | None, now_us: int) -> JobRow:
        """Ends a job, and returns it. Evicts the oldest ended jobs."""
        row = msgspec.structs.replace(self._rows[job], state=state, problem=problem, ended_us=now_us)
        self._rows[job] = row
        ended = list(self._ended())
        for old in ended[: max(0, len(ended) - ENDED_MAX)]:
            del self._rows[old]
        return row

    def _ended(self) -> Iterator[str]:
        return (job for job, row in self._rows.items() if row.ended_us is not None)
