"""The command `export`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson, OneId
from ouzel.cli.connecting import client_of
from ouzel.cli.display.output import Output
from ouzel.cli.ids import resolve
from protocol.wire.errors import ErrorKind, OuzelError

STDOUT = Path("-")


def export(
    context: typer.Context,
    torrent: OneId,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write; - is standard output.",
            show_default="NAME.torrent",
        ),
    ] = None,
    magnet: Annotated[bool, typer.Option("--magnet", help="Only print the magnet link.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an existing file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a torrent's .torrent file, with its present trackers and web seeds, or print its magnet link.

    With --json, the output has both, and no file is written unless -o is given.
    """
    with client_of(context) as client:
        [only] = resolve(client, [torrent])
        made = client.export_torrent(only)
        name = "" if magnet or as_json or output is not None else client.get_torrent(only).name
    out = Output(as_json=as_json)
    if magnet and not as_json:
        out.line(made.magnet)
        return
    if made.metainfo is None and not (as_json and output is None):
        problem = "the torrent's metadata has not arrived yet, so there is only its magnet link (--magnet)"
        raise OuzelError(ErrorKind.NO_METADATA, problem)
    if output == STDOUT and not as_json:
        sys.stdout.buffer.write(made.metainfo or b"")
        return
    if output is None and not as_json:
        output = Path(f"{_file_name(name) or only}.torrent")
    if output is not None:
        _write(output, made.metainfo or b"", force=force)
    if as_json:
        file = None if output is None else str(output)
        out.json_line({"torrent": only, "magnet": made.magnet, "metainfo": made.metainfo, "file": file})
    else:
        out.line(f"written: {output}")


def _file_name(name: str) -> str:
    """The torrent's name as the name of a file in this directory: without slashes, and not hidden."""
    return name.replace("/", "_").replace("\0", "_").lstrip(".")[:200]


def _write(path: Path, content: bytes, *, force: bool) -> None:
    """Writes a file. Raises typer.BadParameter if the file exists and `force` is false."""
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise typer.BadParameter(f"{path} exists; -f replaces it", param_hint="--output") from None
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--output") from None
