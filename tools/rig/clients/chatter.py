"""A client that sends requests continuously, and counts the replies."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import zmq

from ouzel.requests import MAX_REPLY_BYTES, MAX_REPLY_ELEMENTS, Requests
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint

DEADLINE_MS: Final = 10_000
TURN_MS: Final = 100
LATE_S: Final = 2.0
"""How long to wait for a reply after the last deadline, and then for a duplicate."""


@dataclass
class Book:
    """A record of the requests and their replies.

    Fields:
        sent: the number of requests by op.
        replies: the number of replies by request id.
        outcomes: for each request, `ok` or the error's name in the first reply.
        latencies_s: the times from sending to the first reply.
        promised: the values in the torrent's row that accepted changes have set.
        strangers: the number of replies to unknown ids.
    """

    sent: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    promised: dict[str, Any] = field(default_factory=dict)
    strangers: int = 0

    @property
    def asked(self) -> int:
        """The number of requests."""
        return self.sent.total()

    @property
    def answered_once(self) -> int:
        """The number of requests with exactly one reply."""
        return sum(1 for count in self.replies.values() if count == 1)

    @property
    def missing(self) -> int:
        """The number of requests without a reply."""
        return self.asked - len(self.replies)

    @property
    def duplicates(self) -> int:
        """The number of surplus replies. These are second replies to a request, and replies to unknown ids."""
        return self.replies.total() - len(self.replies) + self.strangers


class Chatter:
    """Alternates reads and durable changes at a steady rate, without waiting for replies.

    Args:
        torrent: the torrent to change. Each change sets a new upload limit.
        per_s: the number of requests per second.
    """

    def __init__(self, runtime_dir: Path, torrent: str, *, per_s: float) -> None:
        self.book = Book()
        self._endpoint = ipc_endpoint(runtime_dir, COMMANDS_SOCKET)
        self._every_s = 1 / per_s
        self._rotation = _rotation(torrent)
        self._requests = Requests(session=secrets.token_hex(8))
        self._open: dict[str, _Asked] = {}
        self._stopping = self._abandoned = False
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="chatter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandoned = kind is not None
        self._stopping = True
        self._thread.join()
        if self._trouble is not None and kind is None:
            raise self._trouble

    def _run(self) -> None:
        try:
            with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
                dealer.linger = 0
                dealer.connect(self._endpoint)
                self._talk(dealer)
                self._listen(dealer, DEADLINE_MS / 1000 + LATE_S, until=lambda: not self._open)
                self._listen(dealer, LATE_S, until=lambda: False)
        except BaseException as error:  # noqa: BLE001  # raised again by the waiting thread
            self._trouble = error

    def _talk(self, dealer: "zmq.Socket[bytes]") -> None:
        due = time.monotonic()
        while not self._stopping:
            left_s = due - time.monotonic()
            if left_s > 0:
                self._listen(dealer, left_s, until=lambda: False)
                continue
            due += self._every_s
            request = next(self._rotation)
            request_id, frame = self._requests.build(request.op, request.args, deadline_ms=DEADLINE_MS)
            self._open[request_id] = _Asked(time.monotonic(), request.promise)
            self.book.sent[request.op] += 1
            dealer.send(frame, zmq.NOBLOCK)

    def _listen(self, dealer: "zmq.Socket[bytes]", patience_s: float, *, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + patience_s
        while not (until() or self._abandoned) and (left_s := deadline - time.monotonic()) > 0:
            if dealer.poll(min(ceil(left_s * 1000), TURN_MS)):
                self._take(dealer.recv_multipart()[-1])

    def _take(self, frame: bytes) -> None:
        reply: Any = codec.unpack(frame, max_bytes=MAX_REPLY_BYTES, max_elements=MAX_REPLY_ELEMENTS)
        request_id = reply["id"]
        asked = self._open.pop(request_id, None)
        if asked is None and request_id not in self.book.replies:
            self.book.strangers += 1
            return
        self.book.replies[request_id] += 1
        if asked is not None:
            self.book.latencies_s.append(time.monotonic() - asked.at)
            self.book.outcomes["ok" if reply["ok"] else reply["error"]["name"]] += 1
            if reply["ok"]:
                self.book.promised.update(asked.promise)


class _Asked(NamedTuple):
    at: float
    promise: dict[str, Any]


class _Request(NamedTuple):
    op: str
    args: dict[str, Any]
    promise: dict[str, Any]


def _rotation(torrent: str) -> Iterator[_Request]:
    """Yields reads and changes alternately. A change has the fields of the torrent's row that it sets."""

    def read(op: str, **args: Any) -> _Request:
        return _Request(op, args, {})

    def change(op: str, promise: dict[str, Any], **args: Any) -> _Request:
        return _Request(op, {"torrent": torrent, **args}, promise)

    for number in itertools.count(1):
        yield read("ping")
        yield change("update_limits", {"upload_limit_bps": 1_000_000 + number}, upload_bps=1_000_000 + number)
        yield read("list_torrents")
        yield change("pause", {"paused": True})
        yield read("health")
        yield change("set_sequential", {"sequential": number % 2 == 0}, sequential=number % 2 == 0)
        yield read("get_torrent", torrent=torrent)
        yield change("resume", {"paused": False})
