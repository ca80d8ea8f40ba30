import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import zmq
from structlog.testing import capture_logs

from protocol.wire.commands.service.log_commands import GetLog, GetLogLevels, UpdateLogLevels
from protocol.wire.commands.session_commands import Ping
from protocol.wire.errors import OuzelError
from protocol.wire.key_file import Role
from supervisor.access import access as guarding
from supervisor.access.access import LOGGED_MAX, Access, AccessNotYet, UnusableAccess
from supervisor.access.authorized_keys import DIRECTORY, FILES
from supervisor.config.config import ApiConfig
from supervisor.transport.loop_socket import Sender
from tools.rig.keyring import Keyring


class Guard:
    """An access over real keys with frequent checks of the directory. Connections are this process's own."""

    def __init__(self, root: Path) -> None:
        self.keyring = Keyring(root)
        self.reported: list[tuple[str, str | None]] = []
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> Access:
        """Checks the keys from now on."""
        self.access = Access(ApiConfig(**self.keyring.api), self.context, structlog.get_logger())
        self._running = asyncio.create_task(self.access.run(lambda *told: self.reported.append(told)))
        return self.access

    def key(self, name: str) -> str:
        """An authorized client's public key."""
        self.keyring.new(name)
        found = (self.keyring.authorized / f"{name}.key").read_text()
        return found.partition('public-key = "')[2].partition('"')[0]

    async def seen(self, clients: int) -> None:
        """Waits until this many keys are authorized."""
        async with asyncio.timeout(30):
            while len(self.access._authorized.clients) != clients:  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.005)

    async def heard(self, count: int) -> None:
        """Waits until this many refusals were reported."""
        async with asyncio.timeout(30):
            while len(self.reported) < count:  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Stops the checks."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self.access.close()
        self.context.term()


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guard:
    """An access that a test starts and closes."""
    monkeypatch.setattr(guarding, "LOOK_S", 0.01)
    return Guard(tmp_path)


