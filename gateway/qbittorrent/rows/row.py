"""The row of a torrent in `torrents/info`. Pure."""

import msgspec


class Row(msgspec.Struct, kw_only=True, gc=False):
    """One torrent.

    Sizes are in bytes, and rates in bytes per second. Times are in seconds since 1970, and -1 means never. Durations
    are in seconds. Limits of seeding time are in minutes. The limit -1 means no limit, and -2 means the global limit.

    The hash is not part of the row: `torrents/info` has it as a field, and `sync/maindata` as a key.

    The fields of `CLOCK` are set for each answer. All other fields change only with the torrent.
    """

    infohash_v1: str
    infohash_v2: str
    name: str
    magnet_uri: str
    size: int
    progress: float
    dlspeed: int
    upspeed: int
    priority: int
    num_seeds: int
    num_complete: int
    num_leechs: int
    num_incomplete: int
    ratio: float
    popularity: float = 0
    eta: int
    state: str
    seq_dl: bool
    f_l_piece_prio: bool
    category: str
    tags: str
    super_seeding: bool
    force_start: bool
    save_path: str
    download_path: str = ""
    content_path: str
    root_path: str
    added_on: int
    completion_on: int
    tracker: str
    trackers_count: int
    dl_limit: int
    up_limit: int
    downloaded: int
    uploaded: int
    downloaded_session: int
    uploaded_session: int
    amount_left: int
    completed: int
    max_ratio: float
    max_seeding_time: int
    max_inactive_seeding_time: int
    ratio_limit: float
    seeding_time_limit: int
    inactive_seeding_time_limit: int
    seen_complete: int
    auto_tmm: bool = False
    time_active: int = 0
    seeding_time: int = 0
    last_activity: int
    availability: float
    reannounce: int = 0
    comment: str
    private: bool | None
    total_size: int
    has_metadata: bool


FIELDS = Row.__struct_fields__
CLOCK = ("eta", "popularity", "seeding_time", "time_active")
"""The names of the clock fields."""
STEADY = tuple(name for name in FIELDS if name not in CLOCK)
