"""The commands `trackers` and `webseeds`: list and change the trackers and web seeds of a torrent."""

import time
from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson, OneId
from ouzel.cli.connecting import asking
from ouzel.cli.display import render
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve
from protocol.text.redacted import redacted

Urls = list[str] | None


def trackers(
    context: typer.Context,
    torrent: OneId,
    add: Annotated[Urls, typer.Option(metavar="URL", help="Add this tracker, or set its tier. Repeatable.")] = None,
    tier: Annotated[int, typer.Option(metavar="N", min=0, max=255, help="The tier of --add.")] = 0,
    remove: Annotated[Urls, typer.Option(metavar="URL", help="Remove this tracker. Repeatable.")] = None,
    replace: Annotated[
        Urls, typer.Option(metavar="URL", help="Use only these, in this order, each in its own tier. Repeatable.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="First remove all trackers.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a torrent's trackers by tier; with options, first change the list.

    Secret parts of URLs are hidden, except with --json.
    """
    whole: list[tuple[str, int]] | None = [] if clear else None
    if replace:
        whole = [(url, min(index, 255)) for index, url in enumerate(replace)]
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if whole is not None or add or remove:
            added = [(url, tier) for url in add or []]
            client.update_trackers(only, replace=whole, add=added, remove=remove or [])
        rows = client.list_trackers(only)
    now_us = time.time_ns() // 1000
    Output(as_json=as_json).show({"torrent": only, "trackers": rows}, lambda: render.trackers(rows, now_us))


def web_seeds(
    context: typer.Context,
    torrent: OneId,
    add: Annotated[Urls, typer.Option(metavar="URL", help="Add this web seed. Repeatable.")] = None,
    remove: Annotated[Urls, typer.Option(metavar="URL", help="Remove this web seed. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """List a torrent's web seeds (servers with its files, by http or https); with options, first change them.

    Secret parts of URLs are hidden, except with --json.
    """
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if add or remove:
            client.update_web_seeds(only, add=add or [], remove=remove or [])
        urls = client.list_web_seeds(only)
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"torrent": only, "web_seeds": [{"url": url} for url in urls]})
    else:
        for url in urls:
            output.line(redacted(url))
