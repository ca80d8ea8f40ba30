"""The fields of a torrent that need details. Pure."""

import base64
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from gateway.mirror.torrent import Torrent, wanted_bytes
from gateway.transmission.details import Known
from gateway.transmission.numbers import real
from ouzel import PeerConnection, PeerFlag, PeerRow, TrackerRow, TrackerStatus

Row = dict[str, Any]

_SOURCES = {
    "fromCache": PeerFlag.FROM_RESUME_DATA,
    "fromDht": PeerFlag.FROM_DHT,
    "fromLpd": PeerFlag.FROM_LSD,
    "fromPex": PeerFlag.FROM_PEX,
    "fromTracker": PeerFlag.FROM_TRACKER,
}
_INACTIVE, _WAITING, _QUEUED, _ACTIVE = range(4)


def _done(size: int, bytes_done: int, priority: int, torrent: Torrent) -> int:
    """The complete bytes of a file. Without a report, all selected files of a complete torrent are complete."""
    row = torrent.row
    complete = row.bytes_total > 0 and row.bytes_done >= row.bytes_total and priority > 0
    return size if complete else min(size, bytes_done)


def _priority(priority: int) -> int:
    """Returns -1 for low, 0 for normal, and 1 for high priority. An unwanted file has normal priority."""
    if priority == 0:
        return 0
    return -1 if priority < 4 else int(priority > 4)


