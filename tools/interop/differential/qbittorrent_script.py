"""The calls to qBittorrent's Web API."""

from collections.abc import Iterator
from typing import Any, Final

from tools.interop.differential.call import Call
from tools.interop.differential.sides import DISK
from tools.interop.differential.world import UNICODE

UNKNOWN: Final = "0" * 40
DEAD: Final = "http://127.0.0.1:9/announce"
"""A tracker that does not answer."""
FILTERS: Final = (
    "all", "downloading", "seeding", "completed", "paused", "resumed", "active", "inactive", "stalled",
    "stalled_uploading", "stalled_downloading", "errored", "checking", "moving", "nonsense", "",
)  # fmt: skip
SORTS: Final = ("hash", "name", "size", "progress", "total_size", "category", "tags", "completed", "amount_left")
LABELS: Final = (
    "single", "folder", "empty", "private", "seeded", "unicode", "options", "stopped", "magnet", "hybrid", "second",
)  # fmt: skip
DETAILS: Final = ("properties", "trackers", "webseeds", "files", "pieceStates", "pieceHashes")


def get(name: str, /, **fields: Any) -> Call:
    """A read by GET."""
    return Call(name, fields, verb="GET", reads=True)


def post(name: str, /, *files: str, **fields: Any) -> Call:
    """A mutation."""
    return Call(name, fields, files)


def script() -> Iterator[Call]:
    """All calls, in order."""
    yield from _empty()
    yield from _additions()
    yield from _lists()
    yield from _details()
    yield from _bad_input()
    yield from _running()
    yield from _limits()
    yield from _tags_and_categories()
    yield from _trackers()
    yield from _files_and_places()
    yield from _queue()
    yield from _transfer()
    yield from _missing_files()
    yield from _removal()


def _empty() -> Iterator[Call]:
    yield post(
        "app/setPreferences",
        json='{"queueing_enabled": false, "announce_to_all_tiers": false, "save_path": "{downloads}"}',
    )
    for name in ("version", "webapiVersion", "buildInfo", "preferences", "defaultSavePath", "networkInterfaceList"):
        yield get(f"app/{name}")
    yield get("app/networkInterfaceAddressList", iface="lo")
    yield get("app/networkInterfaceAddressList")
    for name in ("torrents/info", "torrents/categories", "torrents/tags", "sync/maindata", "transfer/info"):
        yield get(name)
    for name in ("downloadLimit", "uploadLimit", "speedLimitsMode"):
        yield get(f"transfer/{name}")
    yield get("log/main", last_known_id=10**6)
    yield get("log/peers")
    yield get("search/plugins")
    yield get("search/status")
    yield get("rss/items")
    yield get("rss/rules")
    for name in ("app/nothing", "nothing/info", "torrents", "torrents/nothing", ""):
        yield get(name)
    yield get("torrents/pause")
    yield get("torrents/add")
    yield get("app/setPreferences")


def _additions() -> Iterator[Call]:
    yield post("torrents/add", "single")
    yield post("torrents/add", "folder", savepath="{downloads}")
    yield post("torrents/add", "empty")
    yield post("torrents/add", "private")
    yield post("torrents/add", "seeded")
    yield post("torrents/add", "unicode", paused="true")
    yield post("torrents/createCategory", category="films", savePath="{downloads}")
    yield post(
        "torrents/add", "options", category="films", tags="b,a,ü x", ratioLimit="1.5", seedingTimeLimit="90",
        upLimit="20480", dlLimit="10240", sequentialDownload="true", firstLastPiecePrio="true", rename="Another name",
        savepath="{downloads}",
    )  # fmt: skip
    yield post("torrents/add", "stopped", paused="true", root_folder="true")
    link = f"magnet:?xt=urn:btih:c0ffee{'1' * 34}&dn=A+magnet+link&tr=http%3A%2F%2F127.0.0.1%3A9%2Fannounce"
    yield post("torrents/add", urls=link)
    yield post("torrents/add", "hybrid")
    yield post("torrents/add", "second")
    yield post("torrents/add", "single")
    yield post("torrents/add", "no torrent")
    yield post("torrents/add", urls="not a link")
    yield post("torrents/add", urls="")
    yield post("torrents/add")


