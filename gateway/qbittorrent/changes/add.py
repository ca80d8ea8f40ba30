"""The endpoint `torrents/add`. It adds links, info-hashes, URLs and uploaded files."""

import asyncio
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.daemon.daemon import Unavailable, translated
from gateway.fetching import fetching
from gateway.fetching.fetching import NotFetched
from gateway.qbittorrent.changes import categories, paths, wanted
from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint
from gateway.qbittorrent.changes.wanted import Wanted
from gateway.qbittorrent.rows.extras import Extras
from gateway.store.queueing import queueing
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.client.call import Call
from ouzel.client.special.adding_calls import Added
from ouzel.errors import Refused
from protocol.wire.commands.kinds import MAX_LABELS
from protocol.wire.errors import ErrorKind, OuzelError

MAX_URLS: Final = 1000
BAD_FILE: Final = frozenset({ErrorKind.INVALID_METAINFO, ErrorKind.UPLOAD_TOO_LARGE})
FETCHES: Final = 8
"""The maximum number of URLs that are fetched at the same time for one request."""


async def add(desk: Desk, fields: Fields) -> Response:
    """Adds torrents. The answer is `Ok.` if at least one torrent was added, and otherwise `Fails.`.

    An existing torrent counts as added if it has the category of the request. If it has no category, it gets this
    category, and counts as added, too.

    Raises:
        HTTPException: 415, if an uploaded file is not a .torrent file.
        Unavailable: the daemon cannot accept torrents now.
    """
    desk.many("")  # refuses while the torrents are not known
    request = wanted.wanted_of(fields, queueing=queueing(desk.gateway.store))
    sources, names = await _sources(desk, fields)
    if not sources:
        return answers.text("Fails.")
    category = request.category if request.category and await categories.ensure(desk, request.category) else None
    await desk.kept.add_tags(request.tags)
    download_path = await paths.absolute_download(desk, request.download_path)
    automatic = _automatic(desk, request)
    arguments = await _arguments(desk, request, category, automatic=automatic)
    batch: list[Call[Added]] = []
    for source in sources:
        own = dict(arguments)
        if "metainfo" in source:
            own["seed_mode"] = request.skip_checking
            own["paused"] = own["paused"] or request.with_metadata or request.checked
        batch.append(calls.add_torrent(**source, **own))
    outcomes = await _run(desk, batch)
    added = [each.torrent for each in outcomes if isinstance(each, Added) and not each.duplicate]
    duplicates = [each.torrent for each in outcomes if isinstance(each, Added) and each.duplicate]
    extras = Extras(auto_tmm=automatic, download_path=download_path)
    await desk.kept.put_extras(dict.fromkeys(added, extras))
    mirror = desk.gateway.mirror
    # Another request may have added a duplicate just now, so it may be new to the mirror, too.
    await desk.shown(lambda: all(mirror.find(each) is not None for each in [*added, *duplicates]))
    await desk.gateway.daemon.refresh([*added, *duplicates])
    if request.checked:
        await desk.run([], [calls.recheck(each) for each in added])
    for each in outcomes:
        if isinstance(each, Unavailable):
            raise each  # a client that tries again finds the torrents that were added
    known = await _known(desk, duplicates, category)
    for name, outcome in zip(names, outcomes, strict=True):
        if name is not None and isinstance(outcome, Refused) and outcome.kind in BAD_FILE:
            raise HTTPException(415, f"Error: '{name}' is not a valid torrent file.")
    return answers.text("Ok." if added or known else "Fails.")


async def _run(desk: Desk, batch: list[Call[Added]]) -> list[Added | Refused | Unavailable]:
    """Runs additions. Returns the results of all calls, even if some calls cannot succeed now."""
    try:
        outcomes = await desk.gateway.daemon.client.run_many(batch)
    except OuzelError as error:
        raise translated(error) from error
    return [translated(each) if isinstance(each, OuzelError) else each for each in outcomes]


async def _known(desk: Desk, torrents: list[str], category: str | None) -> bool:
    """Gives a category to torrents without a category. Returns whether a torrent has the category now."""
    found = [each for each in map(desk.gateway.mirror.find, torrents) if each is not None]
    if category is not None:
        await desk.run(
            found,
            [calls.update_options(each.row.torrent, category=category) for each in found if not each.row.category],
        )
    return any((each.row.category or None) == category for each in found)


def _automatic(desk: Desk, request: Wanted) -> bool:
    """Whether the category decides where the torrents are stored. If the request has a path, the result is false."""
    if request.auto_tmm is not None:
        return request.auto_tmm
    return desk.kept.preference("auto_tmm_enabled", False) and not request.save_path and not request.download_path


async def _arguments(desk: Desk, request: Wanted, category: str | None, *, automatic: bool) -> dict[str, Any]:
    if automatic:
        save_path = await paths.category_path(desk, category) if category else await paths.default_path(desk)
    elif request.save_path:
        save_path = await paths.absolute(desk, request.save_path)
    elif category and desk.kept.preference("use_category_paths_in_manual_mode", False):
        save_path = await paths.category_path(desk, category)
    else:
        save_path = await paths.default_path(desk)
    paused = desk.kept.preference("add_stopped_enabled", False) if request.paused is None else request.paused
    first = desk.kept.preference("add_to_top_of_queue", False) if request.first is None else request.first
    options = request.options
    if paused:  # a forced start would start the torrent
        options = msgspec.structs.replace(options, force_start=False)
    layout = request.layout or wanted.LAYOUTS.get(desk.kept.text("torrent_content_layout").lower(), "original")
    return {
        **request.arguments,
        "save_path": save_path,
        "category": category,
        "labels": request.tags[:MAX_LABELS],
        "paused": paused,
        "content_layout": layout,
        "options": options,
        "queue_position": 0 if first and options.auto_managed else None,
    }


async def _sources(desk: Desk, fields: Fields) -> tuple[list[dict[str, Any]], list[str | None]]:
    """Returns the arguments of `add_torrent` for each torrent in a request, and the names of uploaded files."""
    lines = [each.strip() for each in fields.get("urls", "").split("\n") if each.strip()]
    if len(lines) > MAX_URLS:
        raise HTTPException(400, f"More than {MAX_URLS} URLs")
    limit = asyncio.Semaphore(FETCHES)

    async def source(line: str) -> dict[str, Any] | None:
        if (magnet := wanted.magnet_of(line)) is not None:
            return {"magnet": magnet}
        async with limit:
            try:
                found = await fetching.fetch(
                    line,
                    allow_private=desk.gateway.config.gateway.allow_private_urls,
                    cookie=fields.get("cookie", ""),
                    referer=fields.get("referer", ""),
                )
            except NotFetched:
                return None
        return {"metainfo": found.content} if found.magnet is None else {"magnet": found.magnet}

    found = [each for each in await asyncio.gather(*map(source, lines)) if each is not None]
    files = [(name, content) for name, content in fields.files if name or content]
    return [*found, *({"metainfo": content} for _, content in files)], [*(None for _ in found), *(n for n, _ in files)]


ENDPOINTS = (Endpoint("torrents/add", add),)
