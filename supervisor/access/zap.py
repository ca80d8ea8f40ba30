"""The ZAP handler. For each connection, ZeroMQ asks the handler whether the CURVE key is authorized.

The request is a message on an inproc address that libzmq defines. The handshake waits for the reply until the handshake
timeout.
Source: https://rfc.zeromq.org/spec/27 (ZAP).
"""

import itertools
from collections.abc import Callable
from typing import Final

import zmq
from zmq.utils import z85

from supervisor.transport.loop_socket import LoopSocket

ENDPOINT: Final = "inproc://zeromq.zap.01"
VERSION: Final = b"1.0"
KEY_BYTES: Final = 32

_OK: Final = (b"200", b"OK")
_REFUSED: Final = (b"400", b"this key is not authorized")


class Zap:
    """Answers ZAP requests on the loop, from memory.

    The user id of an admitted client is its public key and the number of the handshake: `KEY N`.

    Args:
        context: the ZeroMQ context of the sockets with authenticated clients.
        admits: whether a public key (Z85) from an IP address is authorized.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", admits: Callable[[str, str], bool]) -> None:
        self._admits = admits
        self._numbers = itertools.count(1)
        socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(ENDPOINT)
        self._socket = LoopSocket(socket, self._handle_request)

    def close(self) -> None:
        """Stops replying. From now on, no new connection is admitted."""
        self._socket.close()

    def _handle_request(self, frames: list[bytes]) -> None:
        """Answers a request.

        The frames of the request are in this order: route, delimiter, version, id, domain, address, routing id,
        mechanism, credentials.
        """
        route, delimiter, version, request_id, *rest = frames
        if version != VERSION or len(rest) < 4:
            return  # another version of ZAP: without a reply the peer is not admitted
        _, address, _, mechanism, *credentials = rest
        user = _user(mechanism, credentials)
        admitted = user is not None and self._admits(user, address.decode("ascii", "replace"))
        code, text = _OK if admitted else _REFUSED
        named = f"{user} {next(self._numbers)}".encode() if admitted else b""
        self._socket.send([route, delimiter, VERSION, request_id, code, text, named, b""])


def _user(mechanism: bytes, credentials: list[bytes]) -> str | None:
    """The public key (Z85) of a client. libzmq has verified that the client has the secret key."""
    if mechanism != b"CURVE" or len(credentials) != 1 or len(credentials[0]) != KEY_BYTES:
        return None
    return z85.encode(credentials[0]).decode("ascii")
