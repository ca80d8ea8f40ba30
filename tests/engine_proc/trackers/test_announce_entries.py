from typing import Any

from engine_proc.session.peer_sources import TrackerState
from engine_proc.trackers.announce_entries import leg, state
from protocol.internal.link_queries import TrackerReading

NEVER = -2147483647


def numbers(**given: Any) -> dict[str, Any]:
    """The figures of one leg, as the binding returns them while nothing is known."""
    unknown = {"scrape_complete": -1, "scrape_incomplete": -1, "scrape_downloaded": -1}
    return {"next_announce": NEVER, "updating": False, "message": "", **unknown, **given}


def entry(*endpoints: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """One announce entry."""
    made = [{"local_address": (address, 6881), "info_hashes": legs} for address, legs in endpoints]
    return {"url": "http://t.example/announce", "tier": 2, "endpoints": made}


def test_a_tracker_that_was_never_asked_has_no_numbers() -> None:
    """Neither has a tracker whose legs are all unknown."""
    assert state(entry()) == TrackerState(TrackerReading("http://t.example/announce", 2), [])
    found = state(entry(("::1", [numbers(), numbers()])))
    assert found.reading == TrackerReading("http://t.example/announce", 2)
    assert found.legs == [leg("::1", 6881, 1), leg("::1", 6881, 2)]


def test_the_next_announce_is_the_earliest_and_numbers_are_the_largest() -> None:
    """Of all legs."""
    first = numbers(next_announce=1_800_000_100, scrape_complete=3, scrape_incomplete=0)
    second = numbers(next_announce=1_800_000_000, scrape_complete=5, updating=True, message="be gentle")
    found = state(entry(("192.0.2.1", [first, numbers()]), ("::1", [second, numbers()])))
    assert found.reading == TrackerReading(
        "http://t.example/announce",
        2,
        updating=True,
        next_announce_us=1_800_000_000_000_000,
        seeds=5,
        leeches=0,
        downloads=None,
        message="be gentle",
    )
