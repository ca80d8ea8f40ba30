import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from tools.bench import usage

HELD: Final = 32 << 20


@pytest.fixture
def holder() -> Iterator[int]:
    """A process that holds `HELD` bytes. It shares no memory, as this process may with what other tests forked."""
    argv = [sys.executable, "-I", "-c", f"held = b'x' * {HELD}; print(flush=True); input()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process.pid
        process.kill()


def test_memory_counts_what_a_process_holds(holder: int) -> None:
    """And each process once, whether it was named or is a descendant of another one."""
    now = usage.memory([holder, holder])
    assert 2 * HELD > now.uss >= now.anonymous > HELD
    assert len(usage.family([os.getpid(), os.getpid()])) == len(usage.family([os.getpid()]))


def test_an_ended_process_counts_as_nothing() -> None:
    """A program may end while it is measured."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert (usage.cpu_s([pid]), usage.written([pid]), usage.memory([pid])) == (0.0, 0, usage.Memory(0, 0))


def test_the_meter_keeps_the_peak(holder: int) -> None:
    """The first sample is taken at once."""
    with usage.Meter(lambda: [holder]) as meter:
        pass
    assert meter.peak.uss >= meter.peak.anonymous > HELD


def test_cpu_time_grows_with_work() -> None:
    """Of this process and its descendants."""
    before = usage.cpu_s([os.getpid()])
    while usage.cpu_s([os.getpid()]) == before:
        sum(range(100_000))
