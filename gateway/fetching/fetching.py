"""Fetches a .torrent file from a URL that a client gave.

A name may lead to addresses that are not public. So each hop resolves its name once, checks all addresses, and connects
to one of the checked addresses. A proxy would resolve names itself, so the proxies of the environment are not used.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import h11

from gateway.fetching.addresses import public
from ouzel.cli.sources.fetch import Fetched, ascii_url, unpacked
from ouzel.cli.sources.sources import BadSource

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_REDIRECTS: Final = 5
TIMEOUT_S: Final = 30.0
"""The time limit of a download, including all redirects."""
CHUNK: Final = 64 * 1024
MAX_LOOKUPS: Final = 64
"""The maximum number of names that are resolved at the same time."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final = {"http": 80, "https": 443}
_LOOKUPS: Final = threading.BoundedSemaphore(MAX_LOOKUPS)


class NotFetched(Exception):
    """The URL cannot be fetched. The text has the cause."""


@dataclass(frozen=True)
class Hop:
    """The response to one request: a body, or the target of a redirect."""

    body: bytes = b""
    location: str | None = None


async def fetch(url: str, *, allow_private: bool = False, cookie: str = "", referer: str = "") -> Fetched:
    """Fetches a URL, and follows redirects.

    Args:
        allow_private: whether addresses that are not public are allowed.
        cookie: the value of the header `Cookie`. After a redirect to another origin, the header is not sent.
        referer: the value of the header `Referer`.

    Returns:
        The bytes, or the magnet link that the URL redirects to.

    Raises:
        NotFetched: the URL is not allowed, or the download failed or took too long.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _follow(url, allow_private, cookie, referer)
    except TimeoutError:
        raise NotFetched(f"it took longer than {TIMEOUT_S:g} s") from None
    except (OSError, ValueError, h11.ProtocolError, BadSource) as error:
        raise NotFetched(str(error) or type(error).__name__) from error


async def _follow(url: str, allow_private: bool, cookie: str, referer: str) -> Fetched:
    origin = _origin(urlsplit(url))
    for _ in range(MAX_REDIRECTS + 1):
        parts = urlsplit(url)
        headers = [("Referer", referer)] if referer else []
        if _origin(parts) == origin:
            headers += [("Cookie", cookie)] if cookie else []
            headers += _authorization(parts)
        hop = await _hop(parts, headers, allow_private)
        if hop.location is None:
            return Fetched(unpacked(url, hop.body, MAX_BYTES))
        target = urljoin(url, hop.location)
        if target[:8].lower() == "magnet:?":
            return Fetched(b"", target)
        if parts.scheme == "https" and urlsplit(target).scheme != "https":
            raise NotFetched("it redirects from https to something else")
        url = target
    raise NotFetched(f"it redirects more than {MAX_REDIRECTS} times")


async def _hop(parts: SplitResult, headers: list[tuple[str, str]], allow_private: bool) -> Hop:
    if parts.scheme not in _PORTS or not parts.hostname:
        raise NotFetched("only http and https are fetched")
    url = urlsplit(ascii_url(parts.geturl()))
    assert url.hostname is not None
    host, port = url.hostname, url.port or _PORTS[url.scheme]
    address = await _resolve(host, port, allow_private)
    async with _connected(address, port, host if url.scheme == "https" else None) as (reader, writer):
        request = h11.Request(
            method="GET",
            target=f"{url.path or '/'}{'?' + url.query if url.query else ''}",
            headers=[
                ("Host", url.netloc.rpartition("@")[2]),
                ("User-Agent", "ouzel"),
                ("Accept-Encoding", "gzip"),
                ("Connection", "close"),
                *headers,
            ],
        )
        connection = h11.Connection(h11.CLIENT)
        writer.write(connection.send(request) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return await _response(connection, reader)


async def _response(connection: h11.Connection, reader: asyncio.StreamReader) -> Hop:
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            if event.status_code in _REDIRECTS:
                location = dict(event.headers).get(b"location", b"").decode("utf-8", "replace").strip()
                if not location:
                    raise NotFetched("it redirects nowhere")
                return Hop(location=location)
            if event.status_code != 200:
                raise NotFetched(f"it answered {event.status_code}")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BYTES:
                raise NotFetched(f"it has more than {MAX_BYTES} bytes")
        elif isinstance(event, h11.EndOfMessage):
            return Hop(bytes(body))
        elif isinstance(event, h11.ConnectionClosed):
            raise NotFetched("the connection was closed")


async def _resolve(host: str, port: int, allow_private: bool) -> str:
    """Resolves a name, and returns one of its addresses. Refuses the name if one of its addresses is not allowed."""
    addresses = [str(each[4][0]) for each in await _looked_up(host, port)]
    if not addresses:
        raise NotFetched(f"{host} has no address")
    if not allow_private and not all(map(public, addresses)):
        raise NotFetched(f"{host} has an address that is not public")
    return addresses[0]


async def _looked_up(host: str, port: int) -> list[Any]:
    """Calls `getaddrinfo` in a separate thread. The call may take minutes, and nobody can end it.

    The loop's executor has few threads. Calls of this length in the executor would delay the store and the passwords.
    """
    if not _LOOKUPS.acquire(blocking=False):
        raise NotFetched("too many names are being resolved")
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[list[Any]] = loop.create_future()

    def finish(found: list[Any], error: Exception | None) -> None:
        if not outcome.done():
            outcome.set_result(found) if error is None else outcome.set_exception(error)

    def look_up() -> None:
        found: list[Any] = []
        problem = None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            problem = error
        finally:
            _LOOKUPS.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, found, problem)

    threading.Thread(target=look_up, name="look up", daemon=True).start()
    return await outcome


@asynccontextmanager
async def _connected(
    address: str, port: int, tls_name: str | None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    context = None if tls_name is None else ssl.create_default_context()
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=tls_name)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port


def _authorization(parts: SplitResult) -> list[tuple[str, str]]:
    """Returns the header for the credentials in a URL."""
    user, at, _ = parts.netloc.rpartition("@")
    return [("Authorization", f"Basic {base64.b64encode(unquote(user).encode()).decode()}")] if at else []
