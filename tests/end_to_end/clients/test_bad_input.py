"""Bad input: one clear error that names the field, no change, and both processes live."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from protocol.wire.endpoints import COMMANDS_SOCKET, ipc_endpoint
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.scratch import scratch
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.shared]

UNKNOWN = "ab" * 20


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """One for all tests of this file that change nothing."""
    with scratch() as root, Daemon(root / "d") as running:
        yield running


@pytest.fixture
def raw(daemon: Daemon) -> "Iterator[zmq.Socket[bytes]]":
    """A bare socket to the daemon's commands."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        yield socket


def ask(raw: "zmq.Socket[bytes]", frame: bytes) -> dict[str, Any]:
    """Returns the one reply to a frame."""
    raw.send(frame)
    assert raw.poll(30_000), "no reply"
    reply: dict[str, Any] = msgpack.unpackb(raw.recv())
    return reply


def command(op: object, args: object, **envelope: object) -> bytes:
    """A request's frame."""
    packed: bytes = msgpack.packb({"v": 1, "id": "x", "op": op, "args": args, **envelope})
    return packed


def test_frames_that_are_no_requests_are_refused_and_kill_nothing(daemon: Daemon, raw: "zmq.Socket[bytes]") -> None:
    """Not msgpack, truncated, too deep, an extension type, 30 MiB, no map, no id, and another version."""
    engine = daemon.engine_pid()
    deep = b"\x91" * 40 + b"\xc0"
    cases = {
        b"\xc1": "malformed_frame",
        b"": "malformed_frame",
        command("ping", {})[:-3]: "malformed_frame",
        b"\xd6\x05\x00\x00\x00\x01": "malformed_frame",
        deep: "too_deep",
        bytes(30 * MIB): "frame_too_large",
        msgpack.packb([1, 2]): "invalid_envelope",
        msgpack.packb({"v": 1, "op": "ping"}): "invalid_envelope",
        msgpack.packb({"v": 2, "id": 7, "op": "ping"}): "unsupported_version",
        command("no_such_op", {}): "unknown_op",
        command("ping", [1]): "invalid_envelope",
    }
    for frame, name in cases.items():
        reply = ask(raw, frame)
        assert (reply["ok"], reply["error"]["name"]) == (False, name), frame[:40]
        assert reply["error"]["field"]
    assert daemon.engine_pid() == engine
    until(daemon.healthy, "the daemon is healthy")


@pytest.mark.parametrize(
    ("op", "args", "name", "field"),
    [
        ("pause", {}, "invalid_argument", "args.torrent"),
        ("pause", {"torrent": 7}, "invalid_argument", "args.torrent"),
        ("pause", {"torrent": "zz"}, "invalid_argument", "args.torrent"),
        ("pause", {"torrent": UNKNOWN}, "unknown_torrent", "args.torrent"),
        ("list_files", {"torrent": UNKNOWN}, "unknown_torrent", "args.torrent"),
        ("set_sequential", {"torrent": UNKNOWN}, "invalid_argument", "args.sequential"),
        ("update_limits", {"download_bps": 2**40}, "invalid_argument", "args.download_bps"),
        ("update_limits", {"download_bps": -1}, "invalid_argument", "args.download_bps"),
        ("update_selection", {"torrent": UNKNOWN, "include": "x"}, "invalid_argument", "args.include"),
        ("add_torrent", {}, "invalid_argument", "args.magnet"),
        ("add_torrent", {"magnet": "magnet:?xt=urn:btih:zz"}, "invalid_magnet", "args.magnet"),
        ("add_torrent", {"magnet": "magnet:?dn=zeros&xt=urn:btih:" + "0" * 40}, "invalid_magnet", "args.magnet"),
        ("add_torrent", {"magnet": "http://example.invalid/"}, "invalid_magnet", "args.magnet"),
        ("add_torrent", {"metainfo": b"de"}, "invalid_metainfo", "args.metainfo"),
        ("add_torrent", {"metainfo": os.urandom(1000)}, "invalid_metainfo", "args.metainfo"),
        ("add_torrent", {"metainfo": "text"}, "invalid_argument", "args.metainfo"),
        ("add_peers", {"torrent": UNKNOWN, "peers": ["localhost:1"]}, "unknown_torrent", "args.torrent"),
        ("add_torrent", {"metainfo": b"x", "peers": ["localhost:1"]}, "invalid_argument", "args.peers[0]"),
        ("add_torrent", {"metainfo": b"x", "save_path": "/etc"}, "path_not_allowed", "args.save_path"),
        ("add_torrent", {"metainfo": b"x", "save_path": "relative"}, "path_not_allowed", "args.save_path"),
        ("add_torrent", {"metainfo": b"x", "trackers": ["gopher://x"]}, "invalid_argument", "args.trackers[0]"),
    ],
)
def test_bad_arguments_are_refused_by_name(
    daemon: Daemon, raw: "zmq.Socket[bytes]", op: str, args: dict[str, object], name: str, field: str
) -> None:
    """The error names the argument, and no torrent was added."""
    reply = ask(raw, command(op, args))
    assert (reply["error"]["name"], reply["error"]["field"]) == (name, field)
    assert field in reply["error"]["message"] or field.split("[")[0] in reply["error"]["message"]
    assert list(daemon.client.list_torrents()) == []


