from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from protocol.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, ipc_endpoint
from supervisor.sockets import bind

Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def context() -> Iterator[Context]:
    """A context that is destroyed at the end, sockets and all."""
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.mark.parametrize(
    ("name", "kind"), [(COMMANDS_SOCKET, zmq.ROUTER), (ENGINE_SOCKET, zmq.ROUTER), (EVENTS_SOCKET, zmq.XPUB)]
)
def test_a_socket_is_for_its_user_only(tmp_path: Path, context: Context, name: str, kind: int) -> None:
    """Nobody else can connect to it, whatever the umask is."""
    with bind(context, kind, tmp_path, name):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [COMMANDS_SOCKET, ENGINE_SOCKET])
def test_what_a_slow_peer_has_not_read_yet_is_not_lost(tmp_path: Path, context: Context, name: str) -> None:
    """Replies to a long pipeline, commands to an engine that is busy for a moment: all of them arrive."""
    peer: zmq.Socket[bytes] = context.socket(zmq.DEALER)
    with bind(context, zmq.ROUTER, tmp_path, name) as router, peer:
        peer.setsockopt(zmq.ROUTING_ID, b"peer")
        peer.connect(ipc_endpoint(tmp_path, name))
        peer.send(b"here")
        router.recv_multipart()
        for number in range(20_000):
            router.send_multipart([b"peer", b"%d" % number + b"x" * 300], zmq.NOBLOCK)
        received = 0
        while received < 20_000 and peer.poll(500):
            peer.recv()
            received += 1
        assert received == 20_000
