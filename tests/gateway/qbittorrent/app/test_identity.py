"""The identity."""

import msgspec

from gateway.qbittorrent.app.identity import build_info


def test_no_field_is_empty() -> None:
    """autobrr refuses a server with an empty field."""
    for libtorrent in (None, "2.1.1.0"):
        found = msgspec.to_builtins(build_info(libtorrent))
        assert all(found.values())
    assert found["libtorrent"] == "2.1.1.0"
    assert found["bitness"] in (32, 64)
