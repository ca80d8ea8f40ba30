"""The table of the fields of a torrent. Pure.

Times are in seconds since 1970, and 0 means never. Limits are in kB/s. The duration -1 means that there is no duration.
"""

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from gateway.mirror.torrent import Torrent, wanted_bytes
from gateway.transmission.details import Kind, Known
from gateway.transmission.numbers import real
from gateway.transmission.torrents import detail_fields
from gateway.transmission.torrents.standing import error_of, seed_idle_mode, seed_ratio_mode, status_of
from protocol.wire.rows import COMPLETE_STATES, TorrentState

ETA_UNAVAILABLE: Final = -1
ETA_UNKNOWN: Final = -2
KB: Final = 1000
SHA1_HEX: Final = 40
INT_MAX: Final = 2**53 - 1
DEFAULT_RATIO: Final = 2.0
DEFAULT_IDLE_MIN: Final = 30
PEER_LIMIT: Final = 50
"""The default of Transmission. Fields show it if the torrent has no limit."""
STALLED_S: Final = 30 * 60
"""`queue-stalled-minutes` in seconds: a torrent without traffic for this time is stalled."""


@dataclass(frozen=True)
class Scope:
    """The data that all torrents in an answer share.

    Fields:
        now_s: the time in seconds since 1970.
        number_of: returns the id of a torrent in the RPC.
        position: the positions of torrents in the queue.
        directory: the session's `config-dir`.
    """

    now_s: int
    number_of: Callable[[str], int]
    position: Mapping[str, int]
    directory: str


Getter = Callable[[Torrent, Scope, Known], Any]


class Field(NamedTuple):
    """One field: the function that returns its value, and the details that the function needs."""

    value: Getter
    needs: tuple[Kind, ...] = ()


def _seconds(micros: int | None) -> int:
    return 0 if micros is None else micros // 1_000_000


def name_of(torrent: Torrent) -> str:
    """The name of the only file or root folder on disk. If this name is not known, the torrent's name."""
    row = torrent.row
    content = row.content or ""
    root = content if content.startswith("/") else content.partition("/")[0]
    return root or row.name or row.torrent


def _eta(torrent: Torrent, _: Scope, __: Known) -> int:
    row = torrent.row
    if row.state in (TorrentState.DOWNLOADING, TorrentState.FETCHING_METADATA):
        return ETA_UNKNOWN if row.eta_s is None else min(row.eta_s, INT_MAX)
    return ETA_UNAVAILABLE


def _ratio(torrent: Torrent, _: Scope, __: Known) -> float:
    row = torrent.row
    if row.ratio is None or not isfinite(row.ratio):
        return -2 if row.uploaded else -1
    return real(row.ratio)


def _own_ratio(torrent: Torrent, _: Scope, __: Known) -> float:
    goals = torrent.row.goals
    return real(DEFAULT_RATIO if goals is None or goals.ratio is None else goals.ratio)


def _own_idle(torrent: Torrent, _: Scope, __: Known) -> int:
    goals = torrent.row.goals
    return DEFAULT_IDLE_MIN if goals is None or goals.inactive_time_s is None else goals.inactive_time_s // 60


def _finished(torrent: Torrent, _: Scope, __: Known) -> bool:
    goals = torrent.row.goals
    return torrent.row.paused and goals is not None and goals.reached is not None


def _stalled(torrent: Torrent, scope: Scope, __: Known) -> bool:
    row = torrent.row
    last_us = max(row.added_us or 0, row.last_activity_us or 0)
    idle = scope.now_s - last_us // 1_000_000 > STALLED_S
    return idle and not row.paused and row.state in (TorrentState.DOWNLOADING, *COMPLETE_STATES)


def _progress(torrent: Torrent) -> float:
    return real(min(1.0, max(0.0, torrent.row.progress)))


def _complete(torrent: Torrent, _: Scope, __: Known) -> float:
    row = torrent.row
    return real(min(1.0, row.bytes_done / row.size)) if row.size else 0


