"""The commands `options`, `queue` and `deadline`: what is downloaded and uploaded first, and with which limits."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from ouzel.cli.arguments import AsJson, ChosenIds, Everything, OneId, SomeIds, WithLabel, rate
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.connecting import asking
from ouzel.cli.display import options as shown
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve

Limit = int | None
Switch = bool | None


class Where(StrEnum):
    """The places to move to."""

    TOP = "top"
    BOTTOM = "bottom"
    UP = "up"
    DOWN = "down"


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


def queue(
    context: typer.Context,
    torrents: SomeIds,
    where: Annotated[Where, typer.Argument(help="To the top or bottom, or one place up or down.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Move torrents in the queue of libtorrent, which those with `options --auto-managed` are in.

    The first torrents in the queue are downloaded first.
    """
    with asking(context) as client:
        moved = client.move_in_queue(resolve(client, torrents), where.value)
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"torrents": moved})
    else:
        for torrent in moved:
            output.line(f"moved: {torrent}")


def deadline(
    context: typer.Context,
    torrent: OneId,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The file, as in `ouzel files`.")],
    offset: Annotated[
        str, typer.Option(metavar="SIZE", help="Where the part begins: bytes, 500k, 10M or 1.5Mi.")
    ] = "0",
    length: Annotated[
        str | None, typer.Option(metavar="SIZE", help="The length of the part.", show_default="to the end of the file")
    ] = None,
    within: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="By when it is wanted.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Download a part of a file first, by a time: for players that stream the file."""
    begin = rate(offset, "--offset")
    size = None if length is None else rate(length, "--length")
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if size is None:
            size = next((row.size for row in client.list_files(torrent=only) if row.index == index), 0) - begin
        client.set_piece_deadlines(only, index, begin, max(1, size), round(within * 1000))
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"torrent": only})
    else:
        output.line(f"wanted: {only}")