def _lists() -> Iterator[Call]:
    yield get("torrents/info")
    for name in FILTERS:
        yield get("torrents/info", filter=name)
    for sort in SORTS:
        for reverse in ("false", "true"):
            yield get("torrents/info", sort=sort, reverse=reverse)
    for limit, offset in ((3, 0), (3, 2), (100, 0), (0, 3), (3, 100), (-1, 0), (2, -3), (2, -100), ("x", "y")):
        yield get("torrents/info", sort="name", limit=limit, offset=offset)
    for category in ("", "films", "nothing"):
        yield get("torrents/info", category=category)
    for tag in ("", "a", "ü x", "nothing", "A"):
        yield get("torrents/info", tag=tag)
    for hashes in ("{single}", "{single}|{folder}", "{second}", UNKNOWN, "", "all", "nonsense", "{single}|nonsense"):
        yield get("torrents/info", hashes=hashes)
    yield get("torrents/info", filter="completed", category="films", tag="a", hashes="{options}")
    yield Call("torrents/info", {"sort": "name"}, reads=True)
    yield get("sync/maindata")
    yield get("sync/maindata", rid=0)
    yield get("torrents/categories")
    yield get("torrents/tags")
    yield get("transfer/info")


def _details() -> Iterator[Call]:
    for detail in DETAILS:
        for label in LABELS:
            yield get(f"torrents/{detail}", hash=f"{{{label}}}")
        for given in (UNKNOWN, "", "nonsense"):
            yield get(f"torrents/{detail}", hash=given)
        yield get(f"torrents/{detail}")
    for label in ("single", "folder", "magnet"):
        yield get("torrents/files", hash=f"{{{label}}}", indexes="0")
        yield get("sync/torrentPeers", hash=f"{{{label}}}")
        yield get("sync/torrentPeers", hash=f"{{{label}}}", rid=0)
    yield get("torrents/files", hash="{folder}", indexes="1|3")
    yield get("torrents/files", hash="{folder}", indexes="9")
    yield get("torrents/files", hash="{folder}", indexes="x")
    yield get("sync/torrentPeers", hash=UNKNOWN)
    yield get("sync/torrentPeers")
    yield get("torrents/export", hash="{single}")
    yield get("torrents/export", hash="{magnet}")
    yield get("torrents/export", hash=UNKNOWN)
    yield get("torrents/export")


MANY: Final = {
    "pause": {}, "resume": {}, "delete": {"deleteFiles": "false"}, "recheck": {}, "reannounce": {},
    "increasePrio": {}, "decreasePrio": {}, "topPrio": {}, "bottomPrio": {},
    "setForceStart": {"value": "true"}, "setSuperSeeding": {"value": "false"}, "setAutoManagement": {"enable": "false"},
    "toggleSequentialDownload": {}, "toggleFirstLastPiecePrio": {}, "setLocation": {"location": "{downloads}"},
    "setSavePath": {"path": "{downloads}"}, "setDownloadPath": {"path": "{downloads}"},
    "setCategory": {"category": "films"}, "addTags": {"tags": "a"}, "removeTags": {"tags": "a"},
    "setUploadLimit": {"limit": "1000"}, "setDownloadLimit": {"limit": "1000"}, "uploadLimit": {}, "downloadLimit": {},
    "setShareLimits": {"ratioLimit": "-2", "seedingTimeLimit": "-2"}, "addPeers": {"peers": "127.0.0.1:9"},
}  # fmt: skip
"""The endpoints for several torrents, with their other parameters."""
ONE: Final = {
    "rename": {"name": "x"}, "filePrio": {"id": "0", "priority": "1"}, "addTrackers": {"urls": "http://127.0.0.1:9/a"},
    "editTracker": {"origUrl": "http://127.0.0.1:9/a", "newUrl": "http://127.0.0.1:9/b"},
    "removeTrackers": {"urls": "http://127.0.0.1:9/a"}, "renameFile": {"oldPath": "a", "newPath": "b"},
    "renameFolder": {"oldPath": "a", "newPath": "b"},
}  # fmt: skip
"""The endpoints for one torrent."""


