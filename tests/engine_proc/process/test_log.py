import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc.process.log import Log


class Pipe:
    """A non-blocking pipe, as the supervisor gives one to its engine."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe2(os.O_NONBLOCK)

    def read(self) -> bytes:
        content = b""
        while True:
            try:
                content += os.read(self._reading, 65_536)
            except BlockingIOError:
                return content

    def close(self) -> None:
        for fd in (self._reading, self.writing):
            os.close(fd)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """An empty pipe."""
    made = Pipe()
    yield made
    made.close()


def test_a_line_is_one_object(pipe: Pipe) -> None:
    """It has its level, and newlines in a value do not end it."""
    Log(pipe.writing)("warning", "odd", path="a\nb", count=2)
    assert json.loads(pipe.read()) == {"level": "warning", "event": "odd", "path": "a\nb", "count": 2}


def test_a_line_has_the_request_that_the_engine_works_on(pipe: Pipe) -> None:
    """Other lines have none."""
    log = Log(pipe.writing)
    log.request = "web-1/7"
    log("info", "told")
    log.request = ""
    log("info", "told")
    first, second = map(json.loads, pipe.read().splitlines())
    assert (first["request"], second) == ("web-1/7", {"level": "info", "event": "told"})


@pytest.mark.parametrize("length", [1, 100, 5_000, 70_000])
def test_a_log_that_is_not_read_costs_lines_and_no_time(pipe: Pipe, length: int) -> None:
    """The earlier lines are complete, and once there is room, a line has the number of missing ones."""
    log = Log(pipe.writing)
    written = 0
    while log.lost < 3:
        log("info", "x" * length, number=written)
        written += 1
    first = pipe.read()
    log.flush()
    log("info", "afterwards")
    lines = [json.loads(line) for line in (first + pipe.read()).splitlines()]
    assert [line.get("number") for line in lines[:-2]] == list(range(written - 3))
    assert lines[-2] == {"level": "warning", "event": "log_lines_lost", "lines": 3}
    assert lines[-1]["event"] == "afterwards"
    assert log.lost == 3


def test_a_pipe_without_a_reader_is_no_error() -> None:
    """The lifeline reports that the supervisor has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    log = Log(writing)
    log("info", "unheard")
    log.flush()
    os.close(writing)
    log("info", "to a closed descriptor")
    assert log.lost == 2


@pytest.mark.parametrize(
    "value", ["\udcff", Path("/x"), 2**70, {1: object()}, [[b"\xff"]], {"\udcff": "\udcff"}, OSError("\udcff")]
)
def test_whatever_a_field_holds_is_a_line(pipe: Pipe, value: object) -> None:
    """Values may be invalid text; logging an error must not raise another."""
    Log(pipe.writing)("info", "told", value=value)
    line = pipe.read()
    assert re.fullmatch(rb"[^\n]+\n", line)
    assert json.loads(line)["event"] == "told"
