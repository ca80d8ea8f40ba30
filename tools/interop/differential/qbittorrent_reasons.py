"""Why answers of the gateway differ from those of qbittorrent-nox 4.5.2. The first matching row counts."""

from typing import Any, Final

from tools.interop.differential.reason import Reason, near, one_of, only_here, only_there, pair

ROWS: Final = "torrents/info sync/maindata"
NEWER: Final = "5.1 has it, 4.5.2 does not"
OLDER: Final = "4.5.2 has it, 5.1 does not"
BLOCK: Final = 16 * 1024
"""What libtorrent requests at once, in bytes."""


def _number(theirs: Any, ours: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in (theirs, ours))


def _same_when_decoded(theirs: Any, ours: Any) -> bool:
    return all(isinstance(each, str) and each.startswith("magnet:?xt=") for each in (theirs, ours))


def _up_to_kib(theirs: Any, ours: Any) -> bool:
    """Equal after rounding to KiB, as numbers or as their texts."""
    return str(theirs) == "1024" and str(ours) == "1000"


def _one_block(theirs: Any, ours: Any) -> bool:
    """Numbers of bytes that differ by a block of libtorrent, or fractions."""
    return bool(abs(theirs - ours) == BLOCK or 0 < ours - theirs < 0.1)


def _sorted_alike(theirs: Any, ours: Any) -> bool:
    """Our list is sorted, and has the length of the other list. Texts are also the same texts."""
    ordered = ours in (sorted(ours), sorted(ours, reverse=True))
    return ordered and len(theirs) == len(ours) and (sorted(theirs) == sorted(ours) or isinstance(ours[0], int))


