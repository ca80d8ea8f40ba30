import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.commands.service.log_commands import GetLog
from supervisor.log.log_form import Destination, Form, Format, destination
from supervisor.log.request_id import REQUEST
from supervisor.log.short_name import NAME_MAX
from supervisor.log.standard_error import STDERR

T = "a" * 40
PEOPLE, JOURNAL, FILE = Destination.TERMINAL, Destination.JOURNAL, Destination.ELSEWHERE


def shown(form: Form, level: str = "info", **fields: object) -> str:
    """The line of an event with these fields."""
    return form.render(None, level, {"event": "some_event", **fields})


@pytest.mark.parametrize(
    ("goes_to", "wanted", "as_json"),
    [
        (PEOPLE, "auto", False),
        (JOURNAL, "auto", False),
        (FILE, "auto", True),
        (PEOPLE, "json", True),
        (JOURNAL, "json", True),
        (FILE, "console", False),
    ],
)
def test_who_reads_it_decides_unless_the_configuration_does(
    goes_to: Destination, wanted: Format, as_json: bool
) -> None:
    """Text on a terminal and in the journal, JSON elsewhere. Only a terminal has colours."""
    form = Form(goes_to)
    form.follow(wanted, "info")
    line = shown(form, answer=42)
    assert line.removeprefix("<6>").startswith("{") is as_json
    assert line.startswith("<6>") is (goes_to is JOURNAL)
    assert ("\x1b" in line) is (goes_to is PEOPLE and not as_json)
    if as_json:
        assert json.loads(line.removeprefix("<6>"))["answer"] == 42
    else:
        assert "answer=42" in re.sub("\x1b\\[[0-9;]*m", "", line)


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_journald_is_told_the_priority(level: str, priority: int) -> None:
    """sd-daemon(3): `<N>` at the beginning of the line."""
    form = Form(JOURNAL)
    form.follow("auto", "debug")
    assert shown(form, level).startswith(f"<{priority}>")


def test_each_line_of_a_traceback_is_an_entry_with_the_priority() -> None:
    """journald ends an entry at a newline."""
    try:
        raise ValueError("why")
    except ValueError as error:
        lines = shown(Form(JOURNAL), "error", exc_info=error).split("\n")
    assert len(lines) > 2
    assert all(line.startswith("<3>") for line in lines)


def test_the_level_can_change() -> None:
    """Unless the command line has set it."""
    form = Form(FILE)
    form.follow("auto", "error")
    with pytest.raises(structlog.DropEvent):
        shown(form, "warning")
    form.levels.of_command_line = "debug"
    form.follow("auto", "error")
    assert shown(form, "debug")


def test_lines_that_are_missing_are_told_at_any_level() -> None:
    """They may have been errors."""
    form = Form(JOURNAL)
    form.follow("json", "error")
    assert json.loads(form.notice(3).removeprefix(b"<4>"))["lines"] == 3


@pytest.mark.parametrize("wanted", ["console", "json"])
def test_the_name_of_a_torrent_stands_behind_its_id(wanted: Format) -> None:
    """In every line with the id, with a bounded length."""
    form = Form(FILE)
    form.follow(wanted, "info")
    assert "name" not in shown(form, torrent=T)
    form.name_of = {T: "x" * 200}.get
    line = shown(form, torrent=T, problem="no")
    assert re.search(f"{T}[^a-z]*name.*xxx….*problem", line)
    assert line.count("x") == NAME_MAX - 1
    assert "xxx" not in shown(form, torrent=T, name="another")
    assert "name" not in shown(form, torrent="b" * 40)


@given(st.text())
def test_no_value_passes_for_another_field(value: str) -> None:
    """A torrent may be called `x level=error torrent=y`, and have any character in its name."""
    form = Form(JOURNAL)
    form.follow("console", "info")
    line = shown(form, torrent=T, name=value, end=1)
    assert line.isprintable()
    middle = line.split(f"torrent={T} name=", 1)[1].removesuffix(" end=1")
    assert not re.search(r"[\s=\"]", middle) or re.fullmatch(r'"([^"\\]|\\.)*"', middle)


@contextmanager
def journal_socket() -> Iterator[socket.socket]:
    """A socket like journald's in place of standard error."""
    kept = os.dup(STDERR)
    ours, theirs = socket.socketpair()
    try:
        os.dup2(theirs.fileno(), STDERR)
        yield theirs
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        ours.close()
        theirs.close()


def test_the_journal_is_known_by_its_socket() -> None:
    """Not by the variable alone, which all children of a service inherit."""
    with journal_socket() as stderr:
        status = os.fstat(stderr.fileno())
        here, next_one = (f"{status.st_dev}:{number}" for number in (status.st_ino, status.st_ino + 1))
        assert destination({"JOURNAL_STREAM": here}) is JOURNAL
        others = {destination({"JOURNAL_STREAM": another}) for another in (next_one, "", "x", f"{here} ")}
        assert others | {destination({})} == {FILE}


def test_a_line_has_the_request_of_its_task_or_of_its_torrent() -> None:
    """A line that names a request keeps it. Clients read the same fields."""
    form = Form(FILE)
    form.request_of = {T: "c/2"}.get
    assert "request" not in json.loads(shown(form))
    assert json.loads(shown(form, torrent=T))["request"] == "c/2"
    before = REQUEST.set("c/1")
    try:
        assert json.loads(shown(form, torrent=T))["request"] == "c/1"
        assert json.loads(shown(form, request="c/3"))["request"] == "c/3"
    finally:
        REQUEST.reset(before)
    assert form.ring.head == 4


def test_each_component_has_its_level() -> None:
    """`source` names the component. Dropped lines are not kept for clients, either."""
    form = Form(FILE)
    form.follow("json", "warning", {"engine": "debug"})
    assert json.loads(shown(form, "debug", source="engine", gen=1))["event"] == "some_event"
    for fields in ({}, {"source": "libtorrent"}):
        with pytest.raises(structlog.DropEvent):
            shown(form, "debug", **fields)
    assert form.ring.head == 1


def test_a_trackers_passkey_is_not_kept_for_clients() -> None:
    """Neither in a field nor in a nested one."""
    form, url = Form(JOURNAL), "http://t.example/0123456789abcdef/announce"
    shown(form, problem=f"no answer from {url}", urls=[url])
    steps = form.ring.page(GetLog())
    with pytest.raises(StopIteration) as ended:
        next(steps)
    [row] = ended.value.value["lines"]
    assert b"t.example" in bytes(row)
    assert b"0123456789abcdef" not in bytes(row)
