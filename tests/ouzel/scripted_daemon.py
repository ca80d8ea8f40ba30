"""A daemon in a thread, with real sockets, whose answers a test determines."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import zmq

from ouzel.stream.event import Event
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, EVENTS_SOCKET, ipc_endpoint
from protocol.wire.envelope import ErrorBody, EventFrame, Reply, Request, parse_request, topic_of
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import OPERATIONS
from protocol.wire.rows import TorrentRow
from tests.ouzel import samples

SILENCE: Final = object()
"""No answer."""

Answer = Callable[[dict[str, Any]], Any]


class ScriptedDaemon:
    """Answers requests by `answers`, by op, and publishes on request. A context manager.

    Fields:
        answers: an answer gives the result, raises an OuzelError, or gives SILENCE. It runs in the daemon's thread, and
            may publish.
        rows: the torrents that reads tell of.
        requests: all that came, in order.
    """

    def __init__(self, runtime_dir: Path, *, epoch: str = samples.EPOCH) -> None:
        self.epoch = epoch
        self.seq = 0
        self.rows: dict[str, TorrentRow] = {}
        self.log: list[Event] = []
        self.requests: list[Request] = []
        self.answers: dict[str, Answer] = {
            "hello": lambda _: {"server": "scripted", "version": "0", "protocol": 1, "ops": list(OPERATIONS)},
            "ping": lambda _: {},
            "health": lambda _: samples.health(),
            "stats": lambda _: samples.stats(),
            "snapshot": self._snapshot,
            "list_torrents": self._list_torrents,
            "get_torrent": self._get_torrent,
            "replay": self._replay,
        }
        self._plays: list[tuple[bytes, Callable[[], object]]] = []
        self._runtime_dir = runtime_dir
        self._subscribed: dict[bytes, threading.Event] = {}
        self._peers: dict[str | int, bytes] = {}
        self._guard = threading.Lock()
        self._context = zmq.Context()
        self._router, self._xpub = self._context.socket(zmq.ROUTER), self._context.socket(zmq.XPUB)
        self._orders, self._ordered = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "ScriptedDaemon":
        self._router.bind(ipc_endpoint(self._runtime_dir, COMMANDS_SOCKET))
        self._xpub.bind(ipc_endpoint(self._runtime_dir, EVENTS_SOCKET))
        self._ordered.bind("inproc://orders")
        self._orders.connect("inproc://orders")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.send(b"")
        self._thread.join()
        self._context.destroy(linger=0)

    def publish(self, type_: str, torrent: str | None = samples.ID, *, lost: bool = False, **data: Any) -> Event:
        """Publishes an event, numbered if it is a lifecycle event; `lost` ones are only in the log."""
        with self._guard:
            if type_ not in {"tick", "progress"}:
                self.seq += 1
            happened = samples.event(self.seq, type_, torrent, self.epoch, **msgspec.to_builtins(data))
            if happened.numbered:
                self.log.append(happened)
        if not lost:
            topic = topic_of(type_, torrent).encode()
            frame = EventFrame(torrent=torrent or msgspec.UNSET, **_shared(happened))
            if threading.current_thread() is self._thread:
                self._xpub.send_multipart([topic, codec.encode(frame)])
            else:
                self._orders.send_multipart([topic, codec.encode(frame)])
        return happened

    def tick(self) -> None:
        """Sends a tick, as a daemon does each second, here also on a subscription."""
        self.publish("tick", None, head=self.seq, status="healthy")

    def wait_subscribed(self, topic: bytes) -> None:
        """Waits until a subscription to the topic is in effect."""
        assert self._subscription(topic).wait(timeout=10)

    def once_listening(self, topic: bytes, play: Callable[[], object]) -> None:
        """Runs this in the daemon's thread once a stream has its baseline and its subscription is in effect."""
        self._plays.append((topic, play))

    def ops(self) -> list[str]:
        """The requested ops."""
        return [request.op for request in self.requests]

    def _subscription(self, topic: bytes) -> threading.Event:
        with self._guard:
            return self._subscribed.setdefault(topic, threading.Event())

    def _run(self) -> None:
        poller = zmq.Poller()
        for each in (self._router, self._xpub, self._ordered):
            poller.register(each, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._xpub in ready:
                subscription = self._xpub.recv()
                if subscription[:1] == b"\x01":
                    self._subscription(subscription[1:]).set()
                if subscription == b"\x01tick/":
                    self.tick()
            if self._router in ready:
                self._serve(self._router.recv_multipart())
            if self._ordered in ready:
                frames = self._ordered.recv_multipart()
                if frames == [b""]:
                    return
                self._xpub.send_multipart(frames)
            self._play()

    def _play(self) -> None:
        if not {"hello", "snapshot"}.isdisjoint(self.ops()):
            due = [play for play in self._plays if self._subscription(play[0]).is_set()]
            self._plays = [play for play in self._plays if play not in due]
            for _, play in due:
                play()

    def _serve(self, frames: list[bytes]) -> None:
        request = parse_request(frames[-1])
        self.requests.append(request)
        self._peers[request.id] = frames[0]
        try:
            answer = self.answers.get(request.op)
            if answer is None:
                raise OuzelError(ErrorKind.UNKNOWN_OP, f"op: there is no command {request.op!r}", field="op")
            result = answer(request.args)
            if result is SILENCE:
                return
            reply = Reply(id=request.id, ok=True, result=result, epoch=self.epoch, gen=1, seq=self.seq)
        except OuzelError as error:
            body = ErrorBody.of(error)
            reply = Reply(id=request.id, ok=False, error=body, epoch=self.epoch, gen=1, seq=self.seq)
        self._router.send_multipart([frames[0], codec.encode(reply)])

    def answer_as(self, request: Request, result: Any) -> None:
        """Answers an earlier request; for use inside an answer, in the daemon's thread."""
        reply = Reply(id=request.id, ok=True, result=result, epoch=self.epoch, gen=1, seq=self.seq)
        self._router.send_multipart([self._peers[request.id], codec.encode(reply)])

    def _snapshot(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"health": samples.health(), "settings": samples.settings(), **self._list_torrents(args)}

    def _list_torrents(self, args: dict[str, Any]) -> dict[str, Any]:
        after = sorted(torrent for torrent in self.rows if torrent > (args.get("cursor") or ""))
        kept = [torrent for torrent in after if args.get("state") in (None, self.rows[torrent].state)]
        page = kept[: args["limit"]]
        rows: list[Any] = [self.rows[torrent] for torrent in page]
        if args.get("fields"):
            names = {"torrent", *args["fields"]}
            rows = [{name: getattr(self.rows[torrent], name) for name in names} for torrent in page]
        return {"torrents": rows, "cursor": page[-1] if len(kept) > len(page) else None}

    def _get_torrent(self, args: dict[str, Any]) -> Any:
        row = self.rows.get(args["torrent"])
        if row is None:
            raise OuzelError(ErrorKind.UNKNOWN_TORRENT, f"args.torrent: there is no torrent {args['torrent']}")
        return samples.detail(**msgspec.structs.asdict(row))

    def _replay(self, args: dict[str, Any]) -> dict[str, Any]:
        if args["epoch"] != self.epoch:
            raise OuzelError(ErrorKind.REPLAY_GONE, "args.epoch: another one")
        events = [each for each in self.log if each.seq > args["after_seq"]]
        return {"events": events[: args["limit"]], "head": self.seq}


def _shared(event: Event) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(event).items() if name != "torrent"}
