import json
import sys
from typing import Any, Final

import msgspec
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ouzel.cli import failure
from ouzel.cli.display import listing, printable, render, statistics
from ouzel.cli.display.output import LiveScreen, Output
from ouzel.cli.display.plain import PlainLines
from ouzel.cli.display.printable import clean, clean_lines
from ouzel.stream.table import Table
from protocol.wire.errors import ErrorKind, OuzelError
from tests.ouzel import samples

MARKS: Final = (
    "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))  # C0 without the meaning of newlines, DEL, C1
    + "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"  # direction marks
    + "\u2028\u2029\ufeff\u00ad\u200b\U000e0001\U000e0041\ufff9\ud800\udfff"
)
NASTY: Final = f"a[red]b{MARKS}\x1b]0;title\x07\x1b[31mc"


def raw(text: str) -> set[str]:
    """Unprintable characters in a text, except newlines."""
    return {each for each in text if not each.isprintable()} - {"\n"}


def spoilt(value: Any, nasty: str = NASTY) -> Any:
    """A row or report with a hostile text at the end of each free text."""
    plain = msgspec.to_builtins(value)
    kept = {"state", "status", "source", "role", "type", "severity", "cause"}  # only a few known words
    kept |= {"ratio_goal", "seeding_time_goal_s", "inactive_time_goal_s", "goal_action", "action", "reached"}

    def spoil(part: Any, name: str = "") -> Any:
        if isinstance(part, str):
            return part if name in kept else part + nasty
        if isinstance(part, list):
            return [spoil(each) for each in part]
        if isinstance(part, dict):
            return {key: spoil(each, key) for key, each in part.items()}
        return part

    return msgspec.convert(spoil(plain), type(value))


@given(st.text())
def test_what_is_clean_is_printable(text: str) -> None:
    """The length is unchanged, and so is printable text."""
    assert raw(clean(text)) == raw(clean_lines(text)) == set()
    assert "\n" not in clean(text)
    assert len(clean(text)) == len(text)
    if text.isprintable():
        assert clean(text) == clean_lines(text) == text


@given(st.recursive(st.text() | st.integers(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)))
def test_json_is_the_same_to_a_program(document: Any) -> None:
    """Every character arrives, and unprintable ones are escaped."""
    for only_ascii in (False, True):
        text = printable.as_json(document, only_ascii=only_ascii)
        assert text.isprintable()
        assert json.loads(text) == document
        assert text.isascii() or not only_ascii


def test_json_of_half_a_pair_is_written() -> None:
    """As a question mark, since a JSON parser may refuse it."""
    assert printable.as_json({"path\udcff": ["\udcff", 1]}) == '{"path?":["?",1]}'


FULL: Final = samples.row(error="e", labels=["l"])
SHOWN: Final[dict[str, Any]] = {
    "torrents": lambda: listing.torrents([spoilt(FULL)], 400),
    "torrent": lambda: render.torrent(spoilt(samples.detail(labels=["l"], trackers=["t"], web_seeds=["w"], error="e"))),
    "files": lambda: render.files([spoilt(samples.file_row(torrent_path="t"))]),
    "health": lambda: render.health(spoilt(samples.health(reasons=[samples.reason()]))),
    "stats": lambda: statistics.stats(samples.stats()),
    "crashes": lambda: render.crashes([spoilt(samples.crash())]),
    "crash": lambda: render.crash(spoilt(samples.crash())),
    "download": lambda: render.download(spoilt_table(), samples.ID),
    "overview": lambda: render.overview(spoilt_table(), list(spoilt_table().rows.values()), 400, 20),
}


def spoilt_table() -> Table:
    """A table of one torrent in which every text but its id is hostile."""
    table = Table()
    row = msgspec.structs.replace(spoilt(FULL), torrent=samples.ID)
    table.begin([row], spoilt(samples.health(reasons=[samples.reason()])))
    return table


@pytest.mark.parametrize("shown", SHOWN)
def test_what_people_see_has_nothing_raw(shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe, and on a terminal except for rich's own colours; markup in texts is shown as text."""
    Output(as_json=False).show({}, SHOWN[shown])
    text = capsys.readouterr().out
    assert raw(text) == set()
    assert "a[red]b" in text or shown == "stats"
    console = Console(force_terminal=True, width=400, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(SHOWN[shown]())
    assert raw(captured.get()) == set()


def test_a_terminal_that_is_drawn_anew_shows_nothing_raw() -> None:
    """`watch` and `add --wait` draw the same content."""
    console = Console(force_terminal=True, width=400, highlight=False, color_system=None)
    with console.capture() as captured, LiveScreen(console, lambda table: render.overview(table, [], 400, 5)) as screen:
        screen.show(spoilt_table(), None)
    assert not raw(captured.get()) - {"\x1b", "\r"}  # cursor movement
    assert "\x1b]" not in captured.get()


def test_lines_of_a_stream_have_nothing_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """Of events, snapshots, and changes."""
    output = Output(as_json=False)
    item = samples.event(1, NASTY, NASTY, files=[[0, NASTY, 1, 4]], names={NASTY: NASTY})
    snapshot = msgspec.structs.replace(samples.resnapshot(), reason=NASTY)
    output.line(render.event_line(item))
    output.line(render.event_line(snapshot))
    table = spoilt_table()
    for line in PlainLines().of(table, None):
        output.line(line)
    table.rows.clear()
    lines = PlainLines()
    lines._said[NASTY] = ("seeding", 20, None)
    for line in lines.of(table, None):
        output.line(line)
    text = capsys.readouterr().out
    assert raw(text) == set()
    assert len(text.splitlines()) >= 4


def test_errors_have_nothing_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """In the daemon's messages and in arguments; no message can become two lines."""
    refused = OuzelError(ErrorKind.PATH_NOT_ALLOWED, f"args.save_path: {NASTY}", field="args.save_path")
    for as_json in (False, True):
        failure.print_error(refused, as_json=as_json)
        failure.print_error(typer.BadParameter(NASTY), as_json=as_json)
        failure.warn(NASTY, as_json=as_json)
    failure.print_unwritten(OSError(1, NASTY))
    text = capsys.readouterr().err
    assert raw(text) == set()
    assert f"error: path_not_allowed: --save-path: {clean(NASTY)}" in text.splitlines()


def test_json_lines_have_nothing_raw(capsys: pytest.CaptureFixture[str]) -> None:
    """The values are unchanged."""
    document = spoilt(FULL, NASTY.encode(errors="ignore").decode())
    Output(as_json=True).show(document, lambda: "")
    text = capsys.readouterr().out
    assert raw(text) == set()
    assert json.loads(text) == msgspec.to_builtins(document)


def test_json_on_a_stream_of_another_encoding_is_ascii(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A program can read it, whatever the locale is."""
    with (tmp_path / "out").open("w", encoding="latin-1") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        Output(as_json=True).json_line({"name": "日本\U0001f426é"})
    assert json.loads((tmp_path / "out").read_bytes()) == {"name": "日本\U0001f426é"}
