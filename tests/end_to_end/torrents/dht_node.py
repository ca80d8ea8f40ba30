"""A small real DHT node on loopback (BEP 5) that knows no other node, and records requests for peers."""

import threading
from socketserver import BaseRequestHandler, UDPServer
from types import TracebackType
from typing import Any, Final, Self

from tools.rig import bencode

_ID: Final = b"node of a test at rig"


class DhtNode:
    """Answers `ping`, `find_node`, `get_peers` and `announce_peer` until it is closed.

    Fields:
        announced: the info-hashes of all `get_peers` so far, with which each announce begins; entries are only
            appended.
        endpoint: the node's address, as libtorrent's `dht_bootstrap_nodes` has it.
    """

    def __init__(self) -> None:
        self.announced: list[str] = []
        heard = self.announced.append

        class Handler(_Handler):
            announced = staticmethod(heard)

        self._server = UDPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="dht", daemon=True)
        self._thread.start()

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

    def handle(self) -> None:
        packet, socket = self.request
        query: Any = bencode.decode(packet)
        if query.get(b"y") != b"q":
            return
        answer: dict[bytes, Any] = {b"id": _ID}
        if query[b"q"] in (b"find_node", b"get_peers"):
            answer[b"nodes"] = b""
        if query[b"q"] == b"get_peers":
            answer[b"token"] = b"token"
            self.announced(query[b"a"][b"info_hash"].hex())
        socket.sendto(bencode.encode({b"t": query[b"t"], b"y": b"r", b"r": answer}), self.client_address)
