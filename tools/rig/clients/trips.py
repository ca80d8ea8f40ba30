"""A client in a separate process. It sends requests over a plain blocking socket, and records the reply times.

Run `-m tools.rig.clients.trips RUNTIME_DIR SPEC`. SPEC is JSON: `{"op", "args": [map, …], "count", "window",
"pause_s"}`. The client cycles through the arguments, has `window` outstanding requests, and waits `pause_s` after each
reply. It writes `ready` after a first ping, and begins when stdin has a line. It ends after `count` replies or when
stdin ends. Then it writes `{"latencies_s": […], "elapsed_s", "refused": {name: count}}`.
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import msgpack
import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint

PATIENCE_MS: Final = 120_000


class Trips(NamedTuple):
    """The measurements: the seconds of each request in order, the total seconds, and refusals by name."""

    latencies_s: list[float]
    elapsed_s: float
    refused: dict[str, int]

    @property
    def p50_s(self) -> float:
        """The median reply time in seconds."""
        return median(self.latencies_s)

    @property
    def p99_s(self) -> float:
        """The 99th percentile of reply times in seconds."""
        return quantiles(self.latencies_s, n=100)[98]

    @property
    def per_s(self) -> float:
        """The number of replies per second."""
        return len(self.latencies_s) / self.elapsed_s


class Traveller:
    """The process that sends requests from `go` until `end`, or until it has sent `count` requests.

    Args:
        nice: the niceness of the process.
    """

    def __init__(
        self,
        runtime_dir: Path,
        op: str,
        args: Sequence[dict[str, Any]] = ({},),
        *,
        count: int = 10**9,
        window: int = 1,
        pause_s: float = 0.0,
        nice: int = 0,
    ) -> None:
        spec = {"op": op, "args": list(args), "count": count, "window": window, "pause_s": pause_s, "nice": nice}
        self._argv = [sys.executable, "-I", "-m", "tools.rig.clients.trips", str(runtime_dir)]
        self._spec = json.dumps(spec)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._spec + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "ready\n":
            self._process.communicate()
            raise AssertionError("no reply to the first ping")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def go(self) -> None:
        """Starts the requests."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> Trips:
        """Waits until `count` requests are answered. Returns the measurements."""
        assert self._process.stdout is not None
        return Trips(**json.loads(self._process.stdout.readline()))

    def end(self) -> Trips:
        """Ends the requests now. Returns the measurements."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        told = self.result()
        self._process.stdin = None  # so that the closed pipe is not flushed again
        return told


def travel(runtime_dir: Path, op: str, args: Sequence[dict[str, Any]] = ({},), **how: Any) -> Trips:
    """Sends `count` requests. Returns the measurements."""
    with Traveller(runtime_dir, op, args, **how) as traveller:
        traveller.go()
        return traveller.result()


def _run(runtime_dir: Path) -> None:
    spec = json.loads(sys.stdin.readline())
    if spec["nice"]:
        os.nice(spec["nice"])
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(ipc_endpoint(runtime_dir, COMMANDS_SOCKET))
        _one(dealer, 0, "ping", {})
        _say("ready")
        sys.stdin.readline()
        _say(json.dumps(_measured(dealer, **spec)))


def _measured(
    dealer: "zmq.Socket[bytes]",
    op: str,
    args: list[dict[str, Any]],
    count: int,
    window: int,
    pause_s: float,
    nice: int,
) -> dict[str, Any]:
    ended = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    frames = (
        msgpack.packb({"v": 1, "id": number, "op": op, "args": each, "deadline_ms": 60_000})
        for number, each in enumerate(itertools.cycle(args), start=1)
    )
    sent: dict[int, float] = {}
    latencies_s: list[float] = []
    refused: Counter[str] = Counter()
    number = 0
    began = time.perf_counter()
    while len(latencies_s) < count and not (ended.is_set() and len(latencies_s) > 1):
        while len(sent) < window and number < count:
            number += 1
            frame = next(frames)
            sent[number] = time.perf_counter()
            dealer.send(frame)
        frame = _receive(dealer)
        now = time.perf_counter()
        reply = _head(frame)
        latencies_s.append(now - sent.pop(reply["id"]))
        if not reply["ok"]:
            refused[reply["error"]["name"]] += 1
        if pause_s:
            ended.wait(pause_s)
    return {"latencies_s": latencies_s, "elapsed_s": time.perf_counter() - began, "refused": refused}


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _one(dealer: "zmq.Socket[bytes]", number: int, op: str, args: dict[str, Any]) -> None:
    dealer.send(msgpack.packb({"v": 1, "id": number, "op": op, "args": args}))
    assert _head(_receive(dealer))["ok"]


def _receive(dealer: "zmq.Socket[bytes]") -> bytes:
    assert dealer.poll(PATIENCE_MS), "no reply"
    return dealer.recv()


def _head(frame: bytes) -> dict[str, Any]:
    """Decodes a reply. If a reply is OK and long, only the part before the rows is decoded."""
    if len(frame) < 10_000:
        whole: dict[str, Any] = msgpack.unpackb(frame)
        return whole
    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(frame[:1000])
    unpacker.read_map_header()
    return {"ok": True, **{unpacker.unpack(): unpacker.unpack() for _ in range(3)}}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
