"""A daemon on tcp: its addresses, its public key, and the client's key."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Final

import zmq
from zmq.utils.monitor import parse_monitor_message

from ouzel.errors import KeyRefused, NotRunning
from protocol.wire.key_file import KeyFile, is_key, parse

HANDSHAKE_S: Final = 5.0
"""The time limit of the handshake with a remote daemon."""

KEEPALIVE: Final = {
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.TCP_KEEPALIVE_INTVL: 15,
    zmq.TCP_KEEPALIVE_CNT: 4,
}
"""Socket options for TCP keep-alive. If the daemon's machine is gone, the socket detects that and reconnects."""

_ADDRESS: Final = re.compile(r"(tcp://(?:\[[^\]\s]+\]|[^\s:/\[\]*]+)):(\d{1,5})")
_HUNG_UP: Final = (
    "it hung up during the handshake: the server key is not its key, the port is not Ouzel's, or it has too many "
    "connections"
)


class Server:
    """The addresses and keys for a daemon on tcp.

    `ouzel.client.presence.Place` is the equivalent for a local daemon.

    Args:
        address: the daemon's `tcp_commands`, such as `tcp://host:port`.
        server_key: the daemon's public key in Z85, or the path of the `.key` file that has it.
        key: the path of the client's `.key_secret` file. `ouzel keys new` creates this file.
        events: the daemon's `tcp_events`. The default is the next port after the port of the commands.

    Raises:
        ValueError: an argument cannot be used. The message names it.
    """

    patience_s = HANDSHAKE_S

    def __init__(
        self, address: str, *, server_key: str, key: str | os.PathLike[str], events: str | None = None
    ) -> None:
        self.commands, self.events = _endpoints(address, events)
        self.key_file = Path(key)
        named = Path(server_key)  # a path may look like a key, since most characters of paths are valid in Z85
        given = is_key(server_key) and not named.exists()
        self._server_key = server_key if given else _read("server key", named).public_key
        own = _read("key", self.key_file)
        if own.secret_key is None:
            raise ValueError(f"key: {key} has no secret-key; it is the file that ends in .key_secret")
        self._public_key, self._secret_key = own.public_key, own.secret_key

    @classmethod
    def named(
        cls,
        address: str | None = None,
        server_key: str | None = None,
        key: str | os.PathLike[str] | None = None,
        events: str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> "Server | None":
        """Returns the server that the arguments name.

        By default, the server in OUZEL_SERVER, OUZEL_SERVER_KEY, OUZEL_KEY and OUZEL_SERVER_EVENTS.

        Returns None if no argument and no variable names a server. Raises ValueError if a value is missing or cannot be
        used.
        """
        address = address or environ.get("OUZEL_SERVER")
        server_key = server_key or environ.get("OUZEL_SERVER_KEY")
        key = key or environ.get("OUZEL_KEY")
        if not address:
            return None
        if not server_key:
            raise ValueError("server key: missing; --server-key or OUZEL_SERVER_KEY is the daemon's public key")
        if not key:
            raise ValueError("key: missing; --key or OUZEL_KEY names the file that `ouzel keys new` has made")
        return cls(address, server_key=server_key, key=key, events=events or environ.get("OUZEL_SERVER_EVENTS"))

    def join(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Connects a socket to one of the two endpoints."""
        socket.setsockopt_string(zmq.CURVE_SERVERKEY, self._server_key)
        socket.setsockopt_string(zmq.CURVE_PUBLICKEY, self._public_key)
        socket.setsockopt_string(zmq.CURVE_SECRETKEY, self._secret_key)
        socket.setsockopt(zmq.IPV6, 1)
        for option, value in KEEPALIVE.items():
            socket.setsockopt(option, value)
        socket.connect(endpoint)

    def check(self) -> None:
        """Checks the connection by a complete handshake. Without it, a refused key would look like silence.

        Raises:
            KeyRefused: the daemon does not accept this key.
            NotRunning: nobody listens, or the listener is no Ouzel daemon with this server key.
        """
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)
        try:
            knocking = context.socket(zmq.DEALER)
            knocking.linger = 0
            knocking.setsockopt(zmq.RECONNECT_IVL, -1)
            monitor = knocking.get_monitor_socket()
            self.join(knocking, self.commands)
            self._wait(monitor)
        finally:
            context.destroy(linger=0)

    def gone(self, waited_s: float) -> NotRunning | KeyRefused:
        """The error for a daemon that was silent for some seconds."""
        try:
            self.check()
        except (KeyRefused, NotRunning) as error:
            return error
        return self._absent(f"it lets this client in, but said nothing for {waited_s:g} s; is {self.events} right?")

    def _wait(self, monitor: zmq.Socket[bytes]) -> None:
        until = monotonic() + HANDSHAKE_S
        while monitor.poll(max(0, int((until - monotonic()) * 1000))):
            event = parse_monitor_message(monitor.recv_multipart())["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                raise KeyRefused(self.commands, self.key_file, self._public_key)
            if event == zmq.EVENT_CLOSED:
                raise self._absent("nobody listens there, or it cannot be reached")
            if event in (
                zmq.EVENT_DISCONNECTED,
                zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
            ):
                raise self._absent(_HUNG_UP)
        raise self._absent(f"nothing came back within {HANDSHAKE_S:g} s")

    def _absent(self, why: str) -> NotRunning:
        return NotRunning(self.commands, why, "look at its `[api] tcp_commands` and at its log")


def _endpoints(address: str, events: str | None) -> tuple[str, str]:
    host, port = _parse("server", address)
    if events is None:
        events = f"{host}:{port + 1}"
    _parse("server events", events)
    return address, events


def _parse(what: str, endpoint: str) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(endpoint)
    if found is None or not 1 <= int(found[2]) <= 65535:
        raise ValueError(f"{what}: {endpoint!r} is not tcp://HOST:PORT, such as tcp://192.0.2.1:7801")
    return found[1], int(found[2])


def _read(what: str, path: Path) -> KeyFile:
    try:
        with path.open("rb") as file:
            return parse(file.read(65536))
    except OSError as error:
        raise ValueError(f"{what}: {path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{what}: {path}: {error}") from None
