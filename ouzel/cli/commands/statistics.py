"""The command `stats`."""

from typing import Annotated

import msgspec
import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.connecting import client_of
from ouzel.cli.display import statistics
from ouzel.cli.display.output import Output


def stats(
    context: typer.Context,
    glob: Annotated[
        str | None, typer.Argument(metavar="[GLOB]", help="With --counters: only names that match, such as 'net.*'.")
    ] = None,
    counters: Annotated[
        bool, typer.Option("--counters", help="Show libtorrent's counters by name instead.", show_default=False)
    ] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Show what the daemon counts about itself instead.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the totals and rates of the session, the resources of both processes, and the free space."""
    if glob is not None and not counters:
        raise typer.BadParameter("it is of use only with --counters", param_hint="GLOB")
    if metrics and counters:
        raise typer.BadParameter("cannot be combined with --counters", param_hint="--metrics")
    output = Output(as_json=as_json)
    with client_of(context) as client:
        if metrics:
            counted = client.get_metrics()
            output.show(counted, lambda: statistics.metrics(counted))
            return
        if not counters:
            report = client.stats()
            output.show(report, lambda: statistics.stats(report))
            return
        found = client.get_counters()
    shown = statistics.chosen(found, glob)
    output.show(msgspec.structs.replace(found, counters=shown), lambda: statistics.counters(shown))