def _bad_input() -> Iterator[Call]:
    for name, fields in MANY.items():
        for hashes in (UNKNOWN, "nonsense", ""):
            if name not in ("setLocation", "setSavePath", "setDownloadPath") or hashes != "":
                yield post(f"torrents/{name}", **{("id" if "Path" in name else "hashes"): hashes, **fields})
        yield post(f"torrents/{name}", **fields)
        for missing in fields:
            rest = {each: value for each, value in fields.items() if each != missing}
            yield post(f"torrents/{name}", **{("id" if "Path" in name else "hashes"): UNKNOWN, **rest})
    for name, fields in ONE.items():
        for given in (UNKNOWN, "nonsense", ""):
            yield post(f"torrents/{name}", hash=given, **fields)
        yield post(f"torrents/{name}", **fields)
        for missing in fields:
            rest = {each: value for each, value in fields.items() if each != missing}
            yield post(f"torrents/{name}", hash="{single}", **rest)
    for name in ("createCategory", "editCategory", "removeCategories", "createTags", "deleteTags", "addTags"):
        yield post(f"torrents/{name}")
    yield post("app/setPreferences")
    yield post("app/setPreferences", json="nonsense")
    yield post("app/setPreferences", json='{"nonsense": 1}')
    yield post("transfer/banPeers")
    yield post("transfer/banPeers", peers="nonsense")
    yield get("torrents/info")


def _state(*labels: str) -> Iterator[Call]:
    for label in labels:
        yield get("torrents/info", hashes=f"{{{label}}}")
        yield get("torrents/properties", hash=f"{{{label}}}")


def _running() -> Iterator[Call]:
    yield post("torrents/pause", hashes="{single}|{folder}")
    yield from _state("single", "folder")
    yield post("torrents/resume", hashes="{single}|{stopped}")
    yield from _state("single", "stopped")
    yield post("torrents/setForceStart", hashes="{single}|{folder}", value="true")
    yield from _state("single", "folder")
    yield post("torrents/setForceStart", hashes="{single}", value="false")
    yield from _state("single")
    yield post("torrents/setSuperSeeding", hashes="{single}", value="true")
    yield from _state("single")
    yield post("torrents/setSuperSeeding", hashes="{single}", value="false")
    for name in ("toggleSequentialDownload", "toggleFirstLastPiecePrio"):
        yield post(f"torrents/{name}", hashes="{folder}|{options}")
        yield from _state("folder", "options")
    yield post("torrents/recheck", hashes="{single}|{folder}")
    yield from _state("single", "folder")
    yield post("torrents/reannounce", hashes="{single}")
    yield get("torrents/trackers", hash="{single}")
    yield post("torrents/pause", hashes="all")
    yield get("torrents/info")
    yield post("torrents/resume", hashes="all")
    yield get("torrents/info")
    yield post("torrents/pause", hashes="{unicode}|{magnet}|{hybrid}")
    yield get("torrents/info", sort="name")


