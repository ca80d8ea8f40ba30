"""The endpoints for files of torrents: priorities, renames, and the .torrent file."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint
from gateway.qbittorrent.routing import whole_number
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind
from protocol.wire.rows import FileRow

PRIORITIES: Final = {0: 0, 1: 4, 6: 6, 7: 7}
"""By priority of the API, the priority of the daemon. The normal priority is 1 in the API and 4 in the daemon."""
MAX_DISPLAY_NAME: Final = 255
RENAMING_S: Final = 5.0
"""The longest wait until a rename is visible."""
PRIORITIES_S: Final = 1.0
"""The longest wait until new priorities are visible. They are durable already."""
STEP_S: Final = 0.02
_LATER: Final = frozenset({ErrorKind.TORRENT_MOVING, ErrorKind.NO_METADATA})


async def set_priority(desk: Desk, fields: Fields) -> None:
    """Sets the priority of files by their places in the list, and waits until the list shows it."""
    priority = whole_number(fields["priority"])
    if priority is None:
        raise HTTPException(400, "Priority must be an integer")
    if priority not in PRIORITIES:
        raise HTTPException(400, "Priority is not valid")
    torrent = desk.one(fields["hash"])
    files = await _files(desk, torrent.row.torrent)
    if not files:
        raise HTTPException(409, "Torrent's metadata has not yet downloaded")
    wanted: dict[int, int] = {}
    for each in fields["id"].split("|"):
        index = whole_number(each)
        if index is None:
            raise HTTPException(400, "File IDs must be integers")
        if not 0 <= index < len(files):
            raise HTTPException(409, "File ID is not valid")
        wanted[files[index].index] = PRIORITIES[priority]
    async with desk.turn:  # the whole list is written
        detail = await desk.gateway.daemon.run(calls.get_torrent(torrent.row.torrent))
        priorities = {**{int(index): each for index, each in detail.priorities.items()}, **wanted}
        await desk.run([torrent], [calls.update_selection(torrent.row.torrent, priorities=priorities)])
    deadline_s = time.monotonic() + PRIORITIES_S
    while time.monotonic() < deadline_s:
        files = await _files(desk, torrent.row.torrent)
        if all(wanted.get(each.index, each.priority) == each.priority for each in files):
            break
        await asyncio.sleep(STEP_S)
    await desk.refresh([torrent])


async def rename(desk: Desk, fields: Fields) -> None:
    """Sets the displayed name of a torrent. Renames no file."""
    torrent = desk.one(fields["hash"])
    name = " ".join(fields["name"].split("\n")).strip()[:MAX_DISPLAY_NAME]
    if not name:
        raise HTTPException(409, "Incorrect torrent name")
    await desk.run([torrent], [calls.update_options(torrent.row.torrent, name=name)])


async def rename_file(desk: Desk, fields: Fields) -> None:
    """Renames a file."""
    torrent, old, new = desk.one(fields["hash"]).row.torrent, fields["oldPath"], _checked(fields["newPath"])
    files = await _files(desk, torrent)
    found = next((each.index for each in files if each.path == old), None)
    if found is None:
        raise HTTPException(409, f"No such file: '{old}'.")
    if old == new:
        return
    if any(each.path == new for each in files):
        raise HTTPException(409, f"The file already exists: '{new}'.")
    await _renamed(desk, torrent, calls.rename_file(torrent, found, new), lambda path: path == new)


async def rename_folder(desk: Desk, fields: Fields) -> None:
    """Renames a folder with all files in it."""
    torrent, old, new = desk.one(fields["hash"]).row.torrent, fields["oldPath"].rstrip("/"), _checked(fields["newPath"])
    if not any(each.path.startswith(f"{old}/") for each in await _files(desk, torrent)):
        raise HTTPException(409, f"No such folder: '{old}'.")
    if old != new:
        await _renamed(desk, torrent, calls.rename_folder(torrent, old, new), lambda path: path.startswith(f"{new}/"))


async def export(desk: Desk, fields: Fields) -> Response:
    """The .torrent file."""
    torrent = desk.one(fields["hash"]).row.torrent
    try:
        found = await desk.gateway.daemon.run(calls.export_torrent(torrent))
    except Refused as error:
        reason = "Missing metadata" if error.kind is ErrorKind.NO_METADATA else error.message
        raise HTTPException(409, f"Unable to export torrent file. Error: {reason}") from error
    if not found.metainfo:
        raise HTTPException(409, "Unable to export torrent file. Error: Missing metadata")
    return Response(found.metainfo, media_type="application/x-bittorrent")


async def _renamed(desk: Desk, torrent: str, call: Call[None], shown: Callable[[str], bool]) -> None:
    """Renames a file or folder, and waits until the list of files shows the new name.

    Clients rename several files one after the other. While a rename is in progress, the daemon refuses the next rename.
    This function then retries for a short time.

    Raises:
        HTTPException: 409, if the daemon refuses.
    """
    deadline_s = time.monotonic() + RENAMING_S
    while True:
        try:
            await desk.gateway.daemon.run(call)
        except Refused as error:
            if error.kind not in _LATER or time.monotonic() > deadline_s:
                raise HTTPException(409, error.message) from error
            await asyncio.sleep(STEP_S)
        else:
            break
    while time.monotonic() < deadline_s:
        if any(shown(each.path) for each in await _files(desk, torrent)):
            break
        await asyncio.sleep(STEP_S)
    await desk.gateway.daemon.refresh([torrent])


def _checked(path: str) -> str:
    """Returns a new path without superfluous slashes. Raises HTTPException."""
    parts = path.split("/")
    if not path.strip("/ ") or "\0" in path or ".." in parts:
        raise HTTPException(409, f"The new path is invalid: '{path}'.")
    if path.startswith("/"):
        raise HTTPException(409, f"Absolute path isn't allowed: '{path}'.")
    return "/".join(each for each in parts if each not in ("", "."))


async def _files(desk: Desk, torrent: str) -> list[FileRow]:
    """All files of a torrent. The list is empty if the metadata is not known. Raises Unavailable."""
    found: list[FileRow] = []
    cursor: str | None = None
    while True:
        try:
            page = await desk.gateway.daemon.run(calls.list_files(cursor, torrent=torrent))
        except Refused as error:
            if error.kind is ErrorKind.NO_METADATA:
                return []
            raise HTTPException(409, error.message) from error
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


ENDPOINTS = (
    Endpoint("torrents/filePrio", set_priority, ("hash", "id", "priority")),
    Endpoint("torrents/rename", rename, ("hash", "name")),
    Endpoint("torrents/renameFile", rename_file, ("hash", "oldPath", "newPath")),
    Endpoint("torrents/renameFolder", rename_folder, ("hash", "oldPath", "newPath")),
    Endpoint("torrents/export", export, ("hash",), reads=True),
)
