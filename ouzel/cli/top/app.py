"""The application: one client, one main screen, and the keys that work everywhere."""

import asyncio
import signal
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from ouzel.cli.top.main_screen import MainScreen
from ouzel.client.aio import AsyncClient
from ouzel.client.server import Server


class TopApp(App[None]):
    """`ouzel top`. It uses the terminal's own colours, so it fits a light and a dark terminal.

    Args:
        client: the client for all requests.
        place: the daemon's address, for people.
    """

    TITLE = "ouzel top"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
    ]

    def __init__(self, client: AsyncClient, place: str) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.main = MainScreen(client, place)

    def on_mount(self) -> None:
        """Shows the main screen."""
        self.push_screen(self.main)


async def run(*, runtime_dir: Path | None = None, server: Server | None = None) -> int:
    """Runs the application until the user quits. Returns the exit code."""
    place = str(runtime_dir) if server is None else server.commands
    async with AsyncClient(runtime_dir, server=server, timeout_s=5.0) as client:
        app = TopApp(client, place)
        # Otherwise SIGTERM would leave the terminal without echo and on the alternate screen.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.exit)
        await app.run_async()
        return app.return_code or 0
