"""`ouzel damaged`: lists and restores damaged files that were put aside."""

from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.connecting import client_of
from ouzel.cli.display import render
from ouzel.cli.display.output import Output

app = typer.Typer(help="Damaged files that were put aside.", cls=CommandGroup, suggest_commands=False)


@app.command("list")
def list_damaged(context: typer.Context, as_json: AsJson = False) -> None:
    """List the damaged files that were put aside, and whether each can be restored now."""
    with client_of(context) as client:
        found = client.list_damaged()
    output = Output(as_json=as_json)
    if not (found or as_json) and output.console.is_terminal:
        typer.echo("nothing was put aside", err=True)
    else:
        output.show({"files": found}, lambda: render.damaged(found))


@app.command("restore")
def restore_damaged(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file's name, as `ouzel damaged list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Restore a file once its content is valid. Restoring a torrent's record adds the torrent again, and loads it."""
    with client_of(context) as client:
        restored = client.restore_damaged(name)
    Output(as_json=as_json).show(restored, lambda: render.restored(restored))
