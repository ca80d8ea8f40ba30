"""The main screen: the summary, the torrents, the last events, and the keys."""

import time
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from ouzel.cli.display.listing import SortKey, name_of
from ouzel.cli.display.printable import clean
from ouzel.cli.top import actions
from ouzel.cli.top.follower import Follower
from ouzel.cli.top.keys import KEYS, help_text
from ouzel.cli.top.line_list import LineList
from ouzel.cli.top.screens.dialogs import Field, Form, Question
from ouzel.cli.top.screens.lists import Files, Peers, Trackers
from ouzel.cli.top.screens.pages import Details, Health, Help
from ouzel.cli.top.view import columns, summary
from ouzel.cli.top.view.columns import fit
from ouzel.cli.top.view.model import SORTS, Model
from ouzel.client.aio import AsyncClient
from protocol.wire.errors import OuzelError
from protocol.wire.rows import TorrentRow

DRAW_EVERY_S: Final = 0.25
ARRANGE_SHARE: Final = 0.05
"""The maximum share of the time that sorting may take. So 50,000 torrents are sorted less often than 50."""
MESSAGE_S: Final = 10.0
LOG_LINES: Final = 5
LOG_FROM_HEIGHT: Final = 20
"""The minimum height of a terminal in which the last events are shown."""


