"""The methods that move and rename files."""

import asyncio
import time
from typing import Any

from gateway.mirror.torrent import Torrent
from gateway.transmission.arguments import Arguments, flag, text
from gateway.transmission.details import Kind
from gateway.transmission.face import EVENTS_S, Face
from gateway.transmission.failure import Code, Failure
from ouzel.client import calls


async def torrent_set_location(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Moves torrents to another directory."""
    location = text(arguments, "location")
    if not location:
        raise Failure("no location", Code.INVALID_PARAMS)
    if not location.startswith("/"):
        raise Failure("new location path is not absolute", Code.PATH_NOT_ABSOLUTE)
    return await move(face, arguments, location, files=flag(arguments, "move") or False)


async def move(face: Face, arguments: Arguments, location: str, *, files: bool) -> dict[str, Any]:
    """Changes the directory of torrents.

    Without `files`, Transmission does not move files, and expects them in the new directory. Here, the files are moved
    in both cases, because the daemon cannot change the directory in another way. Existing files in the new directory
    are never overwritten.
    """
    del files
    torrents = [each for each in face.torrents(arguments) if each.row.save_path.rstrip("/") != location.rstrip("/")]
    await face.change(torrents, [calls.move_storage(each.row.torrent, location) for each in torrents])
    return {}


async def torrent_rename_path(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Renames a file or a folder of one torrent. The file or folder stays where it is."""
    torrents = face.torrents(arguments)
    if len(torrents) != 1:
        raise Failure("torrent-rename-path requires 1 torrent", Code.INVALID_PARAMS)
    [torrent] = torrents
    path, name = text(arguments, "path") or "", text(arguments, "name") or ""
    answer = {"path": path, "name": name, "id": face.number_of(torrent.row.torrent)}
    if not path or not name or "/" in name or name in (".", ".."):
        raise Failure("Invalid argument", Code.INVALID_PARAMS, answer)
    await face.details.read([torrent], [Kind.FILES])
    files = face.details.of(torrent).files or []
    path = path.strip("/")
    folder, slash, _ = path.rpartition("/")
    renamed = f"{folder}{slash}{name}"
    found = next((file for file in files if file.path == path), None)
    if found is not None:
        call = calls.rename_file(torrent.row.torrent, found.index, renamed)
    elif any(file.path.startswith(f"{path}/") for file in files):
        call = calls.rename_folder(torrent.row.torrent, path, renamed)
    else:
        raise Failure("No such file or directory", Code.SYSTEM_ERROR, answer)
    await face.rename(torrent, call)
    await _shown(face, torrent, renamed)
    return answer


async def _shown(face: Face, torrent: Torrent, path: str) -> None:
    """Waits until the files have their new names, for a limited time. Transmission also answers after the rename."""
    each = torrent.row.torrent
    deadline_s = time.monotonic() + EVENTS_S
    while time.monotonic() < deadline_s:
        face.details.drop([each])
        await face.details.read([torrent], [Kind.FILES])
        files = face.details.of(torrent).files or []
        if any(file.path == path or file.path.startswith(f"{path}/") for file in files):
            break
        await asyncio.sleep(0.02)
    await face.gateway.daemon.refresh([each])
