"""A ZeroMQ socket on the asyncio loop: plain sockets and a reader on their descriptor, no coroutine for each message.

ZeroMQ's descriptor is edge-triggered: it is readable once for news, not while messages wait. So a drain goes on until
the socket has no more, in bounded turns that let others run, and every send is followed by another look.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import zmq

MESSAGES_PER_TURN: Final = 100

OnMessage = Callable[[list[bytes]], None]
OnFrames = Callable[[list[zmq.Frame]], None]

_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
_LAST: Final = int(zmq.NOBLOCK)
"""As plain numbers: an enum's arithmetic takes longer than the send."""


class LoopSocket:
    """Hands every message, as its frames, to `on_message`.

    Args:
        socket: bound or connected; closed by `close`.
        on_message: called on the loop.
        on_frames: called instead of `on_message` with frames that know which connection they came over.
        per_turn: messages that are taken before others get their turn.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        on_message: OnMessage = lambda frames: None,
        *,
        on_frames: OnFrames | None = None,
        per_turn: int = MESSAGES_PER_TURN,
    ) -> None:
        self._socket = socket
        self._per_turn = per_turn
        self._on_message = on_message
        self._on_frames = on_frames
        self._loop = asyncio.get_running_loop()
        self._looking = False
        self._scheduled = False
        self._fd = int(socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self._drain)
        self._look_again()

    def send(self, frames: list[bytes]) -> bool:
        """Sends one message without waiting. False where it could not be taken and is dropped."""
        if self._socket.closed:
            return False
        if not self._looking:
            # A send uses up the descriptor's edge, so it is followed by another look; one will do for a turn's sends.
            self._looking = True
            self._loop.call_soon(self._look_after_sends)
        try:
            for frame in frames[:-1]:
                self._socket.send(frame, _MORE)
            self._socket.send(frames[-1], _LAST)
        except zmq.ZMQError:
            # The peer is gone, or does not read: a socket of this kind has nobody to tell.
            return False
        return True

    def close(self, *, linger_ms: int = 0) -> None:
        """Stops listening; what has not been sent after `linger_ms` milliseconds is given up."""
        self._loop.remove_reader(self._fd)
        self._socket.close(linger=linger_ms)

    def _look_after_sends(self) -> None:
        self._looking = False
        self._look_again()

    def _look_again(self) -> None:
        if self._socket.closed or self._scheduled:
            return
        if int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._scheduled = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        try:
            for _ in range(self._per_turn):
                if self._socket.closed or not int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                    return
                if self._on_frames is None:
                    self._on_message(self._socket.recv_multipart(zmq.NOBLOCK))
                else:
                    self._on_frames(self._socket.recv_multipart(zmq.NOBLOCK, copy=False))
        finally:
            self._look_again()  # also after an error in on_message: the descriptor's edge is used up
