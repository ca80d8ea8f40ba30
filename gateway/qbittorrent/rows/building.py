"""Makes rows. Pure."""

from collections.abc import Mapping
from typing import Final

from gateway.mirror.torrent import Torrent, wanted_bytes
from gateway.qbittorrent.rows.extras import NO_EXTRAS, Extras
from gateway.qbittorrent.rows.magnet import magnet_uri
from gateway.qbittorrent.rows.numbers import MAX_ETA_S, UNKNOWN, count, fraction, minutes, real, seconds
from gateway.qbittorrent.rows.paths import content_path, root_path
from gateway.qbittorrent.rows.row import Row
from gateway.qbittorrent.rows.states import is_finished, state_of
from protocol.wire.rows import TorrentRow, TorrentState

GLOBAL: Final = -2
"""The value that means the global seeding goal."""
MAX_INT32: Final = 2**31 - 1
MONTH_S: Final = 2_629_746
"""The average duration of a month in the Gregorian calendar."""
MAX_AGE_S: Final = 120
"""The maximum time that is added to the durations in a row. If a row is older, the daemon is away."""
RUNNING: Final = frozenset(
    {
        TorrentState.CHECKING,
        TorrentState.DOWNLOADING,
        TorrentState.FETCHING_METADATA,
        TorrentState.FINISHED,
        TorrentState.SEEDING,
    }
)


def hash_of(row: TorrentRow) -> str:
    """Returns the hash by which clients identify a torrent: the first 40 digits of the torrent's id."""
    return row.torrent[:40]


def row_of(torrent: Torrent, extras: Extras = NO_EXTRAS, session: tuple[int, int] = (0, 0)) -> Row:
    """Returns the row of a torrent, without the clock fields.

    Args:
        session: the bytes that were downloaded and uploaded before the present session.
    """
    row, facts, options = torrent.row, torrent.facts, torrent.facts.options
    finished = is_finished(row)
    goals = row.goals
    known = row.size > 0 or facts.pieces is not None
    return Row(
        infohash_v1=row.info_hash_v1 or "",
        infohash_v2=row.info_hash_v2 or "",
        name=row.name,
        magnet_uri=magnet_uri(torrent),
        size=count(wanted_bytes(row)),
        progress=fraction(1 if row.bytes_done >= row.bytes_total > 0 else row.progress),
        dlspeed=0 if row.paused else count(row.download_bps, most=MAX_INT32),
        upspeed=0 if row.paused else count(row.upload_bps, most=MAX_INT32),
        priority=0 if row.queue_position is None else count(row.queue_position + 1, most=MAX_INT32),
        num_seeds=count(row.seeds, most=MAX_INT32),
        num_complete=count(row.seeds if row.swarm_seeds is None else row.swarm_seeds, most=MAX_INT32),
        num_leechs=count(row.peers - row.seeds, most=MAX_INT32),
        num_incomplete=count(row.peers - row.seeds if row.swarm_leeches is None else row.swarm_leeches, most=MAX_INT32),
        ratio=ratio_of(row),
        eta=MAX_ETA_S,
        state=state_of(torrent),
        seq_dl=row.sequential,
        f_l_piece_prio=options.first_last_piece_first,
        category=row.category or "",
        tags=", ".join(sorted(row.labels)),
        super_seeding=options.super_seeding,
        force_start=options.force_start and not row.paused,
        save_path=row.save_path,
        download_path=extras.download_path,
        content_path=content_path(torrent),
        root_path=root_path(torrent),
        added_on=seconds(row.added_us),
        completion_on=seconds(row.completed_us),
        tracker=row.tracker or (facts.trackers[0][0] if facts.trackers else ""),
        trackers_count=len(facts.trackers),
        dl_limit=count(row.download_limit_bps, most=MAX_INT32),
        up_limit=count(row.upload_limit_bps, most=MAX_INT32),
        downloaded=count(row.downloaded),
        uploaded=count(row.uploaded),
        downloaded_session=count(row.downloaded - session[0]),
        uploaded_session=count(row.uploaded - session[1]),
        amount_left=count(wanted_bytes(row) - row.bytes_done),
        completed=count(row.bytes_done),
        max_ratio=UNKNOWN if goals is None else real(goals.ratio),
        max_seeding_time=UNKNOWN if goals is None else minutes(goals.seeding_time_s),
        max_inactive_seeding_time=UNKNOWN if goals is None else minutes(goals.inactive_time_s),
        ratio_limit=GLOBAL if options.ratio_goal == "global" else real(options.ratio_goal),
        seeding_time_limit=own_minutes(options.seeding_time_goal_s),
        inactive_seeding_time_limit=own_minutes(options.inactive_time_goal_s),
        seen_complete=seconds(row.completed_us),
        auto_tmm=extras.auto_tmm,
        last_activity=seconds(row.added_us if row.last_activity_us is None else row.last_activity_us),
        availability=UNKNOWN if finished else real(row.seeds + row.progress),
        comment=facts.comment,
        private=facts.private if known else None,
        total_size=count(row.size) if known else UNKNOWN,
        has_metadata=known,
    )


def ratio_of(row: TorrentRow) -> float:
    """Returns uploaded divided by downloaded bytes. -1 means infinite."""
    if row.ratio is None:
        return UNKNOWN if row.uploaded > 0 else 0
    return real(row.ratio)


def own_minutes(goal_s: float | str | None) -> int:
    """Converts a torrent's own goal for a duration to minutes."""
    return GLOBAL if isinstance(goal_s, str) else minutes(goal_s)


def clock_of(torrent: Torrent, now_us: int) -> Mapping[str, float]:
    """Returns the clock fields of a torrent."""
    row = torrent.row
    runs = row.state in RUNNING and not row.paused
    age_s = min(max(now_us - torrent.read_us, 0) // 1_000_000, MAX_AGE_S) if runs else 0
    active_s = count(row.active_s + age_s)
    seeding_s = count(row.seeding_s + (age_s if is_finished(row) else 0))
    ratio = ratio_of(row)
    return {
        "eta": eta_of(row, seeding_s, now_us) if runs or _seeds_later(row) else MAX_ETA_S,
        "popularity": real(ratio * MONTH_S / active_s) if active_s > 0 else 0,
        "seeding_time": seeding_s,
        "time_active": active_s,
    }


def _seeds_later(row: TorrentRow) -> bool:
    """Whether a complete torrent waits in the queue. Its time to seed is shown, too."""
    return row.state is TorrentState.QUEUED and is_finished(row) and not row.paused


def eta_of(row: TorrentRow, seeding_s: int, now_us: int) -> int:
    """Returns the seconds until the download is complete.

    For a complete torrent, the seconds until a seeding goal is reached.
    """
    if not is_finished(row):
        return MAX_ETA_S if row.eta_s is None else count(row.eta_s, most=MAX_ETA_S)
    if row.goals is None:
        return MAX_ETA_S
    found: list[float] = [MAX_ETA_S]
    if row.goals.ratio is not None and row.upload_bps > 0:
        base = row.downloaded if row.downloaded > 0 else row.bytes_total
        found.append((base * row.goals.ratio - row.uploaded) / row.upload_bps)
    if row.goals.seeding_time_s is not None:
        found.append(row.goals.seeding_time_s - seeding_s)
    if row.goals.inactive_time_s is not None and row.last_activity_us is not None:
        found.append(row.goals.inactive_time_s - (now_us - row.last_activity_us) / 1_000_000)
    return count(min(found), most=MAX_ETA_S)
