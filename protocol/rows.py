"""What was observed, as clients read it: rows, reports and the states in them.

Times are milliseconds (`*_ms`) or microseconds since 1970 (`*_us`), rates bytes per second (`*_bps`), sizes bytes.
"""

from enum import StrEnum
from typing import Any

import msgspec


class TorrentState(StrEnum):
    """What a torrent is doing. `finished` has all selected files and not all; `seeding` has all there is."""

    QUEUED = "queued"
    CHECKING = "checking"
    FETCHING_METADATA = "fetching_metadata"
    DOWNLOADING = "downloading"
    FINISHED = "finished"
    SEEDING = "seeding"
    PAUSED = "paused"
    ERROR = "error"
    MISSING_STORAGE = "missing_storage"
    QUARANTINED = "quarantined"


ACTIVE_STATES = frozenset({TorrentState.CHECKING, TorrentState.FETCHING_METADATA, TorrentState.DOWNLOADING})
"""The states in which losing the engine interrupts work that a client is waiting for."""


class HealthStatus(StrEnum):
    """The worst problem decides: nothing wrong is `healthy`, no engine for long is `unhealthy`."""

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"


class TorrentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One torrent as `list_torrents` gives it.

    Fields:
        progress: 0..1 of the selected bytes.
        bytes_done, bytes_total: of the selected files; `size` is of all files, 0 while unknown.
        downloaded, uploaded: payload bytes over the torrent's life; `wasted`, of those, failed or redundant.
        paused: what was asked for; `state` is what is.
        download_limit_bps, upload_limit_bps: what was asked for, 0 is no limit.
        error: the message of the torrent's trouble, or null.
        age_ms: how long ago the engine last told of this torrent; null if it never did.
    """

    torrent: str
    name: str
    state: TorrentState
    progress: float
    bytes_done: int
    bytes_total: int
    size: int
    downloaded: int
    uploaded: int
    wasted: int
    download_bps: int
    upload_bps: int
    peers: int
    seeds: int
    save_path: str
    labels: list[str]
    paused: bool
    sequential: bool
    download_limit_bps: int
    upload_limit_bps: int
    error: str | None
    added_us: int
    age_ms: int | None


class TorrentDetail(TorrentRow, frozen=True, kw_only=True):
    """One torrent as `get_torrent` gives it: the row, and what clients asked for beyond it."""

    source: str
    magnet: str | None
    rules: dict[str, Any]
    priorities: dict[str, int]
    trackers: list[str]
    web_seeds: list[str]
    seed_mode: bool
    files: int | None
    piece_length: int | None
    revision: int
    applied_revision: int


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its place in the torrent, path with the torrent's root folder, priority 0..7, and bytes done."""

    index: int
    path: str
    size: int
    priority: int
    bytes_done: int


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One problem: what part has it, with which subject, in words, and since when."""

    component: str
    subject: str
    message: str
    since_us: int


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """The engine process: lifecycle state, pid (null without one), generation, restarts, and age of this generation."""

    state: str
    pid: int | None
    gen: int
    restarts: int
    uptime_ms: int


class SupervisorReport(msgspec.Struct, frozen=True, kw_only=True):
    """The supervisor process."""

    pid: int
    version: str
    uptime_ms: int


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the torrents that this engine was given it has taken up."""

    done: int
    total: int


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `health`."""

    status: HealthStatus
    reasons: list[Reason]
    engine: EngineReport
    supervisor: SupervisorReport
    restore: RestoreReport


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """One process: resident memory in bytes, CPU time used in milliseconds, open file descriptors. 0 where unknown."""

    rss_bytes: int
    cpu_ms: int
    fds: int


class SessionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The libtorrent session: rates, payload since this engine began, connections. `age_ms` tells how old this is."""

    download_bps: int
    upload_bps: int
    downloaded: int
    uploaded: int
    peers: int
    listen_port: int
    age_ms: int | None


class StatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `stats`."""

    session: SessionReport
    supervisor: ProcessReport
    engine: ProcessReport
    torrents: dict[str, int]


class SettingsReport(msgspec.Struct, frozen=True, kw_only=True):
    """The session's limits as they are asked for."""

    download_bps: int
    upload_bps: int


ROW_FIELDS = frozenset(TorrentRow.__struct_fields__)
"""What `list_torrents` takes as `fields`."""
