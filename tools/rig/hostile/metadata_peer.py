"""A peer that accepts connections, and answers requests for metadata (BEP 9) with bytes of the test's choice."""

import contextlib
import socketserver
import struct
import threading
from types import TracebackType
from typing import Any, Final, Self

from tools.rig import bencode

_EXTENSIONS: Final = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
_EXTENDED: Final = 20
_UT_METADATA: Final = 7
"""The id for `ut_metadata` messages that are sent to this peer."""

_BLOCK: Final = 16 * 1024


class MetadataPeer:
    """Serves until it is closed.

    Args:
        metadata: the bytes that the peer sends as the info dictionary.

    Fields:
        endpoint: the peer's `address:port`.
    """

    def __init__(self, metadata: bytes, *, address: str = "127.0.0.1") -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, EOFError):
                    _serve(self.request, metadata)

        self._server = socketserver.ThreadingTCPServer((address, 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = "{}:{}".format(*self._server.server_address)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _serve(connection: Any, metadata: bytes) -> None:
    theirs = _read(connection, 68)
    connection.sendall(b"\x13BitTorrent protocol" + _EXTENSIONS + theirs[28:48] + b"-XX0000-metadatapeer")
    _send(connection, 0, bencode.encode({b"m": {b"ut_metadata": _UT_METADATA}, b"metadata_size": len(metadata)}))
    their_number = 0
    while True:
        (length,) = struct.unpack(">I", _read(connection, 4))
        message = _read(connection, length)
        if message[:1] != bytes([_EXTENDED]):
            continue
        if message[1] == 0:
            handshake: Any = bencode.decode(message[2:])
            their_number = handshake[b"m"].get(b"ut_metadata", 0)
        elif message[1] == _UT_METADATA:
            request: Any = bencode.decode(message[2:])
            if request[b"msg_type"] == 0:
                piece = request[b"piece"]
                head = bencode.encode({b"msg_type": 1, b"piece": piece, b"total_size": len(metadata)})
                _send(connection, their_number, head + metadata[piece * _BLOCK : (piece + 1) * _BLOCK])


def _send(connection: Any, number: int, payload: bytes) -> None:
    connection.sendall(struct.pack(">IBB", len(payload) + 2, _EXTENDED, number) + payload)


def _read(connection: Any, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found
