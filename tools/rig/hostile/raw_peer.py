"""A peer that speaks just enough of the peer wire protocol (BEP 3, BEP 10) to be listed, and says what a test wants."""

import socket
import struct
from types import TracebackType
from typing import Final, Self

from tools.rig import bencode

_EXTENSIONS: Final = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
_EXTENDED: Final = 20
PATIENCE_S: Final = 5.0


class RawPeer:
    """A connection to a session's listen port, with the handshakes sent.

    Args:
        endpoint: the session's `address:port`.
        client: the name that the peer gives itself, in any bytes.
        source: the peer's own address.
    """

    def __init__(self, endpoint: str, torrent: str, *, client: bytes = b"raw", source: str = "127.0.0.1") -> None:
        host, _, port = endpoint.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE_S, source_address=(source, 0))
        self.endpoint = "{}:{}".format(*self._socket.getsockname())
        peer_id = b"-XX\xff\xfe00-" + self.endpoint.encode()[-12:].rjust(12)
        extended = bytes([_EXTENDED, 0]) + bencode.encode({b"m": {}, b"v": client})
        handshake = b"\x13BitTorrent protocol" + _EXTENSIONS + bytes.fromhex(torrent) + peer_id
        self._socket.sendall(handshake + struct.pack(">I", len(extended)) + extended)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def refused(self, within_s: float = PATIENCE_S) -> bool:
        """Whether the session closes the connection within this time; what it sends is discarded."""
        self._socket.settimeout(within_s)
        try:
            while self._socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True
