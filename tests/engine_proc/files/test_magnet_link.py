"""How magnet links are parsed before libtorrent gets them, and that libtorrent can handle the rest."""

from typing import Any
from urllib.parse import quote_from_bytes

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_proc.files import magnet_link

lt: Any = libtorrent
LINK = "magnet:?xt=urn:btih:" + "ab" * 20


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("été".encode("cp1252"), "été"),
        ("Größenwahn".encode("cp1252"), "Größenwahn"),
        ("Привет, мир".encode("cp1251"), "Привет, мир"),
        ("Ёлки и палки.mkv".encode("cp1251"), "Ёлки и палки.mkv"),
        ("电影天堂".encode("gbk"), "电影天堂"),
        ("电影天堂 [2020].mkv".encode("gbk"), "电影天堂 [2020].mkv"),
        ("naïve".encode(), "naïve"),
        (b"\x81", "\x81"),
    ],
)
def test_a_name_is_readable_in_the_encodings_that_links_are_in(raw: bytes, text: str) -> None:
    """Each encoding is recognized by its bytes."""
    assert magnet_link.readable(raw) == text
    link = magnet_link.read(f"{LINK}&dn={quote_from_bytes(raw)}&tr=http%3A%2F%2Fa%2F")
    params = lt.parse_magnet_uri(link.uri)
    assert (link.name or params.name) == text
    assert params.trackers == ["http://a/"]


@given(st.binary(max_size=40), st.binary(max_size=20))
def test_no_bytes_of_a_name_or_a_url_are_too_much_for_the_binding(name: bytes, path: bytes) -> None:
    """Whatever the bytes are, all of the link can be read back."""
    link = magnet_link.read(f"{LINK}&dn={quote_from_bytes(name)}&tr=http%3A%2F%2Fa%2F{quote_from_bytes(path)}")
    params = lt.parse_magnet_uri(link.uri)
    assert isinstance(link.name or params.name, str)
    assert isinstance(params.trackers, list)


def test_bytes_of_a_url_that_are_not_utf_8_are_percent_encoded() -> None:
    """A URL may contain any bytes, escaped."""
    link = magnet_link.read(f"{LINK}&tr=http%3A%2F%2Fa%2F%E9%3Fx%3D1&ws=http%3A%2F%2Fb%2F%FF")
    params = lt.parse_magnet_uri(link.uri)
    assert params.trackers == ["http://a/%E9?x=1"]
    assert params.url_seeds == ["http://b/%FF"]


@pytest.mark.parametrize(
    ("so", "only"),
    [
        ("0,2", "0,2"),
        ("0,2,4,6-8", "0,2,4,6-8"),
        ("7,6,5-6", "5-7"),
        ("0-2147483647", "0-2147483647"),
        ("0-99999999999999999999", "0-2147483647"),
        ("99999999999999999999", None),
        ("1,a,2,3-,-4,5-3,,", "1-2"),
        ("%30%2C2", "0,2"),
        ("٣", None),
        ("", None),
        ("a", None),
    ],
)
def test_the_files_that_a_link_selects(so: str, only: str | None) -> None:
    """Invalid indices are ignored, and libtorrent does not get the selection."""
    link = magnet_link.read(f"{LINK}&so={so}")
    assert link.only == only
    assert lt.parse_magnet_uri(link.uri).file_priorities == []


def test_several_selections_are_taken_together() -> None:
    """The result is in ascending order, whatever the order was."""
    assert magnet_link.read(f"{LINK}&so=0&dn=x&so=3").only == "0,3"


def test_a_link_that_says_nothing_special_is_left_as_it_is() -> None:
    """To the byte."""
    link = f"{LINK}&dn=a+b%20c&tr=udp://t:1&tr.1=http%3A%2F%2Fa%2F&x.pe=127.0.0.1:1&ws=http://b/"
    assert magnet_link.read(link) == (link, None, None)
    assert magnet_link.read("no link at all") == ("no link at all", None, None)
