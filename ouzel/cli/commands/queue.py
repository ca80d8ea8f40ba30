"""The command `queue`: moves torrents in libtorrent's queue."""

from enum import StrEnum
from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson, SomeIds
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve


class Where(StrEnum):
    """The places to move to."""

    TOP = "top"
    BOTTOM = "bottom"
    UP = "up"
    DOWN = "down"


def queue(
    context: typer.Context,
    torrents: SomeIds,
    where: Annotated[Where, typer.Argument(help="To the top or bottom, or one place up or down.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Move torrents in libtorrent's queue. `ouzel options --auto-managed` puts a torrent into it.

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
