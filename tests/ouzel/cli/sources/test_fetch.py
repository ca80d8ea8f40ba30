"""Fetching URLs from a local server."""

import base64
import gzip
import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ouzel.cli.sources import fetch as fetching
from ouzel.cli.sources.fetch import MAX_REDIRECTS, fetch
from ouzel.cli.sources.sources import BadSource

METAINFO = b"d4:infod4:name1:xee"
MAGNET = "magnet:?xt=urn:btih:" + "a" * 40


class Answers(BaseHTTPRequestHandler):
    """Answers by path; unknown paths are 404."""

    paths: list[str] = []
    authorizations: list[str | None] = []

    def do_GET(self) -> None:
        """Sends one answer."""
        path, _, rest = self.path.lstrip("/").partition("/")
        self.paths.append(self.path)
        self.authorizations.append(self.headers["Authorization"])
        match path:
            case "plain":
                self._answer(METAINFO)
            case "zipped":
                self._answer(gzip.compress(METAINFO), {"Content-Encoding": "gzip"})
            case "zipped-file":
                self._answer(gzip.compress(METAINFO))
            case "bomb":
                self._answer(gzip.compress(b"d" * 10_000_000))
            case "broken":
                self._answer(gzip.compress(METAINFO)[:-9])
            case "large":
                self._answer(b"d" * 5000)
            case "short":
                self._answer(METAINFO, {"Content-Length": "5000"})
            case "page":
                self._answer(b"\n<!doctype html><title>Log in</title>")
            case "nothing":
                self._answer(b"")
            case "slow":
                self.send_response(200)
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"d")
                    self.wfile.flush()
                    time.sleep(0.05)
            case "hop":
                left = int(rest)
                self._answer(b"", {"Location": f"/hop/{left - 1}" if left > 1 else "/plain"}, 302)
            case "to":
                self._answer(b"", {"Location": rest}, 301)
            case "nowhere":
                self._answer(b"", {}, 302)
            case "garbage":
                self.wfile.write(b"\x00\x01\n\n")
            case _:
                self._answer(b"", {}, 404)

    def _answer(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


class Quiet(ThreadingHTTPServer):
    """A server that does not log disconnected clients."""

    def handle_error(self, *_: Any) -> None:
        """Reports nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The server's address."""
    with Quiet(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.mark.parametrize(
    "path", ["plain", "zipped", "zipped-file", f"hop/{MAX_REDIRECTS}", "plain/a b/\xfc?k=\xfc&x=%20"]
)
def test_a_torrent_file_is_fetched(server: str, path: str) -> None:
    """Through redirects, with gzip, and with blanks and letters in its URL as in browsers."""
    assert fetch(f"{server}/{path}", max_bytes=1000).content == METAINFO


def test_a_redirect_to_a_magnet_link_is_that_link(server: str) -> None:
    """Indexers answer in this way."""
    assert fetch(f"{server}/to/{MAGNET}", max_bytes=1000).magnet == MAGNET


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("missing", "it answered 404 Not Found"),
        ("large", "more than the 1000 bytes"),
        ("bomb", "more than the 20000 bytes"),
        ("broken", "cannot be unpacked"),
        ("short", "it ended after 19 of 5000 bytes"),
        ("page", "answered with a page"),
        ("nothing", "answered with nothing"),
        ("garbage", ""),
        ("nowhere", "or nowhere"),
        (f"hop/{MAX_REDIRECTS + 1}", f"redirects more than {MAX_REDIRECTS} times"),
        ("to/file:///etc/passwd", "redirects to file:, which is not followed"),
        ("to/ftp://127.0.0.1/x", "redirects to ftp:, which is not followed"),
        ("to/data:text/plain,d4", "redirects to data:, which is not followed"),
        ("to/http://", ""),
    ],
)
def test_what_cannot_be_fetched_says_which_url_and_why(server: str, path: str, why: str) -> None:
    """One sentence, never empty."""
    url = f"{server}/{path}"
    with pytest.raises(BadSource) as caught:
        fetch(url, max_bytes=20_000 if path == "bomb" else 1000)
    assert str(caught.value).startswith(f"cannot fetch {url}: ")
    assert why in str(caught.value)
    assert len(str(caught.value)) > len(f"cannot fetch {url}: ")
    assert caught.value.name == "not_fetched"


def test_a_server_that_sends_a_byte_now_and_then_has_a_limit(server: str) -> None:
    """For the whole download, although each byte is in time."""
    with pytest.raises(BadSource, match=r"longer than 0.3 s"):
        fetch(f"{server}/slow", max_bytes=1000, timeout_s=0.3)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/x", "refused"),
        ("http://", "names no host"),
        ("http://127.0.0.1:99999/", ""),
        ("http://[::1/x", ""),
        ("http://\u2002/", ""),
        ("http://a\x00b/", ""),
    ],
)
def test_a_url_that_leads_to_nobody_is_an_error_in_words(url: str, why: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(BadSource) as caught:
        fetch(url, max_bytes=1000, timeout_s=5)
    assert why in str(caught.value)


def test_who_comes_in_with_a_password_gives_it_to_that_host_alone(server: str) -> None:
    """It is not sent to the host of a redirect."""
    Answers.authorizations.clear()
    fetch(server.replace("//", "//me:a%3Ab@") + "/hop/1", max_bytes=1000)
    assert Answers.authorizations == ["Basic " + base64.b64encode(b"me:a:b").decode(), None]


def test_https_is_verified_and_not_left(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without TLS is refused, and a redirect to http is not followed."""
    with pytest.raises(BadSource, match="cannot fetch https"):
        fetch(server.replace("http:", "https:") + "/plain", max_bytes=1000)
    redirects = fetching._Redirects()
    request = fetching._request("https://example.org/x")
    with pytest.raises(fetching._Refused, match="from https to http"):
        redirects.http_error_302(request, io.BytesIO(), 302, "", {"location": "http://example.org/x"})
