"""The command `deadline`: requests that a part of a file is downloaded by a given time."""

from typing import Annotated, Final

import typer

from ouzel.cli.arguments import AsJson, OneId, size_of
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve

WITHIN_MAX_S: Final = 86_400
"""The protocol's limit of a deadline."""

LENGTH_MAX: Final = 2**30
"""The protocol's limit of one part, in bytes."""


def deadline(
    context: typer.Context,
    torrent: OneId,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The file, as in `ouzel files`.")],
    offset: Annotated[
        str, typer.Option(metavar="SIZE", help="Where the part begins: bytes, 500k, 10M or 1.5Mi.")
    ] = "0",
    length: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="The length of the part.", show_default="to its end, at most 1 GiB"),
    ] = None,
    within: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, max=WITHIN_MAX_S, help="By when it is wanted.")
    ] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Download a part of a file by a time, before other parts, so that a player can stream the file."""
    begin = size_of(offset, "--offset")
    size = None if length is None else size_of(length, "--length")
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        if size is None:
            rest = next((row.size for row in client.list_files(torrent=only) if row.index == index), 0) - begin
            size = min(rest, LENGTH_MAX)
        client.set_piece_deadlines(only, index, begin, max(1, size), round(within * 1000))
    output = Output(as_json=as_json)
    if as_json:
        output.json_line({"torrent": only})
    else:
        output.line(f"wanted: {only}")
