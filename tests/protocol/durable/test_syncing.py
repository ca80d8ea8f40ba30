"""Calls that wait for a disk: all of them run, and on a slow disk they overlap."""

import threading

import pytest

from protocol.durable import syncing
from protocol.durable.syncing import FEWEST, THREADS_MAX, call_all


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every disk counts as slow."""
    monkeypatch.setattr(syncing, "SLOW_S", -1.0)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("count", [0, 1, FEWEST, FEWEST + 1, 200])
def test_each_call_runs_once(count: int) -> None:
    """Before `call_all` returns."""
    done: list[int] = []
    call_all([lambda number=number: done.append(number) for number in range(count)])  # type: ignore[misc]
    assert sorted(done) == list(range(count))


@pytest.mark.usefixtures("slow")
def test_calls_overlap() -> None:
    """Each waits until the others have begun."""
    meeting = threading.Barrier(THREADS_MAX, timeout=60)
    call_all([lambda: None, *[lambda: _none(meeting.wait()) for _ in range(THREADS_MAX)]])
    assert not meeting.broken


def test_on_a_fast_disk_no_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on tmpfs."""
    monkeypatch.setattr(syncing, "SLOW_S", 1e9)
    threads = set()
    call_all([lambda: threads.add(threading.get_ident())] * 100)
    assert threads == {threading.get_ident()}


@pytest.mark.usefixtures("slow")
def test_without_threads_this_one_does_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of processes, for example."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done: list[None] = []
    call_all([lambda: done.append(None)] * 100)
    assert len(done) == 100


@pytest.mark.usefixtures("slow")
def test_an_error_is_raised_here() -> None:
    """Otherwise a write that was never synced would count as durable."""

    def fail() -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        call_all([lambda: None] * 50 + [fail] + [lambda: None] * 50)


def _none(_: object) -> None:
    return None
