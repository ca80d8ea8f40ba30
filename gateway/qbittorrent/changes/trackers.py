"""The endpoints that change trackers, web seeds and peers of torrents."""

import ipaddress
import re
from typing import Any, Final
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint
from gateway.qbittorrent.other_trackers import keep_other_trackers, other_trackers
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from ouzel.errors import Refused
from protocol.text import patterns
from protocol.wire.commands.kinds import MAX_PEERS
from protocol.wire.desired import TIER_MAX

_TRACKER: Final = re.compile(patterns.URL)
_OTHER: Final = re.compile(r"[^\s\x00-\x20\x7f|]{1,4096}")
"""The form of a text that counts as an unusable tracker."""
_WEB_SEED: Final = re.compile(patterns.WEB_SEED_URL)


def trackers_in(text: str) -> list[tuple[str, int]]:
    """The usable trackers in a list, with their tiers. Each line has one URL. An empty line begins the next tier."""
    return [each for each in _all_trackers_in(text) if _TRACKER.fullmatch(each[0])]


def others_in(text: str) -> dict[str, int]:
    """The trackers in a list that Ouzel cannot use, with their tiers."""
    return {url: tier for url, tier in _all_trackers_in(text) if _OTHER.fullmatch(url) and not _TRACKER.fullmatch(url)}


def _all_trackers_in(text: str) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    tier = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        url = line.strip()
        if not url:
            tier += 1
        else:
            found.setdefault(url, min(tier, TIER_MAX))
    return list(found.items())


def peer(text: str) -> str | None:
    """Returns `address:port` in the daemon's form. None if the text does not have this form."""
    host, _, port = text.strip().rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        return None
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


async def add_trackers(desk: Desk, fields: Fields) -> None:
    """Adds trackers to a torrent. Existing trackers keep their tier."""
    torrent = desk.one(fields["hash"])
    known = {each.url for each in await desk.gateway.daemon.run(calls.list_trackers(torrent.row.torrent))}
    new = [each for each in trackers_in(fields["urls"]) if each[0] not in known]
    if new:
        await desk.run([torrent], [calls.update_trackers(torrent.row.torrent, add=new)])
    store = desk.gateway.store
    kept = other_trackers(store, torrent.row.torrent)
    await keep_other_trackers(store, torrent.row.torrent, others_in(fields["urls"]) | kept)


async def edit_tracker(desk: Desk, fields: Fields) -> None:
    """Replaces the URL of a tracker, which keeps its tier."""
    torrent = desk.one(fields["hash"])
    old, new = fields["origUrl"], fields["newUrl"]
    if not _OTHER.fullmatch(new):
        raise HTTPException(400, "New tracker URL is invalid")
    if old == new:
        return
    store, name = desk.gateway.store, torrent.row.torrent
    others = other_trackers(store, name)
    tiers = others | {
        each.url: each.tier for each in await desk.gateway.daemon.run(calls.list_trackers(torrent.row.torrent))
    }
    if new in tiers:
        raise HTTPException(409, "New tracker URL already exists")
    if old not in tiers:
        raise HTTPException(409, "Tracker not found")
    usable = bool(_TRACKER.fullmatch(new))
    added, removed = [(new, tiers[old])] if usable else [], [] if old in others else [old]
    if added or removed:
        await desk.run([torrent], [calls.update_trackers(name, add=added, remove=removed)])
    left = {url: tier for url, tier in others.items() if url != old}
    await keep_other_trackers(store, name, left if usable else {**left, new: tiers[old]})


async def remove_trackers(desk: Desk, fields: Fields) -> None:
    """Removes trackers of a torrent, or of all torrents if the hash is `*`. Ignores unknown trackers."""
    torrents = desk.many("all") if fields["hash"] == "*" else [desk.one(fields["hash"])]
    urls = [each for each in fields["urls"].split("|") if each]
    if urls:
        await desk.run(torrents, [calls.update_trackers(each.row.torrent, remove=urls) for each in torrents])
    store = desk.gateway.store
    for name in [each.row.torrent for each in torrents]:
        kept = other_trackers(store, name)
        await keep_other_trackers(store, name, {url: tier for url, tier in kept.items() if url not in urls})


async def add_web_seeds(desk: Desk, fields: Fields) -> None:
    """Adds web seeds to a torrent."""
    torrent = desk.one(fields["hash"])
    urls = [_web_seed(each) for each in fields["urls"].split("|") if each]
    await desk.run([torrent], [calls.update_web_seeds(torrent.row.torrent, add=urls)])


async def edit_web_seed(desk: Desk, fields: Fields) -> None:
    """Replaces the URL of a web seed."""
    torrent = desk.one(fields["hash"])
    old, new = _web_seed(fields["origUrl"]), _web_seed(fields["newUrl"])
    if old == new:
        return
    known = {each.rstrip("/") for each in await desk.gateway.daemon.run(calls.list_web_seeds(torrent.row.torrent))}
    if old.rstrip("/") not in known:
        raise HTTPException(409, f'"{old}" is not an existing URL')
    if new.rstrip("/") in known:
        raise HTTPException(409, f'"{new}" already exists')
    await desk.run([torrent], [calls.update_web_seeds(torrent.row.torrent, add=[new], remove=[old])])


async def remove_web_seeds(desk: Desk, fields: Fields) -> None:
    """Removes web seeds of a torrent. Ignores unknown web seeds."""
    torrent = desk.one(fields["hash"])
    urls = [_web_seed(each) for each in fields["urls"].split("|") if each]
    await desk.run([torrent], [calls.update_web_seeds(torrent.row.torrent, remove=urls)])


async def add_peers(desk: Desk, fields: Fields) -> Response:
    """Connects torrents to peers. The answer counts the peers by torrent."""
    given = [each for each in fields["peers"].split("|") if each.strip()]
    peers = list(dict.fromkeys(each for each in map(peer, given) if each is not None))[:MAX_PEERS]
    if not peers:
        raise HTTPException(400, "No valid peers were specified")
    torrents = desk.many(fields["hashes"])
    outcomes = await desk.gateway.daemon.run_many([calls.add_peers(each.row.torrent, peers) for each in torrents])
    counts: dict[str, Any] = {}
    for torrent, outcome in zip(torrents, outcomes, strict=True):
        added = 0 if isinstance(outcome, Refused) else len(peers)
        counts[torrent.row.torrent[:40]] = {"added": added, "failed": len(given) - added}
    return answers.json(counts)


def _web_seed(text: str) -> str:
    url = unquote(text.strip()) if "://" not in text else text.strip()
    if not _WEB_SEED.fullmatch(url):
        raise HTTPException(409, f'"{url}" is not a valid URL')
    return url


ENDPOINTS = (
    Endpoint("torrents/addTrackers", add_trackers, ("hash", "urls")),
    Endpoint("torrents/editTracker", edit_tracker, ("hash", "origUrl", "newUrl")),
    Endpoint("torrents/removeTrackers", remove_trackers, ("hash", "urls")),
    Endpoint("torrents/addWebSeeds", add_web_seeds, ("hash", "urls")),
    Endpoint("torrents/editWebSeed", edit_web_seed, ("hash", "origUrl", "newUrl")),
    Endpoint("torrents/removeWebSeeds", remove_web_seeds, ("hash", "urls")),
    Endpoint("torrents/addPeers", add_peers, ("hashes", "peers")),
)
