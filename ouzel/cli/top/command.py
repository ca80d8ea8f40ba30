"""The command `ouzel top`. Textual is imported only when the command runs, because the import is slow."""

import asyncio
import os
import sys
from importlib.util import find_spec

import typer

from ouzel.cli.connecting import client_of
from ouzel.client.server import Server


def top(context: typer.Context) -> None:
    """Show torrents, rates, health and events in full screen, and change them by keys. `?` shows the keys.

    It follows the daemon through crashes and restarts until `q`. Colours are the terminal's own. With NO_COLOR there
    are none.
    """
    if not _is_terminal():
        raise typer.BadParameter(
            "it needs a terminal; for programs use `ouzel ls --json`, `ouzel health --json` or `ouzel events --json`",
            param_hint="top",
        )
    if find_spec("textual") is None:
        raise typer.BadParameter("it needs the extra: pip install 'ouzel[top]'", param_hint="top")
    from ouzel.cli.top.app import run  # Textual takes a quarter of a second

    with client_of(context) as client:
        client.hello()  # without a daemon this is an error, not an empty screen
        place = client.place
    code = asyncio.run(run(server=place) if isinstance(place, Server) else run(runtime_dir=place.socket.parent))
    if code:
        raise typer.Exit(code)


def _is_terminal() -> bool:
    """Whether there is a terminal that can move its cursor."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(each.isatty() for each in streams) and os.environ.get("TERM", "") not in ("", "dumb")
