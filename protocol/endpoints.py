"""Where the sockets and directories are when nobody says otherwise. Clients and daemon must find the same ones."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

APP: Final = "ouzel"
COMMANDS_SOCKET: Final = "commands.ipc"
EVENTS_SOCKET: Final = "events.ipc"
ENGINE_SOCKET: Final = "engine.ipc"
IPC_PATH_MAX_BYTES: Final = 107
"""What `sockaddr_un` holds besides its terminating NUL; libzmq refuses more."""


def default_runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`OUZEL_PATHS_RUNTIME_DIR`, or `ouzel/` in the XDG runtime directory, or else `run/` in the state directory."""
    named = environ.get("OUZEL_PATHS_RUNTIME_DIR")
    if named:
        return Path(named)
    session = environ.get("XDG_RUNTIME_DIR")
    return Path(session) / APP if session else platformdirs.user_state_path(APP) / "run"


def ipc_endpoint(runtime_dir: Path, socket: str) -> str:
    """The ZeroMQ endpoint of a socket in the runtime directory.

    Raises:
        ValueError: the path is longer than the operating system allows for a local socket.
    """
    path = runtime_dir / socket
    if len(os.fsencode(path)) > IPC_PATH_MAX_BYTES:
        raise ValueError(f"{path} is longer than the {IPC_PATH_MAX_BYTES} bytes of a local socket's path")
    return f"ipc://{path}"
