"""Finds the daemon's sockets, and checks whether a daemon listens."""

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
"""The time limit for the answer to the `ping` before the first request.

The daemon's loop answers within milliseconds.
"""


@dataclass(frozen=True)
class Place:
    """The sockets of one local daemon: the path of the commands socket, and the ZeroMQ endpoints."""

    socket: Path
    commands: str
    events: str

    patience_s: ClassVar[float] = PROBE_S

    @classmethod
    def of(cls, runtime_dir: str | os.PathLike[str] | None) -> "Place":
        """The sockets of the daemon with this runtime directory. None means the default directory.

        Raises:
            ValueError: the path is too long for a local socket.
        """
        root = default_runtime_dir() if runtime_dir is None else Path(runtime_dir)
        return cls(root / COMMANDS_SOCKET, ipc_endpoint(root, COMMANDS_SOCKET), ipc_endpoint(root, EVENTS_SOCKET))

    def join(self, socket: "zmq.Socket[bytes]", endpoint: str) -> None:
        """Connects a socket to one of the two endpoints."""
        socket.connect(endpoint)

    def check(self) -> None:
        """Checks whether somebody listens on the commands socket, without waiting.

        Raises:
            NotRunning: the socket does not exist, nobody listens on it, or it belongs to another user.
        """
        try:
            whereabouts.knock(self.socket)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise NotRunning(self.socket, why, whereabouts.advice(self.socket, error)) from None

    def gone(self, waited_s: float) -> NotRunning:
        """The error for a daemon that was silent for some seconds."""
        try:
            self.check()
        except NotRunning as error:
            return error
        return NotRunning(self.socket, f"something listens there, but said nothing for {waited_s:g} s")


def place_of(runtime_dir: str | os.PathLike[str] | None, server: Server | None) -> Place | Server:
    """The daemon to connect to.

    The first of these applies:

    1. the given daemon
    2. the daemon that OUZEL_SERVER names
    3. the default local daemon

    Raises:
        ValueError: both arguments are given, or a value cannot be used.
    """
    if runtime_dir is not None and server is not None:
        raise ValueError("a daemon has either a runtime directory here or an address on tcp, and both are named")
    if runtime_dir is None:
        server = server or Server.named()
    return Place.of(runtime_dir) if server is None else server
