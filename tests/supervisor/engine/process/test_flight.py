import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.internal.flight_recorder import FLIGHT_BYTES, RECORDS, Flight, FlightRecord
from supervisor.engine.process import flight
from tools.rig.waiting import until

ROOT = Path(__file__).parents[4]


@contextmanager
def memory() -> Iterator[int]:
    """A recorder's memory, closed at the end of the test."""
    fd = flight.make()
    try:
        yield fd
    finally:
        os.close(fd)


def test_the_memory_is_no_other_process_s(tmp_path: Path) -> None:
    """It is not inherited by accident, has the recorder's size, and is empty."""
    with memory() as fd:
        assert not os.get_inheritable(fd)
        assert os.fstat(fd).st_size == FLIGHT_BYTES
        assert flight.read(fd) == Flight()


@pytest.mark.parametrize("size", [0, 1, FLIGHT_BYTES - 1, FLIGHT_BYTES + 1])
def test_an_engine_that_changes_the_size_has_said_nothing(size: int) -> None:
    """It may do with its memory what it likes."""
    with memory() as fd:
        os.write(fd, os.urandom(FLIGHT_BYTES))
        os.ftruncate(fd, size)
        assert flight.read(fd) == Flight()


def test_a_descriptor_that_cannot_be_read_tells_nothing() -> None:
    """This is no error."""
    read_end, write_end = os.pipe()
    assert flight.read(read_end) == flight.read(write_end) == flight.read(-1) == Flight()
    os.close(read_end)
    os.close(write_end)


WRITER = """
    import sys
    from mmap import mmap
    from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder

    recorder = FlightRecorder(mmap(int(sys.argv[1]), FLIGHT_BYTES))
    number = 0
    while True:
        number += 1
        recorder.under_way(b"n%d" % number, f"{number:040x}")
        recorder.end(recorder.begin(b"n%d" % number, f"{number:040x}"))
        recorder.confirmed(f"{number - 3:040x}")
"""


@pytest.mark.process
def test_a_writer_that_is_killed_leaves_nothing_half_written() -> None:
    """Operation and torrent belong together in every record. This is not promised for a living process."""
    with memory() as fd:
        argv = [sys.executable, "-c", textwrap.dedent(WRITER), str(fd)]
        with subprocess.Popen(argv, cwd=ROOT, pass_fds=[fd]) as writer:
            try:
                until(lambda: len(flight.read(fd).records) >= RECORDS - 1, "the ring is full", every_s=0.001)
            finally:
                writer.kill()
        last = flight.read(fd)
        assert writer.returncode == -signal.SIGKILL
        check([*last.records, *last.under_way])
        assert len(last.records) >= RECORDS - 1
        assert 3 <= len(last.under_way) <= 4
        numbers = [int(record.what[1:]) for record in last.records]
        assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1))


def check(found: list[FlightRecord]) -> None:
    """Checks that each record is consistent."""
    for each in found:
        assert each.torrent is not None
        assert each.what == f"n{int(each.torrent, 16)}"
