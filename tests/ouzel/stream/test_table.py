"""Rows are updated by events after the snapshot."""

from typing import Any

import msgspec
import pytest

from ouzel.stream.table import Table
from protocol.wire.reports import HealthStatus
from protocol.wire.rows import TorrentState
from tests.ouzel.samples import ID, OTHER, event, progress, reason, resnapshot, row


def table_of(*items: Any) -> Table:
    """The table after the items."""
    table = Table()
    for item in items:
        table.apply(item)
    return table


@pytest.mark.parametrize(
    ("type_", "data", "changes"),
    [
        ("metadata_updated", {"name": "n", "size": 9, "piece_length": 1, "files": 1}, {"name": "n", "size": 9}),
        ("metadata_updated", {"name": "n", "size": 9, "content": "n/a"}, {"name": "n", "size": 9, "content": "n/a"}),
        ("files_renamed", {"files": {"0": "x/a"}, "content": "x"}, {"content": "x"}),
        ("state_changed", {"state": "paused", "previous": "downloading"}, {"state": TorrentState.PAUSED}),
        ("completed", {"bytes_done": 900}, {"progress": 1.0, "bytes_done": 900, "bytes_total": 900}),
        ("error", {"name": "storage", "message": "disk full", "recoverable": True}, {"error": "disk full"}),
        ("error", {"name": "engine_lost", "message": "gone", "recoverable": True}, {}),
        ("error_cleared", {}, {"error": None}),
        ("quarantined", {"reason": "r"}, {"state": TorrentState.QUARANTINED, "error": "r"}),
        ("limits_applied", {"download_bps": 1, "upload_bps": 2}, {"download_limit_bps": 1, "upload_limit_bps": 2}),
        ("storage_moved", {"save_path": "/new"}, {"save_path": "/new", "moving": None}),
        ("reconciled", {"what": "w", "done": "d"}, {}),
    ],
)
def test_events_change_their_torrents_row(type_: str, data: dict[str, Any], changes: dict[str, Any]) -> None:
    """And no other row."""
    table = table_of(resnapshot(row(), row(OTHER)), event(11, type_, **data))
    assert table.rows == {ID: msgspec.structs.replace(row(), **changes), OTHER: row(OTHER)}


def test_events_that_a_row_already_tells_change_nothing() -> None:
    """The row is newer."""
    assert table_of(resnapshot(row()), event(10, state="paused")).rows[ID].state is TorrentState.DOWNLOADING


def test_an_error_is_over_when_the_torrent_does_something_else() -> None:
    """The state `error` does not end it."""
    table = table_of(resnapshot(row(error="disk full")), event(11, state="error", previous="downloading"))
    assert table.rows[ID].error == "disk full"
    table.apply(event(12, state="checking", previous="error"))
    assert table.rows[ID].error is None


def test_progress_is_taken_whole() -> None:
    """State and figures."""
    table = table_of(resnapshot(row()), progress(10, state="seeding", progress=1.0, peers=0))
    assert table.rows[ID] == row(state=TorrentState.SEEDING, progress=1.0, peers=0, ratio=0.0)


def test_torrents_come_and_go() -> None:
    """Late events of a removed torrent are dropped."""
    added: dict[str, Any] = {"name": "new", "save_path": "/srv", "paused": True, "labels": ["l"], "added_us": 5}
    table = table_of(resnapshot(), event(11, "torrent_added", **added))
    assert (table.rows[ID].name, table.rows[ID].state) == ("new", TorrentState.PAUSED)
    table.apply(event(12, "torrent_removed", delete_files=False))
    table.apply(progress(12))
    assert table.rows == {}


def test_the_services_health_is_followed() -> None:
    """With a lost engine, rates are 0."""
    reasons = msgspec.to_builtins([reason()])
    table = table_of(resnapshot(row()), event(11, "health_changed", None, status="degraded", reasons=reasons))
    assert (table.status, table.reasons, table.engine) == (HealthStatus.DEGRADED, [reason()], "running")
    table.apply(event(12, "engine_lost", None, pid=1, exit_code=None, signal="SIGKILL", retry_ms=0))
    assert (table.engine, table.rows[ID].download_bps) == ("backing_off", 0)
    table.apply(event(12, "health_changed", None, status="unhealthy", reasons=reasons))
    assert table.engine == "over_budget"  # the name in `health`
    table.apply(event(13, "engine_started", None, pid=2, restarts=1))
    table.apply(event(13, "tick", None, head=13, status="healthy"))
    assert (table.engine, table.status) == ("running", HealthStatus.HEALTHY)
    table.apply(event(14, "session_error", None, name="listen", message="port taken"))


def test_a_resnapshot_makes_all_that_was_known_void() -> None:
    """Torrents that are not in it are removed."""
    assert table_of(resnapshot(row()), resnapshot(row(OTHER))).rows == {OTHER: row(OTHER)}
