"""A ZeroMQ socket on the asyncio loop, without coroutines. A reader on the descriptor calls back for each message.

ZeroMQ's descriptor is edge-triggered. It becomes readable only once for an event, even if messages still wait. So the
socket is read until it is empty, in bounded batches. It is checked again after every send.
"""

import asyncio
import contextvars
import ipaddress
import time
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple

import zmq

MESSAGES_PER_TURN: Final = 100
_POLLIN: Final = int(zmq.POLLIN)
_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
_LAST: Final = int(zmq.NOBLOCK)
_RCVMORE: Final = int(zmq.RCVMORE)
"""ZeroMQ's flags as plain numbers. Arithmetic with enums would be slower than the rest of the operation."""

ADDRESSES_KEPT: Final = 1024
"""The size of the cache of parsed addresses. Parsing an address is slow."""

TURN_S: Final = 0.001
"""The time limit of a batch. After this time, a batch ends even with fewer messages than `per_turn`."""


class Sender(NamedTuple):
    """The sender of a message. ZeroMQ reports the sender, so clients cannot forge it.

    Fields:
        user: the public key (Z85) of a client on tcp. None on a local socket.
        fd: the descriptor of the connection. -1 if there is no user. The connection may be closed by now, and another
            connection may use the descriptor.
        number: the number of the connection's handshake. A later connection has a greater number.
    """

    user: str | None
    fd: int
    number: int = 0


OnMessage = Callable[[list[bytes]], None]
OnMessageFrom = Callable[[list[bytes], Sender], None]
OnFrames = Callable[[list[zmq.Frame]], None]

LOCAL: Final = Sender(None, -1)


class SendOutcome(Enum):
    """The outcome of a send. Only a ROUTER with ROUTER_MANDATORY reports `FULL` and `GONE`."""

    SENT = "sent"
    FULL = "full"
    GONE = "gone"


