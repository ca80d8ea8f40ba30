"""The form of log lines."""

import json
import logging
import os
from collections.abc import Iterator

import pytest
import structlog

from gateway import logs


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leaves logging as it was."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_elsewhere_a_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines below the level are left out."""
    logs.configure("warning")
    structlog.get_logger().info("left_out")
    structlog.get_logger().warning("login_failed", address="a\n\udc80b")
    written = capsys.readouterr().err
    line = json.loads(written)
    assert (line["event"], line["level"]) == ("login_failed", "warning")
    assert line["address"] == "a\n?b"
    assert written.count("\n") == 1


def test_in_the_journal_each_line_has_a_priority(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untrusted text can neither begin a line nor look like another field."""
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    logs.configure("info")
    structlog.get_logger().warning("host_refused", host="x\n<0>y z=\x1b[31m")
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("<4>")
    assert r"host='x\n<0>y z=\x1b[31m'" in line
    assert logs.prefix("error") == "<3>"


def test_messages_of_libraries_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """With the name of the library."""
    logs.configure("info")
    logging.getLogger("uvicorn.error").error("broken %s", "pipe")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["of"], line["message"]) == ("library_message", "uvicorn.error", "broken pipe")
