"""The engine socket: the supervisor's one ROUTER socket, which the links of all slots share.

A generation is a number that one engine process has, and no other one in any slot. It is the process's identity on the
socket, so each frame leads to one link at the most. Frames of generations that nobody listens to are dropped.
"""

import itertools
from collections.abc import Callable
from typing import Final

import zmq

from supervisor.transport.loop_socket import LoopSocket

BATCHES_PER_TURN: Final = 1
"""A batch may hold hundreds of events, and clients must not wait for more than one."""

Receive = Callable[[bytes], None]


class EngineSocket:
    """Frames to and from engine processes, by generation.

    Args:
        socket: a bound ROUTER socket.
    """

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._generations = itertools.count(1)
        self._receivers: dict[bytes, Receive] = {}
        self._socket = LoopSocket(socket, self._receive, per_turn=BATCHES_PER_TURN)

    def new_generation(self) -> int:
        """A number that no engine process has had before, in any slot."""
        return next(self._generations)

    def listen(self, gen: int, receive: Receive) -> None:
        """From now on `receive` is called on the loop with each frame of a generation."""
        self._receivers[_identity(gen)] = receive

    def ignore(self, gen: int) -> None:
        """From now on frames of a generation are dropped."""
        self._receivers.pop(_identity(gen), None)

    def send(self, gen: int, frame: bytes) -> None:
        """Sends a frame to a generation; one that is not connected does not get it."""
        self._socket.send([_identity(gen), frame])

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def _receive(self, frames: list[bytes]) -> None:
        receive = self._receivers.get(frames[0])
        if receive is not None:
            receive(frames[-1])


def _identity(gen: int) -> bytes:
    return f"gen-{gen}".encode()
