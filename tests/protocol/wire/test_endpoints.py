import os
import pwd
from functools import partial
from pathlib import Path

import pytest

from protocol.wire import endpoints
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, IPC_PATH_MAX_BYTES


def test_the_runtime_directory_can_be_named() -> None:
    """The configuration's variable also counts for clients."""
    assert endpoints.default_runtime_dir({"OUZEL_PATHS_RUNTIME_DIR": "/run/ouzel"}) == Path("/run/ouzel")


@pytest.mark.parametrize("named", [{}, {"OUZEL_PATHS_RUNTIME_DIR": ""}])
def test_the_runtime_directory_is_the_sessions(named: dict[str, str]) -> None:
    """If it is not named, or the name is empty, it is below the session's XDG runtime directory."""
    assert endpoints.default_runtime_dir(named | {"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/ouzel")


@pytest.mark.parametrize("environ", [{}, {"XDG_RUNTIME_DIR": ""}, {"XDG_RUNTIME_DIR": "run"}])
def test_without_a_session_the_runtime_directory_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """Without an XDG runtime directory, it is in the state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert endpoints.default_runtime_dir(environ) == tmp_path / "ouzel" / "run"


def homeless(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """This process's user has no entry in passwd, and this HOME."""
    monkeypatch.delenv("HOME", raising=False)
    for name in ("XDG_STATE_HOME", "XDG_DOWNLOAD_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    def unknown(_: object) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_without_a_home_only_what_is_named_is_known(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    """As in a container with an arbitrary uid; the error has the remedy."""
    homeless(monkeypatch, home)
    for find in (
        partial(endpoints.default_runtime_dir, {}),
        endpoints.default_state_dir,
        endpoints.default_download_root,
    ):
        with pytest.raises(endpoints.NoHome, match=r"HOME is not set, or relative, and uid .*; name it, or set HOME"):
            find()
    assert endpoints.default_runtime_dir({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/ouzel")


def test_sockets_are_in_the_runtime_directory() -> None:
    """ZeroMQ's address is the path with a scheme."""
    assert endpoints.ipc_endpoint(Path("/run/ouzel"), COMMANDS_SOCKET) == "ipc:///run/ouzel/commands.ipc"
    assert len({COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET}) == 3


@pytest.mark.parametrize("letter", ["x", "ö"])
def test_a_path_too_long_for_a_socket_is_refused(letter: str) -> None:
    """The limit is in bytes; libzmq would refuse one more byte with a less helpful message."""
    room = IPC_PATH_MAX_BYTES - len("//commands.ipc")
    folder = letter * (room // len(os.fsencode(letter)))
    folder += "x" * (room - len(os.fsencode(folder)))
    endpoint = endpoints.ipc_endpoint(Path("/", folder), COMMANDS_SOCKET)
    assert len(os.fsencode(endpoint.removeprefix("ipc://"))) == IPC_PATH_MAX_BYTES
    with pytest.raises(ValueError, match="107 bytes"):
        endpoints.ipc_endpoint(Path("/", folder + "x"), COMMANDS_SOCKET)
