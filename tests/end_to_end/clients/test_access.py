"""Access over tcp on a real daemon: keys, roles, and clients without a key."""

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from zmq.utils.monitor import parse_monitor_message

import ouzel
from ouzel.cli.main import run
from protocol.wire import codec
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET
from protocol.wire.key_file import Role
from supervisor.transport.connections import AHEAD_MAX, CONNECTIONS_MAX, NOT_ZEROMQ, UNKNOWN, UNREADABLE
from tools.rig.clients.zmtp import RawPeer
from tools.rig.daemon import Daemon
from tools.rig.keyring import Keyring, endpoint
from tools.rig.waiting import until

pytestmark = pytest.mark.process

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\x00") + bytes(32)
"""Of a peer without CURVE that does not hang up itself when it reads that the daemon wants CURVE."""

PING = codec.encode({"v": 1, "id": 1, "op": "ping", "args": {}})
HALF_OPEN = 500
FLOOD = 4000


@pytest.fixture
def keyring(root: Path) -> Keyring:
    """Two clients' keys, one for each role."""
    keyring = Keyring(root)
    keyring.new("boss")
    keyring.new("reader", Role.READ)
    return keyring


@pytest.fixture
def guarded(root: Path, keyring: Keyring) -> Iterator[Daemon]:
    """A daemon that listens on tcp and was started with umask 0."""
    (root / "d").mkdir()
    with contextlib.ExitStack() as running:
        before = os.umask(0)
        try:
            daemon = running.enter_context(Daemon(root / "d", api=keyring.api))
        finally:
            os.umask(before)
        yield daemon


@pytest.fixture
def context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    """A ZeroMQ context for clients other than Ouzel's."""
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield made
    made.destroy(linger=0)


@pytest.fixture
def many_descriptors() -> Iterator[int]:
    """Raises the limit of descriptors, since the other ends of all connections are in this process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def refused(daemon: Daemon) -> list[tuple[str, str]]:
    """Which peers were rejected according to the log, and why."""
    return [(each["whom"], each["reason"]) for each in daemon.logged("refused")]


def port(daemon: Daemon, key: str = "tcp_commands") -> int:
    """The port of the endpoint."""
    return int(endpoint(daemon, key).rpartition(":")[2])


def test_a_role_is_what_a_key_may_do(keyring: Keyring, guarded: Daemon) -> None:
    """Both roles may read and get events; only admins may change things.

    A refusal is logged once and says that nothing was done.
    """
    with (
        ouzel.Client(server=keyring.place(guarded, "reader")) as looks,
        ouzel.Client(server=keyring.place(guarded, "boss")) as changes,
        looks.events() as events,
    ):
        for _ in range(3):
            with pytest.raises(ouzel.Refused, match="reader") as caught:
                looks.update_limits(download_bps=1000)
            assert (caught.value.body.code, caught.value.body.retry, caught.value.accepted) == (6003, "never", False)
        changes.update_limits(download_bps=2000)
        assert next(looks.snapshot()).settings.download_bps == 2000
        assert any(getattr(event, "type", "") == "limits_applied" for event in events)
    assert refused(guarded) == [("reader", "read-only key")]
    modes = {
        name: (guarded.runtime_dir / name).stat().st_mode & 0o777
        for name in (COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET)
    }
    assert (modes, guarded.runtime_dir.stat().st_mode & 0o777) == (
        {COMMANDS_SOCKET: 0o660, ENGINE_SOCKET: 0o600, EVENTS_SOCKET: 0o660},
        0o750,
    )


async def listen(server: ouzel.Server) -> None:
    """What the asyncio client can do over tcp."""
    async with ouzel.AsyncClient(server=server) as client:
        await client.ping()
        async with client.events(ticks=True) as events:
            async for event in events:
                if getattr(event, "type", "") == "tick":
                    return


def test_the_asyncio_client_and_the_command_line_come_in(
    keyring: Keyring, guarded: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an authorized key. A client with another key is told so, and what to do."""
    keyring.new("stranger", authorized=False)
    asyncio.run(listen(keyring.place(guarded, "reader")))
    with pytest.raises(ouzel.KeyRefused):
        asyncio.run(listen(keyring.place(guarded, "stranger")))
    argv = ["--server", endpoint(guarded, "tcp_commands"), "--server-key", str(keyring.server.public_file)]
    for name, code in (("reader", 0), ("stranger", 1)):
        assert run([*argv, "--key", str(keyring.root / f"{name}.key_secret"), "health"]) == code
    out, err = capsys.readouterr()
    assert out.startswith(("starting", "healthy"))
    assert "authorized_keys_dir" in err


