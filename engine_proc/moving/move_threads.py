"""Performs the steps of moves on threads. Each target file system has one thread."""

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from engine_proc.moving import file_moves
from engine_proc.moving.file_moves import Collision, Interrupted, MoveFailed, Moving, Plan
from engine_proc.process.mailbox import Mailbox
from engine_proc.storage.storage_watch import RealDisk
from protocol.internal.bounds import Bounds

REPORT_S: Final = 0.25
"""The minimum interval between two reports of a move's progress."""


class Step(Enum):
    """A step of a move."""

    STAGE = "stage"
    PLACE = "place"
    UNDO = "undo"


class Progressed(NamedTuple):
    """How many bytes of a move are copied, and the total."""

    ticket: int
    done: int
    total: int


class Performed(NamedTuple):
    """The end of a step. `problem` is the reason if the step failed.

    Fields:
        failed: whether the move has failed. A failed staging is undone already. A failed placing can be undone now. If
            there is a problem and `failed` is False, the step has to be repeated.
    """

    ticket: int
    problem: str | None = None
    failed: bool = False


class _Task(NamedTuple):
    ticket: int
    step: Step
    plan: Plan
    bounds: Bounds


class MoveThreads:
    """Performs steps of moves. `fileno` is readable while there are results."""

    def __init__(self) -> None:
        self._results: Mailbox[Progressed | Performed] = Mailbox()
        self._tickets = itertools.count(1)
        self._cancelled: set[int] = set()
        self._tasks: dict[str, queue.SimpleQueue[_Task]] = {}

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are results."""
        return self._results.fileno()

    def results(self) -> list[Progressed | Performed]:
        """Removes and returns all results. Results of a cancelled step may still follow."""
        return self._results.drain()

    def submit(self, mount_point: str, step: Step, plan: Plan, bounds: Bounds) -> int:
        """Queues a step after the other steps of the same file system. Returns the ticket of the results."""
        tasks = self._tasks.get(mount_point)
        if tasks is None:
            tasks = self._tasks[mount_point] = queue.SimpleQueue()
            threading.Thread(target=self._run, args=(tasks,), name=f"move {mount_point}", daemon=True).start()
        ticket = next(self._tickets)
        tasks.put(_Task(ticket, step, plan, bounds))
        return ticket

    def cancel(self, ticket: int) -> None:
        """Ends a step soon, between two chunks of a copy. The torrent's next step waits for the end."""
        self._cancelled.add(ticket)

    def _run(self, tasks: "queue.SimpleQueue[_Task]") -> None:
        while True:
            task = tasks.get()
            try:
                self._perform(task)
            except Interrupted:
                self._cancelled.discard(task.ticket)
            except (MoveFailed, OSError, ValueError) as error:  # ValueError: a text that cannot be a path
                self._results.put(_failure(task, error))
            else:
                self._results.put(Performed(task.ticket))

    def _perform(self, task: _Task) -> None:
        moving = Moving(task.bounds, RealDisk(), self._reporter(task.ticket))
        moving.report(0, 0)
        match task.step:
            case Step.STAGE:
                file_moves.stage(task.plan, moving)
            case Step.PLACE:
                file_moves.place(task.plan, moving)
            case Step.UNDO:
                file_moves.undo(task.plan)

    def _reporter(self, ticket: int) -> Callable[[int, int], None]:
        told_at = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal told_at
            if ticket in self._cancelled:
                raise Interrupted
            if total and time.monotonic() - told_at >= REPORT_S:
                told_at = time.monotonic()
                self._results.put(Progressed(ticket, done, total))

        return report


def _failure(task: _Task, error: Exception) -> Performed:
    """Prepares the end of a move that has failed. Returns the result of the step."""
    failed = task.step is Step.STAGE
    if failed:
        with contextlib.suppress(OSError):  # the move has failed anyway
            file_moves.undo(task.plan)
    elif isinstance(error, Collision):
        try:
            file_moves.take_back(task.plan)
        except (MoveFailed, OSError) as obstacle:
            return Performed(task.ticket, f"{error}; {obstacle}")
        failed = True
    return Performed(task.ticket, str(error), failed)
