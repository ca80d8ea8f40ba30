"""The endpoints for save paths and automatic management."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from starlette.exceptions import HTTPException

from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes import paths
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint, on
from gateway.qbittorrent.rows.extras import Extras
from gateway.web.fields import Fields


async def set_location(desk: Desk, fields: Fields) -> None:
    """Moves torrents, and ends their automatic management."""
    path = await _path(desk, fields["location"])
    if not await paths.allowed(desk, path):
        raise HTTPException(409, "Cannot make save path")
    torrents = desk.many(fields["hashes"])
    await _move(desk, torrents, path, "Cannot make save path")
    await _keep(desk, torrents, auto_tmm=False)


async def set_save_path(desk: Desk, fields: Fields) -> None:
    """Moves torrents without automatic management."""
    path = await _path(desk, fields["path"])
    await _check_writable(desk, path)
    torrents = [each for each in desk.many(fields["id"]) if not desk.kept.extras(each.row.torrent).auto_tmm]
    await _move(desk, torrents, path, "Cannot create target directory")


async def set_download_path(desk: Desk, fields: Fields) -> None:
    """Stores a path for incomplete files. The daemon does not use this path."""
    path = await paths.absolute_download(desk, fields["path"])
    if path:
        await _check_writable(desk, path)
    torrents = [each for each in desk.many(fields["id"]) if not desk.kept.extras(each.row.torrent).auto_tmm]
    await _keep(desk, torrents, download_path=path)


async def set_auto_management(desk: Desk, fields: Fields) -> None:
    """Begins or ends automatic management. When it begins, torrents are moved to the path of their category."""
    torrents, enable = desk.many(fields["hashes"]), on(fields["enable"])
    if not enable:
        await _keep(desk, torrents, auto_tmm=False)
        return
    await desk.kept.put_extras({each.row.torrent: Extras(auto_tmm=True) for each in torrents})
    await paths.settle(desk, {each.row.torrent: each for each in torrents}, stay=False)


async def _path(desk: Desk, given: str) -> str:
    if not given.strip():
        raise HTTPException(400, "Save path cannot be empty")
    return await paths.absolute(desk, given.strip())


async def _check_writable(desk: Desk, path: str) -> None:
    """Raises HTTPException for a path outside the download roots, because Ouzel cannot write there."""
    if await paths.allowed(desk, path):
        return
    if await asyncio.to_thread(Path(path).is_dir):
        raise HTTPException(403, "Cannot write to directory")
    raise HTTPException(409, "Cannot create target directory")


async def _move(desk: Desk, torrents: Sequence[Torrent], path: str, refusal: str) -> None:
    names = {each.row.torrent: each for each in torrents}
    await paths.move(desk, names, dict.fromkeys(names, path), refusal)


async def _keep(desk: Desk, torrents: Sequence[Torrent], **changes: Any) -> None:
    names = [each.row.torrent for each in torrents]
    await desk.kept.put_extras({each: msgspec.structs.replace(desk.kept.extras(each), **changes) for each in names})


ENDPOINTS = (
    Endpoint("torrents/setLocation", set_location, ("hashes", "location")),
    Endpoint("torrents/setSavePath", set_save_path, ("id", "path")),
    Endpoint("torrents/setDownloadPath", set_download_path, ("id", "path")),
    Endpoint("torrents/setAutoManagement", set_auto_management, ("hashes", "enable")),
)
