"""A fake daemon with two sockets that answers as a test says, since a real one cannot refuse or be silent on demand."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgpack
import zmq

from tests.clients.languages import Endpoints

TURN_MS: Final = 20
ROWS: Final = ("a" * 40, "b" * 40)
"""The torrents of every snapshot, each on a page of its own."""
UNREADABLE: Final = b"\xc1"

Reply = dict[str, Any]


class Asking(NamedTuple):
    """A request as it is passed to an answer function.

    Fields:
        nth: 1 for the client's first request of this op; one that comes again under its id is no new one.
        args: the request's.
    """

    nth: int
    args: dict[str, Any]


Answer = Callable[["Fickle", Asking], Reply | None]
"""Returns the members of a reply; None means no reply."""


def snapshot(fickle: "Fickle", asking: Asking) -> Reply:
    """A snapshot page with one torrent."""
    page = asking.args["cursor"] or 0
    return {
        "ok": True,
        "result": {"torrents": [{"torrent": ROWS[page]}], "cursor": page + 1 if page + 1 < len(ROWS) else None},
    }


def replay(fickle: "Fickle", asking: Asking) -> Reply:
    """A replay with one event, and not with all that exist."""
    after = asking.args["after_seq"]
    events = [fickle.event(after + 1)] if after < fickle.head else []
    return {"ok": True, "result": {"events": events, "head": fickle.head}}


def ping(fickle: "Fickle", asking: Asking) -> Reply:
    """The default answer."""
    return {"ok": True, "result": {}}


def refused(name: str, retry: str) -> Answer:
    """An error; a `later` error has a retry delay of a tenth of a second."""
    error = {"code": 6001, "name": name, "message": "not now", "retry": retry}
    if retry == "later":
        error["retry_after_ms"] = 100
    return lambda fickle, asking: {"ok": False, "error": error}


def mute(fickle: "Fickle", asking: Asking) -> None:
    """Sends no answer."""


def first(*answers: Answer, then: Answer) -> Answer:
    """These answers to a client's first requests of an op, one each, and the last answer to all further ones."""
    return lambda fickle, asking: (answers[asking.nth - 1] if asking.nth <= len(answers) else then)(fickle, asking)


DEFAULTS: Final[dict[str, Answer]] = {"snapshot": snapshot, "replay": replay}


class Fickle:
    """Answers every request twice, after an unreadable frame, in a thread of its own, and publishes ticks.

    Args:
        directory: where its sockets are made; short.
        tick_s: between two ticks.
        answers: by op.

    Fields:
        answers: may be changed.
        epoch: may be changed, as by a restart.
        head: of the events, which come by `replay` alone.
    """

    def __init__(self, directory: Path, *, tick_s: float = 0.3, **answers: Answer) -> None:
        directory.mkdir()
        self.endpoints = Endpoints.within(directory)
        self.answers = DEFAULTS | answers
        self.epoch = "e1"
        self.head = 0
        self._tick_s = tick_s
        self._ids: dict[tuple[str, str], list[str | int]] = {}
        self._closing = False
        self._ready = threading.Event()
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="fickle", daemon=True)

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

    def asked(self, op: str) -> Sequence[int]:
        """The number of requests of this op by each client, without repeats."""
        return [len(ids) for (_, each), ids in self._ids.copy().items() if each == op]

    def event(self, seq: int) -> dict[str, Any]:
        """The lifecycle event with this number."""
        return self._message(seq, "state_changed", {"state": "paused"}) | {"torrent": ROWS[0]}

    def _message(self, seq: int, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"v": 1, "epoch": self.epoch, "seq": seq, "gen": 1, "ts_us": 1, "type": kind, "data": data}

    def _work(self) -> None:
        try:
            with (
                zmq.Context() as context,
                context.socket(zmq.ROUTER) as commands,
                context.socket(zmq.XPUB) as events,
            ):
                for each in (commands, events):
                    each.linger = 0
                commands.bind(self.endpoints.commands)
                events.bind(self.endpoints.events)
                self._ready.set()
                self._serve(commands, events)
        except BaseException as error:  # noqa: BLE001  # handed to the thread that waits
            self._trouble = error

    def _serve(self, commands: zmq.Socket[bytes], events: zmq.Socket[bytes]) -> None:
        tick_at = 0.0
        while not self._closing:
            if commands.poll(min(TURN_MS, int(self._tick_s * 1000))):
                *route, frame = commands.recv_multipart()
                for reply in self._replies(frame):
                    commands.send_multipart([*route, reply])
            if time.monotonic() >= tick_at:
                tick_at = time.monotonic() + self._tick_s
                tick = self._message(self.head, "tick", {"epoch": self.epoch, "head": self.head, "status": "healthy"})
                nameless = {"v": 1, "epoch": self.epoch, "seq": 0}
                events.send_multipart([b"lifecycle/-", UNREADABLE])
                events.send_multipart([b"lifecycle/-", msgpack.packb(nameless)])
                events.send_multipart([b"tick/-", msgpack.packb(tick)])

    def _replies(self, frame: bytes) -> list[bytes]:
        request: dict[str, Any] = msgpack.unpackb(frame)
        ids = self._ids.setdefault((request["client"], request["op"]), [])
        if request["id"] not in ids:
            ids.append(request["id"])
        asking = Asking(ids.index(request["id"]) + 1, request["args"])
        answered = self.answers.get(request["op"], ping)(self, asking)
        if answered is None:
            return []
        reply = {"v": 1, "id": request["id"], "epoch": self.epoch, "gen": 1, "seq": self.head, **answered}
        return [UNREADABLE, msgpack.packb(reply), msgpack.packb(reply | {"dup": True})]