def files(torrent: Torrent, known: Known) -> list[Row]:
    """The files in the order of the torrent."""
    length = torrent.facts.piece_length or 0
    found, offset, index = [], 0, 0
    for file in known.files or ():
        if length and file.index != index:  # a padding file up to the next piece (BEP 47) is not in the list
            offset = -(-offset // length) * length
        index = file.index + 1
        begin = offset // length if length else 0
        end = (offset + file.size + length - 1) // length if length else 0
        offset += file.size
        found.append(
            {
                "bytesCompleted": _done(file.size, file.bytes_done, file.priority, torrent),
                "length": file.size,
                "name": file.path,
                "beginPiece": begin,
                "endPiece": end,
            }
        )
    return found


def file_stats(torrent: Torrent, known: Known) -> list[Row]:
    """The fields of the files that change: complete bytes, priority, and whether the file is wanted."""
    return [
        {
            "bytesCompleted": _done(file.size, file.bytes_done, file.priority, torrent),
            "wanted": file.priority > 0,
            "priority": _priority(file.priority),
        }
        for file in known.files or ()
    ]


def priorities(_: Torrent, known: Known) -> list[int]:
    """The priorities of the files."""
    return [_priority(file.priority) for file in known.files or ()]


def wanted(_: Torrent, known: Known) -> list[int]:
    """Returns 1 for each wanted file, and 0 for each other file."""
    return [int(file.priority > 0) for file in known.files or ()]


def piece_count(torrent: Torrent, known: Known) -> int:
    """The number of pieces; 0 while it is unknown."""
    if torrent.facts.pieces is not None:
        return torrent.facts.pieces
    if known.pieces is not None:
        return known.pieces.pieces
    length = torrent.facts.piece_length
    return (torrent.row.size + length - 1) // length if length else 0


def pieces(torrent: Torrent, known: Known) -> str:
    """A bit for each piece, in base64."""
    if known.pieces is not None:
        return base64.b64encode(known.pieces.have).decode()
    return base64.b64encode(bytes((piece_count(torrent, known) + 7) // 8)).decode()


def availability(torrent: Torrent, known: Known) -> list[int]:
    """For each piece, the number of connected peers that have the piece. -1 if the torrent itself has it."""
    count, report = piece_count(torrent, known), known.pieces
    if report is None:
        return [0] * count
    counts = report.availability or bytes(count)
    return [
        -1 if report.have[index // 8] >> (7 - index % 8) & 1 else counts[index] if index < len(counts) else 0
        for index in range(report.pieces)
    ]


def available(torrent: Torrent, known: Known) -> int:
    """The number of missing bytes that connected peers have."""
    row = torrent.row
    left = max(0, wanted_bytes(row) - row.bytes_done)
    length = torrent.facts.piece_length
    if left == 0 or not length or known.pieces is None:
        return 0
    return min(left, length * sum(1 for count in availability(torrent, known) if count > 0))


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    return host.strip("[]") or endpoint, int(port) if port.isdigit() else 0


def _flags(peer: PeerRow) -> str:
    """The letters of Transmission for the state of a connection to a peer."""
    has = peer.flags.__contains__
    sending, receiving = has(PeerFlag.REMOTE_UNCHOKED), has(PeerFlag.UNCHOKED)
    letters = (
        ("T", peer.connection is PeerConnection.UTP),
        ("O", has(PeerFlag.OPTIMISTIC)),
        ("D", peer.download_bps > 0),
        ("d", has(PeerFlag.INTERESTED) and not sending and not peer.download_bps),
        ("U", peer.upload_bps > 0),
        ("u", has(PeerFlag.REMOTE_INTERESTED) and not receiving and not peer.upload_bps),
        ("K", sending and not has(PeerFlag.INTERESTED) and not peer.download_bps),
        ("?", receiving and not has(PeerFlag.REMOTE_INTERESTED) and not peer.upload_bps),
        ("E", has(PeerFlag.ENCRYPTED)),
        ("H", has(PeerFlag.FROM_DHT)),
        ("X", has(PeerFlag.FROM_PEX)),
        ("I", not has(PeerFlag.OUTGOING)),
    )
    return "".join(letter for letter, holds in letters if holds)


def _peers(known: Known) -> list[PeerRow]:
    return [peer for peer in known.peers or () if peer.connection is not PeerConnection.WEB_SEED]


def peers(known: Known) -> list[Row]:
    """The connected peers."""
    found = []
    for peer in _peers(known):
        address, port = _address(peer.endpoint)
        has = peer.flags.__contains__
        found.append(
            {
                "address": address,
                "clientIsChoked": not has(PeerFlag.REMOTE_UNCHOKED),
                "clientIsInterested": has(PeerFlag.INTERESTED),
                "clientName": peer.client,
                "flagStr": _flags(peer),
                "isDownloadingFrom": peer.download_bps > 0,
                "isEncrypted": has(PeerFlag.ENCRYPTED),
                "isIncoming": not has(PeerFlag.OUTGOING),
                "isUTP": peer.connection is PeerConnection.UTP,
                "isUploadingTo": peer.upload_bps > 0,
                "peerIsChoked": not has(PeerFlag.UNCHOKED),
                "peerIsInterested": has(PeerFlag.REMOTE_INTERESTED),
                "port": port,
                "progress": real(min(1.0, max(0.0, peer.progress))),
                "rateToClient": peer.download_bps,
                "rateToPeer": peer.upload_bps,
            }
        )
    return found


def peers_from(known: Known) -> dict[str, int]:
    """The number of connected peers by the source of their address, such as the DHT."""
    connected = _peers(known)
    found = {name: sum(flag in peer.flags for peer in connected) for name, flag in _SOURCES.items()}
    found["fromIncoming"] = sum(PeerFlag.OUTGOING not in peer.flags for peer in connected)
    found["fromLtep"] = 0
    return found


def getting(torrent: Torrent, known: Known) -> int:
    """The number of peers to which the torrent uploads."""
    counted = sum(peer.upload_bps > 0 for peer in _peers(known)) if torrent.row.peers else 0
    return max(counted, int(torrent.row.upload_bps > 0 and counted == 0))


def sending(torrent: Torrent, known: Known) -> int:
    """The number of peers that send data."""
    return sum(peer.download_bps > 0 for peer in _peers(known)) if torrent.row.peers else 0


def web_seeds_sending(known: Known) -> int:
    """The number of web seeds that send data."""
    return sum(peer.connection is PeerConnection.WEB_SEED and peer.download_bps > 0 for peer in known.peers or ())


def _tracker_rows(torrent: Torrent, known: Known) -> list[TrackerRow]:
    if known.trackers is not None:
        return known.trackers
    return [TrackerRow(url=url, tier=tier, status=TrackerStatus.NOT_CONTACTED) for url, tier in torrent.facts.trackers]


def _urls(torrent: Torrent, known: Known) -> list[tuple[str, int]]:
    return list(torrent.facts.trackers) or [(each.url, each.tier) for each in known.trackers or ()]


def tracker_list(torrent: Torrent, known: Known) -> str:
    """The URLs of trackers, one in each line. An empty line separates two tiers."""
    tiers: dict[int, list[str]] = {}
    for url, tier in _urls(torrent, known):
        tiers.setdefault(tier, []).append(url)
    return "\n\n".join("\n".join(urls) for _, urls in sorted(tiers.items()))


@lru_cache(4096)
def scrape_url(announce: str) -> str:
    """The URL for scrapes, by the usual convention.

    For a UDP tracker, the announce URL. Empty if there is no such URL.
    """
    scheme, _, rest = announce.partition("://")
    path, slash, last = rest.rpartition("/")
    if last.startswith("announce"):
        return f"{scheme}://{path}{slash}scrape{last[8:]}"
    return announce if scheme == "udp" else ""


@lru_cache(4096)
def _host(announce: str) -> tuple[str, str, str]:
    """Returns the scheme, the host name and the port of a tracker."""
    try:
        parts = urlsplit(announce)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 80)
    except ValueError:
        return "http", announce, "80"
    return parts.scheme, parts.hostname or "", str(port)


@lru_cache(4096)
def _site(announce: str) -> str:
    """The main part of a host name, such as `example` in `tracker.example.org`."""
    _, host, _ = _host(announce)
    labels = host.split(".")
    return host if len(labels) < 2 or host.replace(".", "").isdigit() or ":" in host else labels[-2]


def _tracker(url: str, tier: int, number: int) -> Row:
    return {
        "announce": url,
        "id": number,
        "scrape": scrape_url(url),
        "sitename": _site(url),
        "tier": tier,
    }


def trackers(torrent: Torrent, known: Known) -> list[Row]:
    """The trackers. The id of a tracker is its index in the list."""
    return [_tracker(url, tier, number) for number, (url, tier) in enumerate(_urls(torrent, known))]


def tracker_stats(torrent: Torrent, known: Known) -> list[Row]:
    """The trackers, with the results of their last announces. libtorrent's scrapes are not reported."""
    found = []
    for number, tracker in enumerate(_tracker_rows(torrent, known)):
        contacted = tracker.status in (TrackerStatus.WORKING, TrackerStatus.ERROR)
        scheme, host, port = _host(tracker.url)
        next_s = (tracker.next_announce_us or 0) // 1_000_000
        last_s = (torrent.read_us // 1_000_000) if contacted else 0
        failing_s = (tracker.failing_since_us or 0) // 1_000_000
        counted = tracker.seeds is not None
        works = tracker.status is TrackerStatus.WORKING
        updating = tracker.status is TrackerStatus.UPDATING
        found.append(
            _tracker(tracker.url, tracker.tier, number)
            | {
                "announceState": _ACTIVE if updating else _WAITING if next_s else _INACTIVE,
                "downloadCount": _count(tracker.downloads),
                "hasAnnounced": contacted,
                "hasScraped": counted,
                "host": f"{scheme}://{host}:{port}",
                "isBackup": False,
                "lastAnnouncePeerCount": (tracker.seeds or 0) + (tracker.leeches or 0),
                "lastAnnounceResult": "Success" if works and not tracker.message else tracker.message,
                "lastAnnounceStartTime": failing_s or last_s,
                "lastAnnounceSucceeded": works,
                "lastAnnounceTime": failing_s or last_s,
                "lastAnnounceTimedOut": not works and "timed out" in tracker.message.lower(),
                "lastScrapeResult": "",
                "lastScrapeStartTime": 0,
                "lastScrapeSucceeded": counted,
                "lastScrapeTime": last_s if counted else 0,
                "lastScrapeTimedOut": False,
                "leecherCount": _count(tracker.leeches),
                "nextAnnounceTime": next_s,
                "nextScrapeTime": 0,
                "scrapeState": _INACTIVE,
                "seederCount": _count(tracker.seeds),
            }
        )
    return found


def _count(value: int | None) -> int:
    return -1 if value is None else value
