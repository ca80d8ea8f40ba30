from protocol.internal.watch_events import DataFailures
from protocol.wire.rows import BadDataReport
from supervisor.engine.torrents.observed.bad_data import SOME, BadData
from tests.supervisor.samples import NOW_US, OTHER, V1

PEER = "192.0.2.1:6881"


def failed(pieces: int = 1, **more: object) -> DataFailures:
    """Pieces have failed; the last is piece 7."""
    return DataFailures(torrent=V1, pieces=pieces, piece=7, **more)  # type: ignore[arg-type]  # members by name


def test_counts_go_on_and_the_reason_ends() -> None:
    """Data that passes its check ends the hindrance, and not the statistics."""
    bad = BadData()
    assert (bad.report(V1), bad.why(V1), bad.hinders(V1, 0)) == (None, None, False)
    bad.apply(failed(2, banned=[PEER]), NOW_US)
    assert bad.why(V1) == f"the last 2 pieces failed their hash check, the last one is piece 7; banned for that: {PEER}"
    bad.apply(DataFailures(torrent=V1, piece=7, passed=True), NOW_US + 1)
    assert bad.why(V1) is None
    bad.apply(failed(), NOW_US + 2)
    assert bad.report(V1) == BadDataReport(
        pieces=3, last_piece=7, metadata=0, metadata_problem=None, last_us=NOW_US + 2, banned_peers=[PEER]
    )
    assert bad.report(OTHER) is None
    bad.discard(V1)
    assert bad.report(V1) is None


def test_it_hinders_once_several_failed_or_nobody_is_left() -> None:
    """One failure among peers is nothing to speak of."""
    bad = BadData()
    bad.apply(failed(SOME - 1), NOW_US)
    assert (bad.hinders(V1, 1), bad.hinders(V1, 0)) == (False, True)
    bad.apply(failed(), NOW_US)
    assert bad.hinders(V1, 1)


def test_metadata_is_counted_by_itself() -> None:
    """With what was wrong."""
    bad = BadData()
    bad.apply(DataFailures(torrent=V1, metadata=1, problem="mismatch"), NOW_US)
    assert bad.why(V1) == "the last 1 copies of the metadata from peers were wrong: mismatch"
    report = bad.report(V1)
    assert report is not None
    assert (report.pieces, report.metadata, report.metadata_problem) == (0, 1, "mismatch")


def test_peers_banned_by_an_earlier_engine_are_shown() -> None:
    """They are in its resume data; the time of the failure is unknown."""
    bad = BadData()
    bad.apply(DataFailures(torrent=V1, banned=[]), NOW_US)
    assert bad.report(V1) is None
    bad.apply(DataFailures(torrent=V1, banned=[PEER]), NOW_US)
    report = bad.report(V1)
    assert report is not None
    assert (report.banned_peers, report.last_us) == ([PEER], None)