def _peers_limit(torrent: Torrent, _: Scope, __: Known) -> int:
    return torrent.facts.options.max_connections or PEER_LIMIT


def _recheck(torrent: Torrent, _: Scope, __: Known) -> float:
    return _progress(torrent) if torrent.row.state is TorrentState.CHECKING else 0


def _magnet(torrent: Torrent, _: Scope, __: Known) -> str:
    if torrent.facts.magnet is not None:
        return torrent.facts.magnet
    row = torrent.row
    topic = (
        f"urn:btih:{row.info_hash_v1 or row.torrent}" if len(row.torrent) == SHA1_HEX else f"urn:btmh:1220{row.torrent}"
    )
    trackers = "".join([f"&tr={_quoted(url)}" for url, _ in torrent.facts.trackers])
    return f"magnet:?xt={topic}&dn={quote(row.name, safe='')}{trackers}"


@lru_cache(4096)
def _quoted(url: str) -> str:
    return quote(url, safe="")


def _mime(torrent: Torrent, _: Scope, known: Known) -> str:
    largest = max(known.files or (), key=lambda file: file.size, default=None)
    guessed = mimetypes.guess_type(largest.path if largest is not None else name_of(torrent))[0]
    return guessed or "application/octet-stream"


def _hash(torrent: Torrent, _: Scope, __: Known) -> str:
    return torrent.row.info_hash_v1 or torrent.row.torrent[:40]


def _available(torrent: Torrent, _: Scope, known: Known) -> int:
    row = torrent.row
    return max(0, row.bytes_total - row.bytes_done) if row.seeds else detail_fields.available(torrent, known)


_files = (Kind.FILES,)
_peers = (Kind.PEERS,)
_pieces = (Kind.PIECES,)
_sending = (Kind.SENDING,)
_trackers = (Kind.TRACKERS,)
_urls = (Kind.TRACKER_URLS,)

