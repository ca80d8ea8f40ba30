"""Addresses of a duplicate that are merged into a record."""

from protocol.wire.desired import ADDRESSES_MAX, DesiredTorrent, TrackerEdits
from supervisor.commands.lifecycle.addresses import merge_addresses

TORRENT = DesiredTorrent(torrent="ab" * 20, source="magnet", save_path="/x", trackers=("udp://given/",))


def test_new_trackers_come_after_the_present_ones() -> None:
    """In their own order, those that the client gave last. No present tracker gets another tier."""
    merged = merge_addresses(
        TORRENT,
        [("udp://a/", 0), ("udp://b/", 3)],
        [("udp://b/", 0), ("udp://c/", 0), ("udp://d/", 1)],
        ["udp://e/", "udp://given/"],
        [],
    )
    assert merged.tracker_edits == TrackerEdits(added=(("udp://c/", 4), ("udp://d/", 5), ("udp://e/", 6)))
    assert merged.trackers == TORRENT.trackers


def test_nothing_new_changes_nothing() -> None:
    """The record is equal, so nothing is written."""
    torrent = merge_addresses(TORRENT, [], [("udp://a/", 0)], [], ["http://seed/"])
    assert merge_addresses(torrent, [], [("udp://a/", 7)], ["udp://given/"], ["http://seed"]) == torrent


def test_what_a_client_has_removed_comes_back() -> None:
    """The merge was requested later."""
    removed = DesiredTorrent(
        torrent="ab" * 20,
        source="magnet",
        save_path="/x",
        tracker_edits=TrackerEdits(removed=("udp://a/",)),
        removed_web_seeds=("http://seed/",),
    )
    merged = merge_addresses(removed, [], [("udp://a/", 0)], [], ["http://seed"])
    assert merged.tracker_edits == TrackerEdits(added=(("udp://a/", 0),))
    assert (merged.web_seeds, merged.removed_web_seeds) == (("http://seed",), ())


def test_the_tiers_and_the_number_are_bounded() -> None:
    """Tiers after the last one become the last one. Beyond the number, none are added."""
    merged = merge_addresses(TORRENT, [("udp://a/", 255)], [("udp://b/", 9)], [], [])
    assert merged.tracker_edits == TrackerEdits(added=(("udp://b/", 255),))
    many = [(f"udp://{number}/", 0) for number in range(ADDRESSES_MAX)]
    assert merge_addresses(TORRENT, [], many, [], [url for url, _ in many] + ["http://x/"]) == TORRENT
