import pytest

from ouzel.cli.display import why
from ouzel.cli.display.units import format_moment
from protocol.wire.peer_rows import TrackerRow, TrackerStatus
from protocol.wire.rows import Hindrance, HindranceCause, TorrentState
from tests.ouzel.samples import ID, detail

NOW_US = 1_795_368_000_000_000
URL = "http://t.example/0123456789abcdef/announce"


@pytest.mark.parametrize("cause", HindranceCause)
def test_every_cause_has_a_remedy(cause: HindranceCause) -> None:
    """Or the text says that nothing has to be done."""
    shown = dict(why.lines(detail(hindrance=Hindrance(cause=cause, message="no room"), stalled_since_us=NOW_US)))
    assert shown["why"] == "it makes no progress: no room"
    assert shown["remedy"]
    assert "{" not in shown["remedy"]
    assert shown["stalled"] == f"since {format_moment(NOW_US)}"


def test_what_moves_has_no_lines() -> None:
    """Neither has a seed."""
    assert why.lines(detail()) == []


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("blocked by SSRF mitigation", "ssrf_mitigation"),
        ("Host not found (authoritative)", "resolve"),
        ("Unregistered torrent", "site again"),
        ("Connection refused", "tracker is up"),
        ("something else", "retried automatically"),
    ],
)
def test_the_remedy_goes_by_what_the_tracker_says(said: str, word: str) -> None:
    """Announces are retried in any case."""
    hindrance = Hindrance(cause=HindranceCause.TRACKERS_FAILING, message=f"no peer is connected: {said}")
    remedy = why.remedy(hindrance, ID, TorrentState.SEEDING)
    assert word in remedy
    assert "retried automatically" in remedy


def test_an_error_of_the_disk_has_to_be_resumed() -> None:
    """Only a torrent that waits for its storage continues by itself."""
    disk = Hindrance(cause=HindranceCause.DISK, message="Permission denied")
    assert "by itself" in why.remedy(disk, ID, TorrentState.MISSING_STORAGE)
    stopped = why.remedy(disk, ID, TorrentState.ERROR)
    assert "by itself" not in stopped
    assert f"`ouzel resume {ID[:8]}`" in stopped


def test_trackers_are_shown_without_keys_and_those_that_fail_first() -> None:
    """With their message, since when they fail, and the time of the next announce."""
    works = TrackerRow(url="udp://u.example:6969", tier=0, status=TrackerStatus.WORKING, seeds=1)
    fails = TrackerRow(
        url=URL,
        tier=1,
        status=TrackerStatus.ERROR,
        message="refused",
        failing_since_us=NOW_US,
        next_announce_us=NOW_US + 60_000_000,
    )
    new = TrackerRow(url="wss://w.example", tier=2, status=TrackerStatus.NOT_CONTACTED)
    since, soon = format_moment(NOW_US), format_moment(NOW_US + 60_000_000)
    assert why.trackers([works, fails, new], NOW_US) == [
        f"error: http://t.example/…/announce, refused, since {since}, asked next {soon}",
        "working: udp://u.example:6969, 1 seed",
        "not contacted: wss://w.example",
    ]
    assert why.trackers([new] * (why.MORE_TRACKERS + 2), NOW_US)[-1] == "and 2 more trackers"
    assert why.trackers([fails], NOW_US + 60_000_000) == [f"error: http://t.example/…/announce, refused, since {since}"]
    assert why.trackers([], NOW_US) == []