class MainScreen(Screen[None]):
    """The main screen.

    Args:
        client: the client for all requests.
        place: the daemon's address, for people.
    """

    DEFAULT_CSS = """
    MainScreen #summary, MainScreen #position, MainScreen #message, MainScreen #log { height: auto; }
    MainScreen #filter { display: none; }
    MainScreen #filter.open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(each.keys, each.action, each.label, show=bool(each.label), key_display=each.shown) for each in KEYS),
        Binding("escape", "no_filter", show=False),
    ]

    def __init__(self, client: AsyncClient, place: str) -> None:
        super().__init__()
        self.model = Model()
        self._client = client
        self._place = place
        self._follower = Follower(client, self.model, self._note_change)
        self._changed = True
        self._arrange_at = 0.0
        self._drawn_at = 0.0
        self._message_until = 0.0
        self._log_wanted = True
        self._shown: dict[str, Text] = {}

    def compose(self) -> ComposeResult:
        """The parts from top to bottom."""
        yield Static("", id="summary", markup=False)
        yield LineList[TorrentRow](columns.TORRENTS, id="torrents")
        yield Static("", id="position", markup=False)
        yield Static("", id="log", markup=False)
        yield Input(placeholder="words, state:seeding, label:linux, category:films", id="filter", compact=True)
        yield Static("", id="message", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Starts to follow the daemon, and to draw."""
        for name in ("log", "message"):
            self._show(name, Text())
        self.query_one(LineList).focus()
        self.run_worker(self._follower.follow())
        self.run_worker(self._follower.sample())
        self.set_interval(DRAW_EVERY_S, self._turn)
        self._draw()

    def on_resize(self) -> None:
        """Draws again, since fewer or more events fit."""
        self._changed = True

    def say(self, text: str, style: str = "") -> None:
        """Shows a message for some seconds."""
        self._message_until = monotonic() + MESSAGE_S
        self._show("message", Text(clean(text), style, no_wrap=not style))

    def _note_change(self) -> None:
        self._changed = True

    def _turn(self) -> None:
        """Draws changed parts. Draws ages once a second."""
        if self._changed or monotonic() >= self._drawn_at + 1:
            self._draw()
        if monotonic() >= self._message_until:
            self._show("message", Text())

    def _draw(self) -> None:
        self._changed = False
        self._drawn_at = began = monotonic()
        model = self.model
        model.quiet_s = self._follower.quiet_s()
        if model.stale and began >= self._arrange_at:
            model.arrange()
            took_s = monotonic() - began
            self._arrange_at = began + took_s / ARRANGE_SHARE
        self._changed = model.stale
        if self.app.screen is not self:
            return  # another screen hides this one
        self._show("summary", Text("\n").join(summary.lines(model, self._place, self.size.width)))
        self._show_position()
        most = LOG_LINES if self._log_wanted and self.size.height >= LOG_FROM_HEIGHT else 0
        lines = [fit(line, self.size.width).rstrip() for line in model.log.lines(most)]
        self._show("log", Text("\n".join(lines), "dim", no_wrap=True))
        self.query_one(LineList).show(model.shown, model.index or 0)

    def _show(self, name: str, text: Text) -> None:
        """Changes a text. Does nothing if the text is the same."""
        shown = self._shown.get(name)
        if shown is None or shown != text or shown.style != text.style:
            self._shown[name] = text
            part = self.query_one(f"#{name}", Static)
            part.display = bool(text.plain)
            part.update(text)

    def _show_position(self) -> None:
        text = summary.position(self.model)
        text.truncate(self.size.width, overflow="ellipsis")
        self._show("position", text)

    def draw_now(self) -> None:
        """Sorts and draws at once, for example because the user has pressed a key."""
        self._arrange_at = 0.0
        self._draw()

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        self.model.select(event.index)
        self._show_position()

    @on(LineList.Sorted)
    def _sorted(self, event: LineList.Sorted) -> None:
        self.model.set_sort(event.key)
        self.draw_now()

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        row = self._selected()
        if row is not None:
            self._open(Details(self._client, row.torrent))

    def action_sort(self, step: int) -> None:
        """Sorts by the next or the previous column."""
        self.model.set_sort(SORTS[(SORTS.index(self.model.sort) + step) % len(SORTS)])
        self.draw_now()

    def action_reverse(self) -> None:
        """Reverses the order."""
        self.model.set_sort(SortKey(self.model.sort))
        self.draw_now()

    def action_filter(self) -> None:
        """Opens the line for the filter."""
        line = self.query_one("#filter", Input)
        line.value = self.model.filter_text
        line.add_class("open")
        line.focus()

    def action_no_filter(self) -> None:
        """Removes the filter."""
        self.query_one("#filter", Input).value = ""
        self._filter("")
        self._close_filter()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        if event.input.has_class("open"):
            self._filter(event.value)

    @on(Input.Submitted, "#filter")
    def _close_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("open")
        self.query_one(LineList).focus()

    def _filter(self, text: str) -> None:
        try:
            self.model.set_filter(text)
            self._show("message", Text())
        except ValueError as error:
            self.say(str(error), "bold red")
        self.draw_now()

    def action_events(self) -> None:
        """Shows or hides the last events."""
        self._log_wanted = not self._log_wanted
        self.draw_now()

    def action_help(self) -> None:
        """Shows the keys."""
        self._open(Help(help_text()))

    def action_health(self) -> None:
        """Shows the health."""
        self._open(Health(self._client))

    def action_quit(self) -> None:
        """Ends the program."""
        self.app.exit()

    def action_pause(self) -> None:
        """Pauses the selected torrent."""
        self._change("paused", self._client.pause)

    def action_resume(self) -> None:
        """Resumes the selected torrent."""
        self._change("resumed", self._client.resume)

    def action_announce(self) -> None:
        """Announces the selected torrent now."""
        self._change("announced", self._client.reannounce)

    def action_recheck(self) -> None:
        """Asks whether to hash the files again."""
        self._ask("Check all files of {}?", {"y": "check"}, lambda _: self._client.recheck, "is being checked")

    def action_remove(self) -> None:
        """Asks whether to remove the torrent, and its files."""

        def removal(answer: str) -> Callable[[str], Awaitable[None]]:
            return lambda torrent: self._client.remove_torrent(torrent, delete_files=answer == "x")

        answers = {"y": "remove, keep the files", "x": "remove and delete the files"}
        self._ask("Remove {}?", answers, removal, "removed")

    def action_limits(self) -> None:
        """Asks for the limits of the selected torrent."""
        row = self._selected()
        if row is not None:
            self._ask_limits(row.torrent, name_of(row), row.download_limit_bps, row.upload_limit_bps)

    def action_session_limits(self) -> None:
        """Asks for the limits of all torrents together."""

        async def read() -> None:
            try:
                report = await self._client.update_limits()  # changes nothing, and returns the limits
            except OuzelError as error:
                self.say(error.message, "bold red")
            else:
                self._ask_limits(None, "all torrents together", report.download_bps, report.upload_bps)

        self.run_worker(read())

    def action_files(self) -> None:
        """Shows the files of the selected torrent."""
        self._open_list(Files)

    def action_peers(self) -> None:
        """Shows the peers of the selected torrent."""
        self._open_list(Peers)

    def action_trackers(self) -> None:
        """Shows the trackers of the selected torrent."""
        self._open_list(Trackers)

    def action_add(self) -> None:
        """Asks for a source to add."""

        async def submit(source: str, save_path: str, category: str) -> str:
            return await actions.add(self._client, source, save_path, category)

        fields = [
            Field("File, magnet link, URL, info-hash or directory"),
            Field("Directory for its files", hint="the category's, or the first download root"),
            Field("Category", hint="none"),
        ]
        self.app.push_screen(Form("Add torrents", fields, submit), self._done)

    def _ask_limits(self, torrent: str | None, name: str, download_bps: int, upload_bps: int) -> None:
        async def submit(down: str, up: str) -> str:
            return await actions.limit(self._client, torrent, down, up)

        fields = [
            Field("Download, in bytes/s: 500k, 10M, 1.5Mi; 0 is no limit", actions.limit_text(download_bps)),
            Field("Upload", actions.limit_text(upload_bps)),
        ]
        self.app.push_screen(Form(f"Limits of {name}", fields, submit), self._done)

    def _ask(
        self,
        question: str,
        answers: dict[str, str],
        request: Callable[[str], Callable[[str], Awaitable[None]]],
        done: str,
    ) -> None:
        """Asks about the selected torrent, and sends the request for the answer."""
        row = self._selected()
        if row is None:
            return

        def decided(answer: str | None) -> None:
            if answer is not None:
                self._send(row, done, request(answer))

        self.app.push_screen(Question(question.format(name_of(row)), answers), decided)

    def _change(self, done: str, request: Callable[[str], Awaitable[None]]) -> None:
        row = self._selected()
        if row is not None:
            self._send(row, done, request)

    def _send(self, row: TorrentRow, done: str, request: Callable[[str], Awaitable[None]]) -> None:
        """Sends a request about a torrent, and shows its outcome."""

        async def run() -> None:
            try:
                await request(row.torrent)
                self._done(f"{name_of(row)}: {done}")
            except OuzelError as error:
                self.say(f"{name_of(row)}: {error.message}", "bold red")

        self.run_worker(run())

    def _done(self, text: str | None) -> None:
        if text is not None:
            self.say(text)
            self.model.log.note(text, time.time_ns() // 1000)
            self._changed = True

    def _selected(self) -> TorrentRow | None:
        row = self.model.row
        if row is None:
            self.say("no torrent is selected")
        return row

    def _open_list(self, kind: type[Files] | type[Peers] | type[Trackers]) -> None:
        row = self._selected()
        if row is not None:
            self._open(kind(self._client, row))

    def _open(self, screen: Screen[None]) -> None:
        self.app.push_screen(screen, lambda _: self._note_change())
