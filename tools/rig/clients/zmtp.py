"""A hand-written ZMTP 3.1 peer. It can claim properties that ZeroMQ's sockets do not allow."""

import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
TIMEOUT_S: Final = 30


class RawPeer:
    """A connection to a local socket after the handshake, without CURVE.

    Args:
        path: the path of the socket.
        kind: the socket type that the peer claims, such as `SUB`.
        claims: the properties in the peer's handshake.
    """

    def __init__(self, path: Path, kind: bytes, claims: dict[bytes, bytes]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._socket.sendall(GREETING)
        self._receive(len(GREETING))
        properties = {b"Socket-Type": kind, **claims}
        body = b"\x05READY" + b"".join(
            bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in properties.items()
        )
        self._socket.sendall(b"\x04" + bytes([len(body)]) + body)
        self.receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._socket.close()

    def send(self, frame: bytes) -> None:
        """Sends a message of one short frame."""
        self._socket.sendall(b"\0" + bytes([len(frame)]) + frame)

    def receive(self) -> bytes:
        """Receives the next frame or command."""
        long = self._receive(1)[0] & 2
        size = struct.unpack(">Q", self._receive(8))[0] if long else self._receive(1)[0]
        return self._receive(size)

    def _receive(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                raise ConnectionError("it hung up")
            found += more
        return found
