"""`ouzel crashes`: lists unexpected deaths of engines, and shows their reports."""

from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.connecting import client_of
from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.cli.failure import print_line

app = typer.Typer(invoke_without_command=True, cls=CommandGroup, suggest_commands=False)


@app.callback()
def crashes(context: typer.Context, as_json: AsJson = False) -> None:
    """List unexpected deaths of engines; `show NAME` shows the report of one."""
    if context.invoked_subcommand is not None:
        return
    with client_of(context) as client:
        found = client.list_crashes()
    output = Output(as_json=as_json)
    if not (found or as_json) and output.console.is_terminal:
        print_line("no crashes")
    else:
        output.show({"crashes": found}, lambda: render.crashes(found))


@app.command("show")
def show_crash(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A report's name, as `ouzel crashes` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Show one crash report: how the engine ended, the stacks of its threads, its last log lines."""
    with client_of(context) as client:
        report = client.get_crash(name.removesuffix(".json"))
    Output(as_json=as_json).show(report, lambda: render.crash(report))
