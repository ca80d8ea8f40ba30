"""Work of a screen that may be closed meanwhile."""

from collections.abc import Coroutine
from typing import Any

from textual.css.query import NoMatches
from textual.widget import Widget


def start(screen: Widget, work: Coroutine[Any, Any, None], *, exclusive: bool = False) -> None:
    """Starts a worker of a screen.

    Args:
        work: it may look for widgets of the screen. Textual removes them shortly before it cancels the worker.
        exclusive: whether the worker replaces the earlier workers of the screen.
    """
    screen.run_worker(_unless_closed(screen, work), exclusive=exclusive)


async def _unless_closed(screen: Widget, work: Coroutine[Any, Any, None]) -> None:
    """Awaits the work. If the screen is closed, a missing widget is no error."""
    try:
        await work
    except NoMatches:
        if screen.is_attached:
            raise
