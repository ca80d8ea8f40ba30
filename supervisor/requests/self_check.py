"""The self-check: the service pings itself over its own socket, like a client.

An answer proves that requests are read and replies are sent. A hung loop sends no answer.
"""

import asyncio
import itertools
from collections.abc import Callable

import zmq

from protocol.wire import codec
from protocol.wire.envelope import VERSION
from supervisor.transport.loop_socket import LoopSocket


class SelfCheck:
    """Pings over one socket.

    Args:
        socket: a DEALER socket that is connected to the commands socket.
        on_answer: called on the loop with each answer.
    """

    def __init__(self, socket: zmq.Socket[bytes], on_answer: Callable[[], None]) -> None:
        self._on_answer = on_answer
        self._ids = itertools.count(1)
        self._socket = LoopSocket(socket, self._answered)

    async def run(self, period_s: float) -> None:
        """Pings at once, and then every `period_s` seconds."""
        while True:
            self._socket.send([codec.encode({"v": VERSION, "id": next(self._ids), "op": "ping", "args": {}})])
            await asyncio.sleep(period_s)

    def close(self) -> None:
        """Stops pinging."""
        self._socket.close()

    def _answered(self, frames: list[bytes]) -> None:
        self._on_answer()
