"""A peer with only a part of the peer wire protocol (BEP 3, BEP 10). A test decides what it sends."""

import contextlib
import socket
import struct
import time
from types import TracebackType
from typing import Any, Final, Self

from tools.rig import bencode

_EXTENSIONS: Final = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
EXTENDED: Final = 20
PEX: Final = 1
_HANDSHAKE_BYTES: Final = 68
PATIENCE_S: Final = 5.0


class RawPeer:
    """A connection to a session's listen port, with the handshakes sent.

    Args:
        endpoint: the session's `address:port`.
        client: the name that the peer gives itself, in any bytes.
        source: the peer's own address.
        pex: whether the peer wants to hear of other peers (BEP 11). Their addresses arrive as messages `EXTENDED` that
            begin with `PEX`.

    Fields:
        closed: whether the session has closed the connection. Only `hear` and `say` notice that.
    """

    def __init__(
        self, endpoint: str, torrent: str, *, client: bytes = b"raw", source: str = "127.0.0.1", pex: bool = False
    ) -> None:
        host, _, port = endpoint.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE_S, source_address=(source, 0))
        self.endpoint = "{}:{}".format(*self._socket.getsockname())
        peer_id = b"-XX\xff\xfe00-" + self.endpoint.encode()[-12:].rjust(12)
        known: dict[bytes, Any] = {b"ut_pex": PEX} if pex else {}
        listens: dict[bytes, Any] = {b"p": self._socket.getsockname()[1]} if pex else {}
        extended = bytes([EXTENDED, 0]) + bencode.encode({b"m": known, b"v": client, **listens})
        self.closed = False
        self._heard = bytearray()
        self._greeted = False
        handshake = b"\x13BitTorrent protocol" + _EXTENSIONS + bytes.fromhex(torrent) + peer_id
        self._socket.sendall(handshake + struct.pack(">I", len(extended)) + extended)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def say(self, message: int, payload: bytes = b"") -> None:
        """Sends a message of the peer wire protocol, if the session has not closed the connection."""
        try:
            self._socket.sendall(struct.pack(">IB", 1 + len(payload), message) + payload)
        except ConnectionError:
            self.closed = True

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def hear(self, within_s: float) -> list[tuple[int, bytes]]:
        """The messages that arrive within this time, by number and payload. Do not mix it with `refused`."""
        until = time.monotonic() + within_s
        with contextlib.suppress(TimeoutError):
            while not self.closed and (left_s := until - time.monotonic()) > 0:
                self._socket.settimeout(left_s)
                self._hear()
        messages = []
        if not self._greeted and len(self._heard) >= _HANDSHAKE_BYTES:
            self._greeted = True
            del self._heard[:_HANDSHAKE_BYTES]
        while self._greeted and len(self._heard) >= 4:
            end = 4 + int.from_bytes(self._heard[:4], "big")
            if len(self._heard) < end:
                break
            if end > 4:
                messages.append((self._heard[4], bytes(self._heard[5:end])))
            del self._heard[:end]
        return messages

    def _hear(self) -> None:
        try:
            received = self._socket.recv(65_536)
        except ConnectionError:
            received = b""
        self.closed = not received
        self._heard += received

    def refused(self, within_s: float = PATIENCE_S) -> bool:
        """Whether the session closes the connection within this time. Received data is discarded."""
        self._socket.settimeout(within_s)
        try:
            while self._socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True
