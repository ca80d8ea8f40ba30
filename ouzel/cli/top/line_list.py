"""A list widget that draws only its visible lines. So a long list is drawn as quickly as a short list."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ouzel.cli.display.listing import SortKey
from ouzel.cli.top.view.columns import Column, fit, fitting

T = TypeVar("T")
_HEADER: Final = Style(bold=True, underline=True)
_CURSOR: Final = Style(reverse=True)


class LineList(ScrollView, Generic[T], can_focus=True):
    """A list with a header and a cursor.

    Args:
        columns: the columns. Their number depends on the width.
    """

    DEFAULT_CSS = """
    LineList { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end", "last", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    class Moved(Message):
        """The user has moved the cursor to `index`."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Chosen(Message):
        """The user has chosen the line at the cursor."""

    class Sorted(Message):
        """The user has clicked the header of a column with the key `key`."""

        def __init__(self, key: SortKey) -> None:
            super().__init__()
            self.key = key

    def __init__(self, columns: Sequence[Column[T]], **options: Any) -> None:
        super().__init__(**options)
        self._columns = columns
        self.rows: Sequence[T] = ()
        self.cursor = 0

    @property
    def chosen(self) -> T | None:
        """The row at the cursor. None if the list is empty."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def _width(self) -> int:
        """The width without the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, rows: Sequence[T], cursor: int | None = None, columns: Sequence[Column[T]] | None = None) -> None:
        """Shows other rows.

        Args:
            cursor: the place of the cursor. None keeps it.
            columns: other columns. None keeps them.
        """
        self.rows = rows
        self._columns = self._columns if columns is None else columns
        moved = cursor is not None and cursor != self.cursor
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, len(rows) - 1))
        size = Size(self._width, len(rows) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        if moved:
            self._follow_cursor()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One visible line. Line 0 is the header."""
        width = self._width
        columns = fitting(self._columns, width)
        if y == 0:
            header = " ".join(fit(each.header, each.width, each.right) for each in columns)
            return Strip([Segment(header, _HEADER + self.rich_style)]).adjust_cell_length(width, self.rich_style)
        index = round(self.scroll_y) + y - 1
        if index >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        base = self.rich_style + (_CURSOR if index == self.cursor else Style.null())
        segments: list[Segment] = []
        for number, each in enumerate(columns):
            style = base if index == self.cursor else base + Style.parse(each.style(self.rows[index]))
            text = fit(each.cell(self.rows[index]), each.width, each.right)
            segments += [Segment(" ", base), Segment(text, style)] if number else [Segment(text, style)]
        return Strip(segments).adjust_cell_length(width, base)

    def action_move(self, lines: int) -> None:
        """Moves the cursor by some lines."""
        self._go(self.cursor + lines)

    def action_page(self, pages: int) -> None:
        """Moves the cursor by the height of the list."""
        self._go(self.cursor + pages * max(1, self.size.height - 2))

    def action_first(self) -> None:
        """Moves the cursor to the first line."""
        self._go(0)

    def action_last(self) -> None:
        """Moves the cursor to the last line."""
        self._go(len(self.rows) - 1)

    def action_choose(self) -> None:
        """Reports that the line at the cursor was chosen."""
        if self.rows:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor. A second click chooses the line. A click on the header sorts."""
        if event.y == 0:
            at = 0
            for each in fitting(self._columns, self._width):
                if at <= event.x < at + each.width and each.sort is not None:
                    self.post_message(self.Sorted(each.sort))
                at += each.width + 1
            return
        index = round(self.scroll_y) + event.y - 1
        if index < len(self.rows):
            again = index == self.cursor and event.chain > 1
            self._go(index)
            if again:
                self.action_choose()

    def on_resize(self) -> None:
        """Keeps the cursor visible."""
        self._follow_cursor()

    def _go(self, index: int) -> None:
        if not self.rows:
            return
        self.cursor = max(0, min(index, len(self.rows) - 1))
        self._follow_cursor()
        self.refresh()
        self.post_message(self.Moved(self.cursor))

    def _follow_cursor(self) -> None:
        visible = max(1, self.size.height - 1)
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + visible:
            self.scroll_to(y=self.cursor - visible + 1, animate=False)
