"""Suggests what to do if no daemon answers. Another daemon may run elsewhere, or this user may lack access.

The client never connects to another daemon by itself. Otherwise a user could delete torrents of the wrong daemon. So
the message only says what to type.
"""

import grp
import os
import pwd
import socket
import stat
from pathlib import Path
from typing import Final

from protocol.wire.endpoints import COMMANDS_SOCKET

SYSTEM_DIR: Final = Path("/run/ouzel")
"""The directory of the systemd unit's sockets."""


def knock(path: Path) -> None:
    """Connects to a local socket, and disconnects. Raises OSError if nobody listens, or this user has no access."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return  # the backlog is full, so somebody listens


def advice(path: Path, error: OSError, system_dir: Path = SYSTEM_DIR) -> str | None:
    """A text about what to do if nobody answers on a socket.

    None if the only advice is to start a daemon.

    Args:
        path: the path of the socket.
        error: the error of connecting to the socket.
        system_dir: the runtime directory of a daemon for all users.
    """
    if isinstance(error, PermissionError):
        return remedy(path)
    if path.parent == system_dir:
        return None
    there = f"--runtime-dir {system_dir}, or OUZEL_PATHS_RUNTIME_DIR={system_dir}"
    try:
        knock(system_dir / COMMANDS_SOCKET)
    except PermissionError:
        return f"there is one in {system_dir}, and {remedy(system_dir / COMMANDS_SOCKET)}; then name it with {there}"
    except OSError:
        return None
    return f"there is one in {system_dir}: name it with {there}"


def remedy(path: Path) -> str:
    """A text about how this user gets access to a socket."""
    for part in (*reversed(path.parents), path):
        try:
            found = part.stat()
            wanted = os.X_OK if stat.S_ISDIR(found.st_mode) else os.W_OK
            if not os.access(part, wanted, effective_ids=True):
                return _remedy(part, found)
        except OSError:
            break
    return "this user may not use it"


def _remedy(part: Path, found: os.stat_result) -> str:
    group, user, owner = _group(found.st_gid), _user(os.geteuid()), _user(found.st_uid)
    needed = stat.S_IXGRP if stat.S_ISDIR(found.st_mode) else stat.S_IWGRP
    member = found.st_gid in {os.getegid(), *os.getgroups()}
    if found.st_gid == 0 or member or not found.st_mode & needed:
        mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
        return f"this user may not use it: {part} is {owner}'s ({mode}); run the command as {owner}"
    if user in _members(group):
        return f"{user} is in the group {group} and was not yet when this session began: log in again"
    return f"this user may not use it: join the group {group} (`sudo usermod -aG {group} {user}`), and log in again"


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _members(group: str) -> list[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        return []
