"""The flags for torrents' options and goals. `add`, `options` and `goals` share them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from ouzel.cli.display.goals import parse_ratio, parse_span

T = TypeVar("T")
Limit = int | None
Switch = bool | None

MaxConnections = Annotated[
    Limit, typer.Option(metavar="N", min=0, help="At most N connected peers, at least 2; 0 is no limit.")
]
MaxUploads = Annotated[
    Limit, typer.Option(metavar="N", min=0, help="Upload to at most N peers at a time, at least 2; 0 is no limit.")
]
SuperSeeding = Annotated[
    Switch,
    typer.Option("--super-seeding/--no-super-seeding", help="As a seed, tell each peer of one piece at a time."),
]
AutoManaged = Annotated[
    Switch,
    typer.Option(
        "--auto-managed/--no-auto-managed", help="Let libtorrent's queue decide when it runs (active_downloads)."
    ),
]
FirstLastPieceFirst = Annotated[
    Switch,
    typer.Option(
        "--first-last-piece-first/--no-first-last-piece-first",
        help="Download the first and the last piece of each file first.",
    ),
]
Pex = Annotated[Switch, typer.Option("--pex/--no-pex", help="Exchange peers with peers.")]
Dht = Annotated[Switch, typer.Option("--dht/--no-dht", help="Use the DHT.")]
Lsd = Annotated[Switch, typer.Option("--lsd/--no-lsd", help="Announce it in the local network.")]
Name = Annotated[
    str | None, typer.Option(metavar="NAME", help="Show this name; empty for the torrent's own. Renames no file.")
]


class Action(StrEnum):
    """What is done with a torrent once a goal is reached."""

    PAUSE = "pause"
    REMOVE = "remove"
    REMOVE_FILES = "remove_files"
    SUPER_SEED = "super_seed"
    GLOBAL = "global"


Ratio = Annotated[
    str | None, typer.Option(metavar="RATIO", help="Uploaded to downloaded bytes, such as 2; none; or global.")
]
SeedingTime = Annotated[
    str | None, typer.Option(metavar="TIME", help="Seeding time, such as 90 (seconds), 30m, 12h, 7d; none; global.")
]
InactiveTime = Annotated[
    str | None, typer.Option(metavar="TIME", help="Seeding time since the last transfer; none; or global.")
]
GoalAction = Annotated[Action | None, typer.Option(help="What is done once one of the goals is reached.")]


def goals_given(
    ratio: str | None, seeding_time: str | None, inactive_time: str | None, action: Action | None
) -> dict[str, Any]:
    """Returns the options for the goals that were given; a goal is None for none. Raises typer.BadParameter."""
    found: dict[str, Any] = {}
    for name, option, text, parse in (
        ("ratio_goal", "--ratio", ratio, parse_ratio),
        ("seeding_time_goal_s", "--seeding-time", seeding_time, parse_span),
        ("inactive_time_goal_s", "--inactive-time", inactive_time, parse_span),
    ):
        if text is not None:
            value = _parsed(text, option, parse)
            found[name] = None if value == "none" else value
    if action is not None:
        found["goal_action"] = action.value
    return found


def _parsed(text: str, option: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
