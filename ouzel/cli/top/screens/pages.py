"""Pages of text: the details of a torrent, the health of the daemon, and the help."""

import asyncio
import contextlib
import time
from typing import ClassVar, Final

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from ouzel.cli.display import render, statistics
from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_span
from ouzel.cli.top.screens import workers
from ouzel.client.aio import AsyncClient
from ouzel.errors import Refused
from protocol.wire.errors import OuzelError

REFRESH_S: Final = 2.0


class Page(Screen[None]):
    """A page of text, which is read again every two seconds. An error is shown above the last text."""

    DEFAULT_CSS = "Page Static { height: auto; } Page VerticalScroll { scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Back")]

    def compose(self) -> ComposeResult:
        """A line for an error, the text, and the keys."""
        problem = Static("", id="problem", markup=False)
        problem.display = False
        yield problem
        with VerticalScroll():
            yield Static("", id="text", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begins to read."""
        self.query_one(VerticalScroll).focus()
        workers.start(self, self._refresh())

    async def read(self) -> RenderableType:
        """The text."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Returns to the list."""
        self.dismiss(None)

    async def _refresh(self) -> None:
        while True:
            problem = self.query_one("#problem", Static)
            try:
                self.query_one("#text", Static).update(await self.read())
                problem.display = False
            except OuzelError as error:
                problem.update(Text(clean(error.message), "bold red"))
                problem.display = True
            await asyncio.sleep(REFRESH_S)


class Details(Page):
    """Everything about one torrent, as `ouzel show` prints it."""

    def __init__(self, client: AsyncClient, torrent: str) -> None:
        super().__init__()
        self._client = client
        self._torrent = torrent

    async def read(self) -> RenderableType:
        """The details, and the status of the trackers."""
        detail = await self._client.get_torrent(self._torrent)
        with contextlib.suppress(Refused):  # an earlier version of the daemon
            status = await self._client.list_trackers(self._torrent)
            detail = msgspec.structs.replace(detail, tracker_status=status)
        return render.torrent(detail, time.time_ns() // 1000)


class Health(Page):
    """The health of the daemon with all reasons, each engine, and totals."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def read(self) -> RenderableType:
        """The report, a line for each engine if there are several, and the totals of `ouzel stats`."""
        health, stats = await self._client.health(), await self._client.stats()
        engines = [
            Text(
                f"engine {each.slot}: {each.state.value}, generation {each.gen}, up {format_span(each.uptime_ms)}, "
                f"{each.restarts} restarts, {each.torrents} torrents"
            )
            for each in health.engines
        ]
        return Group(render.health(health), *engines, Text(), statistics.stats(stats))


class Help(Page):
    """The keys.

    Args:
        text: what to show.
    """

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text

    async def read(self) -> RenderableType:
        """The text."""
        return self._text
