"""Finds the target: the daemon's process, its configuration file, its paths, and its answers.

All waits have a time limit, because the daemon may be hung.
"""

import contextlib
import os
import pwd
import socket
import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ouzel.client.blocking import Client
from ouzel.client.whereabouts import SYSTEM_DIR, knock
from ouzel.doctor import mount_table
from ouzel.doctor.processes import arguments_of, config_argument
from ouzel.doctor.target import PROC, Paths, Target
from ouzel.doctor.waiting import within
from protocol.configuration import config_environment
from protocol.configuration.config_file import ConfigFile
from protocol.configuration.config_problem import InvalidConfig
from protocol.configuration.gateway_sections import GATEWAY_SECTIONS
from protocol.wire.endpoints import (
    COMMANDS_SOCKET,
    NoHome,
    default_download_root,
    default_runtime_dir,
    default_state_dir,
)
from protocol.wire.errors import OuzelError
from protocol.wire.reports import HealthReport, StatsReport

SYSTEM_CONFIG: Final = Path("/etc/ouzel/ouzel.toml")
"""The configuration file of the systemd unit."""

Report = TypeVar("Report", HealthReport, StatsReport)

ANSWER_S: Final = 1.0
"""The time limit of the daemon's answers."""

_KNOWN: Final = {
    "paths": ("resume_dir", "download_roots", "runtime_dir", "state_dir"),
    "api": ("tcp_commands", "tcp_events", "curve_secret_key_file", "authorized_keys_dir"),
    "restart": ("window_s", "budget", "max_memory_mb"),
    "sandbox": ("mode",),
    **GATEWAY_SECTIONS,
}
"""The keys that checks use and that environment variables can set."""


def find(config_file: Path | None, runtime_dir: Path | None) -> Target:
    """Finds the daemon.

    Args:
        config_file: the configuration file. Without it, the file of a running daemon is used.
        runtime_dir: the runtime directory. Without it, the configured or the default directory is used.
    """
    if config_file is None:
        directory = runtime_dir or _likely_runtime_dir()
        pid = None if directory is None else listener(directory / COMMANDS_SOCKET)
        config_file = _config_of(pid)
        if config_file is None and directory == SYSTEM_DIR and os.path.lexists(SYSTEM_CONFIG):
            config_file = SYSTEM_CONFIG
        environ = environment_of(pid)
        sections, problem = _sections(config_file, os.environ if environ is None else environ)
        paths = _paths(sections, directory)
    else:
        sections, problem = _sections(config_file, os.environ)
        paths = _paths(sections, None)
        pid = None if paths.runtime_dir is None else listener(Path(paths.runtime_dir) / COMMANDS_SOCKET)
        environ = environment_of(pid)
    health, stats, silence = _answers(pid, paths.runtime_dir)
    return Target(
        config_file=config_file,
        sections=sections,
        config_problem=problem,
        paths=paths,
        pid=pid,
        silence=silence,
        health=health,
        stats=stats,
        uid=_user_of(pid, paths),
        environ=environ if pid is not None else os.environ,
        mounts=_mounts(pid),
    )


def paths_of(pid: int) -> Paths:
    """The directories of another daemon. If this user cannot read its configuration, there are none."""
    file, environ = _config_of(pid), environment_of(pid)
    if environ is None:
        return Paths(None, None, None)
    sections, problem = _sections(file, environ)
    return Paths(None, None, None) if problem is not None else _paths(sections, None)


def listener(path: Path) -> int | None:
    """The process that listens on a local socket; None if nobody listens, or this user has no access."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(os.fspath(path))
            pid, _, _ = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError:
            return None
    return int(pid) or None


def environment_of(pid: int | None, proc: Path = PROC) -> dict[str, str] | None:
    """The environment with which a process was started. None if it cannot be read."""
    if pid is None:
        return None
    try:
        raw = (proc / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    pairs = (os.fsdecode(each).partition("=") for each in raw.split(b"\0") if b"=" in each)
    return {name: value for name, _, value in pairs}


def _likely_runtime_dir() -> Path | None:
    """The default directory, or the directory of the system's daemon if only that daemon is found."""
    try:
        directory = default_runtime_dir()
    except NoHome:
        return SYSTEM_DIR
    if not os.path.lexists(directory / COMMANDS_SOCKET) and os.path.lexists(SYSTEM_DIR):
        return SYSTEM_DIR
    return directory


