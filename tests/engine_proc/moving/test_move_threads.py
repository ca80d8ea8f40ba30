"""The threads that perform moves."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from engine_proc.moving.file_moves import Plan
from engine_proc.moving.move_threads import MoveThreads, Performed, Progressed, Step
from protocol.internal.bounds import Bounds
from tools.rig.probe import eventually, readable

EVERYWHERE = Bounds(roots=["/"])


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The plan of a move whose file is copied, as to another file system."""

    def link(*_: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/a").write_bytes(b"a" * 100)
    target = tmp_path / "target"
    return Plan("f" * 40, f"{tmp_path}/source", str(target), str(target), [(f"{tmp_path}/source/a", f"{target}/a")])


def results(threads: MoveThreads) -> list[Progressed | Performed]:
    """The next results."""
    eventually(lambda: readable(threads.fileno(), 0.1), "a result")
    return threads.results()


def test_steps_are_performed_in_order(plan: Plan) -> None:
    """Each has a result with its ticket."""
    threads = MoveThreads()
    first = threads.submit("/", Step.STAGE, plan, EVERYWHERE)
    assert results(threads) == [Performed(first)]
    second = threads.submit("/", Step.PLACE, plan, EVERYWHERE)
    assert results(threads) == [Performed(second)]
    assert Path(plan.target, "a").read_bytes() == b"a" * 100


def test_a_failed_copy_leaves_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a part of it, nor the directories that were made for it."""

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "sendfile", full)
    threads = MoveThreads()
    threads.submit("/", Step.STAGE, plan, EVERYWHERE)
    (result,) = results(threads)
    assert isinstance(result, Performed)
    assert result.problem is not None
    assert os.strerror(errno.ENOSPC) in result.problem
    assert not Path(plan.target).exists()
    assert Path(plan.source, "a").read_bytes() == b"a" * 100


def test_a_cancelled_step_ends_without_a_result(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next step of the same file system begins after it."""
    copying, goes_on = threading.Event(), threading.Event()
    real = os.sendfile

    def slow(to: int, source: int, start: int, count: int) -> int:
        copying.set()
        assert goes_on.wait(10)
        return real(to, source, start, min(count, 10))

    monkeypatch.setattr(os, "sendfile", slow)
    threads = MoveThreads()
    threads.cancel(threads.submit("/", Step.STAGE, plan._replace(torrent="e" * 40), EVERYWHERE))
    first = threads.submit("/", Step.STAGE, plan, EVERYWHERE)
    assert copying.wait(10)
    threads.cancel(first)
    last = threads.submit("/", Step.UNDO, plan, EVERYWHERE)
    goes_on.set()
    assert results(threads) == [Performed(last)]
    assert not Path(plan.target).exists()


def test_a_file_in_the_way_ends_the_move(plan: Plan) -> None:
    """It is kept, and what was placed is staged again, so that the move can be undone."""
    threads = MoveThreads()
    threads.submit("/", Step.STAGE, plan, EVERYWHERE)
    results(threads)
    Path(plan.target, "a").write_bytes(b"foreign")
    threads.submit("/", Step.PLACE, plan, EVERYWHERE)
    (result,) = results(threads)
    assert isinstance(result, Performed)
    assert result.failed
    assert "in use by a file" in (result.problem or "")
    threads.submit("/", Step.UNDO, plan, EVERYWHERE)
    assert results(threads) == [Performed(3)]
    assert [each.name for each in Path(plan.target).iterdir()] == ["a"]
    assert Path(plan.target, "a").read_bytes() == b"foreign"
    assert Path(plan.source, "a").read_bytes() == b"a" * 100
