"""A stream reader's copy of the state: the rows of a snapshot, updated by later events. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec

from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.silence import DaemonAnswers, DaemonSilent, Heard
from protocol.wire import codec
from protocol.wire.errors import ErrorKind
from protocol.wire.reports import HealthReport, HealthStatus, Reason
from protocol.wire.rows import TorrentRow, TorrentState, ratio


class Table:
    """The last known state of the service. Pass every item of a stream to `apply`, beginning with the first.

    Fields:
        rows: the rows of torrents by id.
        status: the status in the service's health.
        reasons: the problems in the service's health.
        silent_since_us: since when the daemon has been silent (microseconds since 1970), or None.
    """

    def __init__(self) -> None:
        self.rows: dict[str, TorrentRow] = {}
        self.status = HealthStatus.STARTING
        self.reasons: list[Reason] = []
        self.silent_since_us: int | None = None
        self._engine = "unknown"
        self._snapshot: Resnapshot | None = None

    def begin(self, rows: list[TorrentRow], health: HealthReport) -> None:
        """Starts with rows that were not read by a snapshot."""
        self._snapshot = None
        self.rows = {row.torrent: row for row in rows}
        self.status, self.reasons, self._engine = health.status, health.reasons, health.engine.state

    @property
    def engine(self) -> str:
        """The engine's state in one word, derived from events and the health status."""
        if self._engine == "lost":
            return "over_budget" if self.status is HealthStatus.UNHEALTHY else "backing_off"
        return self._engine

    def apply(self, item: Heard) -> None:
        """Applies one item. Raises OuzelError if its data violates the protocol."""
        if isinstance(item, DaemonSilent):
            self.silent_since_us = item.since_us
        elif isinstance(item, DaemonAnswers):
            self.silent_since_us = None
        elif isinstance(item, Resnapshot):
            self.begin(item.torrents, item.health)
            self._snapshot = msgspec.structs.replace(item, torrents=[])  # these rows will be outdated
        elif item.torrent is None:
            self._apply_to_service(item)
        elif self._snapshot is None or not self._snapshot.covers(item):
            self._apply_to_torrent(item.torrent, item)

    def _apply_to_service(self, event: Event) -> None:
        match event.type:
            case "health_changed":
                self.reasons = codec.convert(
                    event.data["reasons"], list[Reason], within="data.reasons", error=ErrorKind.MALFORMED_FRAME
                )
                self.status = HealthStatus(event.data["status"])
            case "tick":
                self.status = HealthStatus(event.data["status"])
            case "engine_started":
                self._engine = "running"
            case "engine_lost":
                self._engine = "lost"
                self.rows = {torrent: still(row) for torrent, row in self.rows.items()}
            case _:
                pass

    def _apply_to_torrent(self, torrent: str, event: Event) -> None:
        if event.type == "torrent_added":
            self.rows[torrent] = _new_row(torrent, event.data)
        elif event.type == "torrent_removed":
            self.rows.pop(torrent, None)
        elif torrent in self.rows and event.type in _CHANGES:
            row = self.rows[torrent]
            changes = _CHANGES[event.type](event.data)
            if event.type == "progress" and event.data["downloaded"] > row.downloaded:
                changes |= {"hindrance": None, "stalled_since_us": None}
            self.rows[torrent] = msgspec.structs.replace(row, **changes)


def still(row: TorrentRow) -> TorrentRow:
    """The row of a torrent, with all transfers stopped."""
    return msgspec.structs.replace(row, download_bps=0, upload_bps=0, peers=0, seeds=0)


_PROGRESS = (
    "progress",
    "bytes_done",
    "bytes_total",
    "size",
    "downloaded",
    "uploaded",
    "wasted",
    "download_bps",
    "upload_bps",
    "peers",
    "seeds",
)
_CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "metadata_updated": lambda data: {"name": data["name"], "size": data["size"], "content": data.get("content")},
    "files_renamed": lambda data: {"content": data.get("content")},
    "state_changed": lambda data: (
        {"state": TorrentState(data["state"]), "hindrance": None}
        | ({} if data["state"] == TorrentState.ERROR else {"error": None})
    ),
    "completed": lambda data: {"progress": 1.0, "bytes_done": data["bytes_done"], "bytes_total": data["bytes_done"]},
    # A lost engine is a problem of the service, so it is not in the torrent's row.
    "error": lambda data: {} if data["name"] == "engine_lost" else {"error": data["message"]},
    "quarantined": lambda data: {"state": TorrentState.QUARANTINED, "error": data["reason"]},
    "error_cleared": lambda data: {"error": None},
    "limits_applied": lambda data: {
        "download_limit_bps": data["download_bps"],
        "upload_limit_bps": data["upload_bps"],
    },
    "storage_moved": lambda data: {"save_path": data["save_path"], "moving": None},
    "progress": lambda data: (
        {"state": TorrentState(data["state"]), "ratio": ratio(data["downloaded"], data["uploaded"], data["bytes_done"])}
        | {name: data[name] for name in _PROGRESS}
        | {name: data.get(name) for name in ("queue_position", "swarm_seeds", "swarm_leeches")}
        | ({} if data["state"] == TorrentState.DOWNLOADING else {"eta_s": None})
    ),
}
"""The changes of a torrent's row by each type of event. The daemon makes the same changes.

No event has the `hindrance`. So an event only removes a hindrance that cannot be true any more.
"""


def _new_row(torrent: str, data: dict[str, Any]) -> TorrentRow:
    return TorrentRow(
        torrent=torrent,
        name=data["name"],
        state=TorrentState.PAUSED if data["paused"] else TorrentState.QUEUED,
        progress=0.0,
        bytes_done=0,
        bytes_total=0,
        size=0,
        downloaded=0,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
        save_path=data["save_path"],
        labels=data["labels"],
        paused=data["paused"],
        sequential=False,
        download_limit_bps=0,
        upload_limit_bps=0,
        error=None,
        added_us=data["added_us"],
        age_ms=None,
        category=data.get("category"),
    )
