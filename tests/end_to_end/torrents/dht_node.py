"""A small real DHT node on loopback (BEP 5) that knows at most one other node, and records requests for peers."""

import socket
import threading
from socketserver import BaseRequestHandler, UDPServer
from types import TracebackType
from typing import Any, Final, Self

from tools.rig import bencode

_ID: Final = b"a node of tests at rig"[:20]
_OTHER_ID: Final = b"another node at a rig"[:20]


class DhtNode:
    """Answers `ping`, `find_node`, `get_peers` and `announce_peer` until it is closed.

    Args:
        knows: the other node that it names to whoever asks it.

    Fields:
        announced: the info-hashes of all `get_peers` so far, with which each announce begins; entries are only
            appended.
        endpoint: the node's address, as libtorrent's `dht_bootstrap_nodes` has it.
    """

    def __init__(self, knows: "DhtNode | None" = None) -> None:
        self.announced: list[str] = []
        heard, known = self.announced.append, b"" if knows is None else knows.compact
        named = self.id = _ID if knows is None else _OTHER_ID

        class Handler(_Handler):
            announced = staticmethod(heard)
            nodes = known
            id = named

        self._server = UDPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="dht", daemon=True)
        self._thread.start()

    @property
    def compact(self) -> bytes:
        """The node's id and address in the form of answers."""
        host, port = self._server.server_address[:2]
        return self.id + socket.inet_aton(str(host)) + int(port).to_bytes(2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseRequestHandler):
    announced: Any
    nodes: bytes
    id: bytes

    def handle(self) -> None:
        packet, there = self.request
        query: Any = bencode.decode(packet)
        if query.get(b"y") != b"q":
            return
        answer: dict[bytes, Any] = {b"id": self.id}
        if query[b"q"] in (b"find_node", b"get_peers"):
            answer[b"nodes"] = self.nodes
        if query[b"q"] == b"get_peers":
            answer[b"token"] = b"token"
            self.announced(query[b"a"][b"info_hash"].hex())
        there.sendto(bencode.encode({b"t": query[b"t"], b"y": b"r", b"r": answer}), self.client_address)
