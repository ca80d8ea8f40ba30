"""The calls to Transmission's RPC."""

from collections.abc import Iterator
from typing import Any, Final

from tools.interop.differential.call import Call
from tools.interop.differential.sides import DISK, TRANSPORT
from tools.interop.differential.world import UNICODE

UNKNOWN: Final = "0" * 40
FIELDS: Final = (
    "activityDate", "addedDate", "bandwidthPriority", "comment", "corruptEver", "creator", "dateCreated",
    "desiredAvailable", "doneDate", "downloadDir", "downloadedEver", "downloadLimit", "downloadLimited", "editDate",
    "error", "errorString", "eta", "etaIdle", "files", "fileStats", "haveUnchecked", "haveValid",
    "honorsSessionLimits", "id", "isFinished", "isPrivate", "isStalled", "labels", "leftUntilDone",
    "magnetLink", "manualAnnounceTime", "maxConnectedPeers", "metadataPercentComplete", "name", "peer-limit", "peers",
    "peersConnected", "peersFrom", "peersGettingFromUs", "peersSendingToUs", "percentDone", "pieces", "pieceCount",
    "pieceSize", "priorities", "queuePosition", "rateDownload", "rateUpload", "recheckProgress", "secondsDownloading",
    "secondsSeeding", "seedIdleLimit", "seedIdleMode", "seedRatioLimit", "seedRatioMode", "sizeWhenDone", "startDate",
    "status", "trackers", "trackerStats", "totalSize", "torrentFile", "uploadedEver", "uploadLimit", "uploadLimited",
    "uploadRatio", "wanted", "webseeds", "webseedsSendingToUs", "nonsense",
)  # fmt: skip
STATE: Final = [
    "hashString", "name", "status", "error", "isFinished", "percentDone", "leftUntilDone", "sizeWhenDone",
    "downloadDir", "labels", "downloadLimit", "downloadLimited", "uploadLimit", "uploadLimited", "seedIdleLimit",
    "seedIdleMode", "seedRatioLimit", "seedRatioMode", "bandwidthPriority", "honorsSessionLimits", "peer-limit",
    "queuePosition", "files", "fileStats", "priorities", "wanted", "trackers",
]  # fmt: skip
SESSION: Final[tuple[dict[str, Any], ...]] = (
    {"alt-speed-down": 77, "alt-speed-up": 66, "alt-speed-enabled": True},
    {"alt-speed-enabled": False},
    {"alt-speed-time-begin": 60, "alt-speed-time-end": 120, "alt-speed-time-day": 62, "alt-speed-time-enabled": True},
    {"alt-speed-time-enabled": False},
    {"speed-limit-down": 500, "speed-limit-down-enabled": True, "speed-limit-up": 400, "speed-limit-up-enabled": True},
    {"speed-limit-down-enabled": False, "speed-limit-up-enabled": False},
    {"seedRatioLimit": 1.5, "seedRatioLimited": True, "idle-seeding-limit": 45, "idle-seeding-limit-enabled": True},
    {"seedRatioLimited": False, "idle-seeding-limit-enabled": False},
    {"encryption": "required"}, {"encryption": "tolerated"}, {"encryption": "preferred"}, {"encryption": "nonsense"},
    {"peer-limit-global": 300, "peer-limit-per-torrent": 60},
    {"start-added-torrents": False}, {"start-added-torrents": True},
    {"dht-enabled": True}, {"dht-enabled": False}, {"lpd-enabled": True}, {"lpd-enabled": False},
    {"utp-enabled": True}, {"utp-enabled": False}, {"pex-enabled": False}, {"pex-enabled": True},
    {"download-dir": "{downloads}/other"}, {"download-dir": "relative"}, {"download-dir": "{downloads}"},
    {"version": "1"}, {"nonsense": True}, {"speed-limit-down": "nonsense"},
    {"download-queue-size": 3, "seed-queue-size": 4, "queue-stalled-minutes": 20, "queue-stalled-enabled": False},
    {"download-queue-size": 5, "seed-queue-size": 10, "queue-stalled-minutes": 30, "queue-stalled-enabled": True},
)  # fmt: skip
TORRENT: Final[tuple[dict[str, Any], ...]] = (
    {"labels": ["one", "two"]}, {"labels": []}, {"labels": ["a", "a"]}, {"labels": []}, {"labels": [""]},
    {"labels": "one"},
    {"downloadLimit": 100, "downloadLimited": True, "uploadLimit": 50, "uploadLimited": True},
    {"downloadLimited": False, "uploadLimited": False},
    {"seedRatioLimit": 3.5, "seedRatioMode": 1}, {"seedRatioMode": 2}, {"seedRatioMode": 0}, {"seedRatioMode": 9},
    {"seedRatioMode": 0},
    {"seedIdleLimit": 90, "seedIdleMode": 1}, {"seedIdleMode": 2}, {"seedIdleMode": 0},
    {"peer-limit": 30}, {"honorsSessionLimits": True}, {"bandwidthPriority": 0},
    {"files-unwanted": [0]}, {"files-wanted": [0]}, {"files-unwanted": []}, {"files-wanted": []},
    {"files-wanted": [99]}, {"files-wanted": ["x"]},
    {"priority-high": [0, 1]}, {"priority-low": [1]}, {"priority-normal": []}, {"priority-high": [99]},
    {"trackerAdd": ["http://127.0.0.1:9/announce9"]}, {"trackerAdd": ["http://127.0.0.1:9/announce9"]},
    {"trackerAdd": ["nonsense"]}, {"trackerRemove": [99]}, {"trackerReplace": [0, "http://127.0.0.1:9/announce8"]},
    {"trackerReplace": [0]}, {"trackerRemove": [0]}, {"queuePosition": 0}, {"nonsense": 1},
)  # fmt: skip


