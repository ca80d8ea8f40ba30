from engine_proc.torrents.readback import report_limits, report_reconciled
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled

TORRENT = "a" * 40


def test_limits_that_hold_are_told_as_they_are() -> None:
    """The session's limits have no torrent."""
    told: list[LimitsApplied | LimitsStale] = []
    report_limits(told.append, None, (10, 20), (10, 20))
    assert told == [LimitsApplied(download_bps=10, upload_bps=20)]


def test_limits_that_do_not_hold_are_told_with_what_was_asked_for() -> None:
    """With the figures in force."""
    told: list[LimitsApplied | LimitsStale] = []
    report_limits(told.append, TORRENT, (10, 20), (10, 0))
    message = "asked for 10 down and 20 up"
    assert told == [LimitsStale(torrent=TORRENT, download_bps=10, upload_bps=0, message=message)]


def test_all_differences_are_told_together() -> None:
    """In one event, together with the repair."""
    told: list[Reconciled] = []
    report_reconciled(told.append, TORRENT, ["one", "another"], "repaired")
    assert told == [Reconciled(torrent=TORRENT, what="one; another", done="repaired")]