def _limits() -> Iterator[Call]:
    for limit in ("4096", "0", "-1", "1000", "nonsense", ""):
        yield post("torrents/setUploadLimit", hashes="{single}", limit=limit)
        yield post("torrents/uploadLimit", hashes="{single}|{folder}")
        yield post("torrents/setDownloadLimit", hashes="{single}", limit=limit)
        yield post("torrents/downloadLimit", hashes="{single}|" + UNKNOWN)
        yield from _state("single")
    for ratio, minutes in (("2", "30"), ("-1", "-1"), ("-2", "-2"), ("0.5", "-2"), ("-3", "-3"), ("0", "0")):
        yield post("torrents/setShareLimits", hashes="{empty}", ratioLimit=ratio, seedingTimeLimit=minutes,
                   inactiveSeedingTimeLimit="-2")  # fmt: skip
        yield from _state("empty")
    yield post("torrents/setShareLimits", hashes="{empty}", ratioLimit="-2", seedingTimeLimit="-2",
               inactiveSeedingTimeLimit="-2")  # fmt: skip


def _tags_and_categories() -> Iterator[Call]:
    lists = (get("torrents/tags"), get("torrents/categories"), get("torrents/info"))
    yield post("torrents/createTags", tags="one,two, three ,,one")
    yield get("torrents/tags")
    yield post("torrents/addTags", hashes="{single}|{folder}", tags="two,new")
    yield from lists
    yield post("torrents/removeTags", hashes="{single}", tags="two")
    yield post("torrents/removeTags", hashes="{folder}")
    yield from lists
    yield post("torrents/deleteTags", tags="new,nothing")
    yield post("torrents/addTags", hashes="all", tags="everywhere")
    yield from lists
    yield post("torrents/deleteTags", tags="everywhere,one,two,three")
    yield from lists
    for category, path in (("tv", ""), ("tv", ""), ("music/live", "sub"), ("", ""), ("a//b", ""), ("/a", ""),
                           ("b\\c", ""), ("Ünï", "{downloads}/ü")):  # fmt: skip
        yield post("torrents/createCategory", category=category, savePath=path)
    yield get("torrents/categories")
    yield get("sync/maindata")
    yield post("torrents/editCategory", category="tv", savePath="{downloads}/television")
    yield post("torrents/editCategory", category="nothing", savePath="{downloads}/x")
    yield post("torrents/editCategory", category="", savePath="")
    yield get("torrents/categories")
    yield post("torrents/setCategory", hashes="{single}", category="tv")
    yield post("torrents/setCategory", hashes="{folder}", category="nothing")
    yield from lists
    yield get("torrents/info", category="tv")
    yield post("torrents/setCategory", hashes="{single}", category="")
    yield post("torrents/setCategory", hashes="all", category="tv")
    yield from lists
    yield post("torrents/removeCategories", categories="tv\nnothing")
    yield from lists
    yield post("torrents/removeCategories", categories="music/live\nÜnï")
    yield from lists
    yield post("torrents/setAutoManagement", hashes="{single}", enable="true")
    yield from _state("single")
    yield post("torrents/setAutoManagement", hashes="{single}", enable="false")
    yield from _state("single")


def _trackers() -> Iterator[Call]:
    trackers = get("torrents/trackers", hash="{empty}")
    yield post("torrents/addTrackers", hash="{empty}",
               urls="\n".join((f"{DEAD}1", f"{DEAD}2", "", "udp://localhost:9/announce3")))  # fmt: skip
    yield trackers
    yield post("torrents/addTrackers", hash="{empty}", urls="http://127.0.0.1:9/announce1")
    yield post("torrents/addTrackers", hash="{empty}", urls="nonsense")
    yield post("torrents/addTrackers", hash="{empty}", urls="")
    yield trackers
    edits = (("http://127.0.0.1:9/announce1", "http://127.0.0.1:9/announce4"), ("http://127.0.0.1:9/announce1", "http://127.0.0.1:9/announce5"),
             ("http://127.0.0.1:9/announce2", "http://127.0.0.1:9/announce4"), ("http://127.0.0.1:9/announce2", ""),
             ("http://127.0.0.1:9/announce2", "http://127.0.0.1:9/announce2"))  # fmt: skip
    for old, new in edits:
        yield post("torrents/editTracker", hash="{empty}", origUrl=old, newUrl=new)
    yield trackers
    for urls in (
        "http://127.0.0.1:9/announce6",
        "http://127.0.0.1:9/announce4",
        "http://127.0.0.1:9/announce2|nonsense",
        "",
    ):
        yield post("torrents/removeTrackers", hash="{empty}", urls=urls)
        yield trackers
    yield from _state("empty")
    for peers in ("127.0.0.1:9", "127.0.0.1:9|nonsense", "nonsense", "127.0.0.1:70000", "[::1]:9"):
        yield post("torrents/addPeers", hashes="{empty}", peers=peers)