def _config_of(pid: int | None) -> Path | None:
    if pid is None:
        return None
    given = config_argument(arguments_of(pid))
    if given is None:
        return None
    try:
        return (PROC / str(pid) / "cwd").readlink() / given
    except OSError:
        return Path(given).absolute()


def _sections(file: Path | None, environ: Mapping[str, str]) -> tuple[dict[str, dict[str, Any]], str | None]:
    """The configured values, and why the file could not be read."""
    sections: dict[str, dict[str, Any]] = {}
    problem: str | None = None
    if file is not None:
        hung: tuple[dict[str, Any], str | None] = {}, f"{file}: cannot be read; its disk may hang"
        content, problem = within(ANSWER_S, partial(_content, file), hung)
        sections = {name: dict(each) for name, each in content.items() if isinstance(each, dict)}
    for name, keys in config_environment.read(environ, _KNOWN).values.items():
        sections.setdefault(name, {}).update(keys)
    return sections, problem


def _content(file: Path) -> tuple[dict[str, Any], str | None]:
    """The content of a configuration file, or why it cannot be read."""
    try:
        return ConfigFile.read(file).content, None
    except InvalidConfig as invalid:
        return {}, str(invalid.problems[0])


def _paths(sections: Mapping[str, Mapping[str, Any]], runtime_dir: Path | None) -> Paths:
    given = sections.get("paths", {})

    def path(key: str, default: str | None) -> str | None:
        value = given.get(key, default)
        return value if isinstance(value, str) and value.startswith("/") and "\0" not in value else None

    try:
        state, runtime, roots = str(default_state_dir()), str(default_runtime_dir()), [str(default_download_root())]
    except NoHome:
        state = runtime = ""
        roots = []
    named = given.get("download_roots", roots)
    return Paths(
        resume_dir=path("resume_dir", f"{state}/resume" if state else None),
        runtime_dir=str(runtime_dir) if runtime_dir is not None else path("runtime_dir", runtime),
        state_dir=path("state_dir", state),
        download_roots=tuple(
            root for root in (named if isinstance(named, list) else []) if isinstance(root, str) and root[:1] == "/"
        ),
    )


def _answers(pid: int | None, runtime_dir: str | None) -> tuple[HealthReport | None, StatsReport | None, str | None]:
    """The daemon's health and statistics, or why there is no answer."""
    if runtime_dir is None:
        return None, None, "no runtime directory is known"
    path = Path(runtime_dir) / COMMANDS_SOCKET
    try:
        knock(path)
    except PermissionError:
        return None, None, "this user may not use the daemon's socket"
    except OSError:
        return None, None, "no daemon is running"
    client = Client(runtime_dir, timeout_s=ANSWER_S)
    problems: list[str] = []

    def ask(what: Callable[[], Report]) -> Report | None:
        try:
            return what()
        except OuzelError as problem:
            problems.append(str(problem))
            return None

    health = within(ANSWER_S, lambda: ask(client.health), None)
    stats = None if health is None else within(ANSWER_S, lambda: ask(client.stats), None)
    silence = problems[0] if problems else f"the daemon (pid {pid}) did not answer within {ANSWER_S:g} s"
    client.close()
    return health, stats, silence if health is None else None


def _user_of(pid: int | None, paths: Paths) -> int:
    """The daemon's user. If no daemon runs, the owner of its directories."""
    if pid is not None:
        return within(ANSWER_S, (PROC / str(pid)).stat, Path("/").stat()).st_uid
    if paths.runtime_dir == str(SYSTEM_DIR):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam("ouzel").pw_uid
    found = [within(ANSWER_S, partial(os.stat, path), None) for path in (paths.resume_dir, paths.state_dir) if path]
    owners = [each.st_uid for each in found if each is not None]
    return os.geteuid() if os.geteuid() in owners else next(iter(owners), os.geteuid())


def _mounts(pid: int | None) -> dict[str, mount_table.MountRow]:
    """The mounts that the daemon sees. If they cannot be read, the mounts that this process sees."""
    for name in ("self",) if pid is None else (str(pid), "self"):
        try:
            return mount_table.read(PROC / name / "mountinfo")
        except OSError:
            continue
    return {}
