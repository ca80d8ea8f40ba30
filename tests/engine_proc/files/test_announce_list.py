"""The trackers of a .torrent file."""

from engine_proc.files.announce_list import members


def test_tiers_are_in_order_and_never_empty() -> None:
    """Within a tier, trackers keep their order."""
    assert members([]) == {}
    assert members([("udp://a", 9)]) == {b"announce": b"udp://a"}
    assert members([("udp://c", 7), ("udp://a", 2), ("udp://b", 2)]) == {
        b"announce": b"udp://a",
        b"announce-list": [[b"udp://a", b"udp://b"], [b"udp://c"]],
    }
