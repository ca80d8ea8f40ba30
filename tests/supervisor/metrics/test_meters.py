from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import Nothing
from supervisor.metrics.meters import Meters


def test_a_failover_ends_with_a_ready_engine() -> None:
    """Engines that end before they are ready belong to it. A planned end begins none."""
    meters = Meters()
    meters.engine_ready(5.0)
    meters.engine_ended("crash", 10.0, expected=False)
    meters.engine_ended("crash", 10.5, expected=False)
    meters.engine_ready(12.0)
    meters.engine_ended("replaced", 20.0, expected=True)
    meters.engine_ready(21.0)
    report = meters.failovers.report()
    assert (sum(report.counts), report.sum_s) == (1, 2.0)
    assert meters.engine_ends == {"crash": 2, "replaced": 1}


def test_requests_are_counted_by_outcome() -> None:
    """An error by its name on the wire."""
    meters = Meters()
    assert meters.requests == {"ok": 0}
    meters.replied(Nothing())
    meters.replied({"torrents": []})
    meters.replied(OuzelError(ErrorKind.UNKNOWN_TORRENT, "there is none"))
    assert meters.requests == {"ok": 2, "unknown_torrent": 1}


def test_commits_are_counted_in_groups() -> None:
    """With their transactions."""
    meters = Meters()
    meters.committed(3, 0.01)
    meters.committed(1, 0.02)
    assert (meters.changes_written, sum(meters.writes.report().counts)) == (4, 2)
