"""The identity."""

import msgspec

from gateway.qbittorrent.app.identity import build_info


def test_no_field_is_empty() -> None:
    """autobrr refuses a server with an empty field."""
    found = msgspec.to_builtins(build_info("2.1.1.0"))
    assert all(found.values())
    assert found["libtorrent"] == "2.1.1.0"
    assert found["bitness"] in (32, 64)
    assert all(msgspec.to_builtins(build_info(None)).values())