def call(name: str, /, *, reads: bool = False, **fields: Any) -> Call:
    """A call. Underscores in names of fields stand for hyphens."""
    return Call(name, {name.replace("_", "-"): value for name, value in fields.items()}, reads=reads)


def get(fields: Any, **more: Any) -> Call:
    """A read of torrents."""
    return call("torrent-get", reads=True, fields=fields, **more)


def script() -> Iterator[Call]:
    """All calls, in order."""
    yield from _transport()
    yield from _empty()
    yield from _additions()
    yield from _reads()
    yield from _running()
    yield from _setting()
    yield from _session()
    yield from _places()
    yield from _queue()
    yield from _missing_files()
    yield from _removal()


def _transport() -> Iterator[Call]:
    def raw(variant: str, **fields: Any) -> Call:
        return Call(TRANSPORT, fields, reads=True, variant=variant)

    yield raw("without a session id", body='{"method": "session-get"}', session="")
    yield raw("with a wrong session id", body='{"method": "session-get"}', session="wrong")
    yield raw("without a password", body='{"method": "session-get"}', authorization="")
    yield raw("with a wrong password", body='{"method": "session-get"}', authorization="Basic YTpi")
    yield raw("GET", verb="GET", session="")
    yield raw("nonsense", body="nonsense")
    yield raw("no method", body="{}")
    yield raw("no body", body="")
    yield raw("a list", body="[]")
    yield raw("a number as the method", body='{"method": 7}')
    yield raw("an unknown method", body='{"method": "nonsense", "tag": 12}')
    yield raw("a tag as a text", body='{"method": "session-stats", "tag": "text"}')
    yield raw("no tag", body='{"method": "port-test-nonsense"}')
    yield raw("a number as the arguments", body='{"method": "torrent-get", "arguments": 21}')
    yield raw("another path", body='{"method": "session-get"}', path="/transmission/nothing")
    yield raw("the root of the RPC", verb="GET", path="/transmission/nothing")


def _empty() -> Iterator[Call]:
    yield get(["hashString", "name"])
    yield get(["hashString"], ids="recently-active")
    yield get(["name"], format="table")
    yield call("session-get", reads=True)
    yield call("session-get", reads=True, fields=["version", "download-dir", "nonsense"])
    yield call("session-stats", reads=True)


def _additions() -> Iterator[Call]:
    for label in ("single", "folder", "empty", "private", "seeded"):
        yield call("torrent-add", metainfo=label)
    yield call("torrent-add", metainfo="unicode")
    yield call("torrent-add", metainfo="options", download_dir="{downloads}", peer_limit=20, files_unwanted=[1],
               priority_high=[0], paused=False)  # fmt: skip
    yield call("torrent-add", metainfo="stopped", paused=True)
    yield call(
        "torrent-add", filename="magnet:?xt=urn:btih:{magnet}&dn=A+magnet+link&tr=http%3A%2F%2F127.0.0.1%3A9%2Fannounce"
    )
    yield call("torrent-add", metainfo="single")
    yield call("torrent-add", filename="magnet:?xt=urn:btih:{single}")
    yield call("torrent-add", metainfo="nonsense")
    yield call("torrent-add", metainfo="")
    yield call("torrent-add", filename="")
    yield call("torrent-add", filename="/nothing/there.torrent")
    yield call("torrent-add", filename="magnet:?dn=nothing")
    yield call("torrent-add")
    yield call("torrent-add", metainfo="empty", download_dir="relative")


