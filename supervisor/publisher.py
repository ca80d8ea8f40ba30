"""Publishes events: the lifecycle's numbered and kept, the others only if somebody listens."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import zmq

from protocol import codec
from protocol.envelope import EventFrame, topic_of
from protocol.events import LifecycleEvent, Progress, Tick
from supervisor.event_log import EventLog
from supervisor.loop_socket import LoopSocket, Sender


class Publisher:
    """The `events` socket.

    Args:
        socket: a bound XPUB socket.
        log: numbers and keeps lifecycle events.
        met: hears of whoever subscribes to something.
    """

    def __init__(
        self, socket: zmq.Socket[bytes], log: EventLog, *, met: Callable[[Sender], None] = lambda _: None
    ) -> None:
        self._log = log
        self._subscribed: set[bytes] = set()
        self._met = met
        self._socket = LoopSocket(socket, on_message_from=self._note_subscription)
        self.gen = 0

    def lifecycle(self, event: LifecycleEvent) -> int:
        """Publishes an event that must not be lost. Returns its number."""
        type_, torrent, data = _take_apart(event)
        topic = topic_of(type_, torrent)
        frame = self._frame(self._log.head + 1, type_, torrent, data)
        self._log.append(topic, frame)
        self._socket.send([topic.encode(), frame])
        return self._log.head

    def latest(self, event: Progress | Tick) -> None:
        """Publishes a value that the next one replaces, if somebody listens."""
        topic = topic_of(*_name(event)).encode()
        if any(topic.startswith(prefix) for prefix in self._subscribed):
            self._socket.send([topic, self._frame(self._log.head, *_take_apart(event))])

    def close(self) -> None:
        """Stops publishing."""
        self._socket.close()

    def _frame(self, seq: int, type_: str, torrent: str | None, data: dict[str, Any]) -> bytes:
        return codec.encode(
            EventFrame(
                epoch=self._log.epoch,
                seq=seq,
                gen=self.gen,
                ts_us=time.time_ns() // 1000,
                type=type_,
                torrent=torrent or msgspec.UNSET,
                data=data,
            )
        )

    def _note_subscription(self, frames: list[bytes], sender: Sender) -> None:
        """XPUB tells of the first subscriber to a prefix, on tcp of each, and of the last one that leaves."""
        self._met(sender)
        message = frames[0]
        if message[:1] == b"\x01":
            self._subscribed.add(message[1:])
        elif message[:1] == b"\x00":
            self._subscribed.discard(message[1:])


def _name(event: Progress | Tick) -> tuple[str, str | None]:
    """An event's type and torrent."""
    return str(event.__struct_config__.tag), event.torrent if isinstance(event, Progress) else None


def _take_apart(event: LifecycleEvent | Progress | Tick) -> tuple[str, str | None, dict[str, Any]]:
    """An event's type, torrent and data, as the envelope wants them."""
    data = msgspec.to_builtins(event, builtin_types=(bytes,))
    torrent = data.pop("torrent", None)
    return data.pop("type"), torrent, data