def test_others_get_nothing(keyring: Keyring, guarded: Daemon, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    """A key that is not authorized, another server's key, no CURVE, a password, and garbage: each is logged once."""
    stranger = keyring.new("stranger", authorized=False)
    keyring.place(guarded, "boss").check()
    for _ in range(3):
        with pytest.raises(ouzel.KeyRefused, match=r"stranger\.key_secret"):
            keyring.place(guarded, "stranger").check()
        with pytest.raises(ouzel.NotRunning, match="the server key is not its key"):
            keyring.place(guarded, "boss", server_key=str(stranger.with_suffix(".key"))).check()
    outsiders: list[Callable[[zmq.Socket[bytes]], None]] = [plaintext, password]
    for kind, key in ((zmq.DEALER, "tcp_commands"), (zmq.SUB, "tcp_events")):
        for dress in outsiders:
            with context.socket(kind) as outsider:
                dress(outsider)
                outsider.connect(endpoint(guarded, key))
                if kind == zmq.SUB:
                    outsider.subscribe(b"")
                else:
                    outsider.send(PING)
                assert not outsider.poll(1100), "nothing comes but refusals, not even a tick"
    with context.socket(zmq.DEALER) as lost:
        lost.linger = 0
        keyring.place(guarded, "boss").join(lost, f"ipc://{guarded.runtime_dir / COMMANDS_SOCKET}")
        lost.send(PING)
        assert not lost.poll(500), "a local socket speaks no CURVE"
    for garbage in (GREETING, b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\x7f", os.urandom(200)):
        with socket.create_connection(("127.0.0.1", port(guarded))) as peer:
            peer.settimeout(10)
            peer.sendall(garbage)
            with contextlib.suppress(ConnectionResetError):
                while peer.recv(1000):
                    pass
    reasons = {"unknown key", "no CURVE", UNREADABLE, NOT_ZEROMQ}
    until(lambda: {reason for _, reason in refused(guarded)} == reasons, f"these are told: {reasons}")
    told = refused(guarded)
    assert sorted(told) == sorted(set(told))
    assert {whom for whom, _ in told} <= {"127.0.0.1", UNKNOWN, f"uid {os.getuid()}"}
    assert guarded.client.ping() is None
    keyring.place(guarded, "boss").check()


def plaintext(peer: "zmq.Socket[bytes]") -> None:
    """A client without CURVE."""
    peer.linger = 0


def password(peer: "zmq.Socket[bytes]") -> None:
    """A client with ZeroMQ's other mechanism, PLAIN."""
    peer.linger = 0
    peer.plain_username, peer.plain_password = b"admin", b"admin"


def test_changes_of_keys_hold_at_once(
    keyring: Keyring, guarded: Daemon, context: "zmq.Context[zmq.Socket[bytes]]"
) -> None:
    """Also for open connections: a changed role, a removed key (which ends a subscription), and a damaged file."""
    place, late = keyring.place(guarded, "reader"), keyring.new("late", authorized=False)
    with pytest.raises(ouzel.KeyRefused, match=late.name):
        keyring.place(guarded, "late").check()
    keyring.authorize("late")
    until(lambda: let_in(keyring.place(guarded, "late")), "the key is authorized")
    subscriber = context.socket(zmq.SUB)
    watched = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    # The monitor ends after the socket that it watches, whose thread would wait for it.
    with subscriber.get_monitor_socket(watched) as monitor, subscriber, context.socket(zmq.SUB) as bystander:
        for sub, where in ((subscriber, place), (bystander, keyring.place(guarded, "late"))):
            sub.linger = 0
            sub.subscribe(b"tick/")
            where.join(sub, where.events)
            assert sub.poll(30_000), "it gets ticks"
        with ouzel.Client(server=place) as client:
            keyring.give("reader", Role.ADMIN)
            until(lambda: permitted(client), "it may change things")
            keyring.give("reader", Role.READ)
            until(lambda: not permitted(client), "it may not any more")
            # Requested again and again, as by a client that keeps its connection.
            keyring.revoke("reader")
            with pytest.raises((ouzel.Refused, ouzel.KeyRefused, ouzel.RequestTimeout)):
                until(lambda: client.request("ping", deadline_ms=100) and None, "it is refused")
        events = [parse_monitor_message(monitor.recv_multipart())["event"] for _ in range(2) if monitor.poll(30_000)]
        assert events == [zmq.EVENT_DISCONNECTED, zmq.EVENT_HANDSHAKE_FAILED_AUTH]
        while subscriber.poll(0):
            subscriber.recv_multipart()
        while bystander.poll(0):
            bystander.recv_multipart()
        assert bystander.poll(30_000)
        assert not subscriber.poll(1500)
        broken = keyring.authorized / "broken.key"
        broken.write_text("no key")
        reasons = until(lambda: guarded.client.health().reasons, "health tells of it")
        assert [(each.component, each.subject) for each in reasons] == [("access", "files")]
        until(lambda: guarded.logged("key_ignored"), "the log tells of it")
        assert len(guarded.logged("key_ignored")) == 1
        broken.unlink()
        until(guarded.healthy, "it is forgotten")


def test_names_that_are_no_text_stop_nothing(keyring: Keyring, guarded: Daemon) -> None:
    """A file in the directory of keys has a name that cannot be encoded: it is ignored and reported."""
    guarded.client.ping()
    odd = keyring.authorized / os.fsdecode(b"\xff.key")
    odd.write_text("x")
    reasons = until(lambda: guarded.client.health().reasons, "health tells of it")
    assert "?.key is ignored" in reasons[0].message
    guarded.stop()
    guarded.start()
    until(lambda: guarded.client.health().reasons, "it starts again, and tells of it again")
    odd.unlink()
    until(guarded.healthy, "it is forgotten")


@pytest.mark.parametrize("tcp", [False, True])
def test_what_a_local_peer_claims_to_be_means_nothing(
    root: Path, keyring: Keyring, context: "zmq.Context[zmq.Socket[bytes]]", tcp: bool
) -> None:
    """Whatever bytes a local peer sends as its identity, it is answered, and nobody else misses an event."""
    claims = (b"\xff\xfe", b"", b"nobody", b"key 1", b"key x", b"key 1 2")
    with Daemon(root / "d", api=keyring.api if tcp else None) as daemon, contextlib.ExitStack() as stack:
        rude = stack.enter_context(RawPeer(daemon.runtime_dir / EVENTS_SOCKET, b"SUB", {b"User-Id": claims[0]}))
        rude.send(b"\x01tick/")
        for claim in claims:
            asking = stack.enter_context(RawPeer(daemon.runtime_dir / COMMANDS_SOCKET, b"DEALER", {b"User-Id": claim}))
            asking.send(PING)
            assert b"ok" in asking.receive()
        rude.receive()
        subscriber = stack.enter_context(context.socket(zmq.SUB))
        subscriber.linger = 0
        subscriber.subscribe(b"tick/")
        subscriber.connect(f"ipc://{daemon.runtime_dir / EVENTS_SOCKET}")
        assert subscriber.poll(30_000), "an honest subscriber hears"


@pytest.mark.parametrize("local", [False, True])
def test_a_key_that_is_removed_costs_no_other_its_connection(
    keyring: Keyring, guarded: Daemon, context: "zmq.Context[zmq.Socket[bytes]]", local: bool
) -> None:
    """The key's own connection ended while its requests were still being read, so a new connection may have its
    descriptor.
    """
    place = keyring.place(guarded, "boss")
    with zmq.Context() as own, own.socket(zmq.DEALER) as leaving:
        place.join(leaving, place.commands)
        for extra in ({}, {"x": [{"a": 1}] * 60_000}):
            leaving.send(codec.encode({"v": 1, "id": 1, "op": "ping", "args": extra}))
            assert leaving.poll(30_000)
            leaving.recv()
        leaving.send(codec.encode({"v": 1, "id": 2, "op": "ping", "args": {"x": "y" * 20_000}}))
        time.sleep(0.2)  # until the request is there, queued behind the large one
        leaving.linger = 0
    until(lambda: not connected(port(guarded)), "it is gone")
    with context.socket(zmq.DEALER) as newcomer, newcomer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as monitor:
        if local:
            newcomer.connect(f"ipc://{guarded.runtime_dir / COMMANDS_SOCKET}")
        else:
            keyring.place(guarded, "reader").join(newcomer, place.commands)
        for _ in range(2):
            newcomer.send(PING)
            assert newcomer.poll(30_000)
            newcomer.recv()
            if not guarded.logged("keys_changed"):
                keyring.revoke("boss")
                until(lambda: guarded.logged("keys_changed"), "the daemon knows")
        assert not monitor.poll(3500), "the last of its requests is looked at after three seconds"


def connected(number: int) -> bool:
    """Whether there is a connection to this port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(int(line[1].rpartition(":")[2], 16) == number and line[3] == "01" for line in lines)


def let_in(place: ouzel.Server) -> bool:
    """Whether the daemon admits this key."""
    try:
        place.check()
    except ouzel.KeyRefused:
        return False
    return True


def permitted(client: ouzel.Client) -> bool:
    """Whether a mutation with this key is carried out."""
    try:
        client.update_limits(upload_bps=5000)
    except ouzel.Refused as error:
        assert error.body.name == "not_permitted"
        return False
    return True


def open_descriptors(daemon: Daemon) -> int:
    """The number of the supervisor's open descriptors."""
    return len(list(Path(f"/proc/{daemon.pid}/fd").iterdir()))


def test_half_open_connections_harm_nobody(keyring: Keyring, guarded: Daemon, many_descriptors: int) -> None:
    """With 500 half-open connections on tcp and 500 on the local socket, old and new clients are answered.

    Later they are closed.
    """
    assert many_descriptors > 3 * HALF_OPEN
    with contextlib.ExitStack() as stack:
        remote = stack.enter_context(ouzel.Client(server=keyring.place(guarded, "boss")))
        remote.ping()
        before = open_descriptors(guarded)
        for _ in range(HALF_OPEN):
            stack.enter_context(socket.create_connection(("127.0.0.1", port(guarded)))).setblocking(False)
            local = stack.enter_context(socket.socket(socket.AF_UNIX))
            local.connect(str(guarded.runtime_dir / COMMANDS_SOCKET))
        until(lambda: open_descriptors(guarded) >= before + 2 * HALF_OPEN, "all of them are accepted")
        for client in (remote, guarded.client):
            client.ping()
            client.update_limits(download_bps=3000)
        with (
            ouzel.Client(server=keyring.place(guarded, "boss")) as newcomer,
            ouzel.Client(guarded.runtime_dir) as another,
        ):
            newcomer.ping()
            another.ping()
        until(lambda: open_descriptors(guarded) < before + 20, "they are hung up on")
        assert guarded.healthy()
    assert refused(guarded) == [("127.0.0.1", "no handshake in time")]


def test_a_flood_is_let_in_no_faster_than_it_is_counted(guarded: Daemon, many_descriptors: int) -> None:
    """libzmq aborts without a free descriptor for a connection to a local socket, so there is always a free one."""
    if many_descriptors < 2 * FLOOD:
        pytest.skip(f"a process may have {many_descriptors} descriptors only")
    guarded.client.ping()
    most = open_descriptors(guarded) + CONNECTIONS_MAX + AHEAD_MAX + 50
    resource.prlimit(guarded.pid, resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for _ in range(FLOOD):
            local = stack.enter_context(socket.socket(socket.AF_UNIX))
            local.connect(str(guarded.runtime_dir / COMMANDS_SOCKET))
        for _ in range(20):
            guarded.client.ping()
        [told] = until(lambda: guarded.logged("refused"), "newcomers are refused")
        assert (told["whom"], told["reason"]) == (f"uid {os.getuid()}", "too many connections")
    with ouzel.Client(guarded.runtime_dir) as newcomer:
        until(lambda: answered(newcomer), "newcomers are let in again")
    guarded.client.update_limits(download_bps=4000)


def answered(client: ouzel.Client) -> bool:
    """Whether an answer comes in time."""
    try:
        client.ping()
    except (ouzel.NotRunning, ouzel.RequestTimeout):
        return False
    return True


def test_without_a_directory_of_keys_it_starts(root: Path, keyring: Keyring) -> None:
    """Nobody is admitted, and health reports it. Once the directory exists, clients are admitted."""
    away = keyring.authorized.rename(keyring.root / "away")
    with Daemon(root / "d", api=keyring.api) as daemon:
        [reason] = until(lambda: daemon.client.health().reasons, "health tells of it")
        assert (reason.component, reason.subject) == ("access", "directory")
        assert not let_in(keyring.place(daemon, "boss"))
        away.rename(keyring.authorized)
        until(lambda: let_in(keyring.place(daemon, "boss")), "the key is authorized")
        until(daemon.healthy, "it is well")


def spoil_mode(keyring: Keyring) -> dict[str, str]:
    """The secret key is readable by the group."""
    keyring.server.secret_file.chmod(0o640)
    return {}


def with_public_half(keyring: Keyring) -> dict[str, str]:
    """The public half is configured as the secret key."""
    keyring.server.public_file.chmod(0o600)
    return {"curve_secret_key_file": str(keyring.server.public_file)}


def with_port_of_another(keyring: Keyring) -> dict[str, str]:
    """The configured address does not belong to this machine."""
    return {"tcp_events": "tcp://192.0.2.1:7802"}


@pytest.mark.parametrize(
    ("spoil", "problem", "code"),
    [
        (spoil_mode, "api.curve_secret_key_file: ", 78),
        (with_public_half, "has no secret-key", 78),
        (with_port_of_another, "api.tcp_events: tcp://192.0.2.1:7802: ", 69),
    ],
)
def test_what_is_not_safe_does_not_start(
    root: Path, keyring: Keyring, spoil: Callable[[Keyring], dict[str, str]], problem: str, code: int
) -> None:
    """The error is one line with the key's name, no socket is left, and the exit code says whether a retry may help."""
    api: dict[str, Any] = {**keyring.api, **spoil(keyring)}
    daemon = Daemon(root / "d", api=api)
    ran = subprocess.run(
        [sys.executable, "-I", "-m", "supervisor", "--config", str(daemon.config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    last = ran.stderr.splitlines()[-1]
    assert (ran.returncode, last.startswith("ouzeld: "), problem in last) == (code, True, True), ran.stderr
    assert not (daemon.runtime_dir / ENGINE_SOCKET).exists()
