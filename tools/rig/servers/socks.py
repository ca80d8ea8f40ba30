"""A small real SOCKS5 proxy on loopback (RFC 1928), with user and password (RFC 1929), for TCP and UDP.

The proxy connects from an address of its own. So a server can distinguish its connections from direct connections.
"""

import select
import socket
import struct
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

OUTSIDE: Final = "127.0.0.9"
"""The source address of the proxy's connections and packets."""

_VERSION: Final = 5
_BY_PASSWORD: Final = 2
_NO_METHOD: Final = 0xFF
_CONNECT: Final = 1
_ASSOCIATE: Final = 3
_IPV4: Final = 1
_NAME: Final = 3
_CHUNK: Final = 65536
_END_S: Final = 0.1


class Request(NamedTuple):
    """A client's request: the protocol, `tcp` or `udp`, and the `address:port` of the destination."""

    protocol: str
    endpoint: str


class SocksProxy:
    """Serves clients until it is closed.

    Args:
        username, password: what clients must authenticate with.

    Fields:
        port: the port on which the proxy listens, on 127.0.0.1.
        requests: the destinations so far, of TCP connections and of UDP packets. Entries are only appended.
        refused: for each refused authentication the user name that was sent.
    """

    def __init__(self, username: str, password: str) -> None:
        self.requests: list[Request] = []
        self.refused: list[str] = []
        closing = threading.Event()

        class Handler(_Handler):
            wanted = (username, password)
            requested = staticmethod(self.requests.append)
            denied = staticmethod(self.refused.append)
            ends = closing

        self._closing = closing
        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="socks", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that end early."""


class _Handler(StreamRequestHandler):
    rbufsize = 0  # what follows a request is relayed, and must not be read ahead
    wanted: tuple[str, str]
    requested: Any
    denied: Any
    ends: threading.Event

    def handle(self) -> None:
        if not self._authenticated():
            return
        _, command, _ = self._read(3)
        destination = self._destination()
        if command == _CONNECT:
            self.requested(Request("tcp", "{}:{}".format(*destination)))
            with socket.create_connection(destination, timeout=10, source_address=(OUTSIDE, 0)) as remote:
                self._grant(remote.getsockname())
                self._relay(remote)
        elif command == _ASSOCIATE:
            with _udp("127.0.0.1") as inside, _udp(OUTSIDE) as outside:
                self._grant(inside.getsockname())
                self._relay_packets(inside, outside)

    def _authenticated(self) -> bool:
        version, count = self._read(2)
        if version != _VERSION or _BY_PASSWORD not in self._read(count):
            self.wfile.write(bytes((_VERSION, _NO_METHOD)))
            return False
        self.wfile.write(bytes((_VERSION, _BY_PASSWORD)))
        self._read(1)
        sent = self._text(), self._text()
        good = sent == self.wanted
        if not good:
            self.denied(sent[0])
        self.wfile.write(bytes((1, not good)))
        return good

    def _destination(self) -> tuple[str, int]:
        [kind] = self._read(1)
        host = self._text() if kind == _NAME else socket.inet_ntoa(self._read(4))
        return host, int.from_bytes(self._read(2), "big")

    def _grant(self, bound: tuple[str, int]) -> None:
        self.wfile.write(bytes((_VERSION, 0, 0, _IPV4)) + socket.inet_aton(bound[0]) + struct.pack("!H", bound[1]))

    def _relay(self, remote: socket.socket) -> None:
        other = {self.connection: remote, remote: self.connection}
        while not self.ends.is_set():
            for source in select.select(list(other), [], [], _END_S)[0]:
                content = source.recv(_CHUNK)
                if not content:
                    return
                other[source].sendall(content)

    def _relay_packets(self, inside: socket.socket, outside: socket.socket) -> None:
        """Relays until the client closes its connection, as in RFC 1928."""
        client: Any = None
        while not self.ends.is_set():
            for source in select.select([inside, outside, self.connection], [], [], _END_S)[0]:
                if source is self.connection:
                    if not source.recv(_CHUNK):
                        return
                elif source is inside:
                    packet, client = inside.recvfrom(_CHUNK)
                    if packet[3] == _NAME:
                        end = 5 + packet[4]
                        host = packet[5:end].decode()
                    else:
                        end = 8
                        host = socket.inet_ntoa(packet[4:end])
                    [port] = struct.unpack_from("!H", packet, end)
                    self.requested(Request("udp", f"{host}:{port}"))
                    outside.sendto(packet[end + 2 :], (host, port))
                else:
                    packet, (host, port) = outside.recvfrom(_CHUNK)
                    head = struct.pack("!HBB4sH", 0, 0, _IPV4, socket.inet_aton(host), port)
                    inside.sendto(head + packet, client)

    def _text(self) -> str:
        [length] = self._read(1)
        return self._read(length).decode()

    def _read(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            more = self.rfile.read(count - len(content))
            if not more:
                raise EOFError
            content += more
        return content


def _udp(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    return made
