from tests.metrics.known import unknown
from tools.metrics.promql import Selector, grouping_labels, selectors, with_matchers

QUERY = 'sum by (job, le) (rate(ouzel_ack_seconds_bucket{le!="5.0"}[5m])) / on (job) up == 0'


def test_metrics_of_a_query_are_found() -> None:
    """With the labels of their matchers."""
    assert list(selectors(QUERY)) == [
        Selector("ouzel_ack_seconds_bucket", frozenset({"le"})),
        Selector("up", frozenset()),
    ]
    assert grouping_labels(QUERY) == {"job", "le"}


def test_matchers_are_added_to_each_metric() -> None:
    """Unless the selector has a job of its own."""
    assert with_matchers("ouzel_up == 1", 'job="a"') == 'ouzel_up{job="a"} == 1'
    assert with_matchers('ouzel_torrents{state="error"}', 'job="a"') == 'ouzel_torrents{state="error", job="a"}'
    assert with_matchers('up{job="b"}', 'job="a"') == 'up{job="b"}'


def test_unknown_names_and_labels_are_found() -> None:
    """The checks of panels and rules depend on it."""
    assert unknown(QUERY) == []
    assert unknown('ouzel_tolrents + ouzel_torrents{status="x"}') == ["ouzel_tolrents", "ouzel_torrents{status}"]
    assert unknown("sum by (status) (ouzel_torrents)") == ["status"]
    assert unknown("ouzel_ack_seconds") == ["ouzel_ack_seconds"]
