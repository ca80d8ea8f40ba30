"""A mutation that is sent again with the same id is answered, and is not carried out again."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.waiting import until

pytestmark = pytest.mark.process

Socket = zmq.Socket[bytes]
Connect = Callable[[], Socket]


@pytest.fixture
def connect(daemon: Daemon) -> Iterator[Connect]:
    """Makes bare sockets to the daemon's commands."""
    with zmq.Context() as context:
        sockets: list[Socket] = []

        def make() -> Socket:
            sockets.append(context.socket(zmq.DEALER))
            sockets[-1].linger = 0
            sockets[-1].connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
            return sockets[-1]

        yield make
        for socket in sockets:
            socket.close()


@pytest.fixture
def made(root: Path) -> Torrent:
    """A small torrent."""
    return payload.make(root / "seed", "one.bin", {"": 100_000}, piece_size=16 * 1024)


def frame(number: int | str, op: str, args: dict[str, Any], **envelope: Any) -> bytes:
    """A request."""
    packed: bytes = msgpack.packb({"v": 1, "id": number, "op": op, "args": args, **envelope})
    return packed


def reply(socket: Socket) -> dict[str, Any]:
    """Returns the next reply."""
    assert socket.poll(30_000), "no reply"
    found: dict[str, Any] = msgpack.unpackb(socket.recv())
    return found


def ask(socket: Socket, *request: Any, **envelope: Any) -> dict[str, Any]:
    """Returns the reply to one request."""
    socket.send(frame(*request, **envelope))
    return reply(socket)


def test_a_repeat_gets_the_stored_reply_on_any_socket_of_its_client(
    daemon: Daemon, connect: Connect, made: Torrent
) -> None:
    """The reply is marked `dup`, even after other commands have changed the result. Nothing is done again."""
    one, other = connect(), connect()
    requests: list[tuple[int | str, str, dict[str, Any]]] = [
        (1, "add_torrent", {"metainfo": made.metainfo, "paused": True}),
        ("1", "pause", {"torrent": made.torrent}),
        (2, "update_limits", {"torrent": made.torrent, "upload_bps": 1000}),
        (3, "update_limits", {"download_bps": 5000}),
    ]
    first = [ask(one, *request, client="c") for request in requests]
    assert [answer["ok"] for answer in first] == [True] * 4
    assert not any("dup" in answer for answer in first)
    assert first[0]["result"] == {"torrent": made.torrent, "duplicate": False, "shares_files_with": [], "merged": None}
    assert ask(other, 4, "update_limits", {"torrent": made.torrent, "upload_bps": 2000}, client="c")["ok"]
    assert ask(other, 5, "resume", {"torrent": made.torrent}, client="c", wait="applied")["ok"]
    before = daemon.client.get_torrent(made.torrent)
    for socket in (one, other):
        for request, answer in zip(requests, first, strict=True):
            again = ask(socket, *request, client="c")
            assert (again["id"], again["ok"], again["dup"]) == (answer["id"], True, True)
            assert again["result"] == answer["result"]
    after = daemon.client.get_torrent(made.torrent)
    assert (after.revision, after.paused, after.upload_limit_bps) == (before.revision, False, 2000)


def test_without_a_name_the_socket_is_the_client(connect: Connect, made: Torrent) -> None:
    """The same bytes are a repeat on the same socket, and a duplicate add on another socket."""
    one, other = connect(), connect()
    add: tuple[int, str, dict[str, Any]] = (1, "add_torrent", {"metainfo": made.metainfo, "paused": True})
    assert ask(one, *add)["result"]["duplicate"] is False
    again = ask(one, *add)
    assert (again["result"]["duplicate"], again["dup"]) == (False, True)
    foreign = ask(other, *add)
    assert (foreign["result"]["duplicate"], foreign.get("dup")) == (True, None)


