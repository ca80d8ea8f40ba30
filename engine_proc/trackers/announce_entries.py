"""Converts libtorrent's announce entries, as its binding returns them, to values. Pure.

Each endpoint of an entry is a listening address. An endpoint has two sets of figures: the first for v1 info-hashes, the
second for v2. Unknown figures and times are negative.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine_proc.session.peer_sources import TrackerState
from protocol.internal.link_queries import TrackerReading

TRACKER_SAYS_MAX: Final = 500
"""The maximum length of a tracker's message, which is untrusted."""

_SECOND_US: Final = 1_000_000


def state(entry: Mapping[str, Any]) -> TrackerState:
    """The state of one tracker: the next announce on any leg, and the largest figures of all legs."""
    numbers = [each for _, each in _legs(entry)]
    planned = [each["next_announce"] for each in numbers if each["next_announce"] > 0]
    reading = TrackerReading(
        entry["url"],
        int(entry["tier"]),
        updating=any(each["updating"] for each in numbers),
        next_announce_us=min(planned) * _SECOND_US if planned else None,
        seeds=_largest(each["scrape_complete"] for each in numbers),
        leeches=_largest(each["scrape_incomplete"] for each in numbers),
        downloads=_largest(each["scrape_downloaded"] for each in numbers),
        message=next((each["message"] for each in numbers if each["message"]), "")[:TRACKER_SAYS_MAX],
    )
    return TrackerState(reading, [leg for leg, _ in _legs(entry)])


def _legs(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The legs of an entry: their names, as from `leg_of`, and their state."""
    for endpoint in entry["endpoints"]:
        address, port = endpoint["local_address"]
        for version, numbers in enumerate(endpoint["info_hashes"], start=1):
            yield leg(address, port, version), numbers


def leg(address: str, port: int, version: int) -> str:
    """The name of a leg: its local endpoint, and its info-hash version (1 or 2)."""
    return f"{address} {port} v{version}"


def _largest(numbers: Iterator[int]) -> int | None:
    return max((number for number in numbers if number >= 0), default=None)