REASONS: Final[tuple[Reason, ...]] = (
    # the version
    Reason("app/version app/webapiVersion app/buildInfo", "body*", "the version"),
    Reason("torrents/info sync/maindata torrents/properties transfer/info app/preferences", "body*", NEWER, only_here),
    Reason("app/preferences", "body.proxy_torrents_only | body.start_paused_enabled", OLDER, only_there),
    Reason("app/preferences", "body.proxy_type", "a name since 4.6, a number before"),
    Reason(ROWS, "*.state", "the names since 5.0", one_of(("pausedDL", "stoppedDL"), ("pausedUP", "stoppedUP"))),
    Reason(ROWS, "*.completion_on | *.seen_complete", "5.1 writes -1 for no time", pair(0, -1)),
    Reason(ROWS, "*.magnet_uri", "5.1 has the present name; Ouzel's list has no web seeds", _same_when_decoded),
    Reason(ROWS, "*.tracker", "5.1 has the first tracker if none works", lambda theirs, ours: theirs == "" != ours),
    Reason("torrents/export", "content type", "5.1 has the type of torrents"),
    Reason("torrents/setShareLimits", "status | body", "5.1 requires inactiveSeedingTimeLimit"),
    # the clock
    Reason(ROWS, "*.added_on | *.completion_on | *.last_activity | *.time_active | *.seeding_time | *.eta",
           "a time; qBittorrent only updates the durations of torrents that are active", near),
    Reason("torrents/properties", "body.*_date | body.time_elapsed | body.seeding_time | body.eta",
           "a time or duration", near),
    Reason("torrents/properties", "body.*_speed_avg", "-1 while no second has passed", one_of((0, -1), (-1, 0))),
    Reason("sync/maindata", "body.server_state.free_space_on_disk", "the moment", _number),
    Reason("sync/maindata", "body.server_state.average_time_queue | body.server_state.alltime_ul", "the moment",
           _number),
    Reason("sync/maindata sync/torrentPeers", "body.rid", "opaque: the gateway counts all answers", _number),
    Reason("torrents/properties", "body.reannounce", "qBittorrent has the time of the torrent's last change", _number),
    # what Ouzel does not know
    Reason(ROWS, "*.priority", "Ouzel gives a place only to torrents that the queue manages",
           lambda theirs, ours: theirs > 0 == ours),
    Reason(ROWS, "*.seen_complete", "Ouzel has the time of completion", lambda theirs, ours: theirs == 0 < ours),
    Reason("torrents/properties", "body.last_seen", "Ouzel has the time of completion",
           lambda theirs, ours: theirs == -1 < ours),
    Reason(ROWS, "*.availability", "Ouzel counts bytes, qBittorrent pieces",
           lambda theirs, ours: abs(theirs - ours) < 0.1),
    Reason("torrents/info torrents/properties", "*.num_incomplete | body.peers_total",
           "without a tracker's count, qBittorrent counts the peers that it knows; Ouzel, those that are connected",
           lambda theirs, ours: theirs in (1, 2) and ours == 0),
    Reason("torrents/trackers", "body.*.num_peers", "Ouzel has the tracker's count of the swarm, not that of the reply",
           pair(0, 8)),
    Reason("torrents/properties", "body.nb_connections_limit", "Ouzel's torrents have no limit of their own",
           pair(100, -1)),
    Reason("torrents/pieceHashes", "body", "qBittorrent reads other bytes as hashes of a torrent without version 1",
           lambda theirs, ours: ours == []),
    Reason(f"{ROWS} torrents/properties", "*.total_size", "Ouzel does not count padding",
           lambda theirs, ours: theirs > ours),
    Reason("torrents/info", "body.order", "qBittorrent has the v2 info-hash and the size with padding",
           _sorted_alike),
    Reason("torrents/info", "*.completed | *.amount_left | *.progress",
           "after a rename, Ouzel's libtorrent also counts blocks of incomplete pieces", _one_block),
    Reason("torrents/info torrents/properties", "*.state | *.amount_left | *.completed | *.progress | *.pieces_have",
           "Ouzel says that files are missing, where qBittorrent would download them again after a recheck",
           one_of(("stalledDL", "missingFiles"), (262144, 0), (0, 262144), (0, 1), (0, 8))),
    Reason("torrents/info", "*.state", "the seeding queue has no order for clients: libtorrent ranks the seeds",
           one_of(("queuedUP", "stalledUP"), ("stalledUP", "queuedUP"))),
    # decisions of the gateway
    Reason("torrents/delete", "status | body", "deleteFiles may be left out, since Sonarr does so"),
    Reason("torrents/add", "body", "a duplicate of the same category succeeds, since Sonarr would try another release",
           pair("Fails.", "Ok.")),
    Reason("app/setPreferences", "status | body", "JSON that cannot be read is refused",
           one_of((200, 400), ("", "JSON is malformed: invalid character (byte 4)"))),
    Reason("torrents/renameFile", "status | body", "a path outside the save path is refused",
           one_of((200, 409), ("", "The new path is invalid: '../s.bin'."))),
    Reason("torrents/info", "*.content_path", "Ouzel does not use the path of incomplete files",
           lambda theirs, ours: theirs.replace("/unfinished", "") == ours),
    Reason("transfer/*", "body*", "4.5.2 rounds limits to KiB", _up_to_kib),
    # settings
    Reason("torrents/trackers", "body.*.status | body.*.msg", "the trackers of a tier are tried in random order",
           one_of((4, 1), (1, 4), ("Connection refused", ""), ("", "Connection refused"))),
    Reason("app/preferences", "body.listen_port | body.web_ui_port | body.web_ui_max_auth_fail_count | body.locale |"
           " body.random_port | body.upnp", "the configuration of this test"),
    Reason("app/preferences", "body.checking_memory_use | body.disk_queue_size |"
           " body.dont_count_slow_torrents | body.enable_multi_connections_from_same_ip | body.file_pool_size |"
           " body.limit_tcp_overhead | body.max_active_* | body.max_connec | body.max_uploads | body.proxy_ip |"
           " body.proxy_peer_connections | body.proxy_port | body.slow_torrent_inactive_timer |"
           " body.socket_backlog_size | body.upload_choking_algorithm | body.upnp_lease_duration |"
           " body.utp_tcp_mixed_mode", "Ouzel has libtorrent's default"),
)  # fmt: skip
