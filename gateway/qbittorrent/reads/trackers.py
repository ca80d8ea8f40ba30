"""The rows of `torrents/trackers`. Pure."""

from collections.abc import Iterable, Mapping, Set
from typing import Final

import msgspec

from gateway.mirror.torrent import Torrent
from gateway.qbittorrent.other_trackers import PROBLEM
from gateway.qbittorrent.rows.numbers import UNKNOWN, count
from protocol.wire.peer_rows import PeerFlag, PeerRow, TrackerRow, TrackerStatus

DISABLED: Final = 0
WORKING: Final = 2
STATUS: Final = {
    TrackerStatus.DISABLED: DISABLED,
    TrackerStatus.NOT_CONTACTED: 1,
    TrackerStatus.WORKING: WORKING,
    TrackerStatus.UPDATING: 3,
    TrackerStatus.ERROR: 4,
}
PRIVATE: Final = "This torrent is private"


class Tracker(msgspec.Struct, frozen=True, kw_only=True):
    """One tracker, or another source of peers, such as the DHT (tier -1). Unknown numbers are -1."""

    url: str
    tier: int
    status: int
    msg: str
    num_peers: int
    num_seeds: int
    num_leeches: int
    num_downloaded: int


def pseudo_rows(torrent: Torrent, peers: Iterable[PeerRow], off: Set[str] = frozenset()) -> list[Tracker]:
    """Returns the rows of the DHT, of peer exchange and of local peer discovery.

    Args:
        off: the session's settings that are switched off.
    """
    options, private = torrent.facts.options, bool(torrent.facts.private)
    sources = (
        ("** [DHT] **", options.dht and "enable_dht" not in off, PeerFlag.FROM_DHT),
        ("** [PeX] **", options.pex, PeerFlag.FROM_PEX),
        ("** [LSD] **", options.lsd and "enable_lsd" not in off, PeerFlag.FROM_LSD),
    )
    connected = [set(peer.flags) for peer in peers if PeerFlag.CONNECTING not in peer.flags]
    rows = []
    for name, enabled, source in sources:
        found = [flags for flags in connected if source in flags]
        seeds = sum(PeerFlag.SEED in flags for flags in found)
        rows.append(
            Tracker(
                url=name,
                tier=-1,
                status=WORKING if enabled and not private else DISABLED,
                msg=PRIVATE if private else "",
                num_peers=0,
                num_seeds=seeds,
                num_leeches=len(found) - seeds,
                num_downloaded=0,
            )
        )
    return rows


def tracker_row(row: TrackerRow) -> Tracker:
    """Returns the row of a tracker."""
    known = row.seeds is not None and row.leeches is not None
    return Tracker(
        url=row.url,
        tier=count(row.tier),
        status=STATUS.get(row.status, DISABLED),
        msg=row.message,
        num_peers=count((row.seeds or 0) + (row.leeches or 0)) if known else UNKNOWN,
        num_seeds=UNKNOWN if row.seeds is None else count(row.seeds),
        num_leeches=UNKNOWN if row.leeches is None else count(row.leeches),
        num_downloaded=UNKNOWN if row.downloads is None else count(row.downloads),
    )


def unusable_rows(trackers: Mapping[str, int]) -> list[Tracker]:
    """Returns the rows of trackers that Ouzel cannot use. `trackers` has their tiers by URL."""
    return [
        tracker_row(TrackerRow(url=url, tier=tier, status=TrackerStatus.ERROR, message=PROBLEM))
        for url, tier in trackers.items()
    ]


def listed_trackers(torrent: Torrent) -> list[Tracker]:
    """Returns rows without a request to the daemon. Only the tracker in the torrent's row counts as working."""
    working = torrent.row.tracker if torrent.row.swarm_seeds is not None else None
    return [
        tracker_row(
            TrackerRow(
                url=url,
                tier=tier,
                status=TrackerStatus.WORKING if url == working else TrackerStatus.NOT_CONTACTED,
            )
        )
        for url, tier in torrent.facts.trackers
    ]
