"""A minimal Python client, with only a socket and msgpack, with which the other clients are compared."""

import base64
from types import TracebackType
from typing import Any, Self

import msgpack
import zmq

from tests.clients.languages import Endpoints


class Bare:
    """A client for one thread at a time."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._context = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.connect(endpoints.commands)
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)

    def ask(self, op: str, args: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """Returns the map of the reply. Bytes in `args` are given in JSON form."""
        self._asked += 1
        binary = msgpack.unpackb(msgpack.packb(args or {}), object_hook=_bytes)
        self._socket.send(msgpack.packb({"v": 1, "id": self._asked, "op": op, "args": binary, **envelope}))
        assert self._socket.poll(30_000), f"no reply to {op}"
        reply: dict[str, Any] = msgpack.unpackb(self._socket.recv())
        return reply

    def history(self) -> tuple[str, list[dict[str, Any]]]:
        """The epoch, and all its events from the first one on, without a gap."""
        epoch = str(self.ask("ping")["epoch"])
        events: list[dict[str, Any]] = []
        while True:
            result = self.ask("replay", {"epoch": epoch, "after_seq": len(events), "limit": 10_000})["result"]
            events += result["events"]
            if len(events) >= result["head"]:
                assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
                return epoch, events


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bin"]) if "$bin" in value else value
