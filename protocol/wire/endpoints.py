"""Default paths of sockets and directories. Clients and the daemon must compute the same paths."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import platformdirs

APP: Final = "ouzel"
COMMANDS_SOCKET: Final = "commands.ipc"
EVENTS_SOCKET: Final = "events.ipc"
ENGINE_SOCKET: Final = "engine.ipc"
IPC_PATH_MAX_BYTES: Final = 107
"""The longest path of a local socket: the size in `sockaddr_un` without the final NUL. libzmq refuses longer paths."""


class NoHome(ValueError):
    """A directory is not configured, and no home directory for its default is known."""


def default_runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The default runtime directory.

    Returns the first of these directories that is known:

    1. `OUZEL_PATHS_RUNTIME_DIR`
    2. `ouzel/` in the XDG runtime directory
    3. `run/` in the state directory

    A relative XDG directory is ignored, as the XDG specification demands.

    Raises:
        NoHome: none of these directories is known.
    """
    named = environ.get("OUZEL_PATHS_RUNTIME_DIR")
    if named:
        return Path(named)
    session = Path(environ.get("XDG_RUNTIME_DIR", ""))
    return session / APP if session.is_absolute() else default_state_dir() / "run"


def default_state_dir() -> Path:
    """The default state directory: `ouzel/` in the XDG state directory. Raises NoHome."""
    return _of_user(lambda: platformdirs.user_state_path(APP))


def default_download_root() -> Path:
    """The default download root: the user's folder for downloads. Raises NoHome."""
    return _of_user(platformdirs.user_downloads_path)


def _of_user(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except RuntimeError:
        why = f"HOME is not set, or relative, and uid {os.geteuid()} has no entry in passwd"
        raise NoHome(f"there is no default for it: {why}; name it, or set HOME") from None


def ipc_endpoint(runtime_dir: Path, socket: str) -> str:
    """The ZeroMQ endpoint of a socket in the runtime directory.

    Raises:
        ValueError: the path is longer than the operating system allows for a local socket.
    """
    path = runtime_dir / socket
    if len(os.fsencode(path)) > IPC_PATH_MAX_BYTES:
        raise ValueError(f"{path} is longer than the {IPC_PATH_MAX_BYTES} bytes of a local socket's path")
    return f"ipc://{path}"
