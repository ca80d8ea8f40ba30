"""The upkeep of one slot: what is done every second, and the conditions of the process that other parts ask for."""

from collections.abc import Callable

from supervisor.engine.admission import Admission
from supervisor.engine.life.keeper import Keeper
from supervisor.engine.life.lifecycle import State
from supervisor.engine.life.memory_watch import MemoryWatch


class Upkeep:
    """The upkeep of one slot.

    Args:
        keeper: keeps a process running.
        admission: sends torrents to the process.
        memory: measures the memory of a running process.
        disk_is_slow: whether the disk of the resume directory answers slowly now.
    """

    def __init__(
        self, keeper: Keeper, admission: Admission, memory: MemoryWatch, disk_is_slow: Callable[[], bool]
    ) -> None:
        self._keeper = keeper
        self._admission = admission
        self._memory = memory
        self._disk_is_slow = disk_is_slow

    def ticks(self) -> dict[str, Callable[[], None]]:
        """The calls to make every second, by name."""
        return {
            "restorer": self._admission.tell,
            "memory": self._look_at_memory,
            "spare": self._look_after_spare,
            "isolation": self._admission.tick,
        }

    def is_busy(self) -> bool:
        """Whether the process starts or restores torrents. If so, a call of the process may take long."""
        return self._keeper.lifecycle.state is State.STARTING or not self._admission.restored

    def is_stranded(self) -> bool:
        """Whether no process will be started for a while."""
        return self._keeper.lifecycle.state in (State.BACKING_OFF, State.OVER_BUDGET)

    def waits_for_disk(self) -> bool:
        """Whether the process starts or restores torrents while the disk of the resume directory is slow."""
        return self.is_busy() and self._disk_is_slow()

    def _look_at_memory(self) -> None:
        if self._keeper.child is not None and self._keeper.lifecycle.state is State.RUNNING:
            self._memory.look(self._keeper.child.pid)

    def _look_after_spare(self) -> None:
        if self._admission.restored:
            self._keeper.prepare_spare()
