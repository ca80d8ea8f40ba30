"""Makes `server_state`, the state of the whole service. Pure."""

from typing import Final

import msgspec

from gateway.mirror.mirror import Mirror
from gateway.qbittorrent.rows.numbers import MAX_COUNT, count

BLOCK_BYTES: Final = 16 * 1024
REFRESH_MS: Final = 1500
"""The default of qBittorrent's own page."""


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the whole service. Rates are in bytes per second, sizes in bytes. Ratios are text."""

    alltime_dl: int
    alltime_ul: int
    average_time_queue: int
    connection_status: str
    dht_nodes: int
    dl_info_data: int
    dl_info_speed: int
    dl_rate_limit: int
    free_space_on_disk: int
    global_ratio: str
    last_external_address_v4: str = ""
    last_external_address_v6: str = ""
    queued_io_jobs: int
    queueing: bool
    read_cache_hits: str = "0"
    read_cache_overload: str
    refresh_interval: int = REFRESH_MS
    total_buffers_size: int
    total_peer_connections: int
    total_queued_size: int
    total_wasted_session: int
    up_info_data: int
    up_info_speed: int
    up_rate_limit: int
    use_alt_speed_limits: bool
    use_subcategories: bool
    write_cache_overload: str


def server_state(mirror: Mirror, *, queueing: bool = False, subcategories: bool = False) -> ServerState | None:
    """Returns the state. None if the daemon was never reached.

    Args:
        queueing, subcategories: preferences.
    """
    stats, counters = mirror.stats, mirror.counters
    if stats is None:
        return None
    session, settings = stats.session, mirror.settings
    limits = settings if settings is None or not session.alternative_limits else settings.alternative or settings
    running = not mirror.away and session.listen_port > 0
    incoming = counters.get("net.has_incoming_connections", 0) > 0
    downloaded, uploaded = session.all_time_downloaded, session.all_time_uploaded
    return ServerState(
        alltime_dl=count(downloaded),
        alltime_ul=count(uploaded),
        average_time_queue=0,
        connection_status="disconnected" if not running else "connected" if incoming else "firewalled",
        dht_nodes=count(counters.get("dht.dht_nodes", 0)),
        dl_info_data=count(session.downloaded),
        dl_info_speed=count(session.download_bps),
        dl_rate_limit=0 if limits is None else count(limits.download_bps),
        free_space_on_disk=count((stats.roots[0].free_bytes or 0) if stats.roots else 0, most=MAX_COUNT),
        global_ratio=f"{uploaded / downloaded:.2f}" if downloaded > 0 and uploaded > 0 else "-",
        queued_io_jobs=count(counters.get("disk.queued_disk_jobs", 0)),
        queueing=queueing,
        read_cache_overload=_share(counters.get("peer.num_peers_up_disk", 0), session.peers),
        total_buffers_size=count(counters.get("disk.disk_blocks_in_use", 0) * BLOCK_BYTES),
        total_peer_connections=count(session.peers),
        total_queued_size=count(counters.get("disk.queued_write_bytes", 0)),
        total_wasted_session=count(
            counters.get("net.recv_failed_bytes", 0) + counters.get("net.recv_redundant_bytes", 0)
        ),
        up_info_data=count(session.uploaded),
        up_info_speed=count(session.upload_bps),
        up_rate_limit=0 if limits is None else count(limits.upload_bps),
        use_alt_speed_limits=session.alternative_limits,
        use_subcategories=subcategories,
        write_cache_overload=_share(counters.get("peer.num_peers_down_disk", 0), session.peers),
    )


def _share(some: int, of: int) -> str:
    """Returns a percentage as text."""
    return f"{100 * some / of:.2f}" if some > 0 and of > 0 else "0"
