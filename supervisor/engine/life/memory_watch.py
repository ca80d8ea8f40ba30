"""The memory watch: measures the engine's memory, and recycles an engine that uses too much."""

import time
from collections.abc import Callable

from protocol.wire.events.session_events import SessionError
from supervisor.engine.facts import Problem
from supervisor.engine.life.memory_guard import MemoryGuard
from supervisor.host import memory


class MemoryWatch:
    """Measures the memory of one engine, and recycles the engine if it uses too much.

    Args:
        limit: the memory limit of a process in bytes; 0 is no limit.
        emit: called after each measurement with the problem or its end. Also called with an event for each recycle.
        recycle: recycles the engine, for the given reason.
        held_bytes: returns the memory that a process uses; None if unknown.
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
        """Measures a running process. Call `look` every second."""
        recycle, problem = self._guard.judge(self._held_bytes(pid), time.monotonic())
        self._emit(Problem("memory", problem))
        if recycle and problem is not None:
            self._emit(SessionError(name="memory_high", message=problem))
            self._recycle(problem)
