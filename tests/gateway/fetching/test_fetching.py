"""Fetching from servers on loopback, with and without the permission to do so."""

import asyncio
import contextlib
import gzip
import socket
import threading
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.fetching import fetching
from gateway.fetching.fetching import NotFetched, fetch

TORRENT = b"d4:infod4:name1:aee"


class Site:
    """A server that gives the prepared answer for each path, and keeps the requests."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers
        self.requests: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request. A client may also leave without one."""
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            writer.write(self.answers[head.split()[1]])

    async def fetch(self, path: str, **options: Any) -> bytes | str:
        """Serves, and fetches a path. Returns the bytes or the magnet link."""
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(await asyncio.start_server(self.serve, "127.0.0.1", 0))
            port = server.sockets[0].getsockname()[1]
            found = await fetch(f"http://127.0.0.1:{port}{path}", **{"allow_private": True, **options})
            return found.magnet or found.content


def ok(body: bytes, *headers: str) -> bytes:
    """A response with a body."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(location: str) -> bytes:
    """A redirect."""
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_file_is_fetched_with_cookie_and_referer() -> None:
    """Compressed or not."""
    site = Site({"/a?b=c": ok(TORRENT), "/z": ok(gzip.compress(TORRENT), "Content-Encoding: gzip")})
    assert asyncio.run(site.fetch("/a?b=c", cookie="uid=1; pass=2", referer="http://r.test/")) == TORRENT
    assert "cookie: uid=1; pass=2" in site.requests[0].lower()
    assert "referer: http://r.test/" in site.requests[0].lower()
    assert asyncio.run(site.fetch("/z")) == TORRENT


def test_redirects_are_followed_five_times() -> None:
    """One may lead to a magnet link."""
    hops = {f"/{each}": redirect(f"/{each + 1}") for each in range(6)}
    assert asyncio.run(Site({**hops, "/5": ok(TORRENT)}).fetch("/0")) == TORRENT
    with pytest.raises(NotFetched, match="more than 5"):
        asyncio.run(Site({**hops, "/6": ok(TORRENT)}).fetch("/0"))
    assert asyncio.run(Site({"/": redirect("magnet:?xt=urn:btih:1")}).fetch("/")) == "magnet:?xt=urn:btih:1"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.test/", "gopher://a.test/"])
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    """Only http and https."""
    with pytest.raises(NotFetched, match="only http"):
        asyncio.run(Site({"/": redirect(target)}).fetch("/"))


@pytest.mark.parametrize(
    "answer", [ok(b"<html>"), ok(b""), b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n", b""]
)
def test_what_is_no_file_is_refused(answer: bytes) -> None:
    """A page, nothing, an error, and what is not HTTP."""
    with pytest.raises(NotFetched):
        asyncio.run(Site({"/": answer}).fetch("/"))


def test_a_body_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is limited whatever the header says."""
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    with pytest.raises(NotFetched, match="more than 1000"):
        asyncio.run(Site({"/": b"HTTP/1.0 200 OK\r\n\r\n" + b"d" * 2000}).fetch("/"))


def test_the_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never answers."""
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotFetched, match="longer than"):
        asyncio.run(fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", allow_private=True))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://2130706433/", "http://[::1]/", "http://0/", "http://[::ffff:127.0.0.1]/"]
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    """In every way to write it."""
    with pytest.raises(NotFetched, match="not public"):
        asyncio.run(fetch(url))


def test_each_redirect_is_checked_and_the_checked_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once a hop; if any of its addresses is not public, it is refused."""
    asked: list[str] = []

    async def resolve(host: str, port: int, allow_private: bool) -> str:
        asked.append(host)
        if host == "evil.test":
            return await real(" 127.0.0.1".strip(), port, allow_private)
        return "127.0.0.1"

    real = fetching._resolve
    monkeypatch.setattr(fetching, "_resolve", resolve)
    site = Site({"/": redirect("http://evil.test/")})
    with pytest.raises(NotFetched, match="not public"):
        asyncio.run(site.fetch("/", allow_private=False, cookie="secret=1"))
    assert asked == ["127.0.0.1", "evil.test"]


def test_another_origin_gets_no_cookie() -> None:
    """Only the origin of the first URL does."""

    async def play() -> Site:
        other = Site({"/": ok(TORRENT)})
        async with await asyncio.start_server(other.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await Site({"/": redirect(f"http://127.0.0.1:{port}/")}).fetch("/", cookie="secret=1")
        return other

    assert "secret" not in asyncio.run(play()).requests[0]


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nb"])
def test_header_values_cannot_add_headers(text: str) -> None:
    """Line breaks in the cookie are refused."""
    with pytest.raises(NotFetched):
        asyncio.run(Site({"/": ok(TORRENT)}).fetch("/", cookie=text))


def test_names_that_take_long_to_resolve_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's threads stay free, a lookup that is given up ends in silence, and the number of lookups is limited."""
    answer = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        answer.wait(10)
        return []

    async def test() -> list[object]:
        async with asyncio.timeout(5):
            running = [asyncio.create_task(fetch(f"http://{n}.test/")) for n in range(fetching.MAX_LOOKUPS)]
            await asyncio.sleep(0)
            await asyncio.to_thread(int)
            with pytest.raises(NotFetched, match="too many"):
                await fetch("http://more.test/")
            running[0].cancel()
            answer.set()
            return list(await asyncio.gather(*running, return_exceptions=True))

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    cancelled, *others = asyncio.run(test())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert all(isinstance(each, NotFetched) for each in others)
