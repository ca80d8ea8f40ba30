"""The HTTP gateway: its process, and its directory."""

import contextlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ouzel.doctor.checks.ports import is_gateway
from ouzel.doctor.finding import Finding, denied, error, ok, warning
from ouzel.doctor.processes import all_pids, arguments_of, config_argument, option_of
from ouzel.doctor.target import Target, user_name


def gateway(target: Target) -> Iterator[Finding]:
    """The gateway's processes, and whether its directory is private.

    Gateways of several daemons may run, and gateways with different interfaces (`--only`).
    """
    found = [pid for pid in all_pids(target.proc) if is_gateway(arguments_of(pid, target.proc))]
    if any(count > 1 for count in Counter(_work_of(pid, target.proc) for pid in found).values()):
        yield warning(f"{len(found)} gateways run: pid {', '.join(map(str, found))}", "stop those that are not wanted")
    elif found:
        yield ok(f"the gateway runs (pid {', '.join(map(str, found))})")
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


def _work_of(pid: int, proc: Path) -> tuple[str | None, str | None]:
    """The configuration file and the interfaces of a gateway."""
    arguments = arguments_of(pid, proc)
    file = config_argument(arguments)
    if file is not None:
        with contextlib.suppress(OSError):  # of another user; the file as it was given is almost as good
            file = os.path.normpath((proc / str(pid) / "cwd").readlink() / file)
    return file, option_of(arguments, "--only")


def _directory(target: Target) -> Path | None:
    given = target.value("gateway", "state_dir")
    if isinstance(given, str):
        return Path(given)
    return None if target.paths.state_dir is None else Path(target.paths.state_dir) / "gateway"
