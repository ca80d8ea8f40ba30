"""`ouzel groups`: lists, creates, changes and removes bandwidth groups."""

from typing import Annotated

import typer

from ouzel.cli.arguments import COMPLETE_GROUP, RATE_HELP, AsJson, SomeIds, rate
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.commands.grouping.removing import remove_each
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean
from ouzel.cli.display.render import limits_text
from protocol.wire.session.group_results import GroupReport

app = typer.Typer(invoke_without_command=True, cls=CommandGroup, suggest_commands=False)


@app.callback()
def groups(context: typer.Context, as_json: AsJson = False) -> None:
    """List the bandwidth groups and their limits; `put` creates or changes one, `assign` puts torrents into one.

    The torrents of a group share its limits. A torrent that needs less leaves the rest to the others.
    """
    if context.invoked_subcommand is not None:
        return
    with client_of(context) as client:
        found = client.list_groups()
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"groups": found})
    elif not found and output.console.is_terminal:
        typer.echo("no bandwidth groups", err=True)
    for group in [] if as_json else found:
        output.line(_line(group))


@app.command("put")
def put_group(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group.", autocompletion=COMPLETE_GROUP)],
    down: Annotated[str | None, typer.Option(metavar="RATE", help=f"Download limit {RATE_HELP}")] = None,
    up: Annotated[str | None, typer.Option(metavar="RATE", help=f"Upload limit {RATE_HELP}")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a bandwidth group, or change its limits. A limit that is not given does not change."""
    limits = None if down is None else rate(down, "--down"), None if up is None else rate(up, "--up")
    with asking(context) as client:
        group = client.put_group(name, download_bps=limits[0], upload_bps=limits[1])
    output = Output(as_json=as_json)
    if as_json:
        output.json_line(group)
    else:
        output.line(_line(group))


@app.command("remove")
def remove_groups(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Groups.", autocompletion=COMPLETE_GROUP)],
    as_json: AsJson = False,
) -> None:
    """Remove bandwidth groups. Their torrents then have no group, and are not changed otherwise."""
    with asking(context) as client:
        remove_each(names, client.remove_group, Output(as_json=as_json))


@app.command("assign")
def assign(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help='A group; "" is none.', autocompletion=COMPLETE_GROUP)],
    torrents: SomeIds,
    as_json: AsJson = False,
) -> None:
    """Put torrents into a bandwidth group."""
    args = {"group": name or None}
    for_each(context, Chosen(torrents), "update_options", args, f"in {clean(name) or 'no group'}", as_json)


def _line(group: GroupReport) -> str:
    return f"{clean(group.name)}: {limits_text(group.download_bps, group.upload_bps)}"
