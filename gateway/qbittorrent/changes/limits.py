"""The endpoints for rate limits and seeding goals of torrents. The daemon's goals are in seconds."""

import math
from typing import Any, Final, Literal

from starlette.responses import Response

from gateway.qbittorrent.changes.desk import Desk
from gateway.qbittorrent.changes.endpoint import Endpoint
from gateway.qbittorrent.routing import whole_number
from gateway.web import answers
from gateway.web.fields import Fields
from ouzel.client import calls
from protocol.wire.desired import LIMIT_MAX_BPS

MAX_RATIO: Final = 9999.0
MAX_MINUTES: Final = 525_600
Goal = Literal["none", "global"]


def bps(text: str) -> int:
    """Reads a rate limit. 0 means no limit. Negative numbers, and texts that are not numbers, become 0."""
    return min(max(whole_number(text) or 0, 0), LIMIT_MAX_BPS)


def ratio_goal(text: str) -> float | Goal:
    """Reads a ratio limit. -2 means the global limit; other negative numbers mean no limit. Other texts become 0."""
    try:
        ratio = float(text)
    except ValueError:
        ratio = 0.0
    if math.isnan(ratio):
        ratio = 0.0
    if ratio < 0:
        return "global" if ratio == -2 else "none"
    return min(ratio, MAX_RATIO)


def time_goal_s(text: str, least_s: int = 0) -> int | Goal:
    """Converts a time limit from minutes to seconds. Negative numbers have the same meaning as in `ratio_goal`."""
    minutes = whole_number(text) or 0
    if minutes < 0:
        return "global" if minutes == -2 else "none"
    return max(min(minutes, MAX_MINUTES) * 60, least_s)


async def set_download_limit(desk: Desk, fields: Fields) -> None:
    """Limits the download rate of torrents."""
    torrents, limit = desk.many(fields["hashes"]), bps(fields["limit"])
    await desk.run(torrents, [calls.update_limits(each.row.torrent, download_bps=limit) for each in torrents])


async def set_upload_limit(desk: Desk, fields: Fields) -> None:
    """Limits the upload rate of torrents."""
    torrents, limit = desk.many(fields["hashes"]), bps(fields["limit"])
    await desk.run(torrents, [calls.update_limits(each.row.torrent, upload_bps=limit) for each in torrents])


async def download_limit(desk: Desk, fields: Fields) -> Response:
    """The limits by the hashes in the request. An unknown hash has the limit -1."""
    found = {each: desk.many(each) if each != "all" else [] for each in fields["hashes"].split("|")}
    return answers.json({name: each[0].row.download_limit_bps if each else -1 for name, each in found.items()})


async def upload_limit(desk: Desk, fields: Fields) -> Response:
    """The limits by the hashes in the request. An unknown hash has the limit -1."""
    found = {each: desk.many(each) if each != "all" else [] for each in fields["hashes"].split("|")}
    return answers.json({name: each[0].row.upload_limit_bps if each else -1 for name, each in found.items()})


async def set_share_limits(desk: Desk, fields: Fields) -> None:
    """Sets the seeding goals of torrents."""
    goals: dict[str, Any] = {
        "ratio_goal": ratio_goal(fields["ratioLimit"]),
        "seeding_time_goal_s": time_goal_s(fields["seedingTimeLimit"]),
        "inactive_time_goal_s": time_goal_s(fields["inactiveSeedingTimeLimit"], 1),
    }
    torrents = desk.many(fields["hashes"])
    await desk.run(torrents, [calls.update_options(each.row.torrent, **goals) for each in torrents])


ENDPOINTS = (
    Endpoint("torrents/setDownloadLimit", set_download_limit, ("hashes", "limit")),
    Endpoint("torrents/setUploadLimit", set_upload_limit, ("hashes", "limit")),
    Endpoint("torrents/downloadLimit", download_limit, ("hashes",), reads=True),
    Endpoint("torrents/uploadLimit", upload_limit, ("hashes",), reads=True),
    Endpoint(
        "torrents/setShareLimits",
        set_share_limits,
        ("hashes", "ratioLimit", "seedingTimeLimit", "inactiveSeedingTimeLimit"),
    ),
)
