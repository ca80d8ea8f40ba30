"""The command `goals`, which shows and sets when torrents have seeded enough."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from ouzel.cli.arguments import AsJson, SomeIds
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.connecting import asking
from ouzel.cli.display.goals import describe, parse_ratio, parse_span
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve

T = TypeVar("T")


class Action(StrEnum):
    """What is done with a torrent once a goal is reached."""

    PAUSE = "pause"
    REMOVE = "remove"
    REMOVE_FILES = "remove_files"
    SUPER_SEED = "super_seed"
    GLOBAL = "global"


def goals(
    context: typer.Context,
    torrents: SomeIds,
    ratio: Annotated[
        str | None, typer.Option(metavar="RATIO", help="Uploaded to downloaded bytes, such as 2; none; or global.")
    ] = None,
    seeding_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="Seeding time, such as 90 (seconds), 30m, 12h, 7d; none; global.")
    ] = None,
    inactive_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="Seeding time since the last transfer; none; or global.")
    ] = None,
    action: Annotated[Action | None, typer.Option(help="What is done once one of the goals is reached.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show when torrents have seeded enough; with options, set it.

    `none` is no goal, and `global` is that of the daemon's configuration, [goals]. A torrent that is resumed after a
    goal was reached seeds on; to set a goal makes all of them apply again.
    """
    args: dict[str, Any] = {}
    for name, option, text, parse in (
        ("ratio_goal", "--ratio", ratio, parse_ratio),
        ("seeding_time_goal_s", "--seeding-time", seeding_time, parse_span),
        ("inactive_time_goal_s", "--inactive-time", inactive_time, parse_span),
    ):
        if text is not None:
            value = _parsed(text, option, parse)
            args[name] = None if value == "none" else value
    if action is not None:
        args["goal_action"] = action.value
    if args:
        for_each(context, Chosen(torrents), "update_options", args, "set", as_json)
        return
    with asking(context) as client:
        rows = list(client.list_torrents(ids=resolve(client, torrents)))
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"torrents": [{"torrent": row.torrent, "goals": row.goals} for row in rows]})
    for row in [] if as_json else rows:
        output.line(f"{row.torrent}: {describe(row.goals)}")


def _parsed(text: str, option: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
