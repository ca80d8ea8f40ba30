"""The flags for torrents' options and goals. `add`, `options` and `goals` share them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import typer

from ouzel.cli.arguments import COMPLETE_GROUP
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
Group = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The bandwidth group that it belongs to.", autocompletion=COMPLETE_GROUP),
]


class Action(StrEnum):
    """What is done with a torrent once a goal is reached."""

    PAUSE = "pause"
    REMOVE = "remove"
    REMOVE_FILES = "remove_files"
    SUPER_SEED = "super_seed"
    GLOBAL = "global"
    FILE = "file"


_NEVER: Final = {
    "file": "`file` is for global goals, which `ouzel goals` sets without a torrent",
    "global": "`global` is for the goals of torrents; name torrents to set those",
}
Ratio = Annotated[
    str | None, typer.Option(metavar="RATIO", help="Uploaded to downloaded bytes, such as 2; none; or global.")
]
SeedingTime = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Seeding time, such as 90 (seconds), 30m, 12h, 7d; none; global."),
]
InactiveTime = Annotated[
    str | None, typer.Option(metavar="TIME", help="Seeding time since the last transfer; none; or global.")
]
GoalAction = Annotated[Action | None, typer.Option(help="What is done once one of the goals is reached.")]

_TORRENTS_GOALS: Final = ("ratio_goal", "seeding_time_goal_s", "inactive_time_goal_s", "goal_action")
_GLOBAL_GOALS: Final = ("ratio", "seeding_time_s", "inactive_time_s", "action")
_PARSERS: Final[tuple[Callable[[str], object], ...]] = (parse_ratio, parse_span, parse_span, str)


def goals_given(
    ratio: str | None, seeding_time: str | None, inactive_time: str | None, action: Action | None
) -> dict[str, Any]:
    """Returns the options for the goals that were given. None means no goal. Raises typer.BadParameter."""
    given = _given(_TORRENTS_GOALS, ratio, seeding_time, inactive_time, action, never="file")
    return {name: None if value == "none" else value for name, value in given.items()}


def global_goals_given(
    ratio: str | None, seeding_time: str | None, inactive_time: str | None, action: Action | None
) -> dict[str, Any]:
    """Returns the arguments of `update_goals` for the goals that were given. Raises typer.BadParameter."""
    return _given(_GLOBAL_GOALS, ratio, seeding_time, inactive_time, action, never="global")


def _given(
    names: tuple[str, ...],
    ratio: str | None,
    seeding_time: str | None,
    inactive_time: str | None,
    action: Action | None,
    *,
    never: str,
) -> dict[str, Any]:
    """Returns the goals that were given, by their `names`.

    Args:
        never: the word that is not allowed for these goals.
    """
    found: dict[str, Any] = {}
    for name, option, text, parse in zip(
        names,
        ("--ratio", "--seeding-time", "--inactive-time", "--action"),
        (ratio, seeding_time, inactive_time, action),
        _PARSERS,
        strict=True,
    ):
        if text is not None:
            if text == never:
                raise typer.BadParameter(_NEVER[never], param_hint=option)
            found[name] = _parsed(text, option, parse)
    return found


def _parsed(text: str, option: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
