import os
from pathlib import Path

import pytest

from protocol import endpoints
from protocol.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, IPC_PATH_MAX_BYTES


def test_the_runtime_directory_can_be_named() -> None:
    """The configuration's own variable decides, for clients as for the daemon."""
    assert endpoints.default_runtime_dir({"OUZEL_PATHS_RUNTIME_DIR": "/run/ouzel"}) == Path("/run/ouzel")


@pytest.mark.parametrize("named", [{}, {"OUZEL_PATHS_RUNTIME_DIR": ""}])
def test_the_runtime_directory_is_the_sessions(named: dict[str, str]) -> None:
    """Unnamed, or named by nothing, it lies below the session's XDG runtime directory."""
    assert endpoints.default_runtime_dir(named | {"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/ouzel")


@pytest.mark.parametrize("environ", [{}, {"XDG_RUNTIME_DIR": ""}])
def test_without_a_session_the_runtime_directory_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """Where nobody made an XDG runtime directory, the state directory has room for it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert endpoints.default_runtime_dir(environ) == tmp_path / "ouzel" / "run"


def test_sockets_are_in_the_runtime_directory() -> None:
    """ZeroMQ's address is the path with a scheme."""
    assert endpoints.ipc_endpoint(Path("/run/ouzel"), COMMANDS_SOCKET) == "ipc:///run/ouzel/commands.ipc"
    assert len({COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET}) == 3


@pytest.mark.parametrize("letter", ["x", "ö"])
def test_a_path_too_long_for_a_socket_is_refused(letter: str) -> None:
    """The limit is in bytes, and reached exactly: libzmq would refuse one more with a message of less help."""
    room = IPC_PATH_MAX_BYTES - len("//commands.ipc")
    folder = letter * (room // len(os.fsencode(letter)))
    folder += "x" * (room - len(os.fsencode(folder)))
    endpoint = endpoints.ipc_endpoint(Path("/", folder), COMMANDS_SOCKET)
    assert len(os.fsencode(endpoint.removeprefix("ipc://"))) == IPC_PATH_MAX_BYTES
    with pytest.raises(ValueError, match="107 bytes"):
        endpoints.ipc_endpoint(Path("/", folder + "x"), COMMANDS_SOCKET)