def _files_and_places() -> Iterator[Call]:
    files = get("torrents/files", hash="{folder}")
    for ids, priority in (("0", 0), ("0|1", 6), ("2", 7), ("0", 1), ("0", 4), ("0", 3), ("0", "x"), ("9", 1),
                          ("x", 1), ("", 1), ("-1", 1), ("0|9", 0)):  # fmt: skip
        yield post("torrents/filePrio", hash="{folder}", id=ids, priority=priority)
        yield files
        yield from _state("folder")
    yield post("torrents/filePrio", hash="{magnet}", id="0", priority="1")
    yield post("torrents/filePrio", hash="{folder}", id="0|1|2|3", priority="1")
    for name in ("A new name", "", "  ", "a/b", "two\nlines", "Ünï"):
        yield post("torrents/rename", hash="{single}", name=name)
        yield from _state("single")
    renamings = (("folder/b.bin", "folder/c.bin"), ("folder/nothing", "folder/x"), ("folder/c.bin", "folder/z.nfo"),
                 ("folder/c.bin", "folder/new/deep.bin"), ("folder/z.nfo", ""), ("folder/z.nfo", "/z.nfo"),
                 ("folder/z.nfo", "folder/z.nfo"))  # fmt: skip
    for old, new in renamings:
        yield post("torrents/renameFile", hash="{folder}", oldPath=old, newPath=new)
        yield files
    for old, new in (
        ("folder/a", "folder/ä"),
        ("folder/nothing", "folder/x"),
        ("folder", "other root"),
        ("other root", ""),
    ):
        yield post("torrents/renameFolder", hash="{folder}", oldPath=old, newPath=new)
        yield files
    yield from _state("folder")
    yield post("torrents/setLocation", hashes="{single}", location="{downloads}/elsewhere")
    yield from _state("single")
    yield post("torrents/setLocation", hashes="{single}", location="")
    yield post("torrents/setLocation", hashes="{single}", location="relative")
    yield from _state("single")
    yield post("torrents/setSavePath", id="{single}", path="{downloads}/third")
    yield from _state("single")
    yield post("torrents/setSavePath", id="{single}", path="")
    yield post("torrents/setDownloadPath", id="{empty}", path="{downloads}/unfinished")
    yield from _state("empty")
    yield post("torrents/setDownloadPath", id="{empty}", path="")
    yield from _state("empty")


def _queue() -> Iterator[Call]:
    yield post("torrents/topPrio", hashes="{single}")
    yield post("app/setPreferences", json='{"queueing_enabled": true, "dont_count_slow_torrents": false, '
               '"max_active_downloads": 2, "max_active_uploads": 1, "max_active_torrents": 3}')  # fmt: skip
    yield post("torrents/resume", hashes="{magnet}")
    for label in ("magnet", "folder", "empty", "private", "seeded", "stopped"):
        yield post("torrents/bottomPrio", hashes=f"{{{label}}}")
    yield get("torrents/info")
    for name, label in (("topPrio", "stopped"), ("bottomPrio", "empty"), ("increasePrio", "seeded"),
                        ("decreasePrio", "private")):  # fmt: skip
        yield post(f"torrents/{name}", hashes=f"{{{label}}}")
        yield get("torrents/info")
    yield post("torrents/setForceStart", hashes="{empty}", value="true")
    yield get("torrents/info")
    yield post("app/setPreferences", json='{"queueing_enabled": false}')
    yield get("torrents/info")


