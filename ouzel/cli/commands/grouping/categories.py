"""`ouzel categories`: lists, creates, changes and removes categories of torrents."""

from pathlib import Path
from typing import Annotated

import typer

from ouzel.cli.arguments import COMPLETE_CATEGORY, AsJson, SomeIds
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.commands.grouping.removing import remove_each
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean
from protocol.wire.results import CategoryReport

app = typer.Typer(invoke_without_command=True, cls=CommandGroup, suggest_commands=False)


@app.callback()
def categories(context: typer.Context, as_json: AsJson = False) -> None:
    """List the categories and their save paths; `put` creates or changes one, `remove` removes one.

    `ouzel add --category NAME` stores a torrent's files below the category's save path.
    """
    if context.invoked_subcommand is not None:
        return
    with client_of(context) as client:
        found = client.list_categories()
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"categories": found})
    elif not found and output.console.is_terminal:
        typer.echo("no categories", err=True)
    for category in [] if as_json else found:
        output.line(_line(category))


@app.command("put")
def put_category(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The category.", autocompletion=COMPLETE_CATEGORY)],
    save_path: Annotated[
        Path | None,
        typer.Option(help="Directory for the files of its torrents.", show_default="the first download root"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a category, or change its save path.

    The files of torrents that are in the category already are not moved.
    """
    with asking(context) as client:
        category = client.put_category(name, None if save_path is None else str(save_path.absolute()))
    output = Output(as_json=as_json)
    if as_json:
        output.json_line(category)
    else:
        output.line(_line(category))


@app.command("remove")
def remove_categories(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Categories.", autocompletion=COMPLETE_CATEGORY)
    ],
    as_json: AsJson = False,
) -> None:
    """Remove categories. Their torrents then have no category, and are not changed otherwise."""
    with asking(context) as client:
        remove_each(names, client.remove_category, Output(as_json=as_json))


@app.command("assign")
def assign(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help='A category; "" is none.', autocompletion=COMPLETE_CATEGORY)
    ],
    torrents: SomeIds,
    as_json: AsJson = False,
) -> None:
    """Put torrents into a category. Their files are not moved."""
    args = {"category": name or None}
    for_each(context, Chosen(torrents), "update_options", args, f"in {clean(name) or 'no category'}", as_json)


def _line(category: CategoryReport) -> str:
    return f"{clean(category.name)}: {clean(category.save_path or 'the first download root')}"
