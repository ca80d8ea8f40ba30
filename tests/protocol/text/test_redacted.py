import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.text.redacted import redacted, redacted_text

KEY = "0123456789abcdef0123456789abcdef"

URLS = {
    "http://t.example/announce": "http://t.example/announce",
    "udp://t.example:6969/announce": "udp://t.example:6969/announce",
    "udp://t.example:80": "udp://t.example:80",
    f"https://t.example/announce/{KEY}": "https://t.example/announce/…",
    f"https://t.example/{KEY}/announce": "https://t.example/…/announce",
    f"http://t.example:2710/{KEY}/announce": "http://t.example:2710/…/announce",
    f"http://t.example/announce.php?passkey={KEY}": "http://t.example/announce.php?…",
    f"http://t.example/tracker.php/{KEY}/announce": "http://t.example/tracker.php/…/announce",
    f"http://t.example/announce?uid=7&{KEY}": "http://t.example/announce?…",
    f"http://t.example/announce#{KEY}": "http://t.example/announce?…",
    f"http://t.example/announce;{KEY}": "http://t.example/…",
    f"http://user:{KEY}@t.example/announce": "http://…@t.example/announce",
    f"http://{KEY}@[2001:db8::1]:80/announce": "http://…@[2001:db8::1]:80/announce",
    f"udp://t.example:6969/announce/{KEY}/x": "udp://t.example:6969/announce/…/…",
    f"wss://t.example/{KEY}": "wss://t.example/…",
    f"http://t.example:port/{KEY}": "…",
    f"http://[bad/{KEY}": "…",
    KEY: "…",
    "": "…",
}


@pytest.mark.parametrize("url", URLS)
def test_what_may_be_secret_in_a_url_is_not_shown(url: str) -> None:
    """Host and port are shown, and the usual words of trackers."""
    assert redacted(url) == URLS[url]


def test_urls_in_a_text_are_redacted() -> None:
    """Also in a magnet link, where they may be encoded."""
    magnet = f"magnet:?xt=urn:btih:{'a' * 40}&tr=http%3A%2F%2Ft.example%2F{KEY}%2Fannounce&dn=x&tr.1=udp://t/{KEY}"
    assert redacted_text(f"cannot reach 'https://t.example/{KEY}/announce' for {magnet}") == (
        f"cannot reach 'https://t.example/…/announce' for magnet:?xt=urn:btih:{'a' * 40}&tr=…&dn=x&tr.1=…"
    )
    assert redacted_text("no secret here: 12:30 /srv/torrents") == "no secret here: 12:30 /srv/torrents"


@given(
    st.sampled_from(["/announce/{}", "/{}/announce", "/announce?passkey={}", "/announce?a=b&{}", "/a/{}/b?c", "/#{}"]),
    st.from_regex(re.compile(r"[A-Za-z0-9_\-.~%]{12,40}"), fullmatch=True).filter(lambda key: key.count(".") < 3),
)
def test_no_key_is_shown(path: str, key: str) -> None:
    """Wherever it is after the host."""
    assert key not in redacted("http://t.example:80" + path.format(key))
    assert key not in redacted_text(f"GET http://t.example:80{path.format(key)} failed")