def _transfer() -> Iterator[Call]:
    reads = [get(f"transfer/{name}") for name in ("info", "downloadLimit", "uploadLimit", "speedLimitsMode")]
    for limit in ("20480", "0", "-1", "1000", "nonsense", ""):
        yield post("transfer/setDownloadLimit", limit=limit)
        yield post("transfer/setUploadLimit", limit=limit)
        yield from reads
    yield post("transfer/setDownloadLimit")
    yield post("app/setPreferences", json='{"alt_dl_limit": 5120, "alt_up_limit": 4096}')
    yield post("transfer/toggleSpeedLimitsMode")
    yield from reads
    yield post("transfer/toggleSpeedLimitsMode")
    yield from reads
    yield post("transfer/banPeers", peers="127.0.0.9:1|[::2]:3")
    for json in PREFERENCES:
        yield post("app/setPreferences", json=json)
        yield get("app/preferences")
        yield from reads
    yield get("torrents/info", sort="name")
    yield post("app/setPreferences", json=GOALS_OFF)
    yield get("torrents/info", sort="name")


PREFERENCES: Final = (
    '{"dl_limit": 102400, "up_limit": 51200}',
    '{"dl_limit": 0, "up_limit": 0}',
    '{"max_ratio_enabled": true, "max_ratio": 2.5, "max_ratio_act": 0}',
    '{"max_seeding_time_enabled": true, "max_seeding_time": 600}',
    '{"scheduler_enabled": true, "schedule_from_hour": 0, "schedule_from_min": 0, "schedule_to_hour": 23, '
    '"schedule_to_min": 59, "scheduler_days": 0}',
    '{"scheduler_enabled": false}',
    '{"encryption": 1}',
    '{"encryption": 0}',
    '{"max_connec": 200, "max_uploads": 30}',
    '{"max_connec": -1, "max_uploads": -1}',
    '{"banned_IPs": "10.0.0.1\\n10.0.0.2"}',
    '{"banned_IPs": ""}',
    '{"anonymous_mode": true, "dont_count_slow_torrents": true, "utp_tcp_mixed_mode": 1}',
    '{"anonymous_mode": false, "utp_tcp_mixed_mode": 0}',
    '{"auto_tmm_enabled": true}',
    '{"auto_tmm_enabled": false, "nothing": 1}',
)
"""Preferences to set, as JSON."""
GOALS_OFF: Final = (
    '{"max_ratio_enabled": false, "max_ratio": -1, "max_seeding_time_enabled": false, "max_seeding_time": -1}'
)


def _missing_files() -> Iterator[Call]:
    yield post("torrents/resume", hashes="{unicode}")
    yield from _state("unicode")
    yield Call(DISK, {"removed": UNICODE})
    yield post("torrents/recheck", hashes="{unicode}")
    yield from _state("unicode")
    yield get("torrents/info", filter="errored")


def _removal() -> Iterator[Call]:
    yield post("torrents/delete", hashes="{single}", deleteFiles="false")
    yield get("torrents/info", hashes="{single}")
    yield get("torrents/properties", hash="{single}")
    yield post("torrents/delete", hashes="{options}|" + UNKNOWN, deleteFiles="true")
    yield get("torrents/info", sort="name")
    yield post("torrents/renameFile", hash="{stopped}", oldPath="stopped/s.bin", newPath="../s.bin")
    yield post("torrents/delete", hashes="all", deleteFiles="true")
    yield get("torrents/info")
    yield get("sync/maindata")
    yield post("auth/logout")
    yield get("torrents/info")
    yield post("auth/login", username="admin", password="wrong")
    yield post("auth/login", username="admin")
