"""Somebody who asks a daemon something all the time, and counts what comes back."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import zmq

from ouzel.requests import Requests
from protocol import codec
from protocol.endpoints import COMMANDS_SOCKET, ipc_endpoint

DEADLINE_MS: Final = 10_000
LATE_S: Final = 2.0
"""How long after the last deadline a reply is waited for, and how long for one too many."""


@dataclass
class Book:
    """What was asked and what came back.

    Fields:
        sent: requests by op.
        replies: how many came, by request id.
        outcomes: `ok`, or the error's name, of each request's first reply.
        latencies_s: from sending to the first reply.
        promised: what the last accepted change of each kind asked for: `upload_bps`, `paused`.
        strangers: replies to what was never asked.
    """

    sent: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    promised: dict[str, Any] = field(default_factory=dict)
    strangers: int = 0

    @property
    def asked(self) -> int:
        """All requests."""
        return self.sent.total()

    @property
    def answered_once(self) -> int:
        """Requests with exactly one reply."""
        return sum(1 for count in self.replies.values() if count == 1)

    @property
    def missing(self) -> int:
        """Requests without a reply."""
        return self.asked - len(self.replies)

    @property
    def duplicates(self) -> int:
        """Replies beyond the first of each request, and those to what was never asked."""
        return self.replies.total() - len(self.replies) + self.strangers


class Chatter:
    """Reads and durable changes in turn, at a steady rate, whether or not the last was answered.

    Args:
        torrent: what it changes; its upload limit is a new one each time.
        per_s: requests a second.
    """

    def __init__(self, runtime_dir: Path, torrent: str, *, per_s: float) -> None:
        self.book = Book()
        self._endpoint = ipc_endpoint(runtime_dir, COMMANDS_SOCKET)
        self._every_s = 1 / per_s
        self._commands = _commands(torrent)
        self._requests = Requests(session=secrets.token_hex(8))
        self._open: dict[str, tuple[float, dict[str, Any]]] = {}
        self._stopping = False
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="chatter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
                self._listen(dealer, until=lambda: not self._open, patience_s=DEADLINE_MS / 1000 + LATE_S)
                self._listen(dealer, until=lambda: False, patience_s=LATE_S)
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self._trouble = error

    def _talk(self, dealer: "zmq.Socket[bytes]") -> None:
        due = time.monotonic()
        while not self._stopping:
            now = time.monotonic()
            if now >= due:
                due += self._every_s
                op, args = next(self._commands)
                request_id, frame = self._requests.build(op, args, deadline_ms=DEADLINE_MS)
                self._open[request_id] = (now, {name: args[name] for name in _CHANGED if name in args} | _meant(op))
                self.book.sent[op] += 1
                dealer.send(frame, zmq.NOBLOCK)
            elif dealer.poll((due - now) * 1000):
                self._take(dealer.recv_multipart()[-1])

    def _listen(self, dealer: "zmq.Socket[bytes]", *, until: Any, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not until() and (left_s := deadline - time.monotonic()) > 0:
            if dealer.poll(left_s * 1000):
                self._take(dealer.recv_multipart()[-1])

    def _take(self, frame: bytes) -> None:
        reply: Any = codec.unpack(frame, max_bytes=codec.MAX_FRAME_BYTES)
        request_id = reply["id"]
        asked = self._open.pop(request_id, None)
        if asked is None and request_id not in self.book.replies:
            self.book.strangers += 1
            return
        self.book.replies[request_id] += 1
        if asked is not None:
            sent_at, changed = asked
            self.book.latencies_s.append(time.monotonic() - sent_at)
            self.book.outcomes["ok" if reply["ok"] else reply["error"]["name"]] += 1
            if reply["ok"]:
                self.book.promised.update(changed)


_CHANGED: Final = ("upload_bps",)


def _meant(op: str) -> dict[str, Any]:
    return {"pause": {"paused": True}, "resume": {"paused": False}}.get(op, {})


def _commands(torrent: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in itertools.count(1):
        yield "ping", {}
        yield "update_limits", {"torrent": torrent, "upload_bps": 1_000_000 + number}
        yield "list_torrents", {}
        yield "pause", {"torrent": torrent}
        yield "health", {}
        yield "set_sequential", {"torrent": torrent, "sequential": number % 2 == 0}
        yield "get_torrent", {"torrent": torrent}
        yield "resume", {"torrent": torrent}
