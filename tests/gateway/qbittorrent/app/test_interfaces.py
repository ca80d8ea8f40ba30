"""Network interfaces."""

from gateway.qbittorrent.app.interfaces import addresses, interfaces


def test_loopback_is_there() -> None:
    """Each machine has a loopback interface."""
    [loopback] = [each.name for each in interfaces() if "127.0.0.1" in addresses(each.name)]
    assert loopback.startswith("lo")
    assert "127.0.0.1" in addresses("")
    assert addresses("no such interface") == []
