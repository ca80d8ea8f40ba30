import json
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from supervisor.log import logs
from supervisor.log.log_form import Destination, Form, Level


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    """Restores structlog, logging and warnings, whatever a test has changed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


class Log:
    """A log in memory."""

    def __init__(self, level: Level = "info", *, terminal: bool = False) -> None:
        self.put: list[bytes] = []
        self.form = Form(Destination.TERMINAL if terminal else Destination.ELSEWHERE)
        self.form.follow("auto", level)
        logs.configure(self.put.append, self.form)

    def lines(self) -> list[dict[str, object]]:
        """The logged lines, one object a line."""
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in self.put)
        return [json.loads(line) for line in self.put]

    def text(self) -> str:
        """The same lines for people."""
        return b"".join(self.put).decode()


def test_elsewhere_than_on_a_terminal_it_is_json() -> None:
    """One object a line with level and UTC time; newlines in a value do not end the line."""
    told = Log("info")
    structlog.get_logger().warning("some_event", path="/a\nb", count=3, name="ünï")
    (line,) = told.lines()
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "some_event", "level": "warning", "path": "/a\nb", "count": 3, "name": "ünï"}


def test_no_passkey_is_logged() -> None:
    """In whatever field a tracker's URL is; the line is still valid JSON."""
    told = Log()
    url = "http://t.example/0123456789abcdef/announce"
    structlog.get_logger().warning("x", problem=f'cannot ask "{url}", or {url}\\n', link=f"magnet:?xt=a&tr={url}")
    [line] = told.lines()
    assert line["problem"] == 'cannot ask "http://t.example/…/announce", or http://t.example/…/announce\\n'
    assert line["link"] == "magnet:?xt=a&tr=…"


def test_what_is_below_the_level_is_not_logged() -> None:
    """Whatever the level is called."""
    told = Log("warning")
    log = structlog.get_logger()
    log.info("no")
    log.error("yes")
    assert [line["event"] for line in told.lines()] == ["yes"]


def test_an_exception_is_in_the_line() -> None:
    """With its traceback, in one line."""
    told = Log("info")
    try:
        raise ValueError("why")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = told.lines()
    assert "ValueError: why" in str(line["exception"])


def test_on_a_terminal_it_is_for_people() -> None:
    """There is no JSON."""
    told = Log(terminal=True)
    structlog.get_logger().info("hello", answer=42)
    assert "hello" in told.text()
    assert "42" in told.text()
    assert not told.text().startswith("{")


NASTY = "\x1b[31m\x07\x9b2J\u202e\u2066\u200f\x7f\r\udcff"


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_in_a_line_steers_a_terminal(terminal: bool) -> None:
    """In a text, a key, a list, an error, or Python's own messages; JSON has the original."""
    told = Log(terminal=terminal)
    log = structlog.get_logger()
    log.warning(f"event {NASTY}", name=NASTY, names=[NASTY], **{NASTY: 1}, path=Path(f"/{NASTY}"), at={NASTY: NASTY})
    try:
        raise ValueError(NASTY)
    except ValueError:
        log.exception("failed")
        logging.getLogger("asyncio").exception("stdlib %s", NASTY)
    text = told.text()
    steering = [each for each in re.sub("\x1b\\[[0-9;]*m", "", text) if not each.isprintable() and each != "\n"]
    assert steering == []
    assert "\x1b[31m\x07" not in text
    if not terminal:
        assert told.lines()[0]["name"] == NASTY[:-1] + "?"


class Unshowable:
    """An object whose conversion to text fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")

    __str__ = __repr__


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("value", [Unshowable(), [Unshowable()], {1: {Unshowable(): 2}}, 10**400, float("nan")])
def test_no_value_makes_logging_fail(terminal: bool, value: object) -> None:
    """There is a line with the event's name."""
    told = Log(terminal=terminal)
    structlog.get_logger().error("some_event", value=value)
    assert "some_event" in told.text()
    assert told.text().count("\n") == 1


def test_what_the_standard_library_logs_comes_to_the_same_log() -> None:
    """Including asyncio's unhandled exceptions, and warnings."""
    told = Log()
    logging.getLogger("asyncio").error("nobody waited for %s", "it", exc_info=ValueError("why"))
    logging.getLogger("x").error("%d", "no number")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure(told.put.append, told.form)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second, third = told.lines()
    assert (first["event"], first["logger"], first["level"]) == ("nobody waited for it", "asyncio", "error")
    assert "ValueError: why" in str(first["exception"])
    assert second["event"] == "log_line_not_made"
    assert "old" in str(third["event"])


def test_a_line_of_the_engine_is_relayed_with_its_fields() -> None:
    """At its own level, in addition to the logger's bound fields."""
    told = Log("debug")
    log = structlog.get_logger().bind(source="engine", gen=4)
    logs.relay(log, b'{"event": "drained", "level": "warning", "unsaved": 2}')
    logs.relay(log, b'{"event": "quiet", "level": "debug"}')
    got = told.lines()
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
def test_any_other_line_is_relayed_as_it_is(line: bytes) -> None:
    """A native library may write anything."""
    told = Log("info")
    logs.relay(structlog.get_logger(), line)
    (got,) = told.lines()
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
def test_no_object_of_the_engine_breaks_the_log(line: bytes) -> None:
    """Reserved field names and unknown levels are relayed or left out."""
    told = Log("debug")
    logs.relay(structlog.get_logger().bind(source="engine"), line)
    assert len(told.lines()) <= 1


def test_what_is_no_text_is_logged_with_question_marks() -> None:
    """A file's name may have any bytes, and Python's text for them cannot be encoded."""
    told = Log("info")
    structlog.get_logger().warning("odd", file="a\udcff", files=["ü\udcfe"], count=1, at=None)
    (line,) = told.lines()
    assert [line[key] for key in ("event", "file", "files", "count", "at")] == ["odd", "a?", ["ü?"], 1, None]
