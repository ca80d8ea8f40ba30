"""Runs `ouzel top` without a terminal, and compares what it draws with text files.

OUZEL_WRITE_SNAPSHOTS=1 writes the files.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from ouzel.cli.top.app import TopApp
from ouzel.client.aio import AsyncClient

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
PATIENCE_S: Final = 60.0
WRITE_AFTER_S: Final = 2.0
_CLOCK: Final = re.compile(r"\d\d:\d\d:\d\d")


class Shown:
    """A running application.

    Fields:
        app: the application.
        pilot: presses keys and clicks.
    """

    def __init__(self, app: TopApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    def text(self) -> str:
        """The screen. A line at the cursor begins with `>`. Times of day are `HH:MM:SS`."""
        lines = []
        for line in self.app.screen._compositor.render_strips():
            reverse = any(each.style is not None and each.style.reverse and len(each.text) > 8 for each in line)
            text = "".join(each.text for each in line).rstrip()
            lines.append(f"{'>' if reverse else '|'}{text}")
        return _CLOCK.sub("HH:MM:SS", "\n".join(lines)) + "\n"

    async def gone(self, text: str) -> None:
        """Waits until the screen has a text no more."""
        await self.until(lambda: text not in self.text())

    def colours(self) -> set[str]:
        """The names of all colours on the screen but the terminal's own."""
        styles = [each.style for line in self.app.screen._compositor.render_strips() for each in line if each.style]
        return {each.color.name for each in styles if each.color is not None and not each.color.is_default}

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until this is true. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await self.pilot.pause(0.01)

    async def see(self, text: str) -> None:
        """Waits until the screen has a text."""
        try:
            await self.until(lambda: text in self.text())
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in\n{self.text()}") from None

    async def check(self, name: str) -> None:
        """Waits until the screen is as in the file of this name."""
        path = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("OUZEL_WRITE_SNAPSHOTS"):
            await self.pilot.pause(WRITE_AFTER_S)
            path.write_text(self.text())
        expected = path.read_text()
        with contextlib.suppress(TimeoutError):
            await self.until(lambda: self.text() == expected)
        assert self.text() == expected, f"the screen is\n{self.text()}"

    async def press(self, *keys: str) -> None:
        """Presses keys."""
        await self.pilot.press(*keys)


def run(directory: Path, play: Callable[[Shown], Awaitable[None]], *, size: tuple[int, int] = (80, 24)) -> None:
    """Runs the application with the daemon in a directory, until `play` returns. First waits for the torrents."""

    async def main() -> None:
        async with AsyncClient(directory, timeout_s=5) as client:
            app = TopApp(client, "/run/ouzel")
            async with app.run_test(size=size) as pilot:
                shown = Shown(app, pilot)
                await shown.until(lambda: app.main.model.loaded and len(app.main.model.rates) == 2)
                app.main.draw_now()
                await pilot.pause()
                await play(shown)

    asyncio.run(main())
