"""A plain subscriber in a separate process. It reads without a pause, counts events, and does not repair losses.

Run `-m tools.rig.clients.listener ENDPOINT PREFIX...`. It writes `{}` after the first tick. Then it answers each line
on stdin with the count so far. It ends when its stdin is closed, or when the process that started it ends.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgpack
import zmq

from protocol.wire.endpoints import EVENTS_SOCKET, ipc_endpoint
from tools.rig.helper import Helper

TURN: Final = 1000
RECEIVE_QUEUE: Final = 100_000


class Heard(NamedTuple):
    """What a listener has received since its start. Times are monotonic seconds.

    Fields:
        events: the number of events except ticks.
        lost: the number of events that are missing in the numbering.
        last_seq: the number of the last lifecycle event.
        head: the `head` of the last tick.
        first_at: when the first event arrived; 0 if none arrived.
        last_at: when the last event arrived; 0 if none arrived.
    """

    events: int
    lost: int
    last_seq: int
    head: int
    first_at: float
    last_at: float


class Listener(Helper):
    """The process of a listener.

    Args:
        runtime_dir: the daemon's runtime directory.
        prefixes: the prefixes of topics to subscribe to, in addition to ticks.
    """

    def __init__(self, runtime_dir: Path, *prefixes: str) -> None:
        super().__init__("tools.rig.clients.listener", ipc_endpoint(runtime_dir, EVENTS_SOCKET), *prefixes)

    def heard(self) -> Heard:
        """What the listener has received so far."""
        return Heard(**self._ask())


def _listen(endpoint: str, prefixes: list[str]) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.rcvhwm = RECEIVE_QUEUE
    for prefix in (*prefixes, "tick/"):
        socket.subscribe(prefix)
    socket.connect(endpoint)
    socket.recv_multipart()
    _say()
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    events = lost = last_seq = head = 0
    first_at = last_at = 0.0
    while True:
        ready = dict(poller.poll())
        if socket in ready:
            for _ in range(TURN):
                try:
                    topic, frame = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                if topic == b"tick/-":
                    head = msgpack.unpackb(frame)["seq"]
                    continue
                events += 1
                if topic.startswith(b"lifecycle/"):
                    seq = msgpack.unpackb(frame)["seq"]
                    lost += seq - last_seq - 1 if last_seq else 0
                    last_seq = seq
                last_at = time.monotonic()
                first_at = first_at or last_at
        if sys.stdin.fileno() in ready:
            if not sys.stdin.readline():
                return
            _say(**Heard(events, lost, last_seq, head, first_at, last_at)._asdict())


def _say(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _listen(sys.argv[1], sys.argv[2:])
