"""Computes save paths from the default path and the paths of categories, and moves torrents."""

import asyncio
import posixpath
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException

from gateway.daemon.daemon import Unavailable
from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes.desk import GONE, Desk
from gateway.qbittorrent.rows.extras import Extras
from ouzel.client import calls
from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind

MOVING_S: Final = 5.0
"""The longest wait for an earlier move."""
STEP_S: Final = 0.05
_PASSING: Final = frozenset({*GONE, ErrorKind.TORRENT_MOVING})


async def default_path(desk: Desk) -> str:
    """The default save path. Without the preference, it is the first download root. Raises Unavailable."""
    if given := desk.kept.text("save_path"):
        return given
    roots = await _roots(desk)
    if not roots:
        raise Unavailable("the download roots are not known yet")
    return roots[0]


async def allowed(desk: Desk, path: str) -> bool:
    """Whether an absolute path is in a download root. Raises Unavailable if the roots are not known."""
    return any(PurePosixPath(path).is_relative_to(root) for root in await _roots(desk))


async def _roots(desk: Desk) -> list[str]:
    stats = desk.gateway.mirror.stats
    if stats is None:
        stats = await desk.gateway.daemon.run(calls.stats())
    return [root.path for root in stats.roots]


async def absolute(desk: Desk, path: str) -> str:
    """Makes a path absolute. A relative path is relative to the default path."""
    return posixpath.normpath(posixpath.join(await default_path(desk), path))


async def absolute_download(desk: Desk, path: str) -> str:
    """Makes a path for incomplete files absolute.

    A relative path is below the preference `temp_path`, by default the folder `temp` in the default save path. An empty
    path stays empty.
    """
    if not path:
        return ""
    base = desk.kept.text("temp_path") or posixpath.join(await default_path(desk), "temp")
    return posixpath.normpath(posixpath.join(base, path))


async def category_path(desk: Desk, name: str) -> str:
    """The path of a category. By default, it is a folder in the default path."""
    found = desk.gateway.mirror.categories.get(name)
    if found is not None and found.save_path:
        return found.save_path
    return await absolute(desk, name)


async def settle(desk: Desk, torrents: Mapping[str, Torrent], *, stay: bool) -> None:
    """Moves torrents with automatic management to the path of their category.

    Args:
        stay: whether nothing is moved. The automatic management of the torrents then ends.
    """
    automatic = {name: each for name, each in torrents.items() if desk.kept.extras(name).auto_tmm}
    if stay:
        await desk.kept.put_extras({each: Extras() for each in automatic})
        return
    wanted = {name: await category_path(desk, each.row.category or "") for name, each in automatic.items()}
    await move(desk, automatic, wanted)


async def move(desk: Desk, torrents: Mapping[str, Torrent], wanted: Mapping[str, str], refusal: str = "") -> None:
    """Moves torrents to other paths. If an earlier move of a torrent is in progress, waits for its end.

    Args:
        torrents: the torrents by id.
        wanted: the new paths by id.
        refusal: the message if a path is not allowed. If it is empty, the daemon's message is used.

    Raises:
        HTTPException: 409, if the daemon refuses, or an earlier move takes too long.
        Unavailable: the daemon cannot accept the moves now.
    """
    deadline_s = time.monotonic() + MOVING_S
    left = [name for name, each in torrents.items() if each.row.save_path != wanted[name] or each.row.moving]
    problem: Refused | None = None
    while left:
        outcomes = await desk.gateway.daemon.run_many([calls.move_storage(each, wanted[each]) for each in left])
        refused = [(name, each) for name, each in zip(left, outcomes, strict=True) if isinstance(each, Refused)]
        problems = [each for _, each in refused if each.kind not in _PASSING]
        problem = problems[0] if problems else problem
        left = [name for name, each in refused if each.kind is ErrorKind.TORRENT_MOVING]
        if left and time.monotonic() > deadline_s:
            problem = problem or dict(refused)[left[0]]
            break
        if left:
            await asyncio.sleep(STEP_S)
    await desk.refresh(torrents.values())
    if problem is not None:
        not_allowed = problem.kind is ErrorKind.PATH_NOT_ALLOWED
        raise HTTPException(409, refusal if refusal and not_allowed else problem.message)