class LoopSocket:
    """Passes the frames of every message to a callback.

    Args:
        socket: a socket that is already bound or connected to all its endpoints. `close` closes the socket.
        on_message: called on the loop with the frames of a message. Exactly one of the three callbacks is given.
        on_message_from: called on the loop with the frames and the sender of a message.
        on_frames: called on the loop with the `zmq.Frame`s of a message. They show the connection of the message.
        per_turn: the maximum number of messages in a batch.
        frames_max: the maximum number of frames of a message. Of a longer message, `frames_max + 1` frames are passed
            on.
    """

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        on_message: OnMessage | None = None,
        *,
        on_message_from: OnMessageFrom | None = None,
        on_frames: OnFrames | None = None,
        per_turn: int = MESSAGES_PER_TURN,
        frames_max: float = inf,
    ) -> None:
        self._socket = socket
        self._frames_max = frames_max
        self._per_turn = per_turn
        self._on_message = on_message
        self._on_message_from = on_message_from
        self._on_frames = on_frames
        # Without CURVE all peers are local. Then senders are not looked up, which saves a third of the cost of a
        # message.
        self._keyed = bool(socket.getsockopt(zmq.CURVE_SERVER))
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        """The context of callbacks. A request's task may send a message, but callbacks must not get the request's id.
        """
        self._looking = False
        self._scheduled = False
        self._closed = False
        self._fd = int(socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self._drain)
        self._look_again()

    def send(self, frames: list[bytes]) -> bool:
        """Sends one message without blocking. Returns False if the message was dropped."""
        return self.try_send(frames) is SendOutcome.SENT

    def try_send(self, frames: Sequence[bytes | zmq.Frame], *, copy: bool = True) -> SendOutcome:
        """Like `send`, but returns the outcome. Without `copy`, ZeroMQ owns the memory of a Frame until the Frame is
        sent.
        """
        if self._closed:
            return SendOutcome.GONE
        if not self._looking:
            # A send may consume the descriptor's edge, so the socket is checked afterwards, once for all sends of an
            # iteration of the loop.
            self._looking = True
            self._loop.call_soon(self._look_after_sends, context=self._context)
        try:
            for frame in frames[:-1]:
                self._socket.send(frame, _MORE, copy=copy)
            self._socket.send(frames[-1], _LAST, copy=copy)
        except zmq.Again:
            return SendOutcome.FULL  # the peer does not read
        except zmq.ZMQError:
            return SendOutcome.GONE
        return SendOutcome.SENT

    def sender_of(self, frame: zmq.Frame) -> Sender:
        """The sender of a frame from this socket."""
        return _sender_of(frame) if self._keyed else LOCAL

    def close(self, *, linger_ms: int = 0) -> None:
        """Closes the socket. Messages that are not sent within `linger_ms` milliseconds are dropped."""
        self._closed = True
        self._loop.remove_reader(self._fd)
        self._socket.close(linger=linger_ms)

    def _look_after_sends(self) -> None:
        self._looking = False
        self._look_again()

    def _look_again(self) -> None:
        if not self._scheduled and self._has_more():
            self._scheduled = True
            self._loop.call_soon(self._drain, context=self._context)

    def _has_more(self) -> bool:
        return not self._closed and bool(int(self._socket.getsockopt(zmq.EVENTS)) & _POLLIN)

    def _drain(self) -> None:
        self._scheduled = True  # sends from callbacks need no check: this loop checks after each message
        ends = time.perf_counter() + TURN_S
        more = True
        try:
            for _ in range(self._per_turn):
                if time.perf_counter() > ends:
                    return
                more = self._hand_over()
                if not more:
                    return
        finally:
            self._scheduled = False
            if more:
                self._look_again()  # after an error in a callback, too, since the descriptor's edge is consumed

    def _received(self) -> list[bytes]:
        """Receives one message.

        Frames beyond the limit are dropped without a copy, because copying these frames would take twice as long.
        """
        frames = [self._socket.recv(_LAST)]
        while self._socket.get(_RCVMORE):
            if len(frames) > self._frames_max:
                while self._socket.recv(_LAST, copy=False).more:
                    pass
                break
            frames.append(self._socket.recv(_LAST))
        return frames

    def _received_frames(self) -> list[zmq.Frame]:
        frame = self._socket.recv(_LAST, copy=False)
        frames = [frame]
        while frame.more:
            frame = self._socket.recv(_LAST, copy=False)
            if len(frames) <= self._frames_max:
                frames.append(frame)
        return frames

    def _hand_over(self) -> bool:
        """Receives and passes on one message. Returns False if there was no message."""
        if self._closed:
            return False
        frames: list[bytes] = []
        native: list[zmq.Frame] = []
        try:
            if self._on_frames is not None or (self._keyed and self._on_message is None):
                native = self._received_frames()
            else:
                frames = self._received()
        except zmq.Again:
            return False
        if self._on_message is not None:
            self._on_message(frames)
        elif self._on_message_from is not None and self._keyed:
            self._on_message_from([frame.bytes for frame in native], _sender_of(native[-1]))
        elif self._on_message_from is not None:
            self._on_message_from(frames, LOCAL)
        elif self._on_frames is not None:
            self._on_frames(native)
        return True


def _sender_of(frame: zmq.Frame) -> Sender:
    """The sender of a frame, by the user id of its connection. The ZAP handler sets this user id. See
    `supervisor.access.zap`.
    """
    try:
        # libzmq's own properties and those of the ZAP handler override properties of the same name that a peer sends.
        # But no ZAP handler checks a local peer, so its User-Id may be forged. A local peer is recognized by its
        # address, which is no IP address but `localhost:uid:gid:pid`.
        user, number = str(frame.get("User-Id")).split(" ")
        if not _is_ip(str(frame.get("Peer-Address"))):
            return LOCAL
        return Sender(user, int(frame.get("__fd")), int(number))
    except (zmq.ZMQError, UnicodeDecodeError, ValueError):
        return LOCAL


@lru_cache(maxsize=ADDRESSES_KEPT)
def _is_ip(address: str) -> bool:
    try:
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return True
