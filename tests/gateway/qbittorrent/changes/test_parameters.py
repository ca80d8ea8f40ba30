"""Values in parameters: limits, tags, trackers, peers and names of categories."""

import pytest

from gateway.qbittorrent.changes.categories import valid
from gateway.qbittorrent.changes.limits import bps, ratio_goal, time_goal_s
from gateway.qbittorrent.changes.tags import tags_in
from gateway.qbittorrent.changes.trackers import peer, trackers_in


@pytest.mark.parametrize(
    ("text", "limit"), [("5", 5), ("0", 0), ("-1", 0), ("x", 0), ("", 0), ("99999999999", 2**31 - 2)]
)
def test_limits_of_rates(text: str, limit: int) -> None:
    """Out of range is clamped."""
    assert bps(text) == limit


@pytest.mark.parametrize(
    ("text", "goal"),
    [("1.5", 1.5), ("-2", "global"), ("-1", "none"), ("-7", "none"), ("x", 0.0), ("nan", 0.0), ("inf", 9999.0)],
)
def test_ratio_limits(text: str, goal: float | str) -> None:
    """As the real program reads them."""
    assert ratio_goal(text) == goal


def test_time_limits_are_minutes() -> None:
    """The daemon refuses an inactive time of 0."""
    assert time_goal_s("10") == 600
    assert time_goal_s("0", 1) == 1
    assert time_goal_s("-2") == "global"
    assert time_goal_s("-9") == "none"
    assert time_goal_s("9999999999") == 525_600 * 60


def test_tags_are_trimmed_and_unique() -> None:
    """Too long ones are left out."""
    assert tags_in(" a, b ,,a," + "x" * 201) == ["a", "b"]


def test_each_empty_line_begins_a_tier() -> None:
    """Also two of them, as in the real program; what is no URL is left out."""
    text = "http://a/ann\n\nhttp://b/ann\r\n\n\nudp://c:1\nfoo\nhttp://a/ann"
    assert trackers_in(text) == [("http://a/ann", 0), ("http://b/ann", 1), ("udp://c:1", 3)]


def test_peers() -> None:
    """Addresses with ports; names are refused."""
    assert peer("1.2.3.4:5") == "1.2.3.4:5"
    assert peer("[2001:db8::1]:5") == "[2001:db8::1]:5"
    for bad in ("1.2.3.4", "1.2.3.4:0", "1.2.3.4:99999", "a.test:5", "", ":"):
        assert peer(bad) is None


@pytest.mark.parametrize(("name", "right"), [("a", True), ("a/b", True), ("a//b", False), ("/a", False), ("a/", False)])
def test_names_of_categories(name: str, right: bool) -> None:
    """Slashes separate subcategories."""
    assert valid(name) is right
    assert not valid(name.replace("a", "a\\"))
