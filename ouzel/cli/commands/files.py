"""The commands `move` and `rename`. They change where torrents' files are stored."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from ouzel.cli.arguments import AsJson, OneId, SomeIds
from ouzel.cli.commands.changes import Chosen, for_each
from ouzel.cli.connecting import asking, client_of
from ouzel.cli.display.output import Output
from ouzel.cli.display.printable import clean
from ouzel.cli.display.units import format_share
from ouzel.cli.failure import ExitCode
from ouzel.cli.ids import chosen, resolve
from ouzel.cli.listen import listen
from ouzel.client.blocking import Client
from ouzel.stream.event import Event
from protocol.wire.rows import TorrentRow

IDLE_TICKS: Final = 2
"""If no move is seen during this number of ticks, there was no move. A tick arrives every second."""


def move(
    context: typer.Context,
    torrents: SomeIds,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The new directory, in a download root.")],
    wait: Annotated[bool, typer.Option("--wait", help="Show the progress until all files are in place.")] = False,
    as_json: AsJson = False,
) -> None:
    """Move the files of torrents to another directory, also on another disk.

    A move goes on, whatever dies or is restarted. To cancel it, move the torrent to its present directory.
    """
    if not wait:
        for_each(context, Chosen(torrents), "move_storage", {"save_path": str(path.absolute())}, "moving", as_json)
        return
    with client_of(context) as client:
        failed = _move_and_wait(client, chosen(client, torrents, everything=False, label=None), path, as_json)
    if failed:
        raise typer.Exit(ExitCode.ENDED_IN_ERROR)


def rename(
    context: typer.Context,
    torrent: OneId,
    old: Annotated[str, typer.Argument(metavar="FILE|FOLDER", help="The path as `ouzel files` shows it, or an index.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new path, with the torrent's root folder.")],
    as_json: AsJson = False,
) -> None:
    """Rename a file or a folder of a torrent. Paths have the torrent's root folder."""
    with asking(context) as client:
        [only] = resolve(client, [torrent])
        paths = {row.path: row.index for row in client.list_files(torrent=only)}
        index = paths.get(old, int(old) if old.isdecimal() and int(old) in paths.values() else None)
        if index is not None:
            client.rename_file(only, index, new, wait="applied")
        else:
            client.rename_folder(only, old.rstrip("/"), new.rstrip("/"), wait="applied")
    Output(as_json=as_json).show({"torrent": only, "path": new}, lambda: f"renaming: {clean(old)} to {clean(new)}")


def _move_and_wait(client: Client, torrents: list[str], path: Path, as_json: bool) -> bool:
    """Moves torrents, and shows the progress of each until its end. Returns whether a move has failed."""
    output, failed = Output(as_json=as_json), False
    with client.events(ticks=True) as events:
        for torrent in torrents:
            client.move_storage(torrent, str(path.absolute()))
        waiting, shown, idle = set(torrents), dict[str, str](), Counter[str]()
        for item in listen(events, output.check_reader):
            if not isinstance(item, Event):
                continue
            problem = str(item.data["message"]) if item.data.get("name") == "move_failed" else ""
            for row in [row for row in client.list_torrents(ids=sorted(waiting)) if row.torrent in waiting]:
                idle[row.torrent] += item.type == "tick" and row.moving is None
                over = item.type == "storage_moved" and item.torrent == row.torrent
                refused = row.torrent in problem
                text = _progress(row, problem if refused else None)
                # Without an event nothing was to be moved, or somebody else has cancelled the move.
                if over or refused or idle[row.torrent] >= IDLE_TICKS:
                    waiting.discard(row.torrent)
                    failed = failed or refused
                elif row.moving is None or shown.get(row.torrent) == text:
                    continue
                shown[row.torrent] = text
                output.show({"torrent": row.torrent, "moving": row.moving, "message": text}, partial(clean, text))
            if not waiting:
                break
    return failed


def _progress(row: TorrentRow, problem: str | None) -> str:
    if problem is not None:
        return f"not moved: {problem}"
    if row.moving is not None:
        return f"moving: {row.torrent} {format_share(row.moving.progress)}"
    return f"moved: {row.torrent} is at {row.save_path}"
