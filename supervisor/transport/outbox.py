"""Queues replies. A client that receives its replies loses no reply. For all other clients, the queue is bounded.

ZeroMQ bounds its queue for a connection by the number of messages, and ignores their size. It does not report when
there is room again. So replies beyond ZeroMQ's high-water mark are queued here, counted in bytes, and offered to ZeroMQ
again. A connection gets only few large replies at a time, because ZeroMQ owns their memory until they are sent. ZeroMQ
reports when they have been sent.
"""

import asyncio
import contextvars
from collections import deque
from typing import Final

import zmq

from supervisor.log import logs
from supervisor.transport.loop_socket import LoopSocket, SendOutcome

QUEUE_MAX: Final = 1000
"""The number of replies in ZeroMQ's queue for a connection (SNDHWM)."""

LARGE_BYTES: Final = 32 * 1024
"""A reply of at least this size is sent without a copy. pyzmq's `MessageTracker` reports when it has been sent.

Smaller replies in ZeroMQ's queue for a connection take 32 MB at most, and usually 300 kB.
"""

LARGE_UNSENT_MAX: Final = 2 * 1024 * 1024
"""The limit of a connection's unsent large replies in bytes. Beyond this limit, the connection gets no more large
replies.
"""

LARGE_TOTAL_MAX: Final = 64 * 1024 * 1024
"""The limit of unsent large replies of all connections. Beyond this limit, each connection may still have one large
reply.
"""

LARGE_PEERS_LOOK: Final = 100
"""The maximum number of connections with counted large replies. Beyond this number, sent replies are removed from the
count.
"""

WAITING_MAX: Final = 8 * 1024 * 1024
"""The limit of queued bytes for one connection, about 20,000 usual replies. Further replies to this connection are
dropped.
"""

WAITING_TOTAL_MAX: Final = 64 * 1024 * 1024
"""The limit of queued bytes for all connections.

Beyond this limit, all queued replies of the connection with the most bytes are dropped.
"""

ENTRY_BYTES: Final = 200
"""The approximate memory of a queued reply in addition to its frame."""

FIRST_LOOK_S: Final = 0.002
LAST_LOOK_S: Final = 0.1

Frames = list[bytes]


class _Waiting:
    def __init__(self) -> None:
        self.replies: deque[Frames] = deque()
        self.bytes = 0
        self.told = False


class Outbox:
    """Sends replies.

    Args:
        socket: a ROUTER that reports full queues and lost connections (ROUTER_MANDATORY).
        log: logs that a connection does not receive its replies, once for each connection.
    """

    def __init__(self, socket: LoopSocket, log: logs.Logger) -> None:
        self._socket = socket
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        """The context of the timer. The task of a request may start the timer, and its lines are not of this request.
        """
        self._waiting: dict[bytes, _Waiting] = {}
        self._waiting_bytes = 0
        self._large: dict[bytes, deque[tuple[zmq.MessageTracker, int]]] = {}
        self._large_bytes = 0
        self._every_s = FIRST_LOOK_S
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def send(self, frames: Frames) -> None:
        """Sends one reply, after the queued replies."""
        peer = frames[0]
        waiting = self._waiting.get(peer)
        if waiting is None:
            if self._offer(frames) is not SendOutcome.FULL:
                return
            waiting = self._waiting[peer] = _Waiting()
            self._every_s = FIRST_LOOK_S
        size = _size(frames)
        if waiting.bytes + size > WAITING_MAX and waiting.replies:
            self._tell(peer, waiting)
            return
        waiting.replies.append(frames)
        waiting.bytes += size
        self._waiting_bytes += size
        if self._waiting_bytes > WAITING_TOTAL_MAX:
            self._drop(max(self._waiting, key=lambda each: self._waiting[each].bytes))
        if self._timer is None:
            self._timer = self._loop.call_later(self._every_s, self._look, context=self._context)

    def is_backpressured(self, peer: bytes) -> bool:
        """Whether a connection must receive earlier replies before it gets a large reply (backpressure)."""
        return peer in self._waiting or self._has_enough(peer)

    def close(self, *, linger_ms: int) -> None:
        """Sends queued replies while the socket accepts them. Closes the socket."""
        if self._timer is not None:
            self._timer.cancel()
        self._closing = True
        self._send_waiting()
        self._socket.close(linger_ms=linger_ms)

    def _offer(self, frames: Frames) -> SendOutcome:
        if len(frames[-1]) < LARGE_BYTES:
            return self._socket.try_send(frames)
        peer = frames[0]
        if self._has_enough(peer) and not self._closing:
            return SendOutcome.FULL
        frame = zmq.Frame(frames[-1], copy=False, track=True)
        taken = self._socket.try_send([*frames[:-1], frame], copy=False)
        if taken is SendOutcome.SENT and frame.tracker is not None:
            self._large.setdefault(peer, deque()).append((frame.tracker, len(frames[-1])))
            self._large_bytes += len(frames[-1])
            if len(self._large) > LARGE_PEERS_LOOK:
                for each in list(self._large):
                    self._forget_sent(each)
        return taken

    def _has_enough(self, peer: bytes) -> bool:
        """Whether the unsent large replies of a connection, or of all together, exceed their limit.

        A connection without unsent large replies may get a large reply in any case.
        """
        self._forget_sent(peer)
        unsent = self._large.get(peer)
        if not unsent:
            return False
        return sum(size for _, size in unsent) > LARGE_UNSENT_MAX or self._large_bytes > LARGE_TOTAL_MAX

    def _forget_sent(self, peer: bytes) -> None:
        unsent = self._large.get(peer)
        while unsent and unsent[0][0].done:
            self._large_bytes -= unsent.popleft()[1]
        if unsent is not None and not unsent:
            del self._large[peer]

    def _look(self) -> None:
        self._timer = None
        moved = self._send_waiting()
        if self._waiting:
            self._every_s = FIRST_LOOK_S if moved else min(2 * self._every_s, LAST_LOOK_S)
            self._timer = self._loop.call_later(self._every_s, self._look, context=self._context)

    def _send_waiting(self) -> bool:
        """Sends queued replies. Returns whether any reply was sent."""
        moved = False
        for peer, waiting in list(self._waiting.items()):
            while waiting.replies:
                taken = self._offer(waiting.replies[0])
                if taken is SendOutcome.FULL:
                    break
                moved = True
                if taken is SendOutcome.GONE:
                    self._drop(peer, gone=True)
                    break
                size = _size(waiting.replies.popleft())
                waiting.bytes -= size
                self._waiting_bytes -= size
            else:
                del self._waiting[peer]
        return moved

    def _drop(self, peer: bytes, *, gone: bool = False) -> None:
        waiting = self._waiting.pop(peer)
        self._waiting_bytes -= waiting.bytes
        if not gone:
            self._tell(peer, waiting)

    def _tell(self, peer: bytes, waiting: _Waiting) -> None:
        if not waiting.told:
            waiting.told = True
            self._log.warning(
                "client_does_not_read", client=peer.hex(), waiting=len(waiting.replies), waiting_bytes=waiting.bytes
            )


def _size(frames: Frames) -> int:
    return ENTRY_BYTES + sum(map(len, frames))
