"""The arguments of `ouzel add`."""

import pytest

from ouzel.cli.sources.sources import BadSource, Local, Magnet, Source, StandardInput, Url, of_argument, of_content
from tests.ouzel.samples import ID

V2 = "0C" * 32
LINK = f"magnet:?xt=urn:btih:{ID}&dn=A%20B"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (LINK, Magnet(LINK)),
        (f"\n  {LINK}\t\n", Magnet(LINK)),
        (f"MAGNET:?xt=URN:BTIH:{ID.upper()}&dn=URN:BTIH:", Magnet(f"magnet:?xt=urn:btih:{ID.upper()}&dn=urn:btih:")),
        (f" {ID.upper()} ", Magnet(f"magnet:?xt=urn:btih:{ID}")),
        ("VKVKVKVKVKVKVKVKVKVKVKVKVKVKVKVK", Magnet(f"magnet:?xt=urn:btih:{ID}")),
        ("vkvkvkvkvkvkvkvkvkvkvkvkvkvkvkvk", Magnet(f"magnet:?xt=urn:btih:{ID}")),
        (V2, Magnet(f"magnet:?xt=urn:btmh:1220{V2.lower()}")),
        ("HTTPS://example.org/a b.torrent", Url("HTTPS://example.org/a b.torrent")),
        ("file:///home/me/a%20b.torrent", Local("/home/me/a b.torrent")),
        ("file://localhost/x", Local("/x")),
        ("-", StandardInput()),
        (" a.torrent", Local(" a.torrent")),
        (f"./{ID}", Local(f"./{ID}")),
        (ID[:39], Local(ID[:39])),
        ("magnets", Local("magnets")),
    ],
)
def test_the_form_of_a_word_decides(text: str, source: Source) -> None:
    """Whatever blanks are around it."""
    assert of_argument(text) == [source]


def test_lines_of_links_are_several() -> None:
    """The shell may pass them as one argument."""
    assert of_argument(f"{LINK}\n\n{ID}\n") == [Magnet(LINK), Magnet(f"magnet:?xt=urn:btih:{ID}")]


@pytest.mark.parametrize(
    "text", ["", " \n", "ftp://example.org/x", "udp://a:1", "file://host/x", "file://", f"{LINK}\nx.torrent"]
)
def test_what_is_nothing_to_add_is_refused(text: str) -> None:
    """With a message."""
    with pytest.raises(BadSource) as caught:
        of_argument(text)
    assert str(caught.value)
    assert caught.value.name == "usage"


def test_contents_are_metainfo_or_lines() -> None:
    """Comments, empty lines and byte order marks are accepted; anything else is left to the daemon."""
    assert of_content(b"d4:infode") == b"d4:infode"
    assert of_content(f"\ufeff# mine\r\n{LINK}\r\n\r\n{ID}\nhttp://a/b".encode()) == [
        Magnet(LINK),
        Magnet(f"magnet:?xt=urn:btih:{ID}"),
        Url("http://a/b"),
    ]
    for content in (b"not a torrent", b"\xff\xfe", b"<html>", b"# only this", b"x.torrent\n"):
        assert of_content(content) == content
    for content in (b"", b" \n", f"{LINK}\n/etc/passwd".encode(), f"{LINK}\nfile:///etc/passwd".encode()):
        with pytest.raises(BadSource):
            of_content(content)
