"""The HTTP gateway: its process, and its directory."""

import stat
from collections.abc import Iterator
from pathlib import Path

from ouzel.doctor.checks.ports import is_gateway
from ouzel.doctor.finding import Finding, denied, error, ok, warning
from ouzel.doctor.processes import all_pids, arguments_of
from ouzel.doctor.target import Target, user_name


def gateway(target: Target) -> Iterator[Finding]:
    """The gateway's processes, and whether its directory is private."""
    found = [pid for pid in all_pids(target.proc) if is_gateway(arguments_of(pid, target.proc))]
    if len(found) > 1:
        yield warning(f"{len(found)} gateways run: pid {', '.join(map(str, found))}", "stop those that are not wanted")
    elif found:
        yield ok(f"the gateway runs (pid {found[0]})")
    directory = _directory(target)
    if directory is None:
        return
    try:
        status = directory.stat()
    except FileNotFoundError:
        return
    except OSError as problem:
        yield denied(str(directory), problem, str(directory))
        return
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        yield error(
            f"others can use the gateway's directory, which has hashes of passwords: its mode is {mode:04o}",
            f"`chmod 700 {directory}`",
            str(directory),
        )
    else:
        yield ok(f"the gateway's directory belongs to {user_name(status.st_uid)}, mode {mode:04o}", str(directory))


def _directory(target: Target) -> Path | None:
    given = target.value("gateway", "state_dir")
    if isinstance(given, str):
        return Path(given)
    return None if target.paths.state_dir is None else Path(target.paths.state_dir) / "gateway"
