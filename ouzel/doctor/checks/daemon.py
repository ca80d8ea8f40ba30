"""The running daemon: whether it answers, its health, its sockets, and other daemons."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ouzel.client.whereabouts import knock, remedy
from ouzel.doctor import discovery
from ouzel.doctor.finding import Finding, Status, denied, error, info, ok, warning
from ouzel.doctor.processes import arguments_of, config_argument, daemons
from ouzel.doctor.target import Target
from protocol.wire.endpoints import COMMANDS_SOCKET, ENGINE_SOCKET, EVENTS_SOCKET, IPC_PATH_MAX_BYTES
from protocol.wire.reports import EngineState, HealthStatus, Severity

LOCK: Final = ".lock"
_SOCKETS: Final = (COMMANDS_SOCKET, EVENTS_SOCKET, ENGINE_SOCKET)


def running(target: Target) -> Iterator[Finding]:
    """Whether the daemon runs and answers, and the state of its engine."""
    if target.health is None:
        yield _silent(target)
        return
    engine = target.health.engine
    yield ok(f"the daemon (pid {target.pid}) answers: {target.health.status}")
    if engine.state is EngineState.OVER_BUDGET:
        yield error(
            "too many engines have crashed: an engine is only started every five minutes",
            "`ouzel crashes` says why; after fixing the cause, restart ouzeld",
        )
    elif engine.state is EngineState.BACKING_OFF:
        yield warning("the engine has crashed, and the next start is delayed", "`ouzel crashes` says why")


def health(target: Target) -> Iterator[Finding]:
    """Each problem that the daemon itself reports."""
    if target.health is None:
        return
    for reason in target.health.reasons:
        serious = reason.severity is not Severity.WARNING
        status = Status.ERROR if serious else Status.WARNING
        advice = "the message has the remedy; `ouzel health` shows when the problem began"
        subject = f"{reason.component}/{reason.subject}" if reason.subject else reason.component
        yield Finding(status=status, seen=reason.message, advice=advice, subject=subject)
    if target.health.status is HealthStatus.HEALTHY and not target.health.reasons:
        yield ok("the daemon reports no problem")


def sockets(target: Target) -> Iterator[Finding]:
    """The local sockets: left-over sockets, sockets of other processes, and too long paths."""
    directory = target.paths.runtime_dir
    if directory is None:
        return
    stale, listening = [], []
    for name in _SOCKETS:
        path = Path(directory) / name
        length = len(os.fsencode(path))
        if length > IPC_PATH_MAX_BYTES:
            seen = f"its path has {length} bytes, and a local socket allows {IPC_PATH_MAX_BYTES}"
            yield error(seen, "choose a shorter [paths] runtime_dir", str(path))
            continue
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        except OSError as problem:
            yield denied(str(path), problem, str(path))
            continue
        if not stat.S_ISSOCK(mode):
            seen = "something that is not a socket has the path of a socket"
            yield error(seen, f"move {path} away: ouzeld does not start otherwise", str(path))
            continue
        try:
            knock(path)
        except PermissionError:
            if name != ENGINE_SOCKET:  # only the daemon's user may use that one
                yield warning("this user may not use it", remedy(path), str(path))
        except OSError:
            stale.append(name)
        else:
            listening.append((path, discovery.listener(path)))
    if stale:
        yield warning(
            f"nobody listens on {', '.join(stale)} in {directory}: a daemon was killed, and has left them",
            "start ouzeld, which replaces them; if it does not start, run `ouzeld --check`",
        )
    for path, pid in listening:
        if target.pid is not None and pid not in (None, target.pid):
            seen = f"pid {pid} listens there, and the daemon is pid {target.pid}"
            yield error(seen, "stop one of the two daemons, then restart the other", str(path))
    if not listening and not stale:
        yield ok(f"no socket is left in {directory}")
    if listening and not stale:
        yield ok(f"the sockets in {directory} are in use")


def instances(target: Target) -> Iterator[Finding]:
    """Other daemons on this machine, and the process that has locked the directories."""
    found = daemons(target.proc)
    others = [pid for pid in found if pid != target.pid]
    holders = {key: _lock_holder(path, target) for key, path in target.paths.own().items() if key != "state_dir"}
    for key, pid in holders.items():
        if pid is not None and pid != target.pid and not _related(pid, target):
            if not (target.proc / str(pid)).exists():
                seen = f"{key} is locked by an engine whose supervisor (pid {pid}) has ended"
                yield error(
                    seen, "wait until it ends; `fuser` on the file .lock in that directory finds it", f"pid {pid}"
                )
                continue
            what = " ".join(arguments_of(pid, target.proc)[:4]) or "a process of another user"
            yield error(
                f"pid {pid} ({what}) has locked {key}, and no daemon answers on the sockets"
                if target.pid is None
                else f"pid {pid} ({what}) has locked {key}, and the daemon is pid {target.pid}",
                f"look at `ps {pid}`; stop that process, or give each daemon its own directories",
            )
    for pid in others:
        file = config_argument(arguments_of(pid, target.proc))
        named = f"pid {pid}{f', with {file}' if file else ''}"
        shared = _shared(pid, target)
        if shared:
            yield error(
                f"another ouzeld uses {', '.join(shared)}, too: {named}",
                "stop one of them, or give each daemon its own directories, download roots and ports",
                f"pid {pid}",
            )
        elif pid not in holders.values():
            yield info(f"another ouzeld runs: {named}", "stop it if it is not wanted", f"pid {pid}")
    if not others:
        yield ok("no other ouzeld runs")


def _shared(pid: int, target: Target) -> list[str]:
    """The directories that are in the configurations of both the target and another daemon."""
    theirs = {os.path.realpath(path) for path in discovery.paths_of(pid).all()}
    return [path for path in target.paths.all() if os.path.realpath(path) in theirs]


def _silent(target: Target) -> Finding:
    if target.pid is None:
        silence = target.silence or "no daemon is running"
        if "may not use" in silence:
            return Finding(status=Status.UNKNOWN, seen=silence, advice=_access(target))
        return info(f"{silence} in {target.paths.runtime_dir}", "start it: `systemctl start ouzel`, or `ouzeld`")
    return error(
        f"the daemon does not answer: {target.silence}",
        f"look at the daemon's log; `kill -ABRT {target.pid}` writes its stack there and ends it, then start it again",
    )


def _access(target: Target) -> str:
    return remedy(Path(target.paths.runtime_dir or "/") / COMMANDS_SOCKET)


def _lock_holder(directory: str, target: Target) -> int | None:
    """The process that holds the lock of a directory, by /proc/locks. None if there is none, or it is not visible."""
    try:
        found = (Path(directory) / LOCK).stat()
        lines = (target.proc / "locks").read_text().splitlines()
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in lines:
        fields = line.split()
        if "->" not in fields and len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == place:
            return int(fields[4]) if int(fields[4]) > 0 else None
    return None


def _related(pid: int, target: Target) -> bool:
    """Whether a process is the engine of the daemon. An engine inherits the lock."""
    return target.health is not None and pid == target.health.engine.pid
