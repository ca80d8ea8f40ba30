"""The endpoints of categories. If a category gets another path, its torrents with automatic management are moved."""

import re
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.daemon.daemon import Unavailable
from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.changes import paths
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint, on
from gateway.qbittorrent.changes.kept import CategoryExtras
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.errors import Refused

MAX_NAME: Final = 200
_NAME: Final = re.compile(r"[^\\/\x00]+(/[^\\/\x00]+)*", re.DOTALL)


def valid(name: str) -> bool:
    """Whether a category may have this name. Slashes separate a subcategory from its category."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


async def all_categories(desk: Desk) -> dict[str, dict[str, Any]]:
    """The categories by name, in the form of the API. Raises Unavailable."""
    mirror = desk.gateway.mirror
    if not mirror.categories:  # none was read yet, or there is none
        await desk.gateway.daemon.refresh_categories()
    if not mirror.ready:
        raise Unavailable("the categories are not known yet")
    found: dict[str, dict[str, Any]] = {}
    for name, each in mirror.categories.items():
        extras = desk.kept.category(name)
        path = extras.given if extras.given and extras.stored == each.save_path else each.save_path or ""
        found[name] = {"name": name, "savePath": path}
        if extras.download_path is not None:
            found[name]["download_path"] = extras.download_path
    return found


async def list_categories(desk: Desk, _: Fields) -> Response:
    """All categories."""
    return answers.json(await all_categories(desk))


async def create_category(desk: Desk, fields: Fields) -> None:
    """Makes a category."""
    name = _name(fields)
    if not valid(name):
        raise HTTPException(409, "Incorrect category name")
    if name in await all_categories(desk):
        raise HTTPException(409, "Unable to create category")
    await ensure_parents(desk, name)
    await _put(desk, fields, "Unable to create category")


async def edit_category(desk: Desk, fields: Fields) -> None:
    """Changes the path of a category. By default, its torrents stay, and their automatic management ends."""
    name = _name(fields)
    if name not in await all_categories(desk):
        raise HTTPException(409, "Unable to edit category")
    moves = desk.kept.preference("category_changed_tmm_enabled", False)
    if not moves:
        await paths.settle(desk, _torrents_of(desk, name), stay=True)
    await _put(desk, fields, "Unable to edit category")
    if moves:
        await paths.settle(desk, _torrents_of(desk, name), stay=False)


async def remove_categories(desk: Desk, fields: Fields) -> None:
    """Removes categories. Ignores unknown names."""
    known = await all_categories(desk)
    for name in dict.fromkeys(each for each in fields["categories"].split("\n") if each in known):
        torrents = _torrents_of(desk, name)
        await desk.run(torrents.values(), [calls.remove_category(name)])
        await desk.kept.put_category(name, None)
        await desk.gateway.daemon.refresh_categories()
        await paths.settle(desk, torrents, stay=not desk.kept.preference("torrent_changed_tmm_enabled", True))


async def set_category(desk: Desk, fields: Fields) -> None:
    """Sets or removes the category of torrents.

    The torrents are read from the daemon first: another client's change of a category is no event, and the mirror may
    be old.
    """
    name = fields["category"].strip()
    if name and name not in await all_categories(desk):
        raise HTTPException(409, "Incorrect category name")
    await desk.refresh(desk.many(fields["hashes"]))
    changed = {each.row.torrent: each for each in desk.many(fields["hashes"]) if (each.row.category or "") != name}
    await desk.run(changed.values(), [calls.update_options(torrent, category=name) for torrent in changed])
    stay = not desk.kept.preference("torrent_changed_tmm_enabled", True)
    await paths.settle(desk, changed, stay=stay)


async def ensure(desk: Desk, name: str) -> bool:
    """Makes a category if it does not exist. Returns whether it exists now."""
    if not valid(name):
        return False
    if name not in await all_categories(desk):
        await ensure_parents(desk, name)
        await desk.run([], [calls.put_category(name)])
        await desk.gateway.daemon.refresh_categories()
    return True


async def ensure_parents(desk: Desk, name: str) -> None:
    """Makes the parent categories of a subcategory, if the preference `use_subcategories` is on."""
    if "/" in name and desk.kept.preference("use_subcategories", False):
        parent = name.rpartition("/")[0]
        if parent not in await all_categories(desk):
            await ensure_parents(desk, parent)
            await desk.run([], [calls.put_category(parent)])


def _name(fields: Fields) -> str:
    if not fields["category"]:
        raise HTTPException(400, "Category cannot be empty")
    return fields["category"]


def _torrents_of(desk: Desk, name: str) -> dict[str, Torrent]:
    return {each.row.torrent: each for each in desk.many("all") if each.row.category == name}


async def _put(desk: Desk, fields: Fields, refusal: str) -> None:
    name, given = fields["category"], fields.get("savePath", "").strip()
    stored = await paths.absolute(desk, given) if given else None
    try:
        await desk.gateway.daemon.run(calls.put_category(name, stored))
    except Refused as error:
        raise HTTPException(409, refusal) from error
    download_path: str | bool | None = None
    if "downloadPathEnabled" in fields:
        download_path = fields.get("downloadPath", "") if on(fields["downloadPathEnabled"]) else False
    await desk.kept.put_category(name, CategoryExtras(given=given, stored=stored, download_path=download_path))
    await desk.gateway.daemon.refresh_categories()


ENDPOINTS = (
    Endpoint("torrents/categories", list_categories, reads=True),
    Endpoint("torrents/createCategory", create_category, ("category",)),
    Endpoint("torrents/editCategory", edit_category, ("category", "savePath")),
    Endpoint("torrents/removeCategories", remove_categories, ("categories",)),
    Endpoint("torrents/setCategory", set_category, ("hashes", "category")),
)
