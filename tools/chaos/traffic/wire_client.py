"""Clients on the daemon's command socket. One thread runs all of them."""

import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import zmq

from ouzel.requests import MAX_REPLY_BYTES, MAX_REPLY_ELEMENTS
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from protocol.wire.envelope import VERSION, Request
from tools.chaos.history.entries import Answered, End, Ended, Invoked
from tools.chaos.history.recorder import Recorder, now
from tools.chaos.plan.plan import SESSION, PlannedOp
from tools.chaos.traffic.torrents import Source, values_of

DEADLINE_S: Final = 5.0
LATE_S: Final = 3.0
"""How long a client waits for a reply after its deadline."""

GRACE_S: Final = 2.0
"""A reply by its deadline may be read later on a busy machine."""

TURN_S: Final = 0.01
CERTAIN: Final = range(1000, 5000)
"""Codes of errors that mean that nothing was accepted, if the reply does not say so itself."""

UNCERTAIN: Final = {"deadline_exceeded"}


class Context(NamedTuple):
    """What all clients share.

    Fields:
        peer: the endpoint of the seed.
        places: the save paths.
    """

    runtime_dir: Path
    sources: list[Source]
    peer: str
    tracker: str
    places: list[Path]
    recorder: Recorder


class _Open(NamedTuple):
    """An operation that is not answered completely.

    Fields:
        left: the number of replies that may still arrive.
        done: whether the end is recorded. An operation that was sent twice ends with the first `ok` or the last reply.
        doubt: whether the end is unknown after a reply.
    """

    op: PlannedOp
    until: float
    left: int
    done: bool = False
    doubt: bool = False


class WireClients:
    """Clients with one socket each."""

    def __init__(self, context: Context, clients: int) -> None:
        self._given = context
        self._names = [f"chaos-{number}" for number in range(clients)]
        self._session = f"{time.monotonic_ns():x}"
        self._zmq: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sockets = [self._zmq.socket(zmq.DEALER) for _ in self._names]
        for socket in self._sockets:
            socket.linger = 0
            socket.connect(ipc_endpoint(context.runtime_dir, COMMANDS_SOCKET))
        self._open: dict[str, _Open] = {}

    def close(self) -> None:
        """Closes the sockets."""
        for socket in self._sockets:
            socket.close()
        self._zmq.term()

    def play(self, ops: list[PlannedOp]) -> None:
        """Sends operations at their times, and returns when all have ended."""
        began = now()
        waiting = [op for op in ops if op.via == "wire"]
        waiting.reverse()
        while waiting or any(not each.done for each in self._open.values()):
            while waiting and began + waiting[-1].at_s <= now():
                self._send(waiting.pop())
            due = began + waiting[-1].at_s - now() if waiting else TURN_S
            self._receive(max(0.0, min(TURN_S, due)))
            self._expire()

    def _send(self, op: PlannedOp) -> None:
        given, request_id = self._given, f"{self._session}-{op.number}"
        frame = codec.encode(
            Request(
                v=VERSION,
                id=request_id,
                op=op.op,
                args=arguments(given, op),
                client=self._names[op.client],
                wait="applied" if op.applied else "durable",
                deadline_ms=int(DEADLINE_S * 1000),
            )
        )
        sends = 1 + op.twice
        self._given.recorder.record(Invoked(at=now(), number=op.number, sends=sends))
        self._open[request_id] = _Open(op, now() + DEADLINE_S + LATE_S, sends)
        for _ in range(sends):
            try:
                self._sockets[op.client].send(frame, zmq.NOBLOCK)
            except zmq.Again:  # the queue to a dead supervisor is full: not sent, and so the end stays unknown
                break

    def _receive(self, patience_s: float) -> None:
        readable, _, _ = zmq.select(self._sockets, [], [], timeout=patience_s)
        for socket in readable:
            for _ in range(100):
                try:
                    frame = socket.recv(zmq.NOBLOCK)
                except zmq.Again:
                    break
                reply = codec.unpack(frame, max_bytes=MAX_REPLY_BYTES, max_elements=MAX_REPLY_ELEMENTS)
                assert isinstance(reply, dict)
                self._take(reply)

    def _take(self, reply: dict[str, Any]) -> None:
        request_id, at = str(reply["id"]), now()
        found = self._open.get(request_id)
        error = {} if reply["ok"] else reply["error"]
        number = int(request_id.rpartition("-")[2]) if found is None else found.op.number
        late = found is None or found.until - LATE_S + GRACE_S < at
        answered = Answered(
            at=at, number=number, ok=reply["ok"], error=error.get("name", ""), dup=bool(reply.get("dup")), late=late
        )
        self._given.recorder.record(answered)
        if found is None:
            return
        left, done = found.left - 1, found.done
        if not done:
            end = ended(found.op, reply, at)
            done = end.end == "ok" or not left
            if end.end == "fail" and found.doubt:  # another execution of the same request may have changed it
                end = Ended(at=at, number=number, end="unknown", error=end.error)
            if done:
                self._given.recorder.record(end)
            found = found._replace(doubt=found.doubt or end.end == "unknown")
        if left:
            self._open[request_id] = found._replace(left=left, done=done)
        else:
            del self._open[request_id]

    def _expire(self) -> None:
        for request_id, each in list(self._open.items()):
            if now() > each.until:
                del self._open[request_id]
                if not each.done:
                    self._given.recorder.record(Ended(at=now(), number=each.op.number, end="unknown", error="no_reply"))


def arguments(given: Context, op: PlannedOp) -> dict[str, Any]:
    """The arguments of an operation on the wire."""
    args = dict(op.args)
    if op.torrent == SESSION:
        return args
    source = given.sources[op.torrent]
    match op.op:
        case "add_torrent":
            if source.made is not None:
                args["peers"] = [given.peer]
                args["trackers"] = [given.tracker]
            args["save_path"] = str(given.places[0])
            return args | ({"magnet": source.magnet} if source.by_magnet else {"metainfo": source.metainfo})
        case "move_storage":
            return {"torrent": source.torrent, "save_path": str(given.places[args["place"]])}
        case "move_in_queue":
            return {"torrents": [source.torrent], **args}
        case "list_torrents":
            return {"limit": 100}
        case _:
            return {"torrent": source.torrent, **args}


def ended(op: PlannedOp, reply: dict[str, Any], at: float) -> Ended:
    """The end of an operation according to its reply."""
    if reply["ok"]:
        result = reply["result"]
        found = values_of(result) if op.op == "get_torrent" else None
        return Ended(at=at, number=op.number, end="ok", found=found, duplicate=bool(result.get("duplicate")))
    error = reply["error"]
    accepted = error.get("accepted")
    end: End
    if accepted is not None:
        end = "ok" if accepted else "fail"
    elif error["name"] in UNCERTAIN:
        end = "unknown"
    else:
        end = "fail" if error["code"] in CERTAIN else "unknown"
    found = {} if error["name"] == "unknown_torrent" else None
    return Ended(at=at, number=op.number, end=end, error=error["name"], found=found)
