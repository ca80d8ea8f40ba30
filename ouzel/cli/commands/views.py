"""Commands that show: `ls`, `show`, `peers`, `pieces`, `watch`, `health`, `events` and `ping`."""

import contextlib
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group

from ouzel.cli.arguments import (
    COMPLETE_CATEGORY,
    COMPLETE_ID,
    COMPLETE_LABEL,
    AsJson,
    MaybeId,
    OneId,
)
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display import listing, render
from ouzel.cli.display.listing import ColumnName, SortKey, StateFilter
from ouzel.cli.display.output import Output
from ouzel.cli.display.piece_map import piece_map
from ouzel.cli.failure import ExitCode
from ouzel.cli.ids import followed, resolve
from ouzel.cli.listen import listen
from ouzel.errors import Refused
from ouzel.stream.table import Table
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState


def list_torrents(
    context: typer.Context,
    state: Annotated[
        list[StateFilter] | None, typer.Option(help="Only torrents in this state, or stalled ones. Repeatable.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Only torrents with this label.", autocompletion=COMPLETE_LABEL)
    ] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="Only torrents whose name contains this text.")] = "",
    category: Annotated[
        str | None,
        typer.Option(help='Only torrents in this category; "" is those without one.', autocompletion=COMPLETE_CATEGORY),
    ] = None,
    column: Annotated[
        list[ColumnName] | None,
        typer.Option(help="Show these columns after id and name, whatever fits. Repeatable."),
    ] = None,
    sort: Annotated[
        SortKey, typer.Option(help="Sort by this: names from A to Z, sizes from large to small.")
    ] = SortKey.ID,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="Reverse the order.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the torrents, with totals in the last line."""
    states = state or []
    one = TorrentState(states[0].value) if len(states) == 1 and states[0] is not StateFilter.STALLED else None
    with client_of(context) as client:
        rows = listing.kept(client.list_torrents(state=one, label=label, category=category), states, name)
    rows = listing.ordered(rows, sort, reverse=reverse)
    output = Output(as_json=as_json)
    if not (rows or as_json) and output.console.is_terminal:
        typer.echo("no torrents", err=True)
    else:
        width = output.console.width
        output.show(
            {"torrents": rows},
            lambda: Group(listing.torrents(rows, width, ages=True, chosen=column or ()), listing.totals(rows, width)),
        )


def show(context: typer.Context, torrent: OneId, as_json: AsJson = False) -> None:
    """Show everything about one torrent, including why it makes no progress, and the status of its trackers.

    Secret parts of tracker URLs are hidden, except with --json.
    """
    with client_of(context) as client:
        detail = client.get_torrent(*resolve(client, [torrent]))
        with contextlib.suppress(Refused):  # an earlier version of the daemon, or the torrent was removed meanwhile
            detail = msgspec.structs.replace(detail, tracker_status=client.list_trackers(detail.torrent))
    Output(as_json=as_json).show(detail, lambda: render.torrent(detail, time.time_ns() // 1000))


def peers(
    context: typer.Context,
    torrent: OneId,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS:PORT", help="First connect the torrent to this peer. Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the peers that a torrent is connected to, the fastest first."""
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if add:
            client.add_peers(only, add, wait="applied")
        rows = client.list_peers(only)
    output = Output(as_json=as_json)
    if not (rows or as_json) and output.console.is_terminal:
        typer.echo("no peers", err=True)
    else:
        output.show({"torrent": only, "peers": rows}, lambda: render.peers(rows))


def pieces(context: typer.Context, torrent: OneId, as_json: AsJson = False) -> None:
    """Show which pieces a torrent has. With --json, `have` and `availability` are in Base64."""
    with client_of(context) as client:
        report = client.piece_map(*resolve(client, [torrent]))
    output = Output(as_json=as_json)
    output.show(report, lambda: piece_map(report, output.console.width))


def watch(context: typer.Context, torrent: MaybeId = None, as_json: AsJson = False) -> None:
    """Watch all torrents until Ctrl-C, or one torrent until it is removed."""
    output = Output(as_json=as_json)
    with client_of(context) as client:
        only = None if torrent is None else followed(client, torrent)
        table = Table()

        def draw(table: Table) -> Any:
            if only is not None and only not in table.rows:
                return f"removed: {only}"
            shown = [row for row in table.rows.values() if only in (None, row.torrent)]
            return render.overview(table, shown, output.console.width, output.console.height)

        stream = client.events(progress=True, torrent=only, ticks=True, snapshot=True)
        with stream as events, output.screen(draw, only) as screen:
            for item in listen(events, output.check_reader):
                table.apply(item)
                screen.show(table, item)
                if only is not None and only not in table.rows:
                    return


def health(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the health of the daemon. Exit code 0: starting, healthy or degraded (it works); 4: unhealthy."""
    with client_of(context) as client:
        report = client.health()
    Output(as_json=as_json).show(report, lambda: render.health(report))
    if report.status is HealthStatus.UNHEALTHY:
        raise typer.Exit(ExitCode.UNHEALTHY)


def events(
    context: typer.Context,
    progress: Annotated[bool, typer.Option("--progress", help="Also print progress events.")] = False,
    torrent: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only events of this torrent and of the daemon.", autocompletion=COMPLETE_ID),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print events as they happen, without gaps, until Ctrl-C."""
    output = Output(as_json=as_json)
    with client_of(context) as client:
        only = None if torrent is None else followed(client, torrent)
        for item in listen(client.events(progress=progress, torrent=only), output.check_reader):
            if as_json:
                output.json_line(item)
            else:
                output.line(render.event_line(item))


def ping(context: typer.Context, as_json: AsJson = False) -> None:
    """Measure a round trip to the daemon, and show its version."""
    with client_of(context) as client:
        server = client.hello()
        began = time.perf_counter()
        client.ping()
        took_ms = round((time.perf_counter() - began) * 1000, 3)
    told = {"version": server.version, "protocol": server.protocol, "libtorrent": server.libtorrent, "ms": took_ms}
    libtorrent = f", libtorrent {server.libtorrent}" if server.libtorrent else ""
    Output(as_json=as_json).show(
        told, lambda: f"ouzeld {server.version}, protocol {server.protocol}{libtorrent}: {took_ms} ms"
    )