class Wire:
    """A connection over tcp: the peer's end, and our end's descriptor."""

    def __init__(self, *, under: int | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.peer = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        self.fd = ours.detach()
        if under is not None:
            os.dup2(self.fd, under)
            os.close(self.fd)
            self.fd = under
        self.peer.settimeout(30)

    @property
    def whole(self) -> bool:
        """Whether it was not closed."""
        os.write(self.fd, b"x")
        return self.peer.recv(1) == b"x"


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    """Connections to be closed at the end; those that share a number share its end."""
    wires: list[Wire] = []
    yield wires
    for wire in wires:
        wire.peer.close()
    for fd in {wire.fd for wire in wires}:
        os.close(fd)


async def test_who_may_only_read_does_not_read_the_log(guard: Guard) -> None:
    """It names other clients. Who may change things may read it."""
    guard.keyring.new("reader", Role.READ)
    reader = (guard.keyring.authorized / "reader.key").read_text().partition('public-key = "')[2].partition('"')[0]
    admin = guard.key("admin")
    access = guard.start()
    access.admit(Sender(admin, -1, 1), GetLog())
    access.admit(Sender(reader, -1, 2), GetLogLevels())
    for command, limit in ((GetLog(), "does not read the log"), (UpdateLogLevels(levels={}), "changes nothing")):
        with pytest.raises(OuzelError, match=limit):
            access.admit(Sender(reader, -1, 2), command)
    await guard.close()


async def test_who_is_removed_is_hung_up_on(guard: Guard, wires: list[Wire]) -> None:
    """Other connections are not, and later messages of the removed key are refused."""
    alice, bob = guard.key("alice"), guard.key("bob")
    access = guard.start()
    wires += [Wire(), Wire()]
    access.record_sender(Sender(alice, wires[0].fd, 1))
    access.record_sender(Sender(bob, wires[1].fd, 2))
    guard.keyring.revoke("alice")
    await guard.seen(1)
    assert wires[0].peer.recv(1) == b""
    assert wires[1].whole
    with pytest.raises(OuzelError, match="not authorized any more"):
        access.admit(Sender(alice, wires[0].fd, 1), Ping())
    await guard.close()


@pytest.mark.parametrize("met", [False, True])
async def test_a_late_message_does_not_blame_who_has_the_descriptor_now(
    guard: Guard, wires: list[Wire], met: bool
) -> None:
    """A message of an ended connection is recognized by its handshake's number, before or after the new one's own."""
    alice, bob = guard.key("alice"), guard.key("bob")
    access = guard.start()
    gone = Wire()
    access.record_sender(Sender(alice, gone.fd, 1))
    gone.peer.close()
    wires.append(Wire(under=gone.fd))
    if met:
        access.record_sender(Sender(bob, gone.fd, 2))
    access.record_sender(Sender(alice, gone.fd, 1))
    access.admit(Sender(alice, gone.fd, 1), Ping())
    guard.keyring.revoke("alice")
    await guard.seen(1)
    access.record_sender(Sender(alice, gone.fd, 1))
    assert wires[0].whole
    guard.keyring.revoke("bob")
    await guard.seen(0)
    if met:
        assert wires[0].peer.recv(1) == b""
    else:
        assert wires[0].whole
    await guard.close()


async def test_a_key_that_was_removed_meanwhile_is_hung_up_on_when_it_speaks(guard: Guard, wires: list[Wire]) -> None:
    """The key was removed between handshake and first message. Later messages of that connection affect nobody else."""
    alice, _ = guard.key("alice"), guard.key("bob")
    guard.keyring.revoke("alice")
    access = guard.start()
    gone = Wire()
    access.record_sender(Sender(alice, gone.fd, 1))
    assert gone.peer.recv(1) == b""
    gone.peer.close()
    wires.append(Wire(under=gone.fd))
    access.record_sender(Sender(alice, gone.fd, 1))
    assert wires[0].whole
    await guard.close()


async def test_a_local_connection_is_no_keys(guard: Guard, tmp_path: Path) -> None:
    """It may have the descriptor of a tcp connection by the time that connection's message is examined."""
    alice = guard.key("alice")
    access = guard.start()
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as peer:
        listener.bind(path)
        listener.listen()
        peer.connect(path)
        ours, _ = listener.accept()
        with ours:
            access.record_sender(Sender(alice, ours.fileno(), 1))
            guard.keyring.revoke("alice")
            await guard.seen(0)
            ours.send(b"x")
            assert peer.recv(1) == b"x"
    await guard.close()


async def test_stray_files_are_told_as_one(guard: Guard) -> None:
    """A full directory is one reason, which changes with the number, and at most a hundred lines in the log."""
    for number in range(3 * LOGGED_MAX):
        (guard.keyring.authorized / f"{number:03}.key").write_text("x")
    with capture_logs() as logged:
        guard.start()
        await guard.heard(1)
        (guard.keyring.authorized / "000.key").unlink()
        await guard.heard(2)
        for stray in guard.keyring.authorized.iterdir():
            stray.unlink()
        await guard.heard(3)
        async with asyncio.timeout(30):
            while guard.reported[-1] != (FILES, None):  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.005)
    texts = [text for subject, text in guard.reported if subject == FILES and text is not None]
    assert texts[0].startswith("300 key files have problems, the first: 000.key is ignored: ")
    assert texts[1].startswith("299 key files have problems, the first: 001.key is ignored: ")
    told = [each["file"] for each in logged if each["event"] == "key_ignored"]
    assert told[: LOGGED_MAX + 1] == [f"{number:03}.key" for number in range(LOGGED_MAX + 1)]
    await guard.close()


async def test_without_the_directory_nobody_is_let_in_until_it_is_there(guard: Guard) -> None:
    """Both at the start and later: a late mount needs no restart."""
    guard.key("alice")
    away = guard.keyring.authorized.rename(guard.keyring.root / "away")
    guard.start()
    await guard.heard(1)
    assert guard.reported[0][0] == DIRECTORY
    assert "nobody is authorized" in str(guard.reported[0][1])
    away.rename(guard.keyring.authorized)
    await guard.seen(1)
    await guard.heard(2)
    assert guard.reported[1] == (DIRECTORY, None)
    await guard.close()


async def test_subscribers_that_are_hung_up_on_are_told_once_in_a_while(guard: Guard) -> None:
    """One that reconnects at once would fill the log."""
    with capture_logs() as logged:
        access = guard.start()
        for _ in range(1000):
            access.subscriber_disconnected()
    assert [each["reason"] for each in logged if each["event"] == "subscriber_hung_up"] == ["too many subscriptions"]
    await guard.close()


@pytest.mark.parametrize("port", [None, "x"], ids=["taken", "nonsense"])
async def test_an_address_that_another_has_may_be_had_later(guard: Guard, port: str | None) -> None:
    """It may become free; an invalid address may not. The message names the key."""
    with socket.create_server(("127.0.0.1", 0)) as taken, guard.context.socket(zmq.ROUTER) as router:
        endpoint = f"tcp://127.0.0.1:{port or taken.getsockname()[1]}"
        config = ApiConfig(**{**guard.keyring.api, "tcp_commands": endpoint})
        access = Access(config, guard.context, structlog.get_logger())
        with pytest.raises(UnusableAccess, match=r"^api\.tcp_commands: ") as caught:
            access.offer_tcp(router, "tcp_commands")
        assert isinstance(caught.value, AccessNotYet) is (port is None)
        access.close()
    await guard.close()
