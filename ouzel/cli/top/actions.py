"""The requests that the keys of `ouzel top` send to the daemon. Each function returns one line about what was done.

Errors are OuzelError of the daemon, or ValueError for bad input.
"""

import asyncio
from pathlib import Path

from ouzel.cli.display.units import format_count, format_limit, parse_rate
from ouzel.cli.sources.gathering import Found, gather
from ouzel.client import calls
from ouzel.client.aio import AsyncClient
from ouzel.client.calls import Added, Call
from protocol.text import peer_address
from protocol.wire.errors import OuzelError
from protocol.wire.rows import FileRow


async def limit(client: AsyncClient, torrent: str | None, down: str, up: str) -> str:
    """Sets the limits of one torrent, or of the session."""
    report = await client.update_limits(
        torrent, download_bps=_rate("download limit", down), upload_bps=_rate("upload limit", up)
    )
    return f"limits: {format_limit(report.download_bps)} down, {format_limit(report.upload_bps)} up"


def limit_text(limit_bps: int) -> str:
    """A limit as `limit` parses it."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if limit_bps and limit_bps % size == 0:
            return f"{limit_bps // size}{unit}"
    return str(limit_bps)


async def add(client: AsyncClient, source: str, save_path: str, category: str) -> str:
    """Adds the torrents of a source: a file, link, URL, info-hash or directory."""
    source = source.strip()
    if not source:
        raise ValueError("type a .torrent file, a magnet link, a URL, an info-hash, or a directory")
    if source == "-":
        raise ValueError("standard input is the keyboard here; name a file or a link")
    found = await asyncio.to_thread(lambda: list(gather([_home(source)])))
    problems: list[str] = [str(each.problem) for each in found if each.problem is not None]
    batch = [_call(each, save_path.strip(), category.strip()) for each in found if each.problem is None]
    outcomes = await client.run_many(batch)
    problems += [each.message for each in outcomes if isinstance(each, OuzelError)]
    added = [each for each in outcomes if isinstance(each, Added)]
    if problems and not added:
        raise ValueError(problems[0] if len(problems) == 1 else f"{len(problems)} sources failed: {problems[0]}")
    known = sum(each.duplicate for each in added)
    said = f"{format_count(len(added) - known, 'torrent')} added"
    if known:
        said += f", {known} existed already"
    return f"{said}; {len(problems)} failed: {problems[0]}" if problems else said


async def prioritize(client: AsyncClient, torrent: str, file: FileRow, priority: int) -> str:
    """Sets the priority of one file. Priority 0 means that it is not downloaded."""
    present = (await client.get_torrent(torrent)).priorities  # the daemon replaces all priorities at once
    kept = {int(index): value for index, value in present.items()}
    await client.update_selection(torrent, priorities=kept | {file.index: priority})
    return f"file {file.index}: priority {priority}" if priority else f"file {file.index}: not downloaded"


async def ban(client: AsyncClient, endpoint: str) -> str:
    """Bans a peer's address for all torrents."""
    await client.ban_peer(endpoint)
    return f"banned: {endpoint}"


async def add_peer(client: AsyncClient, torrent: str, endpoint: str) -> str:
    """Connects a torrent to a peer."""
    try:
        peer = peer_address.normal(endpoint.strip())
    except ValueError as error:
        raise ValueError(f"peer: {error}") from None
    await client.add_peers(torrent, [peer], wait="applied")
    return f"connecting to {peer}"


async def add_tracker(client: AsyncClient, torrent: str, url: str, tier: str) -> str:
    """Adds a tracker."""
    if not url.strip():
        raise ValueError("type the URL of a tracker")
    if not tier.strip().isdecimal() or int(tier) > 255:
        raise ValueError("tier: a number from 0 to 255")
    await client.update_trackers(torrent, add=[(url.strip(), int(tier))])
    return "tracker added"


def _rate(name: str, text: str) -> int:
    try:
        return parse_rate(text.strip() or "0")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _home(source: str) -> str:
    """Replaces `~` in a source, as a shell would."""
    try:
        return str(Path(source).expanduser()) if source.startswith("~") else source
    except RuntimeError:
        return source


def _call(found: Found, save_path: str, category: str) -> Call[Added]:
    return calls.add_torrent(
        magnet=found.magnet,
        metainfo=found.metainfo,
        save_path=save_path or None,
        category=category or None,
    )
