"""Standard output for people, for programs, and for pipes."""

import io
import json

import pytest
from rich.console import Console
from rich.text import Text

from ouzel.cli.display.output import JsonScreen, LiveScreen, Output, PlainScreen
from ouzel.stream.table import Table
from tests.ouzel.samples import ID, event, resnapshot, row


def test_a_document_is_json_or_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """Either JSON or text for people."""
    Output(as_json=True).show({"rows": [row()]}, lambda: "unused")
    Output(as_json=False).show({}, lambda: "done: [bold]" + "y" * 300)
    document, text = capsys.readouterr().out.splitlines()
    assert json.loads(document)["rows"][0]["torrent"] == ID
    assert text == "done: [bold]" + "y" * 300


def test_a_json_screen_gives_each_item_but_ticks(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, without ticks."""
    with Output(as_json=True).screen(lambda _: "unused", None) as screen:
        assert isinstance(screen, JsonScreen)
        for item in (None, resnapshot(row()), event(11, "tick", None), event(11)):
            screen.show(Table(), item)
    assert [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()] == [
        "resnapshot",
        "state_changed",
    ]


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each piece of news."""
    table = Table()
    table.apply(resnapshot(row()))
    with Output(as_json=False).screen(lambda _: "unused", ID) as screen:
        assert isinstance(screen, PlainScreen)
        screen.show(table, None)
        screen.show(table, None)
    assert capsys.readouterr().out.splitlines() == [
        "health: healthy - engine running",
        "ubuntu.iso: downloading 50.0% at 2.0 MB/s",
    ]


def test_a_terminal_is_drawn_a_few_times_a_second_and_at_the_end() -> None:
    """However many events there are; the last state stays on the screen."""
    written = io.StringIO()
    drawn: list[int] = []

    def draw(table: Table) -> Text:
        drawn.append(len(table.rows))
        return Text(f"{len(table.rows)} torrents")

    table = Table()
    with LiveScreen(Console(file=written, force_terminal=True, width=80), draw) as screen:
        for number in range(100):
            table.rows[str(number)] = row()
            screen.show(table, None)
    assert drawn[0] == 1
    assert drawn[-1] == 100
    assert len(drawn) < 50
    assert "100 torrents" in written.getvalue()
