import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from supervisor import logs


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    """structlog as it was, whatever a test made of it."""
    yield
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was logged, one object a line, on stderr only."""
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_elsewhere_than_on_a_terminal_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line with level and UTC time; line ends in a value do not end the line."""
    logs.configure("info")
    structlog.get_logger().warning("some_event", path="/a\nb", count=3, name="ünï")
    (line,) = lines(capsys)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "some_event", "level": "warning", "path": "/a\nb", "count": 3, "name": "ünï"}


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the level is called."""
    logs.configure("warning")
    log = structlog.get_logger()
    log.info("no")
    log.error("yes")
    assert [line["event"] for line in lines(capsys)] == ["yes"]


def test_an_exception_is_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its traceback, which does not break the line up."""
    logs.configure("info")
    try:
        raise ValueError("why")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines(capsys)
    assert "ValueError: why" in str(line["exception"])


def test_on_a_terminal_it_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """No JSON there."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs.configure("info")
    structlog.get_logger().info("hello", answer=42)
    text = terminal.getvalue()
    assert "hello" in text
    assert "42" in text
    assert not text.startswith("{")


def test_a_line_of_the_engine_is_relayed_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """At its own level, beside what is bound to the logger."""
    logs.configure("debug")
    log = structlog.get_logger().bind(source="engine", gen=4)
    logs.relay(log, b'{"event": "drained", "level": "warning", "unsaved": 2}')
    logs.relay(log, b'{"event": "quiet", "level": "debug"}')
    got = lines(capsys)
    for line in got:
        del line["timestamp"]
    assert got == [
        {"event": "drained", "level": "warning", "unsaved": 2, "source": "engine", "gen": 4},
        {"event": "quiet", "level": "debug", "source": "engine", "gen": 4},
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Fatal Python error: Segmentation fault",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'"text"',
        b"{",
        b"[" * 10_000,
        b'{"x": ' + b"[" * 10_000,
    ],
    ids=["empty", "text", "bytes", "list", "string", "cut", "deep", "deeper"],
)
def test_any_other_line_is_relayed_as_it_is(capsys: pytest.CaptureFixture[str], line: bytes) -> None:
    """A native library writes what it likes."""
    logs.configure("info")
    logs.relay(structlog.get_logger(), line)
    (got,) = lines(capsys)
    assert (got["event"], got["level"]) == ("engine_output", "warning")
    assert got["line"] == line.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"event": null, "level": null}',
        b'{"event": 5, "level": "no such level"}',
        b'{"event": "x", "level": ["info"]}',
        b'{"event": "x", "timestamp": "mine", "source": "mine", "": 1, "a b": 2, "level": "notset"}',
        b'{"event": "x", "exc_info": true, "stack_info": true, "self": 1, "name": 2, "msg": 3}',
    ],
)
def test_no_object_of_the_engine_breaks_the_log(capsys: pytest.CaptureFixture[str], line: bytes) -> None:
    """Field names that mean something to a logger, and levels that mean nothing, are relayed or left out."""
    logs.configure("debug")
    logs.relay(structlog.get_logger().bind(source="engine"), line)
    assert len(lines(capsys)) <= 1


def test_what_is_no_text_is_logged_with_question_marks(capsys: pytest.CaptureFixture[str]) -> None:
    """A file's name may have any bytes, and Python's text for these cannot be encoded."""
    logs.configure("info")
    structlog.get_logger().warning("odd", file="a\udcff", files=["ü\udcfe"], count=1, at=None)
    (line,) = lines(capsys)
    assert [line[key] for key in ("event", "file", "files", "count", "at")] == ["odd", "a?", ["ü?"], 1, None]
