import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, ipc_endpoint
from supervisor.transport.sockets import RECEIVE_BYTES_MAX, bind

pytestmark = pytest.mark.slow

Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def context() -> Iterator[Context]:
    """A context that is destroyed at the end, with its sockets."""
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


WATCH = """
import os, sys
seen, paths = set(), sys.argv[1:]
print("ready", flush=True)
while not os.path.exists(paths[0] + ".over"):
    for path in paths:
        try:
            seen.add(f"{os.path.basename(path)} {os.stat(path).st_mode & 0o777:o}")
        except FileNotFoundError:
            pass
print(",".join(sorted(seen)))
"""
"""Observes the modes of files from outside, as fast as it can."""


def test_sockets_are_never_open_to_others(tmp_path: Path, context: Context) -> None:
    """Clients' sockets are open to the group, the engine's is not, for any umask and at every moment."""
    modes = {COMMANDS_SOCKET: "660", EVENTS_SOCKET: "660", ENGINE_SOCKET: "600"}
    paths = [str(tmp_path / name) for name in modes]
    before = os.umask(0)
    try:
        with subprocess.Popen([sys.executable, "-c", WATCH, *paths], stdout=subprocess.PIPE, text=True) as watcher:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                for name in modes:
                    with bind(context, zmq.XPUB if name == EVENTS_SOCKET else zmq.ROUTER, tmp_path, name):
                        assert f"{(tmp_path / name).stat().st_mode & 0o777:o}" == modes[name]
            Path(paths[0] + ".over").touch()
            assert watcher.stdout.read().strip() == ",".join(sorted(f"{name} {mode}" for name, mode in modes.items()))
    finally:
        os.umask(before)
    assert os.umask(before) == before


def connected(context: Context, directory: Path, name: str, router: "zmq.Socket[bytes]") -> "zmq.Socket[bytes]":
    """A peer that the router knows as `peer`."""
    peer: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    peer.setsockopt(zmq.ROUTING_ID, b"peer")
    peer.connect(ipc_endpoint(directory, name))
    peer.send(b"here")
    router.recv_multipart()
    return peer


def test_what_a_busy_engine_has_not_read_yet_is_not_lost(tmp_path: Path, context: Context) -> None:
    """All commands arrive, however many wait."""
    with (
        bind(context, zmq.ROUTER, tmp_path, ENGINE_SOCKET) as router,
        connected(context, tmp_path, ENGINE_SOCKET, router) as peer,
    ):
        for number in range(20_000):
            router.send_multipart([b"peer", b"%d" % number + b"x" * 300], zmq.NOBLOCK)
        received = 0
        while received < 20_000 and peer.poll(500):
            peer.recv()
            received += 1
        assert received == 20_000


def fill(router: "zmq.Socket[bytes]") -> int:
    """Sends to a peer that does not read until the queue is full."""
    for sent in range(100_000):
        try:
            router.send_multipart([b"peer", b"x" * 300], zmq.NOBLOCK)
        except zmq.Again:
            return sent
    raise AssertionError("all was taken")


def test_a_reply_that_a_full_queue_does_not_take_is_told_of(tmp_path: Path, context: Context) -> None:
    """So is a disconnected client: nothing is dropped silently."""
    with (
        bind(context, zmq.ROUTER, tmp_path, COMMANDS_SOCKET) as router,
        connected(context, tmp_path, COMMANDS_SOCKET, router) as peer,
    ):
        sent = fill(router)
        received = 0
        while received < sent and peer.poll(5000):
            peer.recv()
            received += 1
        assert received == sent
        with pytest.raises(zmq.ZMQError, match="unreachable"):
            router.send_multipart([b"nobody", b"x"], zmq.NOBLOCK)


def test_a_frame_over_twice_the_limit_ends_its_connection(tmp_path: Path, context: Context) -> None:
    """A smaller one is received, so that it can be answered; others are not affected."""
    with (
        bind(context, zmq.ROUTER, tmp_path, COMMANDS_SOCKET) as router,
        connected(context, tmp_path, COMMANDS_SOCKET, router) as peer,
        context.socket(zmq.DEALER) as other,
    ):
        peer.send(bytes(RECEIVE_BYTES_MAX))
        assert router.poll(20_000)
        assert len(router.recv_multipart()[1]) == RECEIVE_BYTES_MAX
        peer.send(bytes(RECEIVE_BYTES_MAX + 1))
        other.connect(ipc_endpoint(tmp_path, COMMANDS_SOCKET))
        other.send(b"well")
        assert router.poll(20_000)
        assert router.recv_multipart()[1] == b"well"
        assert not router.poll(300)
