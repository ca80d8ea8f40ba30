"""The revision of a minute ago."""

from gateway.transmission.recency import Recency


def test_the_revision_is_older_than_a_minute() -> None:
    """The revision is older than a minute."""
    recency = Recency()
    assert recency.revision(5, 100.0) == 0
    assert recency.revision(7, 150.0) == 0
    assert recency.revision(9, 160.0) == 5
    assert recency.revision(11, 209.9) == 5
    assert recency.revision(11, 210.0) == 7
