"""Dialogs: a form with values to type, and a question with a few answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from ouzel.cli.display.printable import clean
from ouzel.cli.top.screens import workers
from protocol.wire.errors import OuzelError

_CSS = """
Form, Question { align: center middle; background: transparent; }
.dialog { width: 72; max-width: 100%; height: auto; max-height: 100%; border: round $primary; padding: 0 1; }
.dialog Static { height: auto; }
.dialog Input { margin-bottom: 1; border: none; height: 1; padding: 0; }
.dialog .buttons { height: auto; margin-top: 1; }
.dialog Button { margin-right: 2; }
"""


class Field(NamedTuple):
    """One line to type.

    Fields:
        label: the text above the line.
        value: the text that the line begins with.
        hint: the text in an empty line.
    """

    label: str
    value: str = ""
    hint: str = ""


class Form(ModalScreen[str | None]):
    """Asks for values. Closes with the line that `submit` returns, or with None if the user cancels.

    Args:
        title: what the values are for.
        fields: the lines to type.
        submit: takes the values. If it raises OuzelError or ValueError, the message is shown, and the form stays open.
    """

    DEFAULT_CSS = _CSS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, title: str, fields: Sequence[Field], submit: Callable[..., Awaitable[str]]) -> None:
        super().__init__()
        self._heading = title
        self._fields = fields
        self._submit = submit

    def compose(self) -> ComposeResult:
        """The fields from top to bottom, a line for a problem, and the buttons."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(Text(clean(self._heading), "bold"))
            for each in self._fields:
                yield Static(Text(each.label))
                yield Input(each.value, placeholder=each.hint, compact=True)
            yield Static(Text("Enter: OK   Tab: next   Esc: cancel", "dim"))
            yield Static("", id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("OK", id="ok", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begins in the first field."""
        self.query(Input).first().focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#ok")
    def accept(self) -> None:
        """Submits the values."""
        workers.start(self, self._accept(), exclusive=True)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Closes the form."""
        self.dismiss(None)

    async def _accept(self) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(Text("working ...", "dim"))
        try:
            done = await self._submit(*(each.value for each in self.query(Input)))
        except OuzelError as error:
            problem.update(Text(clean(error.message), "bold red"))
        except ValueError as error:
            problem.update(Text(clean(str(error)), "bold red"))
        else:
            self.dismiss(done)


class Question(ModalScreen[str | None]):
    """Asks for a decision. Closes with the key of the answer, or with None if the user cancels.

    Args:
        text: the question.
        answers: the label of each answer, by its key.
    """

    DEFAULT_CSS = _CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "cancel", "Cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, text: str, answers: Mapping[str, str]) -> None:
        super().__init__()
        self._text = text
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The question, and a button for each answer. Cancel has the focus, so Enter alone does nothing."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Static(Text(clean(self._text), "bold"))
            with Vertical(classes="buttons"):
                for key, label in self._answers.items():
                    yield Button(Text(f"{key}: {label}"), id=f"answer-{key}", compact=True)
                yield Button(Text("Esc: cancel"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Focuses Cancel."""
        self.query_one("#cancel", Button).focus()

    def on_key(self, event: object) -> None:
        """Closes with the answer whose key was pressed."""
        key = getattr(event, "key", "")
        if key in self._answers:
            self.dismiss(key)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Closes with the answer that was clicked."""
        key = (event.button.id or "").removeprefix("answer-")
        self.dismiss(key if key in self._answers else None)

    def action_cancel(self) -> None:
        """Closes without an answer."""
        self.dismiss(None)
