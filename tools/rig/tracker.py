"""A small real tracker on loopback, by UDP (BEP 15) and HTTP (BEP 3). It records announces, and returns no peers."""

import ssl
import struct
import threading
import time
from collections.abc import Collection
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, UDPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from tools.rig import bencode

INTERVAL_S: Final = 1800
"""The announce interval in replies."""

_CONNECT: Final = 0
_ANNOUNCE: Final = 1
_MAGIC: Final = 0x41727101980
_CONNECTION: Final = 0x0123456789ABCDEF
_CONNECT_REQUEST: Final = struct.Struct("!QII")
_ANNOUNCE_REQUEST: Final = struct.Struct("!QII20s20sQQQIIIiH")


class AnnounceEvent(Enum):
    """The events of announces, with the numbers of BEP 15."""

    NONE = "none"
    COMPLETED = "completed"
    STARTED = "started"
    STOPPED = "stopped"


class Announce(NamedTuple):
    """One announce: monotonic time in seconds, the torrent's id (v1), the event, and the bytes left to download.

    `agent` is the User-Agent of an announce by HTTP. `source` is the address that an announce came from.
    """

    at: float
    torrent: str
    event: AnnounceEvent
    left: int
    agent: str = ""
    source: str = ""


class Tracker:
    """Serves both protocols until it is closed.

    Args:
        tls: a context for TLS. If it is given, the tracker serves HTTPS instead of HTTP.

    Fields:
        announces: all announces so far, in the order of arrival. Entries are only appended.
        http: the announce URL for HTTP, or for HTTPS with `tls`.
        udp: the announce URL for UDP.
        refusal: if a test sets this message, the tracker refuses announces by HTTP with it.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.announces: list[Announce] = []
        self.refusal: str | None = None
        take = self.announces.append

        class Http(_HttpHandler):
            heard = staticmethod(take)
            refusal = staticmethod(lambda: self.refusal)

        class Udp(_UdpHandler):
            heard = staticmethod(take)

        self._servers = [_HttpServer(("127.0.0.1", 0), Http), _UdpServer(("127.0.0.1", 0), Udp)]
        if tls is not None:
            # The handshake is left to the threads of the connections.
            plain = self._servers[0].socket
            self._servers[0].socket = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        http, udp = (server.server_address[1] for server in self._servers)
        self.http = f"{'http' if tls is None else 'https'}://127.0.0.1:{http}/announce"
        self.udp = f"udp://127.0.0.1:{udp}/announce"
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), name="tracker", daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops serving."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()

    def told(self, *events: AnnounceEvent) -> list[Announce]:
        """The announces with one of these events so far."""
        return [announce for announce in self.announces.copy() if announce.event in events]


def busiest_second(announces: Collection[Announce]) -> int:
    """The maximum number of announces within any period of one second."""
    times = sorted(announce.at for announce in announces)
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


class _HttpServer(ThreadingHTTPServer):
    request_queue_size = 1000
    daemon_threads = True


class _UdpServer(UDPServer):
    max_packet_size = 2048


class _HttpHandler(BaseHTTPRequestHandler):
    heard: Any
    refusal: Any

    def do_GET(self) -> None:  # the base class requires this name
        now = time.monotonic()
        asked = dict(parse_qsl(urlsplit(self.path).query, encoding="latin-1"))
        if urlsplit(self.path).path == "/scrape":
            counts: bencode.Bencodable = {b"complete": 7, b"incomplete": 1, b"downloaded": 0}
            self._reply({b"files": {asked["info_hash"].encode("latin-1"): counts}})
            return
        event = AnnounceEvent(asked.get("event", "none") or "none")
        agent = self.headers.get("User-Agent", "")
        torrent, source = asked["info_hash"].encode("latin-1").hex(), self.client_address[0]
        self.heard(Announce(now, torrent, event, int(asked["left"]), agent, source))
        said: dict[bytes, bencode.Bencodable] = {b"interval": INTERVAL_S, b"complete": 7, b"incomplete": 1}
        said[b"peers"] = b""
        if (refusal := self.refusal()) is not None:
            said = {b"failure reason": refusal.encode(errors="surrogateescape")}
        self._reply(said)

    def _reply(self, said: dict[bytes, bencode.Bencodable]) -> None:
        body = bencode.encode(said)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
        """Suppresses the log."""


class _UdpHandler(BaseRequestHandler):
    heard: Any

    def handle(self) -> None:
        now = time.monotonic()
        packet, socket = self.request
        if len(packet) == _CONNECT_REQUEST.size:
            magic, action, transaction = _CONNECT_REQUEST.unpack(packet)
            if (magic, action) == (_MAGIC, _CONNECT):
                socket.sendto(struct.pack("!IIQ", _CONNECT, transaction, _CONNECTION), self.client_address)
        elif len(packet) >= _ANNOUNCE_REQUEST.size:
            fields = _ANNOUNCE_REQUEST.unpack_from(packet)
            connection, action, transaction, info_hash, _, _, left, _, event = fields[:9]
            if (connection, action) == (_CONNECTION, _ANNOUNCE):
                source = self.client_address[0]
                self.heard(Announce(now, info_hash.hex(), list(AnnounceEvent)[event], left, source=source))
                socket.sendto(struct.pack("!IIIII", _ANNOUNCE, transaction, INTERVAL_S, 0, 0), self.client_address)
