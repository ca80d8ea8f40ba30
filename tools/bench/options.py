"""Options that benchmarks share."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the temporary directory, with the daemons' logs.")]
SizeMib = Annotated[int, typer.Option("--size", metavar="MIB", min=8, help="Size of the torrent in MiB.")]
WarmUp = Annotated[bool, typer.Option("--warm-up/--no-warm-up", help="Begin with downloads that are not counted.")]
