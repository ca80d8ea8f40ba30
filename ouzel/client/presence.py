"""Where the daemon's sockets are, and whether anybody listens there."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import zmq

from ouzel.client import whereabouts
from ouzel.client.server import Server
from ouzel.errors import NotRunning
from protocol.wire.endpoints import COMMANDS_SOCKET, EVENTS_SOCKET, default_runtime_dir, ipc_endpoint

PROBE_S = 2.0
"""How long a daemon may take to answer the `ping` before the first request; its loop answers within milliseconds."""


@dataclass(frozen=True)
class Place:
    """The sockets of one daemon: the file to look at, and the ZeroMQ endpoints."""

    socket: Path
    commands: str
    events: str

    patience_s: ClassVar[float] = PROBE_S

    @classmethod
    def of(cls, runtime_dir: str | os.PathLike[str] | None) -> "Place":
        """The daemon that has this runtime directory; None is the default one.

        Raises:
            ValueError: the path is too long for a local socket.
        """
        root = default_runtime_dir() if runtime_dir is None else Path(runtime_dir)
        return cls(root / COMMANDS_SOCKET, ipc_endpoint(root, COMMANDS_SOCKET), ipc_endpoint(root, EVENTS_SOCKET))

    def join(self, socket: "zmq.Socket[bytes]", endpoint: str) -> None:
        """Connects a socket to one of the two endpoints."""
        socket.connect(endpoint)

    def check(self) -> None:
        """Knocks at the commands socket, at once.

        Raises:
            NotRunning: the file is not there, or nobody listens behind it, or it is somebody else's.
        """
        try:
            whereabouts.knock(self.socket)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise NotRunning(self.socket, why, whereabouts.advice(self.socket, error)) from None

    def gone(self, waited_s: float) -> NotRunning:
        """The error for a daemon that said nothing for some seconds."""
        try:
            self.check()
        except NotRunning as error:
            return error
        return NotRunning(self.socket, f"something listens there, but said nothing for {waited_s:g} s")


def place_of(runtime_dir: str | os.PathLike[str] | None, server: Server | None) -> Place | Server:
    """Where the daemon is: what is named, or else OUZEL_SERVER and what goes with it, or else the default place.

    Raises:
        ValueError: both are named, or what is named cannot be used.
    """
    if runtime_dir is not None and server is not None:
        raise ValueError("a daemon has either a runtime directory here or an address on tcp, and both are named")
    if runtime_dir is None:
        server = server or Server.named()
    return Place.of(runtime_dir) if server is None else server