FIELDS: Final[dict[str, Field]] = {
    "activityDate": Field(lambda t, s, _: _seconds(t.row.last_activity_us)),
    "addedDate": Field(lambda t, s, _: _seconds(t.row.added_us)),
    "availability": Field(lambda t, s, k: detail_fields.availability(t, k), _pieces),
    "bandwidthPriority": Field(lambda t, s, _: 0),
    "comment": Field(lambda t, s, _: t.facts.comment),
    "corruptEver": Field(lambda t, s, _: t.row.wasted),
    "creator": Field(lambda t, s, _: t.facts.created_by),
    "dateCreated": Field(lambda t, s, _: _seconds(t.facts.created_us)),
    "desiredAvailable": Field(_available),
    "doneDate": Field(lambda t, s, _: _seconds(t.row.completed_us)),
    "downloadDir": Field(lambda t, s, _: t.row.save_path),
    "downloadLimit": Field(lambda t, s, _: t.row.download_limit_bps // KB),
    "downloadLimited": Field(lambda t, s, _: t.row.download_limit_bps > 0),
    "downloadedEver": Field(lambda t, s, _: t.row.downloaded),
    "editDate": Field(lambda t, s, _: 0),
    "error": Field(lambda t, s, _: error_of(t.row)[0]),
    "errorString": Field(lambda t, s, _: error_of(t.row)[1]),
    "eta": Field(_eta),
    "etaIdle": Field(lambda t, s, _: ETA_UNAVAILABLE),
    "file-count": Field(lambda t, s, k: t.facts.files or len(k.files or ())),
    "fileStats": Field(lambda t, s, k: detail_fields.file_stats(t, k), _files),
    "files": Field(lambda t, s, k: detail_fields.files(t, k), _files),
    "group": Field(lambda t, s, _: t.facts.options.group or ""),
    "hashString": Field(_hash),
    "haveUnchecked": Field(lambda t, s, _: 0),
    "haveValid": Field(lambda t, s, _: t.row.bytes_done),
    "honorsSessionLimits": Field(lambda t, s, _: True),
    "id": Field(lambda t, s, _: s.number_of(t.row.torrent)),
    "isFinished": Field(_finished),
    "isPrivate": Field(lambda t, s, _: bool(t.facts.private)),
    "isStalled": Field(_stalled),
    "labels": Field(lambda t, s, _: t.row.labels),
    "leftUntilDone": Field(lambda t, s, _: max(0, wanted_bytes(t.row) - t.row.bytes_done)),
    "magnetLink": Field(_magnet),
    "manualAnnounceTime": Field(lambda t, s, _: -1),
    "maxConnectedPeers": Field(_peers_limit),
    "metadataPercentComplete": Field(lambda t, s, _: 1 if t.row.size else 0),
    "name": Field(lambda t, s, _: name_of(t)),
    "peer-limit": Field(_peers_limit),
    "peers": Field(lambda t, s, k: detail_fields.peers(k), _peers),
    "peersConnected": Field(lambda t, s, _: t.row.peers),
    "peersFrom": Field(lambda t, s, k: detail_fields.peers_from(k), _peers),
    "peersGettingFromUs": Field(lambda t, s, k: detail_fields.getting(t, k), _sending),
    "peersSendingToUs": Field(lambda t, s, k: detail_fields.sending(t, k), _sending),
    "percentComplete": Field(_complete),
    "percentDone": Field(lambda t, s, _: _progress(t)),
    "pieceCount": Field(lambda t, s, k: detail_fields.piece_count(t, k)),
    "pieceSize": Field(lambda t, s, _: t.facts.piece_length or 0),
    "pieces": Field(lambda t, s, k: detail_fields.pieces(t, k), _pieces),
    "primary-mime-type": Field(_mime),
    "priorities": Field(lambda t, s, k: detail_fields.priorities(t, k), _files),
    "queuePosition": Field(lambda t, s, _: s.position.get(t.row.torrent, 0)),
    "rateDownload": Field(lambda t, s, _: t.row.download_bps),
    "rateUpload": Field(lambda t, s, _: t.row.upload_bps),
    "recheckProgress": Field(_recheck),
    "secondsDownloading": Field(lambda t, s, _: max(0, t.row.active_s - t.row.seeding_s)),
    "secondsSeeding": Field(lambda t, s, _: t.row.seeding_s),
    "seedIdleLimit": Field(_own_idle),
    "seedIdleMode": Field(lambda t, s, _: seed_idle_mode(t.facts.options)),
    "seedRatioLimit": Field(_own_ratio),
    "seedRatioMode": Field(lambda t, s, _: seed_ratio_mode(t.facts.options)),
    "sequentialDownload": Field(lambda t, s, _: t.row.sequential),
    "sizeWhenDone": Field(lambda t, s, _: wanted_bytes(t.row)),
    "startDate": Field(
        lambda t, s, _: max(0, s.now_s - t.row.active_s) if t.row.active_s else _seconds(t.row.added_us)
    ),
    "status": Field(lambda t, s, _: status_of(t.row)),
    "torrentFile": Field(lambda t, s, _: f"{s.directory}/torrents/{_hash(t, s, _)}.torrent"),
    "totalSize": Field(lambda t, s, _: t.row.size),
    "trackerList": Field(lambda t, s, k: detail_fields.tracker_list(t, k), _urls),
    "trackerStats": Field(lambda t, s, k: detail_fields.tracker_stats(t, k), _trackers),
    "trackers": Field(lambda t, s, k: detail_fields.trackers(t, k), _urls),
    "uploadLimit": Field(lambda t, s, _: t.row.upload_limit_bps // KB),
    "uploadLimited": Field(lambda t, s, _: t.row.upload_limit_bps > 0),
    "uploadRatio": Field(_ratio),
    "uploadedEver": Field(lambda t, s, _: t.row.uploaded),
    "wanted": Field(lambda t, s, k: detail_fields.wanted(t, k), _files),
    "webseeds": Field(lambda t, s, k: k.web_seeds or [], (Kind.WEB_SEEDS,)),
    "webseedsSendingToUs": Field(lambda t, s, k: detail_fields.web_seeds_sending(k), _sending),
}
