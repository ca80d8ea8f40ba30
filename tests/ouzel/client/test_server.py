import socket
import threading
from pathlib import Path

import pytest

import ouzel
from ouzel.cli import keys
from ouzel.cli.main import run
from ouzel.client.presence import Place, place_of
from ouzel.client.server import Server
from protocol.wire.key_file import Role

ADDRESS = "tcp://127.0.0.1:7801"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A daemon's public key file, and a client's secret key file."""
    server, own = keys.make("server", None, tmp_path), keys.make("me", Role.READ, tmp_path)
    return str(server.public_file), str(own.secret_file)


def test_the_events_are_at_the_next_port(files: tuple[str, str]) -> None:
    """Unless another address is given."""
    server = Server(ADDRESS, server_key=files[0], key=files[1])
    assert (server.commands, server.events) == (ADDRESS, "tcp://127.0.0.1:7802")
    other = Server("tcp://[::1]:1", server_key=files[0], key=files[1], events="tcp://h:9")
    assert (other.commands, other.events) == ("tcp://[::1]:1", "tcp://h:9")


def test_a_daemon_is_known_by_a_file_or_the_key_itself(files: tuple[str, str]) -> None:
    """Both mean the same."""
    by_file = Server(ADDRESS, server_key=files[0], key=files[1])
    assert Server(ADDRESS, server_key=by_file._server_key, key=files[1])._server_key == by_file._server_key


@pytest.mark.parametrize(
    "address", ["127.0.0.1:7801", "tcp://h", "tcp://h:0", "tcp://h:65536", "tcp://*:1", "ipc:///x", "tcp://h:65535"]
)
def test_what_is_no_address_is_refused(files: tuple[str, str], address: str) -> None:
    """Before anything is sent. The last port has no next one for events."""
    if address != "tcp://h:65535":
        with pytest.raises(ValueError, match="server: "):
            Server(address, server_key=files[0], key=files[1], events="tcp://h:1")
    with pytest.raises(ValueError, match=r"^server( events)?: "):
        Server(address, server_key=files[0], key=files[1])


def test_keys_that_cannot_be_used_are_named(files: tuple[str, str], tmp_path: Path) -> None:
    """A missing file, an invalid key, or the public half."""
    (tmp_path / "garbage").write_bytes(b"\xff")
    for server_key, key, problem in (
        ("nowhere", files[1], "server key: nowhere"),
        (str(tmp_path / "garbage"), files[1], "server key: .*not text"),
        (files[0], "nowhere", "key: nowhere"),
        (files[0], files[0], "no secret-key"),
    ):
        with pytest.raises(ValueError, match=problem):
            Server(ADDRESS, server_key=server_key, key=key)


def test_the_environment_names_a_server(
    files: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each argument overrides its variable; a named runtime directory overrides all of them."""
    assert Server.named(environ={}) is None
    monkeypatch.setenv("OUZEL_SERVER", ADDRESS)
    with pytest.raises(ValueError, match="OUZEL_SERVER_KEY"):
        place_of(None, None)
    monkeypatch.setenv("OUZEL_SERVER_KEY", files[0])
    with pytest.raises(ValueError, match="OUZEL_KEY"):
        place_of(None, None)
    monkeypatch.setenv("OUZEL_KEY", files[1])
    found = place_of(None, None)
    assert isinstance(found, Server)
    assert found.commands == ADDRESS
    other = Server.named("tcp://h:5")
    assert other is not None
    assert other.events == "tcp://h:6"
    assert isinstance(place_of(tmp_path, None), Place)
    with pytest.raises(ValueError, match="both are named"):
        place_of(tmp_path, found)


def test_nobody_there_is_told_at_once(files: tuple[str, str]) -> None:
    """With the address, and what to check."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(address, server_key=files[0], key=files[1], events="tcp://127.0.0.1:1")
    with ouzel.Client(server=server) as client, pytest.raises(ouzel.NotRunning, match=address) as caught:
        client.ping()
    assert "tcp_commands" in caught.value.message


def test_what_hangs_up_is_no_daemon(files: tuple[str, str]) -> None:
    """The key may be wrong, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(
            f"tcp://127.0.0.1:{listener.getsockname()[1]}", server_key=files[0], key=files[1], events=ADDRESS
        )
        with ouzel.Client(server=server) as client:
            listener.settimeout(10)
            hanging_up = threading.Thread(target=lambda: listener.accept()[0].close())
            hanging_up.start()
            with pytest.raises(ouzel.NotRunning, match="hung up during the handshake"):
                client.ping()
            hanging_up.join()


def test_half_a_server_is_wrong_usage(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The exit code is 2, and the message says what is missing."""
    for argv, named in (
        (["--server", ADDRESS], "--server-key"),
        (["--server", ADDRESS, "--server-key", files[0]], "--key"),
        (["--server", "x", "--server-key", files[0], "--key", files[1]], "tcp://HOST:PORT"),
        (["--server", ADDRESS, "--runtime-dir", str(tmp_path)], "--runtime-dir"),
    ):
        assert run([*argv, "health"]) == 2
        assert named in capsys.readouterr().err