def test_a_torrent_truncated_at_every_length_is_refused(root: Path, daemon: Daemon) -> None:
    """libtorrent inspects each of them in the engine, which survives."""
    made = payload.make(root / "seed", "one.bin", {"": 100_000}, piece_size=16 * 1024)
    engine = daemon.engine_pid()
    requests = [("add_torrent", {"metainfo": made.metainfo[:length]}) for length in range(len(made.metainfo))]
    for outcome in daemon.client.request_many(requests):
        assert "invalid_metainfo" in str(outcome)
    assert list(daemon.client.list_torrents()) == []
    assert daemon.engine_pid() == engine


def test_a_save_path_through_a_symbolic_link_is_judged_by_where_it_leads(root: Path, daemon: Daemon) -> None:
    """A link inside the download root that leads out of it is out of bounds."""
    (daemon.downloads / "out").symlink_to("/etc")
    made = payload.make(root / "seed", "one.bin", {"": 1000})
    outcomes = daemon.client.request_many(
        [
            ("add_torrent", {"metainfo": made.metainfo, "save_path": str(daemon.downloads / path)})
            for path in ("out", "../..")
        ]
    )
    assert all("path_not_allowed" in str(outcome) for outcome in outcomes)


def test_a_req_client_gets_its_delimiter_back(daemon: Daemon) -> None:
    """ZeroMQ's REQ sends an empty frame before the request and expects one before the reply."""
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.linger = 0
        socket.connect(ipc_endpoint(daemon.runtime_dir, COMMANDS_SOCKET))
        socket.send(command("ping", {}))
        assert socket.poll(30_000)
        assert msgpack.unpackb(socket.recv())["ok"]


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"no_such_setting": 1}, "engine.no_such_setting: libtorrent has no such setting"),
        ({"connections_limit": 2**40}, "engine.connections_limit: 1099511627776 does not fit into 32 bits"),
        ({"enable_dht": 1}, "engine.enable_dht: wants true or false (type bool), not one of type int"),
    ],
)
def test_a_setting_that_libtorrent_does_not_take_ends_the_daemon_with_its_name(
    root: Path, engine: dict[str, int | str | bool], message: str
) -> None:
    """The exit code is that of a wrong configuration, and no engine is left."""
    argv = [sys.executable, "-I", "-m", "supervisor", "--config", str(Daemon(root / "d", engine=engine).config)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 78
    assert message in ended.stderr


def test_a_priority_of_a_file_that_is_not_there_is_refused(root: Path) -> None:
    """Once the files are known; nothing is stored."""
    made = payload.make(root / "seed", "set", {"a.bin": 1000, "b.bin": 1000})
    with Daemon(root / "d") as daemon:
        daemon.client.add_torrent(metainfo=made.metainfo, paused=True, wait="applied")
        [outcome] = daemon.client.request_many(
            [("update_selection", {"torrent": made.torrent, "priorities": {"0": 1, "9": 3}})]
        )
        assert "args.priorities: the torrent has no file 9" in str(outcome)
        assert daemon.client.get_torrent(made.torrent).priorities == {}


def test_a_daemon_that_listens_nowhere_is_degraded(root: Path) -> None:
    """Health names the setting."""
    with Daemon(root / "d", engine={"listen_interfaces": "nonsense"}) as daemon:
        reasons = until(lambda: daemon.client.health().reasons, "a reason")
        assert [(reason.component, reason.subject) for reason in reasons] == [("engine", "listen")]
        assert "listen_interfaces" in reasons[0].message
