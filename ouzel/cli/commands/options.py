"""The commands `options` and `goals`: show and set the options and the seeding goals of torrents."""

from typing import Annotated, Any

import typer

from ouzel.cli.arguments import AsJson, ChosenIds, Everything, WithLabel
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.commands.option_flags import (
    AutoManaged,
    Dht,
    FirstLastPieceFirst,
    GoalAction,
    Group,
    InactiveTime,
    Lsd,
    MaxConnections,
    MaxUploads,
    Name,
    Pex,
    Ratio,
    SeedingTime,
    SuperSeeding,
    global_goals_given,
    goals_given,
)
from ouzel.cli.connecting import asking
from ouzel.cli.display import options as shown
from ouzel.cli.display.goals import describe, global_lines
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve


def options(
    context: typer.Context,
    torrents: ChosenIds = None,
    everything: Everything = False,
    label: WithLabel = None,
    max_connections: MaxConnections = None,
    max_uploads: MaxUploads = None,
    super_seeding: SuperSeeding = None,
    auto_managed: AutoManaged = None,
    force_start: Annotated[
        bool | None, typer.Option("--force-start/--no-force-start", help="Resume it, whatever the queue says.")
    ] = None,
    first_last_piece_first: FirstLastPieceFirst = None,
    pex: Pex = None,
    dht: Dht = None,
    lsd: Lsd = None,
    set_label: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="The only label. Repeatable, for several.")
    ] = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Remove all labels.")] = False,
    name: Name = None,
    group: Group = None,
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
    if group is not None:
        args["group"] = group or None
    if args:
        for_each(context, Chosen(torrents or [], everything, label), "update_options", args, "changed", as_json)
        return
    if everything or label is not None or len(torrents or []) != 1:
        raise typer.BadParameter("name one torrent to show its options, or give an option to set", param_hint="ID")
    with asking(context) as client:
        detail = client.get_torrent(resolve(client, torrents or [])[0])
    found = {"torrent": detail.torrent, "labels": detail.labels, "options": detail.options}
    Output(as_json=as_json).show(found, lambda: shown.table(detail.options))


def goals(
    context: typer.Context,
    torrents: ChosenIds = None,
    ratio: Ratio = None,
    seeding_time: SeedingTime = None,
    inactive_time: InactiveTime = None,
    action: GoalAction = None,
    as_json: AsJson = False,
) -> None:
    """Show when torrents have seeded enough; with options, set it. Without torrents, the global goals.

    `none` means no goal. For a torrent, `global` means the global goal. For a global goal, `file` returns to the goal
    in the daemon's configuration, [goals]. A torrent that is resumed after a goal was reached seeds on. If you set a
    goal of a torrent, all its goals apply again.
    """
    if not torrents:
        _global_goals(context, global_goals_given(ratio, seeding_time, inactive_time, action), as_json=as_json)
        return
    args = goals_given(ratio, seeding_time, inactive_time, action)
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


def _global_goals(context: typer.Context, given: dict[str, Any], *, as_json: bool) -> None:
    with asking(context) as client:
        found = client.update_goals(**given) if given else client.get_goals()
    Output(as_json=as_json).show(found, lambda: "\n".join(global_lines(found)))
