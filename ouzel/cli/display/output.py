"""Writes the output of a command: rich text to terminals, JSON for programs, plain lines to pipes."""

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
"""The width of output without a terminal. It is so large that nothing is cut. COLUMNS overrides it."""


class ReaderGone(Exception):
    """The program that reads standard output has closed the pipe."""


class Output:
    """The standard output of one command.

    Args:
        as_json: write JSON.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        terminal = sys.stdout.isatty()
        self.console = Console(highlight=False, width=None if terminal else columns())

    def show(self, document: Any, human: Callable[[], RenderableType]) -> None:
        """Writes the result of a command: `document` as JSON, or the return value of `human`."""
        if self.as_json:
            self.json_line(document)
        else:
            with self.console.capture() as captured:
                self.console.print(human(), markup=False)
            text = captured.get()
            if self.console.is_terminal:
                text = clean_lines(text, kept="\x1b")  # escape sequences for colours, which rich has made
            else:  # padding is only useful in a terminal
                text = "".join(f"{line.rstrip()}\n" for line in clean_lines(text).splitlines())
            _write(text)

    def check_reader(self) -> None:
        """Raises ReaderGone if the reader of a pipe has closed the pipe.

        Without this check, an idle command would not notice a closed pipe.
        """
        try:
            standard_output = sys.stdout.fileno()
        except (OSError, ValueError):
            return  # Standard output is no file, as in a test.
        poll = select.poll()
        poll.register(standard_output, 0)
        if any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0)):
            raise ReaderGone

    def json_line(self, document: Any) -> None:
        """Writes one JSON document in one line, and flushes it."""
        only_ascii = codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8"
        _write(as_json(document, only_ascii=only_ascii) + "\n")

    def line(self, text: str) -> None:
        """Writes one line without cutting or wrapping it, and flushes it."""
        _write(clean(text) + "\n")

    def screen(self, draw: Callable[[Table], RenderableType], torrent: str | None) -> "Screen":
        """Returns an object that shows a changing table.

        Args:
            draw: renders the table for a terminal.
            torrent: the only torrent to report to a pipe. None means all torrents.
        """
        if self.as_json:
            return JsonScreen(self)
        if self.console.is_terminal:
            return LiveScreen(self.console, draw)
        return PlainScreen(self, torrent)


def columns() -> int:
    """The width without a terminal: the value of COLUMNS, or no limit. `watch` and similar programs set COLUMNS."""
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isascii() and told.isdecimal() and 0 < int(told) < WIDE else WIDE


def open_missing() -> None:
    """Replaces standard streams that were closed when the process started. Python has None for them.

    Writing to the replacements fails.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115  # never closed


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def discard_unwritten() -> None:
    """Discards unwritten output. Otherwise Python would write it again at the exit, and print an error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Screen(Protocol):
    """Shows a table whenever it changes."""

    def __enter__(self) -> "Screen": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, table: Table, item: Heard | None) -> None:
        """Shows the table after an item was applied. `item` is None if the table was read in another way."""


class JsonScreen:
    """Writes one JSON object for each item except ticks."""

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
    """Writes lines about changes."""

    def __init__(self, output: Output, torrent: str | None) -> None:
        self._output = output
        self._lines = PlainLines(torrent)

    def __enter__(self) -> "PlainScreen":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, table: Table, item: Heard | None) -> None:
        """Writes a line for each change."""
        for line in self._lines.of(table, item):
            self._output.line(line)


class LiveScreen:
    """Draws a part of the terminal a few times a second.

    Ticks arrive every second, so the last change is drawn, too.
    """

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
        """Draws the table, if it was not drawn just now."""
        self._table = table
        if monotonic() >= self._due:
            self._due = monotonic() + DRAW_EVERY_S
            self._live.update(self._draw(table), refresh=True)
