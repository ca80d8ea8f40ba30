"""Where the command line writes: people get rich text, programs get JSON, pipes get plain lines."""

import codecs
import os
import select
import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live

from ouzel.cli.display.plain import PlainLines
from ouzel.cli.display.printable import as_json, clean, clean_lines
from ouzel.stream.event import Event
from ouzel.stream.silence import Heard
from ouzel.stream.table import Table

DRAW_EVERY_S: Final = 0.2
WIDE: Final = 10_000
"""Columns of what is no terminal: nothing is cut off, unless COLUMNS says how many there are."""


class ReaderGone(Exception):
    """Nobody reads standard output any more."""


class Output:
    """One command's standard output.

    Args:
        as_json: programs read it.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        terminal = sys.stdout.isatty()
        self.console = Console(highlight=False, width=None if terminal else columns())

    def show(self, document: Any, human: Callable[[], RenderableType]) -> None:
        """The result of a command: `document` as JSON, or what `human` makes."""
        if self.as_json:
            self.json_line(document)
        else:
            with self.console.capture() as captured:
                self.console.print(human(), markup=False)
            text = captured.get()
            if self.console.is_terminal:
                text = clean_lines(text, kept="\x1b")  # of colours, which rich has made
            else:  # a terminal wants the padding, a pipe's reader does not
                text = "".join(f"{line.rstrip()}\n" for line in clean_lines(text).splitlines())
            _write(text)

    def check_reader(self) -> None:
        """Raises ReaderGone where standard output is a pipe whose reader has left: an idle command would never know."""
        try:
            standard_output = sys.stdout.fileno()
        except (OSError, ValueError):
            return  # It is no file, as under a test.
        poll = select.poll()
        poll.register(standard_output, 0)
        if any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0)):
            raise ReaderGone

    def json_line(self, document: Any) -> None:
        """One JSON document in one line, at once."""
        only_ascii = codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8"
        _write(as_json(document, only_ascii=only_ascii) + "\n")

    def line(self, text: str) -> None:
        """One line, neither cut nor wrapped, at once."""
        _write(clean(text) + "\n")

    def screen(self, draw: Callable[[Table], RenderableType], torrent: str | None) -> "Screen":
        """What shows a table that changes.

        Args:
            draw: makes what a terminal shows.
            torrent: tell a pipe of this torrent only; None is all.
        """
        if self.as_json:
            return JsonScreen(self)
        if self.console.is_terminal:
            return LiveScreen(self.console, draw)
        return PlainScreen(self, torrent)


def columns() -> int:
    """Columns where there is no terminal to ask: those of COLUMNS, which `watch` and the like set, or no limit."""
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isascii() and told.isdecimal() and 0 < int(told) < WIDE else WIDE


def open_missing() -> None:
    """Where the process was started with a stream closed, Python has none; one on its descriptor takes no writes."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115  # until the end


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def discard_unwritten() -> None:
    """What a stream would not take is not tried again, nor complained about, when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Screen(Protocol):
    """Shows a table as it changes."""

    def __enter__(self) -> "Screen": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, table: Table, item: Heard | None) -> None:
        """The table after an item was applied; None where it was read otherwise."""


class JsonScreen:
    """One JSON object for each item but ticks."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> "JsonScreen":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, table: Table, item: Heard | None) -> None:
        """Writes the item."""
        if item is not None and not (isinstance(item, Event) and item.type == "tick"):
            self._output.json_line(item)


class PlainScreen:
    """Lines where something is news."""

    def __init__(self, output: Output, torrent: str | None) -> None:
        self._output = output
        self._lines = PlainLines(torrent)

    def __enter__(self) -> "PlainScreen":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, table: Table, item: Heard | None) -> None:
        """Writes the news."""
        for line in self._lines.of(table, item):
            self._output.line(line)


class LiveScreen:
    """A part of the terminal, drawn a few times a second. Ticks see to it that the last change is drawn."""

    def __init__(self, console: Console, draw: Callable[[Table], RenderableType]) -> None:
        self._draw = draw
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._table: Table | None = None
        self._due = monotonic()

    def __enter__(self) -> "LiveScreen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._table is not None:
            self._live.update(self._draw(self._table), refresh=True)
        self._live.stop()

    def show(self, table: Table, item: Heard | None) -> None:
        """Draws, unless it did just now."""
        self._table = table
        if monotonic() >= self._due:
            self._due = monotonic() + DRAW_EVERY_S
            self._live.update(self._draw(table), refresh=True)
