"""Lists about one torrent: its files, peers and trackers, with the keys that change them."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from ouzel.cli.display.listing import name_of
from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_count
from ouzel.cli.top import actions
from ouzel.cli.top.line_list import LineList
from ouzel.cli.top.screens import workers
from ouzel.cli.top.screens.dialogs import Field, Form, Question
from ouzel.cli.top.view import columns
from ouzel.client.aio import AsyncClient
from protocol.text.redacted import redacted
from protocol.wire.errors import OuzelError
from protocol.wire.peer_rows import PeerRow, TrackerRow
from protocol.wire.rows import FileRow, TorrentRow

T = TypeVar("T")
REFRESH_S: Final = 2.0
DEFAULT_PRIORITY: Final = 4


class ListScreen(Screen[None], Generic[T]):
    """A list about one torrent. The list is read again every two seconds, and after each change."""

    DEFAULT_CSS = "ListScreen Static { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Back")]
    columns: ClassVar[Sequence[columns.Column[Any]]]
    noun: ClassVar[str]

    def __init__(self, client: AsyncClient, row: TorrentRow) -> None:
        super().__init__()
        self._client = client
        self._torrent = row.torrent
        self._of = name_of(row)
        self._changed = asyncio.Event()

    def compose(self) -> ComposeResult:
        """A title, the list, a line for messages, and the keys."""
        yield Static(Text(f"{self._of}: loading", "bold", no_wrap=True), id="title")
        yield LineList[T](self.columns, id="lines")
        yield Static("", id="message", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begins to read."""
        self.query_one(LineList).focus()
        workers.start(self, self._refresh())

    async def read(self) -> list[T]:
        """The rows."""
        raise NotImplementedError

    @property
    def chosen(self) -> T | None:
        """The row at the cursor."""
        found: T | None = self.query_one(LineList).chosen
        return found

    def say(self, text: str, style: str = "") -> None:
        """Shows a message."""
        self.query_one("#message", Static).update(Text(clean(text), style))

    def change(self, request: Awaitable[str]) -> None:
        """Sends a request, shows its outcome, and reads the list again."""

        async def run() -> None:
            try:
                self.say(await request)
            except OuzelError as error:
                self.say(error.message, "bold red")
            self._changed.set()

        workers.start(self, run())

    def done(self, text: str | None) -> None:
        """Shows what a form has done."""
        if text is not None:
            self.say(text)
            self._changed.set()

    def action_close(self) -> None:
        """Returns to the torrents."""
        self.dismiss(None)

    async def _refresh(self) -> None:
        failed = False
        while True:
            self._changed.clear()
            try:
                rows = await self.read()
                title = f"{self._of}: {format_count(len(rows), self.noun)}"
                self.query_one("#title", Static).update(Text(title, "bold", no_wrap=True))
                self.query_one(LineList).show(rows)
                if failed:
                    self.say("")
                failed = False
            except OuzelError as error:
                self.say(error.message, "bold red")
                failed = True
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()
            except TimeoutError:
                pass


class Files(ListScreen[FileRow]):
    """The files of a torrent. Space selects or deselects a file, a digit sets its priority."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "want", "Want or not"),
        Binding("0,1,2,3,4,5,6,7", "dummy", "Priority", key_display="0..7"),
    ]
    columns = columns.FILES
    noun = "file"

    async def read(self) -> list[FileRow]:
        """The files, from all pages."""
        return [each async for each in self._client.list_files(torrent=self._torrent)]

    def on_key(self, event: Any) -> None:
        """Sets the priority that a digit names."""
        if event.key in tuple("01234567"):
            event.stop()
            self._set(int(event.key))

    def action_dummy(self) -> None:
        """Does nothing: `on_key` handles the digits. The binding shows them among the keys."""

    def action_want(self) -> None:
        """Selects or deselects the file at the cursor."""
        if self.chosen is not None:
            self._set(0 if self.chosen.priority else DEFAULT_PRIORITY)

    def _set(self, priority: int) -> None:
        if self.chosen is not None:
            self.change(actions.prioritize(self._client, self._torrent, self.chosen, priority))


class Peers(ListScreen[PeerRow]):
    """The peers of a torrent."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("b", "ban", "Ban"), Binding("a", "add", "Add a peer")]
    columns = columns.PEERS
    noun = "peer"

    async def read(self) -> list[PeerRow]:
        """The peers, the fastest first."""
        return await self._client.list_peers(self._torrent)

    def action_ban(self) -> None:
        """Asks whether to ban the peer at the cursor."""
        peer = self.chosen
        if peer is None:
            return

        def decided(answer: str | None) -> None:
            if answer == "y":
                self.change(actions.ban(self._client, peer.endpoint))

        self.app.push_screen(Question(f"Ban {peer.endpoint} for all torrents?", {"y": "ban"}), decided)

    def action_add(self) -> None:
        """Asks for the address of a peer."""

        async def submit(endpoint: str) -> str:
            return await actions.add_peer(self._client, self._torrent, endpoint)

        self.app.push_screen(
            Form("Connect to a peer", [Field("Address and port", hint="192.0.2.7:6881")], submit), self.done
        )


class Trackers(ListScreen[TrackerRow]):
    """The trackers of a torrent, with redacted URLs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add"),
        Binding("d,delete", "remove", "Remove"),
        Binding("A", "announce", "Announce"),
    ]
    columns = columns.trackers(0)
    noun = "tracker"

    async def read(self) -> list[TrackerRow]:
        """The trackers by tier."""
        rows = await self._client.list_trackers(self._torrent)
        self.query_one(LineList).show(rows, columns=columns.trackers(time.time_ns() // 1000))
        return rows

    def action_add(self) -> None:
        """Asks for the URL of a tracker."""

        async def submit(url: str, tier: str) -> str:
            return await actions.add_tracker(self._client, self._torrent, url, tier)

        fields = [Field("URL", hint="udp://tracker.example.org:6969/announce"), Field("Tier", "0")]
        self.app.push_screen(Form("Add a tracker", fields, submit), self.done)

    def action_remove(self) -> None:
        """Asks whether to remove the tracker at the cursor."""
        tracker = self.chosen
        if tracker is None:
            return

        async def remove() -> str:
            await self._client.update_trackers(self._torrent, remove=[tracker.url])
            return "tracker removed"

        def decided(answer: str | None) -> None:
            if answer == "y":
                self.change(remove())

        self.app.push_screen(Question(f"Remove {redacted(tracker.url)}?", {"y": "remove"}), decided)

    def action_announce(self) -> None:
        """Announces to the tracker at the cursor now."""
        tracker = self.chosen
        if tracker is None:
            return

        async def announce() -> str:
            await self._client.reannounce(self._torrent, tracker=tracker.url)
            return "announced"

        self.change(announce())
