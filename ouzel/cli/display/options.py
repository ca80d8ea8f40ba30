"""The options of a torrent as text."""

from typing import Final

import msgspec
from rich.table import Table as Grid
from rich.text import Text

from ouzel.cli.display.printable import clean
from protocol.wire.desired import DEFAULT_OPTIONS, TorrentOptions

GOALS: Final = ("ratio_goal", "seeding_time_goal_s", "inactive_time_goal_s", "goal_action")
"""The options that `ouzel goals` shows and sets."""

_LIMITS: Final = ("max_connections", "max_uploads")


def table(options: TorrentOptions) -> Grid:
    """The value of each option except goals. Keys are the names in the command line."""
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name in (each for each in TorrentOptions.__struct_fields__ if each not in GOALS):
        grid.add_row(name.replace("_", "-"), Text(_value(options, name)))
    return grid


def summary(options: TorrentOptions) -> str:
    """The options that differ from the defaults, without goals, in one line."""
    given = msgspec.structs.asdict(options)
    changed = [name for name, value in given.items() if value != getattr(DEFAULT_OPTIONS, name) and name not in GOALS]
    return ", ".join(f"{name.replace('_', ' ')} {_value(options, name)}" for name in changed) or "default"


def _value(options: TorrentOptions, name: str) -> str:
    value = getattr(options, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _LIMITS:
        return str(value) if value else "no limit"
    return clean(value or "") or "none"
