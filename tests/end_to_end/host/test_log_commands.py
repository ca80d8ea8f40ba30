"""The log over the wire: one name from a client to the engine and back, levels at run time, and `ouzel logs`."""

import json
import secrets
from pathlib import Path

import msgspec
import pytest
import zmq

from ouzel.cli.main import run
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from protocol.wire.envelope import Reply, Request
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process


def request(daemon: Daemon, name: str, op: str, **args: object) -> Reply:
    """The reply to a request with a name of its own in the log."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        socket.send(codec.encode(Request(v=1, id=name, op=op, args=args, request=name, wait="applied")))
        assert socket.poll(60_000)
        return msgspec.msgpack.decode(socket.recv(), type=Reply)


def test_one_name_from_the_client_to_the_engine_and_back(
    root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """In lines, in error replies, and in the flight recorder of an engine that dies."""
    made = payload.make(root / "seed", "named", {"a.bin": 20_000})
    name = f"web-{secrets.token_hex(4)}/1"
    assert request(daemon, name, "update_log_levels", levels={"libtorrent": None}).ok
    found = daemon.client.get_log(request=name).lines
    assert [(line.event, line.component) for line in found] == [("log_levels_changed", "supervisor")]
    assert [line["request"] for line in daemon.logged("log_levels_changed") if line["request"] == name] == [name]

    daemon.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
    refused = request(daemon, f"{name}-no", "reannounce", torrent=made.torrent)
    assert refused.error
    assert refused.error.request == f"{name}-no"
    unnamed = Request(v=1, id="one", op="reannounce", args={"torrent": made.torrent}, client="a b")
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        socket.send(codec.encode(unnamed))
        assert socket.poll(60_000)
        reply = msgspec.msgpack.decode(socket.recv(), type=Reply)
    assert reply.error
    assert reply.error.request == "a_b/one"

    assert request(daemon, f"{name}-last", "set_sequential", torrent=made.torrent, sequential=True).ok
    known = {crash.name for crash in daemon.client.list_crashes()}
    daemon.kill_engine()
    [crash] = until(
        lambda: [each for each in daemon.client.list_crashes() if each.name not in known], "the report is written"
    )
    causes = {record.get("request") for record in daemon.client.get_crash(crash.name).flight}
    assert f"{name}-last" in causes
    assert None in causes

    at = ["--runtime-dir", str(daemon.runtime_dir), "logs", "--request", name]
    assert run(at) == 0
    assert "log_levels_changed levels={" in capsys.readouterr().out
    assert run([*at, "--json", "--grep", "libtorrent", "--since", "1h", "-n", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["fields"]["request"] == name
    assert run([*at, "--until", "1h"]) == 0
    assert capsys.readouterr().out == ""
    assert run([*at, "--since", "yesterday"]) == 2
    assert run([*at, "--until", "9999-12-31"]) == 0


def test_libtorrent_logs_only_while_it_is_wanted(
    root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also in an engine that starts later. The levels of other components do not change."""
    client, at = daemon.client, ["--runtime-dir", str(daemon.runtime_dir), "log-level"]
    made = payload.make(root / "seed", "traced", {"a.bin": 20_000})
    client.add_torrent(metainfo=made.metainfo, wait="applied")
    began = client.get_log().cursor
    try:
        assert run([*at, "libtorrent", "debug"]) == 0
        assert "libtorrent  debug    client" in capsys.readouterr().out

        def told(after: int) -> bool:
            lines = client.get_log(component="libtorrent", after=after, torrent=made.torrent).lines
            return bool(lines)

        client.recheck(made.torrent)
        until(lambda: told(began), "libtorrent tells of the torrent")
        daemon.kill_engine()
        died = client.get_log().cursor
        until(lambda: told(died), "in the next engine, too")
        assert run([*at, "engine", "error", "--json"]) == 0
        levels = json.loads(capsys.readouterr().out)["levels"]
        assert levels["engine"] == {"level": "error", "source": "client"}
        assert levels["supervisor"]["source"] != "client"
    finally:
        for component in ("libtorrent", "engine"):
            assert run([*at, component, "reset"]) == 0
    ended = client.get_log().cursor
    client.recheck(made.torrent, wait="applied")
    assert not client.get_log(component="libtorrent", after=ended).lines
    assert {each.source for each in client.get_log_levels().levels.values()} <= {"default", "file"}
    assert run([*at, "engine"]) == 2
