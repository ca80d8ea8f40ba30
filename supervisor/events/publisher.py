"""Publishes events. Lifecycle events are numbered and stored. An event is encoded only if it has a subscriber.

If the queue of a subscriber is full, this subscriber loses events. Other subscribers are not affected. The subscriber
detects the gap by the next event or tick, and requests a replay. A connection with too many subscriptions is closed,
because no error can be sent to a SUB socket.
"""

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import zmq

from protocol.wire.events.event import LatestEvent, LifecycleEvent
from supervisor.events import event_frames
from supervisor.events.event_log import EventLog
from supervisor.events.subscriptions import Subscriptions
from supervisor.transport.descriptors import shut_down_inode
from supervisor.transport.loop_socket import LoopSocket, Sender

_SUBSCRIBE: Final = b"\x01"
_UNSUBSCRIBE: Final = b"\x00"
_OWN_FDS: Final = Path("/proc/self/fd")


class Publisher:
    """The `events` socket.

    Args:
        events: a bound XPUB socket.
        log: numbers and keeps lifecycle events.
        on_hung_up: called when a connection with too many subscriptions is closed.
        met: called with the sender of each frame from a subscriber.
        on_lifecycle: called with each lifecycle event.
        subscriptions: the subscribed prefixes of each connection.

    Fields:
        gen: the latest generation of an engine in any slot; 0 before the first engine.
        disconnected: how many connections were closed because of too many subscriptions.
    """

    def __init__(
        self,
        events: zmq.Socket[bytes],
        log: EventLog,
        on_hung_up: Callable[[], None] = lambda: None,
        *,
        met: Callable[[Sender], None] = lambda _: None,
        on_lifecycle: Callable[[LifecycleEvent], None] = lambda _: None,
        subscriptions: Subscriptions | None = None,
    ) -> None:
        self._log = log
        self._on_hung_up = on_hung_up
        self._met = met
        self._on_lifecycle = on_lifecycle
        self._last_hung_up: int | None = None
        self._subscriptions = subscriptions or Subscriptions()
        self._socket = LoopSocket(events, on_frames=self._handle_message)
        self.gen = 0
        self.disconnected = 0

    def lifecycle(self, event: LifecycleEvent, *, gen: int | None = None) -> int:
        """Numbers, stores and publishes a lifecycle event. Returns its sequence number.

        Args:
            gen: the engine's generation at the time of the event. None means the latest generation.
        """
        logged = self._log.append(event, gen=self.gen if gen is None else gen, ts_us=_now_us())
        if self._subscriptions.has_subscriber(logged.topic):
            self._socket.send([logged.topic, self._log.frame(logged)])
        self._on_lifecycle(event)
        return logged.seq

    def latest(self, event: LatestEvent, *, gen: int | None = None) -> None:
        """Publishes a value that replaces the previous value. If the topic has no subscriber, does nothing.

        Args:
            gen: the engine's generation at the time of the event. None means the latest generation.
        """
        topic = event_frames.topic(event)
        if self._subscriptions.has_subscriber(topic):
            log = self._log
            gen = self.gen if gen is None else gen
            frame = event_frames.encode(event, epoch=log.epoch, seq=log.head, gen=gen, ts_us=_now_us())
            self._socket.send([topic, frame])

    def close(self) -> None:
        """Stops publishing."""
        self._socket.close()

    def _handle_message(self, frames: list[zmq.Frame]) -> None:
        """Handles a message of XPUB about a subscription.

        XPUB reports the first subscription to a prefix, and the end of the last subscription. On tcp, XPUB reports each
        subscription.

        Other frames are user messages of a subscriber. User messages are ignored. A message may have a subscription
        after a user message, so each frame is examined.
        """
        self._met(self._socket.sender_of(frames[-1]))
        for frame in frames:
            message = frame.bytes
            if message[:1] == _SUBSCRIBE:
                excess = self._subscriptions.add(message[1:], _connection(frame))
                if excess is not None:
                    self._disconnect(excess)
            elif message[:1] == _UNSUBSCRIBE:
                self._subscriptions.remove(message[1:])

    def _disconnect(self, connection: int) -> None:
        """Closes a subscriber's connection at the level of the descriptor. ZeroMQ then drops the connection's
        subscriptions, and reports that.
        """
        fd = _fd_of(connection)
        if fd is None or not shut_down_inode(fd, connection):
            # The connection is closed already; prefixes that it shares with others now have an unknown holder.
            self._subscriptions.release_holder(connection)
            return
        if connection != self._last_hung_up:
            self._last_hung_up = connection
            self.disconnected += 1
            self._on_hung_up()


def _now_us() -> int:
    return time.time_ns() // 1000


def _connection(frame: zmq.Frame) -> int:
    """The connection of a frame. It is the inode of the connection's socket, or 0 if unknown. Inodes of sockets are not
    reused.
    """
    try:
        return os.fstat(int(frame.get(zmq.SRCFD))).st_ino
    except (OSError, zmq.ZMQError):
        return 0


def _fd_of(connection: int) -> int | None:
    """This process's descriptor of a connection, if it still exists."""
    for each in _OWN_FDS.iterdir():
        with suppress(OSError):
            status = os.fstat(int(each.name))
            if status.st_ino == connection and stat.S_ISSOCK(status.st_mode):
                return int(each.name)
    return None
