"""Plays a transcript against a real daemon over plain sockets."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import zmq

from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, EVENTS_SOCKET, ipc_endpoint
from protocol.wire.envelope import EventFrame, Reply, topic_of
from protocol.wire.events.event import Event
from protocol.wire.operations import OPERATIONS, Operation
from tools.rig.daemon import Daemon
from tools.spec.files import ROOT, VECTORS
from tools.spec.patterns import filled, like
from tools.spec.wire_json import from_json, text

SESSIONS: Final = ROOT / VECTORS / "sessions"
PATIENCE_S: Final = 60.0

_WITH_OR_WITHOUT_TORRENT: Final = ("limits_applied", "limits_stale", "reconciled")


def assert_known(value: Any, kind: Any) -> None:
    """Asserts that a wire value has no unknown member.

    Raises:
        ValidationError: the value does not fit the type.
    """
    known = msgspec.to_builtins(msgspec.convert(value, kind, builtin_types=(bytes,)), builtin_types=(bytes,))
    assert known == value, f"{text(value)} is more than {text(known)}"


class Player:
    """A client that executes the steps of transcripts. A context manager.

    It validates each reply and event by its type.

    Args:
        daemon: a running daemon. Steps may kill engines and restart the supervisor.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._names: dict[str, Any] = {}
        self._asked: dict[str | int, tuple[Operation, bool]] = {}
        self._events = self._connected(zmq.SUB, EVENTS_SOCKET)
        self._commands = self._connected(zmq.DEALER, COMMANDS_SOCKET)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.destroy(linger=0)

    def play(self, session: Path) -> None:
        """Executes all steps of a transcript. Fails at the first difference."""
        for number, step in enumerate(json.loads(session.read_text())["steps"]):
            try:
                self._do(step)
            except AssertionError as error:
                raise AssertionError(f"{session.name}, steps[{number}], {json.dumps(step)}: {error}") from None

    def call(self, request: Any) -> Any:
        """Sends a request, and returns the next reply."""
        self._send(request)
        return self._reply()

    def _do(self, step: dict[str, Any]) -> None:
        match step:
            case {"send": request}:
                self._send(from_json(filled(request, self._names)))
            case {"send_hex": str(frame)}:
                self._commands.send(bytes.fromhex(frame))
            case {"expect": pattern}:
                reply = self._reply()
                assert self._is_like(reply, pattern), f"the reply is {text(reply)}"
            case {"event": pattern}:
                self._await_event(pattern)
            case {"subscribe": str(topic)}:
                self._events.subscribe(topic)
            case {"unsubscribe": str(topic)}:
                self._events.unsubscribe(topic)
            case {"do": "kill_engine"}:
                self._daemon.kill_engine()
            case {"do": "restart_supervisor"}:
                self._daemon.stop()
                self._daemon.start()
            case {"do": "reconnect"}:
                self._commands.close(linger=0)
                self._commands = self._connected(zmq.DEALER, COMMANDS_SOCKET)
            case _:
                raise AssertionError("there is no such step")

    def _reply(self) -> Any:
        assert self._commands.poll(int(PATIENCE_S * 1000)), "no reply"
        [frame] = self._commands.recv_multipart()
        reply = codec.decode(frame)
        assert_known(reply, Reply)
        if reply["ok"]:
            operation, cut = self._asked[reply["id"]]
            kind = operation.cut if cut and operation.cut is not None else operation.result
            assert_known(reply["result"], kind)
        return reply

    def _send(self, request: Any) -> None:
        match request:
            case {"id": str() | int(), "op": str(op)} if op in OPERATIONS:
                self._asked[request["id"]] = OPERATIONS[op], "fields" in request.get("args", {})
        self._commands.send(codec.encode(request))

    def _await_event(self, pattern: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        passed: list[str] = []
        while True:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"not among these events: {passed}"
            if not self._events.poll(int(left_s * 1000) + 1):
                continue
            topic, frame = self._events.recv_multipart()
            event = codec.decode(frame)
            assert topic.decode() == topic_of(event["type"], event.get("torrent"))
            assert_known(event, EventFrame)
            self._assert_type(event)
            if self._is_like(event, pattern):
                return
            passed.append(text(event))

    def _assert_type(self, event: dict[str, Any]) -> None:
        fact = {**event["data"], "type": event["type"]}
        if "torrent" in event:
            fact["torrent"] = event["torrent"]
        elif event["type"] in _WITH_OR_WITHOUT_TORRENT:
            fact["torrent"] = None
        assert_known(fact, Event)

    def _is_like(self, value: Any, pattern: Any) -> bool:
        found = like(value, from_json(pattern), self._names)
        self._names = self._names if found is None else found
        return found is not None

    def _connected(self, kind: int, socket: str) -> "zmq.Socket[bytes]":
        made = self._context.socket(kind)
        made.linger = 0
        made.connect(ipc_endpoint(self._daemon.runtime_dir, socket))
        return made
