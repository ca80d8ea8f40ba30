"""Reads the parameters of `torrents/add`. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gateway.qbittorrent.changes import limits
from gateway.qbittorrent.changes.tags import tags_in
from gateway.qbittorrent.routing import flag
from protocol.wire.desired import ContentLayout, TorrentOptions
from protocol.wire.goals import Global, GoalAction

LAYOUTS: Final[dict[str, ContentLayout]] = {
    "original": "original",
    "subfolder": "subfolder",
    "nosubfolder": "no_subfolder",
}
ACTIONS: Final[dict[str, GoalAction | Global]] = {
    "default": "global",
    "stop": "pause",
    "remove": "remove",
    "removewithcontent": "remove_files",
    "enablesuperseeding": "super_seed",
}
_HASH: Final = re.compile(r"[0-9A-Fa-f]{40}|[2-7A-Za-z]{32}")
_HASH_V2: Final = re.compile(r"(1220)?[0-9A-Fa-f]{64}")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a request for its torrents.

    Fields:
        auto_tmm: automatic management. None means that the preference decides.
        save_path, download_path: the paths in the request; empty if the request has no path.
        first: whether the torrents go to the top of the queue. None means that the preference decides.
        checked: whether the torrents stop when their files are checked.
        arguments: the arguments of `add_torrent` that depend only on the request.
    """

    category: str
    tags: list[str]
    save_path: str
    download_path: str
    auto_tmm: bool | None
    paused: bool | None
    first: bool | None
    skip_checking: bool
    checked: bool
    with_metadata: bool
    layout: ContentLayout | None
    options: TorrentOptions
    arguments: dict[str, Any]


def wanted_of(fields: Mapping[str, str], *, queueing: bool) -> Wanted:
    """Reads the parameters. As in qBittorrent, an invalid value counts as absent.

    Args:
        queueing: whether the queue decides when torrents run.
    """

    def given(name: str) -> bool | None:
        return flag(fields.get(name, ""))

    auto_tmm = given("autoTMM")
    paused = given("stopped")
    stop = fields.get("stopCondition", "").lower()
    use_download_path = given("useDownloadPath")
    return Wanted(
        category=fields.get("category", "").strip(),
        tags=tags_in(fields.get("tags", "")),
        save_path=fields.get("savepath", "").strip(),
        download_path="" if use_download_path is False else fields.get("downloadPath", fields.get("download_path", "")),
        auto_tmm=given("useAutoTMM") if auto_tmm is None else auto_tmm,
        paused=given("paused") if paused is None else paused,
        first=given("addToTopOfQueue"),
        skip_checking=bool(given("skip_checking")),
        checked=stop == "fileschecked",
        with_metadata=stop == "metadatareceived",
        layout=_layout(fields),
        options=_options(fields, queueing),
        arguments={
            "sequential": bool(given("sequentialDownload")),
            "download_bps": limits.bps(fields.get("dlLimit", "")),
            "upload_bps": limits.bps(fields.get("upLimit", "")),
        },
    )


def magnet_of(line: str) -> str | None:
    """Returns the magnet link for a magnet link or an info-hash. None for other texts."""
    if line[:8].lower() == "magnet:?":
        return line
    if _HASH.fullmatch(line):
        return f"magnet:?xt=urn:btih:{line}"
    if _HASH_V2.fullmatch(line):
        return f"magnet:?xt=urn:btmh:1220{line[-64:]}"
    return None


def _layout(fields: Mapping[str, str]) -> ContentLayout | None:
    if (found := LAYOUTS.get(fields.get("contentLayout", "").lower())) is not None:
        return found
    root_folder = flag(fields.get("root_folder", ""))
    if root_folder is None:
        return None
    return "original" if root_folder else "no_subfolder"


def _options(fields: Mapping[str, str], queueing: bool) -> TorrentOptions:
    goals: dict[str, Any] = {}
    if ratio := fields.get("ratioLimit"):
        goals["ratio_goal"] = _own(limits.ratio_goal(ratio))
    if seeding := fields.get("seedingTimeLimit"):
        goals["seeding_time_goal_s"] = _own(limits.time_goal_s(seeding))
    if inactive := fields.get("inactiveSeedingTimeLimit"):
        goals["inactive_time_goal_s"] = _own(limits.time_goal_s(inactive, 1))
    return TorrentOptions(
        auto_managed=queueing,
        force_start=bool(flag(fields.get("forced", ""))),
        first_last_piece_first=bool(flag(fields.get("firstLastPiecePrio", ""))),
        name=" ".join(fields.get("rename", "").split("\n")).strip()[:255],
        goal_action=ACTIONS.get(fields.get("shareLimitAction", "").lower(), "global"),
        **goals,
    )


def _own(goal: Any) -> Any:
    """Converts a seeding goal to the form of `TorrentOptions`."""
    return None if goal == "none" else goal
