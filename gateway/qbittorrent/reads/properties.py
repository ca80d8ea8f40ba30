"""The answer of `torrents/properties`. Pure."""

from collections.abc import Iterable

import msgspec

from gateway.qbittorrent.book.torrents import Entry
from gateway.qbittorrent.rows.numbers import UNKNOWN, count, seconds
from protocol.wire.peer_rows import TrackerRow


class Properties(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of one torrent. The units are the same as in a row."""

    infohash_v1: str
    infohash_v2: str
    name: str
    hash: str
    time_elapsed: int
    seeding_time: int
    eta: int
    nb_connections: int
    nb_connections_limit: int
    total_downloaded: int
    total_downloaded_session: int
    total_uploaded: int
    total_uploaded_session: int
    dl_speed: int
    dl_speed_avg: int
    up_speed: int
    up_speed_avg: int
    dl_limit: int
    up_limit: int
    total_wasted: int
    seeds: int
    seeds_total: int
    peers: int
    peers_total: int
    share_ratio: float
    popularity: float
    reannounce: int
    total_size: int
    pieces_num: int
    piece_size: int
    pieces_have: int
    created_by: str
    is_private: bool
    private: bool | None
    addition_date: int
    last_seen: int
    completion_date: int
    creation_date: int
    save_path: str
    download_path: str
    comment: str
    has_metadata: bool
    progress: float


def reannounce_s(trackers: Iterable[TrackerRow], now_us: int) -> int:
    """Returns the seconds until the next announce to a tracker. 0 if no announce is known."""
    times = [each.next_announce_us for each in trackers if each.next_announce_us is not None]
    return count((min(times) - now_us) // 1_000_000) if times else 0


def properties(entry: Entry, reannounce: int = 0, have: int | None = None) -> Properties:
    """Returns the properties of a torrent. The caller has set the clock fields of the row.

    Args:
        reannounce: the seconds until the next announce.
        have: the number of complete pieces. If it is None, the number is computed from the progress.
    """
    row, facts, wire = entry.row, entry.torrent.facts, entry.torrent.row
    downloading_s = row.time_active - row.seeding_time
    pieces = UNKNOWN if facts.pieces is None else count(facts.pieces)
    return Properties(
        infohash_v1=row.infohash_v1,
        infohash_v2=row.infohash_v2,
        name=row.name,
        hash=entry.hash,
        time_elapsed=row.time_active,
        seeding_time=row.seeding_time,
        eta=row.eta,
        nb_connections=count(wire.peers),
        nb_connections_limit=count(facts.options.max_connections) or UNKNOWN,
        total_downloaded=row.downloaded,
        total_downloaded_session=row.downloaded_session,
        total_uploaded=row.uploaded,
        total_uploaded_session=row.uploaded_session,
        dl_speed=row.dlspeed,
        dl_speed_avg=row.downloaded // downloading_s if downloading_s > 0 else UNKNOWN,
        up_speed=row.upspeed,
        up_speed_avg=row.uploaded // row.time_active if row.time_active > 0 else UNKNOWN,
        dl_limit=row.dl_limit or UNKNOWN,
        up_limit=row.up_limit or UNKNOWN,
        total_wasted=count(wire.wasted),
        seeds=row.num_seeds,
        seeds_total=row.num_complete,
        peers=row.num_leechs,
        peers_total=row.num_incomplete,
        share_ratio=row.ratio,
        popularity=row.popularity,
        reannounce=reannounce,
        total_size=row.total_size,
        pieces_num=pieces,
        piece_size=UNKNOWN if facts.piece_length is None else count(facts.piece_length),
        pieces_have=0 if pieces == UNKNOWN else int(pieces * row.progress) if have is None else have,
        created_by=facts.created_by,
        is_private=bool(row.private),
        private=row.private,
        addition_date=row.added_on,
        last_seen=row.seen_complete,
        completion_date=row.completion_on,
        creation_date=seconds(facts.created_us),
        save_path=row.save_path,
        download_path=row.download_path,
        comment=row.comment,
        has_metadata=row.has_metadata,
        progress=row.progress,
    )
