"""The method `torrent-set`."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final, Literal

from gateway.mirror.torrent import Torrent
from gateway.transmission.arguments import Arguments, clamped, flag, integer, number, text, texts
from gateway.transmission.details import Kind
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.torrents import priorities, tracker_edits
from gateway.transmission.torrents.moving import move
from gateway.transmission.torrents.torrent_fields import DEFAULT_IDLE_MIN, DEFAULT_RATIO
from ouzel.client import calls
from ouzel.client.call import Call
from protocol.wire.desired import LIMIT_MAX_BPS

KB: Final = 1000
SHOWN_S: Final = 1.0
"""The maximum time to wait until an engine has applied the priorities of files."""


async def torrent_set(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Changes torrents. Ignores unknown arguments."""
    location = text(arguments, "location")
    if location is not None and not location.startswith("/"):
        raise Failure("new location path is not absolute", Code.PATH_NOT_ABSOLUTE)
    torrents = face.torrents(arguments)
    group = (text(arguments, "group") or "").strip()
    if group and torrents:
        await face.run(calls.put_group(group))  # as in Transmission, an unknown group is created
    kinds = [
        *([Kind.FILES] if priorities.is_given(arguments) else []),
        *([Kind.TRACKERS] if tracker_edits.is_given(arguments) and "trackerList" not in arguments else []),
    ]
    await face.details.read(torrents, kinds)
    files = {torrent: priorities.chosen(arguments, face.details.of(torrent).files) for torrent in torrents}
    batch = [call for torrent in torrents for call in _calls(face, torrent, arguments, files[torrent])]
    await face.change(torrents, batch)
    await _shown(face, {torrent: changed for torrent, changed in files.items() if changed})
    position = integer(arguments, "queuePosition")
    if position is not None:
        await _place(face, torrents, position)
    if location is not None:
        await move(face, arguments, location, files=True)
    return {}


def _calls(face: Face, torrent: Torrent, arguments: Arguments, files: dict[int, int]) -> Iterator[Call[Any]]:
    """Returns the calls that change one torrent. Raises Failure."""
    each = torrent.row.torrent
    known = face.details.of(torrent)
    options = _options(torrent, arguments)
    if options:
        yield calls.update_options(each, **options)
    sequential = flag(arguments, "sequentialDownload")
    if sequential is not None:
        yield calls.set_sequential(each, sequential)
    download = _limit(arguments, "download", torrent.row.download_limit_bps)
    upload = _limit(arguments, "upload", torrent.row.upload_limit_bps)
    if download is not None or upload is not None:
        yield calls.update_limits(each, download_bps=download, upload_bps=upload)
    if files:
        yield calls.update_selection(each, priorities=_all(known.files or [], files))
    if tracker_edits.is_given(arguments):
        present = [(row.url, row.tier) for row in known.trackers or ()]
        yield calls.update_trackers(each, replace=tracker_edits.edited(present, arguments))


async def _shown(face: Face, wanted: dict[Torrent, dict[int, int]]) -> None:
    """Waits until the daemon shows the new priorities of files, for a limited time. They are durable already."""
    deadline_s = time.monotonic() + SHOWN_S
    while wanted and time.monotonic() < deadline_s:
        face.details.drop(torrent.row.torrent for torrent in wanted)
        await face.details.read(wanted, [Kind.FILES])
        present = {torrent: face.details.of(torrent).files or [] for torrent in wanted}
        wanted = {
            torrent: levels
            for torrent, levels in wanted.items()
            if any(levels.get(file.index, file.priority) != file.priority for file in present[torrent])
        }
        if wanted:
            await asyncio.sleep(0.02)


def _all(files: list[Any], changed: dict[int, int]) -> dict[int, int]:
    """Returns the priorities of all files. The daemon replaces all priorities at each change."""
    return {file.index: changed.get(file.index, file.priority) for file in files} or changed


def _options(torrent: Torrent, arguments: Arguments) -> dict[str, Any]:
    options: dict[str, Any] = {}
    labels = texts(arguments, "labels")
    if labels is not None:
        if any(not label.strip() for label in labels):
            raise Failure("labels cannot be empty", Code.INVALID_PARAMS)
        if any("," in label for label in labels):
            raise Failure("labels cannot contain comma (,) character", Code.INVALID_PARAMS)
        options["labels"] = list(dict.fromkeys(labels))
    group = text(arguments, "group")
    if group is not None:
        options["group"] = group.strip()
    peers = integer(arguments, "peer-limit")
    if peers is not None:
        options["max_connections"] = clamped(peers, 0, 65535)
    own = torrent.facts.options
    ratio = number(arguments, "seedRatioLimit")
    goal = _goal(
        integer(arguments, "seedRatioMode"), None if ratio is None else min(max(ratio, 0.0), 1e6), own.ratio_goal
    )
    if goal is not None:
        options["ratio_goal"] = DEFAULT_RATIO if goal == "own" else goal
    idle = integer(arguments, "seedIdleLimit")
    goal = _goal(
        integer(arguments, "seedIdleMode"), None if idle is None else clamped(idle, 1) * 60, own.inactive_time_goal_s
    )
    if goal is not None:
        options["inactive_time_goal_s"] = (
            DEFAULT_IDLE_MIN * 60 if goal == "own" else min(int(goal), 2**31 - 1) if not isinstance(goal, str) else goal
        )
    return options


def _goal(mode: int | None, limit: float | None, present: object) -> float | Literal["own", "global", "none"] | None:
    """Returns the new goal: a number, `global`, `none`, or `own` for the default number. Returns None for no change.

    Without `mode`, `limit` takes effect only if the torrent has its own goal.
    """
    is_own = isinstance(present, int | float)
    match mode:
        case 0:
            return "global"
        case 1:
            return limit if limit is not None else None if is_own else "own"
        case 2:
            return "none"
        case _:
            return limit if is_own else None


def _limit(arguments: Arguments, name: Literal["download", "upload"], present_bps: int) -> int | None:
    """The new limit in bytes per second. 0 means no limit, and None means no change."""
    limited, limit = flag(arguments, f"{name}Limited"), integer(arguments, f"{name}Limit")
    if limited is False:
        return 0
    if limit is not None and (limited or present_bps):
        return clamped(limit * KB, 1, LIMIT_MAX_BPS)
    return None


async def _place(face: Face, torrents: list[Torrent], position: int) -> None:
    """Moves torrents to a position in the queue: first to the front, then down to the position."""
    queued = [each for each in torrents if each.row.queue_position is not None]
    for torrent in reversed(queued):
        each = torrent.row.torrent
        length = sum(other.row.queue_position is not None for other in face.mirror.torrents.values())
        if position >= length - 1:
            batch = [calls.move_in_queue([each], "bottom")]
        else:
            down = max(0, position)
            batch = [calls.move_in_queue([each], "top"), *(calls.move_in_queue([each], "down") for _ in range(down))]
        for call in batch:
            await face.change([torrent], [call])
