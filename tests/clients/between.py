"""Proxies the real sockets between clients and a daemon, and simulates a bad network and a full queue."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgpack
import zmq

from tests.clients.languages import Endpoints

TURN_MS: Final = 50
FOREIGN_EPOCH: Final = "0000000000000000"


Passes = Callable[[str, int], bool]


def everything(topic: str, seq: int) -> bool:
    """Loses nothing."""
    return True


def every_third(topic: str, seq: int) -> bool:
    """Loses two lifecycle events of three, and all ticks, so that only the next event reveals a loss."""
    return topic.startswith("lifecycle/") and seq % 3 == 0


def ticks(topic: str, seq: int) -> bool:
    """Loses every lifecycle event, so that only ticks reveal the loss."""
    return topic.startswith("tick/")


class Asked(NamedTuple):
    """Identifies a request, also when it is sent again on another connection."""

    op: str
    client: str | None
    id: str | int


class Between:
    """Forwards messages between the clients and a daemon, in a thread of its own.

    Args:
        directory: where its sockets are made; short.
        daemon: the daemon's.

    Fields:
        page: rows and events that a request may ask for at the most; what is more is made less. 0 leaves it.
        passes: whether an event with this topic and this number is passed on.
        forgetful: replays are asked for another epoch, so that the daemon refuses them.
        mute: the first reply to each request of this op is not passed on.
        asked: how often each request came.
        lost: events that were not passed on.
    """

    def __init__(self, directory: Path, daemon: Endpoints) -> None:
        directory.mkdir()
        self.endpoints = Endpoints.within(directory)
        self.page = 0
        self.passes: Passes = everything
        self.forgetful = False
        self.mute: str | None = None
        self.asked: Counter[Asked] = Counter()
        self.lost = 0
        self._muted: set[Asked] = set()
        self._asked_by: dict[tuple[bytes, str | int], Asked] = {}
        self._closing = False
        self._daemon = daemon
        self._ready = threading.Event()
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="between", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30), self._trouble
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._thread.join()
        if self._trouble is not None:
            raise self._trouble

    def _work(self) -> None:
        try:
            with (
                zmq.Context() as context,
                context.socket(zmq.ROUTER) as clients,
                context.socket(zmq.DEALER) as commands,
                context.socket(zmq.XPUB) as subscribers,
                context.socket(zmq.XSUB) as events,
            ):
                for each in (clients, commands, subscribers, events):
                    each.linger = 0
                    each.sndhwm = each.rcvhwm = 0
                clients.bind(self.endpoints.commands)
                subscribers.bind(self.endpoints.events)
                commands.connect(self._daemon.commands)
                events.connect(self._daemon.events)
                self._ready.set()
                self._pass_on(clients, commands, subscribers, events)
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
            self._trouble = error

    def _pass_on(
        self,
        clients: zmq.Socket[bytes],
        commands: zmq.Socket[bytes],
        subscribers: zmq.Socket[bytes],
        events: zmq.Socket[bytes],
    ) -> None:
        poller = zmq.Poller()
        for each in (clients, commands, subscribers, events):
            poller.register(each, zmq.POLLIN)
        while not self._closing:
            readable = dict(poller.poll(TURN_MS))
            if clients in readable:
                *route, request = clients.recv_multipart()
                commands.send_multipart([*route, self._request(route[0], request)])
            if commands in readable:
                *route, reply = commands.recv_multipart()
                if self._wanted(route[0], reply):
                    clients.send_multipart([*route, reply])
            if subscribers in readable:
                events.send_multipart(subscribers.recv_multipart())
            if events in readable:
                topic, event = events.recv_multipart()
                if self.passes(topic.decode(), msgpack.unpackb(event)["seq"]):
                    subscribers.send_multipart([topic, event])
                else:
                    self.lost += 1

    def _request(self, sender: bytes, frame: bytes) -> bytes:
        request: dict[str, Any] = msgpack.unpackb(frame)
        asked = Asked(request["op"], request.get("client"), request["id"])
        self.asked[asked] += 1
        self._asked_by[sender, request["id"]] = asked
        if self.page and "limit" in request["args"]:
            request["args"]["limit"] = min(self.page, request["args"]["limit"])
        if self.forgetful and request["op"] == "replay":
            request["args"]["epoch"] = FOREIGN_EPOCH
        packed: bytes = msgpack.packb(request)
        return packed

    def _wanted(self, sender: bytes, frame: bytes) -> bool:
        asked = self._asked_by[sender, msgpack.unpackb(frame)["id"]]
        if asked.op != self.mute or asked in self._muted:
            return True
        self._muted.add(asked)
        return False