def _reads() -> Iterator[Call]:
    for field in FIELDS:
        yield get(["hashString", field])
    every = ["hashString", *FIELDS]
    yield get(every)
    for label in ("single", "folder", "magnet"):
        yield get(every, ids=[f"{{{label}}}"])
    yield get(["hashString", "name"], ids=1)
    yield get(["hashString", "name"], ids=[1, "{folder}"])
    yield get(["hashString", "name"], ids=[999])
    yield get(["hashString", "name"], ids=UNKNOWN)
    yield get(["hashString", "name"], ids=["nonsense"])
    yield get(["hashString", "name"], ids=[])
    yield get(["hashString", "name"], ids="recently-active")
    yield get(["id", "name", "totalSize"], format="table")
    yield get(["id", "name", "totalSize"], format="objects", ids=[2])
    yield get(["id", "nonsense", "totalSize"], format="table", ids=[2])
    yield get(["hashString", "name"], format="nonsense", ids=[2])
    yield get([])
    yield get("name")
    yield call("torrent-get", reads=True)
    yield call("torrent-get", reads=True, ids=[1])


def _state(label: str) -> Call:
    return get(STATE, ids=[f"{{{label}}}"])


def _running() -> Iterator[Call]:
    yield from _each("stop", "single", "folder")
    yield from _each("start", "single", "stopped")
    yield from _each("start-now", "folder")
    yield from _each("reannounce", "single")
    yield call("torrent-stop")
    yield get(["hashString", "status"])
    yield call("torrent-start")
    yield get(["hashString", "status"])
    yield call("torrent-stop", ids=[6, 8])
    yield get(["hashString", "status"])
    # Transmission starts a torrent again after its check, also if it was stopped meanwhile.
    yield from _each("verify", "single")


def _each(name: str, *labels: str) -> Iterator[Call]:
    yield call(f"torrent-{name}", ids=[f"{{{label}}}" for label in labels])
    for label in labels:
        yield _state(label)
    for ids in ([999], ["nonsense"], []):
        yield call(f"torrent-{name}", ids=ids)


def _setting() -> Iterator[Call]:
    for fields in TORRENT:
        yield Call("torrent-set", {"ids": ["{empty}"], **fields})
        yield _state("empty")
    yield Call("torrent-set", {"ids": [999], "labels": ["x"]})
    yield Call("torrent-set", {"ids": ["{magnet}"], "files-wanted": [0]})
    yield Call("torrent-set", {"labels": ["everywhere"]})
    yield get(["hashString", "labels"])
    yield Call("torrent-set", {"labels": []})


def _session() -> Iterator[Call]:
    for fields in SESSION:
        yield Call("session-set", fields)
        yield call("session-get", reads=True)
    yield call("session-set")
    yield call("session-stats", reads=True)
    yield call("port-test")
    yield call("blocklist-update")
    for path in ("{downloads}", "/nothing/there", "relative", ""):
        yield call("free-space", path=path, reads=True)
    yield call("free-space", reads=True)
    yield call("group-get", reads=True)
    yield call("nonsense")


def _places() -> Iterator[Call]:
    for path, name in (("folder/b.bin", "c.bin"), ("folder/nothing", "x"), ("folder/a", "ä"),
                       ("folder", "other root"), ("other root/c.bin", ""), ("other root/c.bin", "a/b"),
                       ("other root/c.bin", ".."), ("", "x"), ("other root/c.bin", "z.nfo")):  # fmt: skip
        yield call("torrent-rename-path", ids=["{folder}"], path=path, name=name)
        if name != "z.nfo":
            yield _state("folder")
    yield call("torrent-rename-path", ids=["{folder}", "{single}"], path="x", name="y")
    yield call("torrent-rename-path", path="x", name="y")
    yield call("torrent-rename-path", ids=["{folder}"], path="x")
    yield call("torrent-set-location", ids=["{single}"], location="{downloads}/elsewhere", move=True)
    yield _state("single")
    yield call("torrent-set-location", ids=["{single}"], location="relative", move=True)
    yield call("torrent-set-location", ids=["{single}"], location="", move=True)
    yield call("torrent-set-location", ids=["{single}"])
    yield call("torrent-set-location", ids=[999], location="{downloads}", move=True)


def _queue() -> Iterator[Call]:
    for name in ("top", "up", "down", "bottom"):
        yield call(f"queue-move-{name}", ids=["{empty}"])
        yield call(f"queue-move-{name}", ids=[999])


def _missing_files() -> Iterator[Call]:
    yield call("torrent-start", ids=["{unicode}"])
    yield _state("unicode")
    yield Call(DISK, {"removed": UNICODE})
    yield call("torrent-verify", ids=["{unicode}"])
    yield _state("unicode")
    yield get(["hashString", "error", "errorString", "status"], ids=["{unicode}"])


def _removal() -> Iterator[Call]:
    yield call("torrent-remove", ids=["{single}"])
    yield get(["hashString", "name"])
    yield get(["hashString"], ids="recently-active")
    yield Call("torrent-remove", {"ids": ["{options}", 999], "delete-local-data": True})
    yield get(["hashString", "name"])
    yield call("torrent-remove", ids=["nonsense"])
    yield call("torrent-remove", ids=[])
    yield get(["hashString", "name"])
    yield call("torrent-remove")
    yield get(["hashString", "name"])
    yield call("session-stats", reads=True)
