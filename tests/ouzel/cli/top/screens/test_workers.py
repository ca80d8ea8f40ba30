"""Work of a screen that may be closed meanwhile."""

import asyncio

import pytest
from textual.app import App
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.worker import WorkerFailed

from ouzel.cli.top.screens import workers


async def _look_for_what_is_gone() -> None:
    raise NoMatches("no nodes match")


@pytest.mark.parametrize("closes", [True, False])
def test_a_missing_widget_is_an_error_only_while_the_screen_is_open(closes: bool) -> None:
    """Textual removes the widgets of a closed screen before it cancels the screen's workers."""

    async def play() -> None:
        app: App[None] = App()
        async with app.run_test():
            screen: Screen[None] = Screen()
            await app.push_screen(screen)
            if closes:
                await screen.dismiss(None)
                assert not screen.is_attached
            # The app starts the worker, because Textual refuses workers of a closed screen.
            await app.run_worker(workers._unless_closed(screen, _look_for_what_is_gone())).wait()

    if closes:
        asyncio.run(play())
    else:
        with pytest.raises(WorkerFailed, match="no nodes match"):
            asyncio.run(play())
