"""Requests in flight when the engine is killed. It is stopped first, so that it can carry out none of them."""

import contextlib
import json
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
from tools.rig.waiting import until

pytestmark = pytest.mark.process

MAGNET = f"magnet:?xt=urn:btih:{'ab' * 20}"


class Pipeline:
    """A client that sends requests without waiting, and then receives one reply for each."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", daemon: Daemon) -> None:
        self._socket = context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        self.open: set[str] = set()

    def send(self, number: str, op: str, args: dict[str, Any], **envelope: Any) -> None:
        """Sends one request."""
        self.open.add(number)
        self._socket.send(msgpack.packb({"v": 1, "id": number, "op": op, "args": args, **envelope}))

    def replies(self, count: int | None = None) -> dict[str, dict[str, Any]]:
        """Receives the next replies, by id: this many, or all that are due."""
        found: dict[str, dict[str, Any]] = {}
        while self.open and (count is None or len(found) < count):
            assert self._socket.poll(60_000), f"no reply to {self.open}"
            reply = msgpack.unpackb(self._socket.recv())
            self.open.remove(reply["id"])  # KeyError: a second reply, or a reply to an unknown request
            found[reply["id"]] = reply
        return found

    def silent(self) -> bool:
        """Whether the next reply is the one to a ping."""
        self.send("last", "ping", {})
        return list(self.replies(1)) == ["last"] and not self._socket.poll(0)

    def close(self) -> None:
        """Closes the socket, even if replies are due."""
        self._socket.close()


@pytest.fixture
def connect(daemon: Daemon) -> Iterator[Callable[[], Pipeline]]:
    """Makes clients of the daemon, and closes them at the end."""
    with zmq.Context() as context:
        made: list[Pipeline] = []

        def one() -> Pipeline:
            made.append(Pipeline(context, daemon))
            return made[-1]

        yield one
        for client in made:
            client.close()


def add(daemon: Daemon, root: Path, *names: str) -> dict[str, str]:
    """Adds small paused torrents and waits until they are loaded. Returns their ids by name."""
    ids = {}
    for name in names:
        made = payload.make(root / "made", f"{name}.bin", {"": 50_000}, piece_size=16 * 1024)
        daemon.client.add_torrent(metainfo=made.metainfo, paused=name != "pause", wait="applied")
        ids[name] = made.torrent
    return ids


def stop_engine(daemon: Daemon) -> int:
    """Stops the engine, so that it no longer handles what it is sent."""
    engine = daemon.engine_pid()
    os.kill(engine, signal.SIGSTOP)
    until(lambda: Path(f"/proc/{engine}/stat").read_text().split()[2] == "T", "the engine stands still")
    return engine


def kill(engine: int) -> None:
    """Sends SIGKILL. The supervisor may already have killed an engine that was stopped for too long."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(engine, signal.SIGKILL)


def test_what_the_engine_died_over_is_applied_by_the_next(
    daemon: Daemon, root: Path, connect: Callable[[], Pipeline]
) -> None:
    """Every kind of change with `applied` gets one OK, after the new engine has confirmed it."""
    ids = add(daemon, root, "pause", "resume", "remove_torrent", "set_sequential", "update_limits", "others")
    changes: dict[str, dict[str, Any]] = {
        "set_sequential": {"sequential": True},
        "update_limits": {"download_bps": 70_000},
        "pause": {},
        "resume": {},
        "remove_torrent": {},
    }
    other = ids["others"]
    before = daemon.client.health().engine.gen
    engine = stop_engine(daemon)
    client, leaving = connect(), connect()
    for op, args in changes.items():
        client.send(op, op, {"torrent": ids[op], **args}, wait="applied", deadline_ms=60_000)
    client.send("session", "update_limits", {"upload_bps": 80_000}, wait="applied", deadline_ms=60_000)
    client.send("selection", "update_selection", {"torrent": other, "exclude": ["*.bin"]}, wait="applied")
    client.send("peers", "add_peers", {"torrent": other, "peers": ["127.0.0.1:9"]}, wait="applied")
    client.send("magnet", "add_torrent", {"magnet": MAGNET, "paused": True}, wait="applied", deadline_ms=60_000)
    leaving.send("labels", "update_limits", {"torrent": other, "upload_bps": 90_000}, wait="applied")
    client.send("durable", "resume", {"torrent": other})
    assert client.replies(1)["durable"]["ok"]  # so all requests before it have been sent, too
    until(
        lambda: daemon.client.get_torrent(other).upload_limit_bps == 90_000, "the leaving client's change is accepted"
    )
    leaving.close()
    kill(engine)
    replies = client.replies()
    assert {number: reply.get("error") for number, reply in replies.items()} == dict.fromkeys(replies)
    assert {reply["gen"] for reply in replies.values()} == {before + 1}
    assert client.silent()
    rows = {name: daemon.client.get_torrent(torrent) for name, torrent in ids.items() if name != "remove_torrent"}
    assert (rows["pause"].paused, rows["resume"].paused, rows["set_sequential"].sequential) == (True, False, True)
    assert (rows["update_limits"].download_limit_bps, rows["others"].upload_limit_bps) == (70_000, 90_000)
    assert rows["others"].rules.exclude == ["*.bin"]
    until(lambda: daemon.client.get_torrent(other).applied_revision == 5, "so is what was asked for durably")
    assert replies["magnet"]["result"] == {
        "torrent": "ab" * 20,
        "duplicate": False,
        "shares_files_with": [],
        "merged": None,
    }
    assert not (daemon.resume_dir / f"{ids['remove_torrent']}.json").exists()
    assert json.loads((daemon.resume_dir / "session.json").read_bytes())["upload_bps"] == 80_000


def test_a_deadline_that_passes_in_the_outage_says_what_became_of_it(
    daemon: Daemon, root: Path, connect: Callable[[], Pipeline]
) -> None:
    """The error says whether the command is on disk, in which case it is done later, or was not accepted."""
    ids = add(daemon, root, "pause", "remove_torrent")
    engine = stop_engine(daemon)
    client = connect()
    try:
        for op, torrent in ids.items():
            client.send(op, op, {"torrent": torrent}, wait="applied", deadline_ms=1500)
        client.send("magnet", "add_torrent", {"magnet": MAGNET}, wait="applied", deadline_ms=1500)
        errors = {number: reply["error"] for number, reply in client.replies().items()}
    finally:
        kill(engine)
    for op in ids:
        assert (errors[op]["name"], errors[op]["accepted"], errors[op]["retry"]) == ("deadline_exceeded", True, "later")
    assert (errors["magnet"]["name"], errors["magnet"]["accepted"]) == ("engine_unavailable", False)
    until(lambda: not (daemon.resume_dir / f"{ids['remove_torrent']}.json").exists(), "the removal is carried out")
    row = until(
        lambda: row if (row := daemon.client.get_torrent(ids["pause"])).applied_revision == 2 else None,
        "so is the pause",
    )
    assert row.paused
    assert [row.torrent for row in daemon.client.list_torrents()] == [ids["pause"]]
    assert client.silent()
