"""Cookies."""

import msgspec
import pytest

from gateway.qbittorrent.app.cookies import Cookie, read


def test_cookies_are_read() -> None:
    """Unknown members are ignored."""
    text = '[{"name": "a", "domain": "d", "path": "/", "value": "v", "expirationDate": 7, "more": 1}]'
    assert read(text) == [Cookie(name="a", domain="d", path="/", value="v", expiration_date=7)]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": 1}]', "x"])
def test_anything_else_is_refused(text: str) -> None:
    """Only a list of objects with members of the right types is accepted."""
    with pytest.raises(msgspec.MsgspecError):
        read(text)
