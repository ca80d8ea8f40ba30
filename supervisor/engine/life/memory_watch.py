"""The memory watch: looks at how much memory the engine holds, and has one that holds too much replaced."""

import time
from collections.abc import Callable

from protocol.wire.events import SessionError
from supervisor.engine.facts import Problem
from supervisor.engine.life.memory_guard import MemoryGuard
from supervisor.host import memory


class MemoryWatch:
    """One engine's.

    Args:
        limit: what a process may hold, in bytes; 0 is anything.
        emit: is given what is wrong, until the next process has been looked at, and an event for each replacement.
        recycle: has another process take the place of this one, for a reason.
        held_bytes: how much memory a process holds; None where that is not known.
    """

    def __init__(
        self,
        limit: int,
        *,
        emit: Callable[[Problem | SessionError], None],
        recycle: Callable[[str], object],
        held_bytes: Callable[[int], int | None] = memory.held_bytes,
    ) -> None:
        self._guard = MemoryGuard(limit)
        self._emit = emit
        self._recycle = recycle
        self._held_bytes = held_bytes

    def look(self, pid: int) -> None:
        """Looks at a running process; to be called every second."""
        recycle, problem = self._guard.judge(self._held_bytes(pid), time.monotonic())
        self._emit(Problem("memory", problem))
        if recycle and problem is not None:
            self._emit(SessionError(name="memory_high", message=problem))
            self._recycle(problem)
