"""`ouzel import`: adds the torrents of other clients, with their progress."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from ouzel.cli.arguments import AsJson
from ouzel.cli.command_group import CommandGroup
from ouzel.cli.connecting import asking
from ouzel.cli.display.output import Output
from ouzel.cli.failure import EXIT_CODES_HELP
from ouzel.cli.importing import qbittorrent, transmission
from ouzel.cli.importing.moved_torrent import Found, Unusable
from ouzel.cli.importing.moving import Mover, PathMap

app = typer.Typer(no_args_is_help=True, cls=CommandGroup, suggest_commands=False)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The profile. It is only read.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be added. Needs no daemon.")]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="OLD=NEW", help="The files below OLD are below NEW for the daemon. Repeatable."),
]


@app.callback(epilog=EXIT_CODES_HELP)
def imports() -> None:
    """Add the torrents of another client with their progress. Only doubtful parts of the files are hashed.

    Stop the other client first. Then it stores its progress, and does not write to the same files as Ouzel. A torrent
    that fails does not stop the others. A torrent that exists already is not changed. So the command can be repeated.
    """


@app.command("qbittorrent", epilog=EXIT_CODES_HELP)
def import_qbittorrent(
    context: typer.Context,
    directory: Directory,
    dry_run: DryRun = False,
    mapped: Mapped = None,
    as_json: AsJson = False,
) -> None:
    """Add the torrents of qBittorrent: DIR is BT_backup, or the directory that has it or torrents.db in it."""
    _run(context, qbittorrent.read, directory, dry_run, mapped, as_json)


@app.command("transmission", epilog=EXIT_CODES_HELP)
def import_transmission(
    context: typer.Context,
    directory: Directory,
    dry_run: DryRun = False,
    mapped: Mapped = None,
    as_json: AsJson = False,
) -> None:
    """Add the torrents of Transmission 3 or 4: DIR has the folders `torrents` and `resume` in it."""
    _run(context, transmission.read, directory, dry_run, mapped, as_json)


def _run(
    context: typer.Context,
    read: Callable[[Path, Callable[[str], str]], Iterable[Found]],
    directory: Path,
    dry_run: bool,
    mapped: list[str] | None,
    as_json: bool,
) -> None:
    path_map, output = PathMap.parse(mapped or []), Output(as_json=as_json)
    try:
        found = read(directory, path_map)
    except Unusable as error:
        raise typer.BadParameter(str(error), param_hint="DIR") from None
    if dry_run:
        raise typer.Exit(Mover(None, output, path_map, {}).move(found))
    with asking(context) as client:
        client.ping()  # fail before anything is read
        raise typer.Exit(Mover(client, output, path_map, qbittorrent.categories(directory)).move(found))
