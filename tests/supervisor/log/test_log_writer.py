import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.log import log_writer
from tools.rig.waiting import until

pytestmark = pytest.mark.slow

PIPE_BYTES = 65_536


def notice(count: int) -> bytes:
    """The line in place of this many missing ones."""
    return b"lost %d\n" % count


class LogWriter(log_writer.LogWriter):
    """A log writer whose descriptor can be closed: later writes would go to another file with its number."""

    made: list["LogWriter"] = []

    def __init__(self, fd: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(fd, *args, **kwargs)
        self.made.append(self)


def close(*fds: int) -> None:
    """Closes descriptors once nothing is written to them; queued lines are dropped."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in fds:
        os.dup2(nowhere, fd)
    until(lambda: all(writer.flush() for writer in LogWriter.made), "nothing waits")
    LogWriter.made.clear()
    for fd in (nowhere, *fds):
        os.close(fd)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The ends of a pipe; the reading end does not block."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    close(writing, reading)


def read(fd: int) -> bytes:
    """Reads what is available; empty if nothing is."""
    try:
        return os.read(fd, PIPE_BYTES)
    except BlockingIOError:
        return b""


def emptied(fd: int, writer: LogWriter) -> bytes:
    """Reads everything until the queue is empty."""
    content = b""
    while not writer.flush():
        content += read(fd)
    while more := read(fd):
        content += more
    return content


def fill(writer: LogWriter, line: bytes = b"x" * 99 + b"\n") -> int:
    """Logs lines until one is lost. Returns the number of all."""
    count = 0
    while not writer.lost:
        writer.put(line)
        count += 1
    return count


def assert_complete(content: bytes, count: int) -> int:
    """Asserts that the lines 0 to `count` are there in order, or reported as missing. Returns how many are there."""
    expected = lost = 0
    for line in content.decode().splitlines():
        first, *rest = line.split()
        if first == "lost":
            lost += int(rest[0])
            expected += int(rest[0])
        else:
            assert int(first) == expected
            expected += 1
    assert expected == count
    return lost


def test_lines_come_in_their_order(pipe: tuple[int, int]) -> None:
    """All of them, although there are more than the pipe holds at once."""
    reading, writing = pipe
    writer = LogWriter(writing, notice)
    lines = [b"line %d\n" % number for number in range(9_000)]
    for line in lines:
        writer.put(line)
    assert emptied(reading, writer) == b"".join(lines)
    assert writer.problem() is None


def test_a_flush_waits_for_what_tells_of_missing_lines(pipe: tuple[int, int]) -> None:
    """So the report is in the log at the end, and nothing is written after a flush."""
    reading, writing = pipe
    writer = LogWriter(writing, notice, lines_max=0)
    for _ in range(300):
        writer.put(b"no room\n")
        assert writer.flush()
        assert read(reading) == b"lost 1\n"


def test_a_log_that_is_not_read_costs_lines_and_no_time(pipe: tuple[int, int]) -> None:
    """Logging calls return at once, queued lines stay, and lines in place of missing ones have their number."""
    reading, writing = pipe
    writer = LogWriter(writing, notice, lines_max=100)
    began = time.monotonic()
    for number in range(50_000):
        writer.put(b"%d " % number + b"x" * 990 + b"\n")  # the queued lines are more than the pipe holds
    assert time.monotonic() - began < 10
    until(lambda: "not read" in (writer.problem() or ""), "the problem is told")
    content = emptied(reading, writer)
    writer.put(b"50000 afterwards\n")
    content += emptied(reading, writer)
    lost = assert_complete(content, 50_001)
    assert lost == writer.lost > 40_000


def test_what_waits_has_a_bound_in_bytes(pipe: tuple[int, int]) -> None:
    """A single line over the bound is lost, too."""
    reading, writing = pipe
    writer = LogWriter(writing, notice, bytes_max=1000)
    writer.put(b"x" * 1001)
    assert writer.lost == 1
    writer.put(b"y\n")
    assert emptied(reading, writer) == b"lost 1\ny\n"


def test_that_lines_were_lost_is_told_without_another_line(pipe: tuple[int, int]) -> None:
    """As soon as the queue is written."""
    reading, writing = pipe
    writer = LogWriter(writing, notice, lines_max=10)
    fill(writer, b"x" * PIPE_BYTES + b"\n")
    seen = b""

    def told() -> bool:
        nonlocal seen
        seen += read(reading)
        return seen.endswith(b"\nlost 1\n")

    until(told, "the notice")


def test_a_log_that_fails_is_tried_again(tmp_path: Path) -> None:
    """Lines are written once that is possible: here the pipe gets another reader."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(fifo, os.O_WRONLY)
    os.close(first)
    writer = LogWriter(writing, notice)
    writer.put(b"kept\n")
    problem = until(writer.problem, "the problem is told")
    assert os.strerror(errno.EPIPE) in problem
    assert not writer.flush()
    second = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    until(writer.flush, "it is written")
    assert read(second) == b"kept\n"
    assert writer.problem() is None
    assert writer.lost == 0
    close(second, writing)


@pytest.mark.parametrize("path", ["/dev/full", os.devnull])
def test_a_log_that_never_works_is_no_error(path: str) -> None:
    """A full disk, and a read-only descriptor; the queue is bounded."""
    fd = os.open(path, os.O_WRONLY if path == "/dev/full" else os.O_RDONLY)
    writer = LogWriter(fd, notice, lines_max=10)
    count = fill(writer)
    assert count <= 12
    until(lambda: "cannot be written" in (writer.problem() or ""), "the problem is told")
    assert not writer.flush()
    close(fd)


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for(pipe: tuple[int, int]) -> None:
    """Lines that do not fit are written in parts, and arrive complete."""
    reading, writing = pipe
    os.set_blocking(writing, False)
    writer = LogWriter(writing, notice)
    lines = [b"%d " % number + b"x" * 30_000 + b"\n" for number in range(20)]
    for line in lines:
        writer.put(line)
    assert emptied(reading, writer) == b"".join(lines)


@given(st.lists(st.integers(0, 30), max_size=30))
def test_nothing_is_missing_without_a_word(bursts: list[int]) -> None:
    """For any order of writes and reads, all lines arrive or are reported as missing."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    writer = LogWriter(writing, notice, lines_max=8)
    put, content = 0, b""
    for count in bursts:
        for _ in range(count):
            writer.put(b"%d\n" % put)
            put += 1
        content += read(reading)
    content += emptied(reading, writer)
    content += emptied(reading, writer)  # a report, if any, was queued before this
    assert assert_complete(content, put) == writer.lost
    close(writing, reading)
