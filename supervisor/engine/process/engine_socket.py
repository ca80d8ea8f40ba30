"""The engine socket: one ROUTER socket of the supervisor. The links of all slots share this socket.

A generation is the number of one engine process. No other process in any slot has the same number. The generation
identifies a process on the socket, so each frame belongs to at most one link. Frames of other generations are dropped.
"""

import itertools
from collections.abc import Callable
from typing import Final

import zmq

from supervisor.transport.loop_socket import LoopSocket

BATCHES_PER_TURN: Final = 1
"""The number of batches in an iteration of the loop. A batch may have hundreds of events, and clients wait meanwhile.
"""

Receive = Callable[[bytes], None]


class EngineSocket:
    """Sends and receives frames of engine processes, by generation.

    Args:
        socket: a bound ROUTER socket.
    """

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._generations = itertools.count(1)
        self._receivers: dict[bytes, Receive] = {}
        self._socket = LoopSocket(socket, self._receive, per_turn=BATCHES_PER_TURN)

    def new_generation(self) -> int:
        """Returns a generation that no engine process has had before, in any slot."""
        return next(self._generations)

    def listen(self, gen: int, receive: Receive) -> None:
        """Calls `receive` on the loop with each frame of a generation from now on."""
        self._receivers[_identity(gen)] = receive

    def ignore(self, gen: int) -> None:
        """Drops the frames of a generation from now on."""
        self._receivers.pop(_identity(gen), None)

    def send(self, gen: int, frame: bytes) -> None:
        """Sends a frame to a generation. If the generation is not connected, drops the frame."""
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
