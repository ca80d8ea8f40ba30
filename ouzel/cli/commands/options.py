"""The commands `options` and `goals`, which show and set the options and the seeding goals of torrents."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

from ouzel.cli.arguments import AsJson, ChosenIds, Everything, SomeIds, WithLabel
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.connecting import asking
from ouzel.cli.display import options as shown
from ouzel.cli.display.goals import describe, parse_ratio, parse_span
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve

T = TypeVar("T")
Limit = int | None
Switch = bool | None


def options(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    max_connections: Annotated[
        Limit, typer.Option(metavar="N", min=0, help="At most N connected peers, at least 2; 0 is no limit.")
    ] = None,
    max_uploads: Annotated[
        Limit, typer.Option(metavar="N", min=0, help="Upload to at most N peers at a time, at least 2; 0 is no limit.")
    ] = None,
    super_seeding: Annotated[
        Switch,
        typer.Option("--super-seeding/--no-super-seeding", help="As a seed, tell each peer of one piece at a time."),
    ] = None,
    auto_managed: Annotated[
        Switch,
        typer.Option(
            "--auto-managed/--no-auto-managed", help="Let libtorrent's queue decide when it runs (active_downloads)."
        ),
    ] = None,
    force_start: Annotated[
        Switch, typer.Option("--force-start/--no-force-start", help="Resume it, whatever the queue says.")
    ] = None,
    first_last_piece_first: Annotated[
        Switch,
        typer.Option(
            "--first-last-piece-first/--no-first-last-piece-first",
            help="Download the first and the last piece of each file first.",
        ),
    ] = None,
    pex: Annotated[Switch, typer.Option("--pex/--no-pex", help="Exchange peers with peers.")] = None,
    dht: Annotated[Switch, typer.Option("--dht/--no-dht", help="Use the DHT.")] = None,
    lsd: Annotated[Switch, typer.Option("--lsd/--no-lsd", help="Announce it in the local network.")] = None,
    set_label: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="The only label. Repeatable, for several.")
    ] = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Remove all labels.")] = False,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show this name; empty for the torrent's own. Renames no file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set options of torrents; without an option, show those of one torrent."""
    if set_label and no_labels:
        raise typer.BadParameter("it contradicts --set-label", param_hint="--no-labels")
    given: dict[str, Any] = {
        "max_connections": max_connections,
        "max_uploads": max_uploads,
        "super_seeding": super_seeding,
        "auto_managed": auto_managed,
        "force_start": force_start,
        "first_last_piece_first": first_last_piece_first,
        "pex": pex,
        "dht": dht,
        "lsd": lsd,
        "labels": [] if no_labels else set_label or None,
        "name": name,
    }
    args = {option: value for option, value in given.items() if value is not None}
    if args:
        for_each(context, Chosen(torrents or [], everything, label), "update_options", args, "changed", as_json)
        return
    if everything or label is not None or len(torrents or []) != 1:
        raise typer.BadParameter("name one torrent to show its options, or give an option to set", param_hint="ID")
    with asking(context) as client:
        detail = client.get_torrent(resolve(client, torrents or [])[0])
    found = {"torrent": detail.torrent, "labels": detail.labels, "options": detail.options}
    Output(as_json=as_json).show(found, lambda: shown.table(detail.options))


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

    `none` means no goal, and `global` means the goal in the daemon's configuration, [goals]. A torrent that is resumed
    after a goal was reached seeds on. If you set a goal, all goals of the torrent apply again.
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
