"""The job book."""

import pytest

from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.making_results import JobRow, JobState
from supervisor.commands.creating.job_book import ENDED_MAX, WAITING_MAX, JobBook


def row(job: str) -> JobRow:
    """A queued job."""
    return JobRow(job=job, path="/p", state=JobState.QUEUED, created_us=1)


def test_jobs_start_in_order_and_keep_their_outcome() -> None:
    """A cancelled job never starts."""
    book = JobBook()
    for job in "abc":
        book.add(row(job))
    assert book.start_next() == "a"
    book.hashed("a", 5, 10)
    book.made("a", "f" * 40)
    ended = book.end("a", JobState.FINISHED, None, 7)
    assert (ended.bytes_done, ended.bytes_total, ended.torrent, ended.ended_us) == (5, 10, "f" * 40, 7)
    book.end("b", JobState.CANCELLED, "it was cancelled", 8)
    assert book.start_next() == "c"
    assert book.start_next() is None
    assert [each.state for each in book.rows()] == [JobState.FINISHED, JobState.CANCELLED, JobState.RUNNING]
    with pytest.raises(OuzelError) as caught:
        book.get("d")
    assert caught.value.kind is ErrorKind.UNKNOWN_JOB


def test_there_is_a_bound_of_waiting_and_of_ended_jobs() -> None:
    """The oldest that have ended are evicted."""
    book = JobBook()
    for number in range(WAITING_MAX):
        book.add(row(str(number)))
    with pytest.raises(OuzelError) as caught:
        book.add(row("more"))
    assert caught.value.kind is ErrorKind.TOO_MANY_JOBS
    for _ in range(WAITING_MAX):
        job = book.start_next()
        assert job is not None
        book.end(job, JobState.FAILED, "it failed", 1)
    assert [each.job for each in book.rows()] == [str(number) for number in range(WAITING_MAX - ENDED_MAX, WAITING_MAX)]
