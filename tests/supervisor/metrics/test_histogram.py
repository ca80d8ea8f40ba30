from supervisor.metrics.histogram import LONG_S, SHORT_S, Histogram


def test_a_bound_belongs_to_its_bucket() -> None:
    """Larger durations are in the last bucket, and negative ones in the first."""
    histogram = Histogram((0.1, 1.0))
    for duration_s in (0.1, 0.11, 1.0, 1.01, 50.0, -0.5):
        histogram.observe(duration_s)
    report = histogram.report()
    assert (report.bounds_s, report.counts) == ([0.1, 1.0], [2, 2, 2])
    assert report.sum_s == 0.1 + 0.11 + 1.0 + 1.01 + 50.0


def test_bounds_ascend() -> None:
    """As the search needs."""
    for bounds in (SHORT_S, LONG_S):
        assert list(bounds) == sorted(set(bounds))
