"""Rows, reports and events for tests; a test names only the members that it is about."""

from typing import Any

import msgspec

from ouzel.stream.event import Event, Resnapshot, SnapshotPage
from protocol.wire.crashes import CrashReport
from protocol.wire.envelope import ErrorBody, Reply
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.reports import (
    EngineReport,
    EngineState,
    HealthReport,
    HealthStatus,
    ProcessReport,
    Reason,
    RestoreReport,
    SessionReport,
    SettingsReport,
    StatsReport,
    SupervisorReport,
)
from protocol.wire.rows import FileRow, RulesReport, TorrentDetail, TorrentRow, TorrentState

EPOCH = "e1"
ID = "aa" * 20
OTHER = "ab" * 20

_ROW: dict[str, Any] = {
    "torrent": ID,
    "name": "ubuntu.iso",
    "state": TorrentState.DOWNLOADING,
    "progress": 0.5,
    "bytes_done": 500,
    "bytes_total": 1000,
    "size": 1000,
    "downloaded": 500,
    "uploaded": 0,
    "wasted": 0,
    "download_bps": 2_000_000,
    "upload_bps": 0,
    "peers": 3,
    "seeds": 1,
    "save_path": "/srv/downloads",
    "labels": [],
    "paused": False,
    "sequential": False,
    "download_limit_bps": 0,
    "upload_limit_bps": 0,
    "error": None,
    "added_us": 1_700_000_000_000_000,
    "age_ms": 10,
}


def told(torrent: str = ID, **changes: Any) -> TorrentRow:
    """A torrent that is half downloaded, with ratio and ETA."""
    return TorrentRow(**(_ROW | {"torrent": torrent, "ratio": 0.5, "eta_s": 90} | changes))


def row(torrent: str = ID, **changes: Any) -> TorrentRow:
    """A torrent that is half downloaded."""
    return TorrentRow(**(_ROW | {"torrent": torrent} | changes))


def detail(torrent: str = ID, **changes: Any) -> TorrentDetail:
    """The same torrent, as `get_torrent` returns it."""
    beyond: dict[str, Any] = {
        "source": "metainfo",
        "magnet": None,
        "rules": RulesReport(include=[], exclude=[], skip_fluff=False),
        "priorities": {},
        "trackers": [],
        "web_seeds": [],
        "seed_mode": False,
        "files": 1,
        "piece_length": 16384,
        "revision": 1,
        "applied_revision": 1,
    }
    return TorrentDetail(**(_ROW | beyond | {"torrent": torrent} | changes))


def file_row(index: int = 0, **changes: Any) -> FileRow:
    """A file that is half complete."""
    plain: dict[str, Any] = {"index": index, "path": f"top/{index}.bin", "size": 100, "priority": 4, "bytes_done": 50}
    return FileRow(**(plain | changes))


def health(status: HealthStatus = HealthStatus.HEALTHY, reasons: list[Reason] | None = None) -> HealthReport:
    """A service with a running engine."""
    return HealthReport(
        status=status,
        reasons=reasons or [],
        engine=EngineReport(state=EngineState.RUNNING, pid=7, gen=2, restarts=1, uptime_ms=65_000),
        supervisor=SupervisorReport(pid=6, version="0.1.0", uptime_ms=3_700_000),
        restore=RestoreReport(done=1, total=1),
    )


def reason(message: str = "the engine is being restarted") -> Reason:
    """One problem."""
    return Reason(component="engine", subject="-", message=message, since_us=1_700_000_000_000_000)


def settings() -> SettingsReport:
    """A session with a download limit."""
    return SettingsReport(download_bps=1_000_000, upload_bps=0)


def stats() -> StatsReport:
    """A session with little activity."""
    process = ProcessReport(rss_bytes=50_000_000, cpu_ms=1500, fds=20)
    return StatsReport(
        session=SessionReport(
            download_bps=1000, upload_bps=0, downloaded=10_000, uploaded=0, peers=3, listen_port=6881, age_ms=5
        ),
        supervisor=process,
        engine=process,
        torrents={"downloading": 1},
    )


def crash(**fields: Any) -> CrashReport:
    """The report of an engine that hung."""
    values: dict[str, Any] = {
        "name": "20231114T221320.000001Z-gen7",
        "time_us": 1_700_000_000_000_001,
        "gen": 7,
        "pid": 4242,
        "exit_code": None,
        "signal": "SIGABRT",
        "killed_for": "nothing was heard of the engine for 3.0 s",
        "uptime_ms": 65_000,
        "stacks": "Fatal Python error: Aborted\n  File \x1b[31m",
        "log": ["the last line"],
        "flight": [{"what": "add_torrent", "torrent": ID}],
        "versions": {"ouzel": "0.1.0", "libtorrent": "2.1.1"},
        "settings": {"limits": {"upload_bps": 0}, "engine": {"proxy_password": "(hidden)"}},
        **fields,
    }
    return CrashReport(**values)


def event(seq: int, type_: str = "state_changed", torrent: str | None = ID, epoch: str = EPOCH, **data: Any) -> Event:
    """An event with this data."""
    return Event(epoch=epoch, seq=seq, gen=1, ts_us=1_700_000_000_000_000, type=type_, torrent=torrent, data=data)


def progress(seq: int, torrent: str = ID, **changes: Any) -> Event:
    """A progress event with the sample row's values, and changes."""
    names = ("state", "progress", "bytes_done", "bytes_total", "size", "downloaded", "uploaded", "wasted")
    rates = ("download_bps", "upload_bps", "peers", "seeds")
    data = {name: _ROW[name] for name in (*names, *rates)} | changes
    return event(seq, "progress", torrent, **msgspec.to_builtins(data))


def resnapshot(*rows: TorrentRow, seq: int = 10, status: HealthStatus = HealthStatus.HEALTHY) -> Resnapshot:
    """A snapshot of one page."""
    page = SnapshotPage(
        epoch=EPOCH, seq=seq, health=health(status), settings=settings(), torrents=list(rows), cursor=None
    )
    return Resnapshot.of("start", [page])


def reply(result: Any, *, seq: int = 0, epoch: str = EPOCH, request_id: str = "x-0") -> Reply:
    """An OK with the result in wire form."""
    plain = msgspec.to_builtins(result, builtin_types=(bytes,))
    return Reply(id=request_id, ok=True, result=plain, epoch=epoch, gen=1, seq=seq)


def refusal(kind: ErrorKind, *, seq: int = 0, epoch: str = EPOCH, retry_after_ms: int | None = None) -> Reply:
    """A reply that is not OK."""
    body = ErrorBody.of(OuzelError(kind, "no", retry_after_ms=retry_after_ms))
    return Reply(id="x-0", ok=False, error=body, epoch=epoch, gen=1, seq=seq)
