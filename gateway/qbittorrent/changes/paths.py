"""Where torrents are stored: the default path, and the paths of categories."""

import posixpath
from collections.abc import Mapping

from gateway.daemon.daemon import Unavailable
from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.rows.extras import Extras
from ouzel.client import calls


async def default_path(desk: Desk) -> str:
    """The save path of torrents without one: the preference, or the first download root. Raises Unavailable."""
    if given := desk.kept.text("save_path"):
        return given
    stats = desk.gateway.mirror.stats
    if stats is None:
        stats = await desk.gateway.daemon.run(calls.stats())
    if not stats.roots:
        raise Unavailable("the download roots are not known yet")
    return stats.roots[0].path


async def absolute(desk: Desk, path: str) -> str:
    """Returns a path that may be relative to the default path."""
    return posixpath.normpath(posixpath.join(await default_path(desk), path))


async def category_path(desk: Desk, name: str) -> str:
    """The path of a category. Without a path of its own, it is a folder in the default path."""
    found = desk.gateway.mirror.categories.get(name)
    if found is not None and found.save_path:
        return found.save_path
    return await absolute(desk, name)


async def settle(desk: Desk, torrents: Mapping[str, Torrent], *, stay: bool) -> None:
    """Moves torrents with automatic management to the path of their category.

    Args:
        stay: ends their automatic management instead, and moves nothing.
    """
    automatic = {name: each for name, each in torrents.items() if desk.kept.extras(name).auto_tmm}
    if stay:
        await desk.kept.put_extras({each: Extras() for each in automatic})
        return
    wanted = {name: await category_path(desk, each.row.category or "") for name, each in automatic.items()}
    moved = [each for name, each in automatic.items() if each.row.save_path != wanted[name]]
    await desk.run(moved, [calls.move_storage(each.row.torrent, wanted[each.row.torrent]) for each in moved])
