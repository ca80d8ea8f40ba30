"""What processes use: CPU time, memory and bytes written, read from /proc."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, NamedTuple, Self

import psutil

SAMPLE_S: Final = 0.1


class Memory(NamedTuple):
    """The memory of some processes in bytes.

    Fields:
        uss: the pages that no other process maps. Pages of mapped files count, if only one process maps them.
        anonymous: the pages that belong to no file.
    """

    uss: int
    anonymous: int


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes with these pids and all their descendants, each once."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for each in (process, *process.children(recursive=True)):
                found[each.pid] = each
    return list(found.values())


def cpu_s(pids: Iterable[int]) -> float:
    """The CPU time of the processes and their descendants, with that of ended children."""
    used = 0.0
    for process in family(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def written(pids: Iterable[int]) -> int:
    """The bytes that the processes and their descendants have caused to be written to storage."""
    total = 0
    for process in family(pids):
        with suppress(psutil.NoSuchProcess):
            total += process.io_counters().write_bytes
    return total


def memory(pids: Iterable[int]) -> Memory:
    """The present memory of the processes and their descendants."""
    uss = anonymous = 0
    for process in family(pids):
        with suppress(OSError, psutil.NoSuchProcess), open(f"/proc/{process.pid}/smaps_rollup") as lines:
            for line in lines:
                name, _, rest = line.partition(":")
                if name in ("Private_Clean", "Private_Dirty", "Private_Hugetlb"):
                    uss += int(rest.split()[0]) * 1024
                elif name == "Anonymous":
                    anonymous += int(rest.split()[0]) * 1024
    return Memory(uss, anonymous)


class Meter:
    """Samples the memory of processes in a thread within its context.

    Args:
        pids: returns the pids. It is called for each sample, because a restart changes them.

    Fields:
        peak: the largest memory so far.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self.peak = Memory(0, 0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            now = memory(self._pids())
            self.peak = Memory(max(self.peak.uss, now.uss), max(self.peak.anonymous, now.anonymous))
            self._ended.wait(SAMPLE_S)


def timed(act: Callable[[], object]) -> float:
    """Calls `act`. Returns the time of the call in seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