def test_an_id_is_for_one_command(daemon: Daemon, connect: Connect, made: Torrent) -> None:
    """Other content with the same id is `id_reused` and changes nothing. Reads are not affected."""
    socket = connect()
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
    assert ask(socket, 1, "update_limits", {"torrent": made.torrent, "upload_bps": 1000})["ok"]
    refused = ask(socket, 1, "update_limits", {"torrent": made.torrent, "upload_bps": 2000})
    assert (refused["error"]["name"], refused["error"]["code"]) == ("id_reused", 1010)
    for _ in range(2):
        row = ask(socket, 1, "get_torrent", {"torrent": made.torrent})
        assert (row["result"]["upload_limit_bps"], row.get("dup")) == (1000, None)


def test_two_in_one_go_are_one_work(daemon: Daemon, connect: Connect, made: Torrent) -> None:
    """Both are sent before the first is answered: there is one torrent, one revision a change, one reply each."""
    socket = connect()
    add: tuple[int, str, dict[str, Any]] = (1, "add_torrent", {"metainfo": made.metainfo, "paused": True})
    for _ in range(2):
        socket.send(frame(*add))
    added = [reply(socket) for _ in range(2)]
    assert [answer["result"]["duplicate"] for answer in added] == [False, False]
    assert sorted(answer.get("dup", False) for answer in added) == [False, True]
    for number in range(20):
        for _ in range(2):
            socket.send(frame(f"s{number}", "set_sequential", {"torrent": made.torrent, "sequential": number % 2 == 0}))
    answers = [reply(socket) for _ in range(40)]
    assert sum("dup" in answer for answer in answers) == 20
    assert daemon.client.get_torrent(made.torrent).revision == 21


def test_a_repeat_after_the_engine_was_killed(daemon: Daemon, connect: Connect, made: Torrent) -> None:
    """What was accepted is answered from memory.

    A repeat of an add that was in progress joins it, and it is done once.
    """
    socket = connect()
    assert ask(socket, 1, "add_torrent", {"metainfo": made.metainfo, "paused": True})["ok"]
    magnet = {"magnet": f"magnet:?xt=urn:btih:{'ab' * 20}", "paused": True}
    engine = until(lambda: daemon.client.health().engine.pid, "an engine runs")
    os.kill(engine, signal.SIGSTOP)  # so that the engine dies before it inspects the source
    socket.send(frame(2, "add_torrent", magnet))
    os.kill(engine, signal.SIGKILL)
    socket.send(frame(2, "add_torrent", magnet, wait="applied", deadline_ms=60_000))
    again = ask(socket, 1, "add_torrent", {"metainfo": made.metainfo, "paused": True})
    assert (again["id"], again["result"]["duplicate"], again["dup"]) == (1, False, True)
    answers = [reply(socket) for _ in range(2)]
    assert [answer["id"] for answer in answers] == [2, 2]
    assert [answer["result"]["duplicate"] for answer in answers] == [False, False]
    assert sorted(answer.get("dup", False) for answer in answers) == [False, True]
    assert ask(socket, 1, "add_torrent", {"metainfo": made.metainfo, "paused": True}, wait="applied")["dup"]
    assert len(list(daemon.client.list_torrents())) == 2


def test_after_a_restart_of_the_supervisor_a_repeat_is_carried_out_again(
    daemon: Daemon, connect: Connect, made: Torrent
) -> None:
    """It changes nothing, since commands set states."""
    args = {"torrent": made.torrent, "upload_bps": 1000}
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
    assert ask(connect(), 1, "update_limits", args, client="restarted")["ok"]
    engine = daemon.engine_pid()
    daemon.kill()
    until(lambda: not Path(f"/proc/{engine}").exists(), "the engine is gone, too")
    daemon.start()
    again = ask(connect(), 1, "update_limits", args, client="restarted")
    assert (again["result"]["upload_bps"], again.get("dup")) == (1000, None)
    assert daemon.client.get_torrent(made.torrent).revision == 2
