"""Reads facts about processes from /proc."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ouzel.doctor.target import PROC


def arguments_of(pid: int, proc: Path = PROC) -> list[str]:
    """The command line of a process; empty if it has ended or cannot be read."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(each) for each in raw.split(b"\0")][:-1]


def started_at(pid: int, proc: Path) -> float | None:
    """When a process was started, in seconds since 1970. None if it is not known."""
    try:
        after_name = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        ticks = int(after_name[19])
        booted = next(
            int(line.split()[1]) for line in (proc / "stat").read_text().splitlines() if line.startswith("btime")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def parent_of(pid: int, proc: Path) -> int | None:
    """The parent of a process. None if it is not known."""
    try:
        return int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def all_pids(proc: Path) -> Iterator[int]:
    """The processes that this user can see."""
    with contextlib.suppress(OSError):
        yield from (int(each.name) for each in proc.iterdir() if each.name.isdecimal())


def daemons(proc: Path) -> list[int]:
    """The processes that are `ouzeld`, without `ouzeld --check`."""
    return [pid for pid in all_pids(proc) if is_daemon(arguments_of(pid, proc))]


def is_daemon(arguments: list[str]) -> bool:
    """Whether a command line is that of `ouzeld`."""
    if not arguments or "--check" in arguments:
        return False
    program = Path(arguments[0]).name
    if not (program.startswith("python") or program == "ouzeld"):
        return False
    module = arguments[arguments.index("-m") + 1 : arguments.index("-m") + 2] if "-m" in arguments else []
    return module == ["supervisor"] or any(Path(each).name == "ouzeld" for each in arguments[:4])


def config_argument(arguments: list[str]) -> str | None:
    """The value of `--config` in a command line."""
    return option_of(arguments, "--config")


def option_of(arguments: list[str], option: str) -> str | None:
    """The value of an option in a command line. None if the option is not given."""
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == option:
            return value if equals else next(iter(arguments[at + 1 :]), None)
    return None


def limit_of(pid: int | str, name: str, proc: Path) -> tuple[float, float] | None:
    """The soft and the hard limit of a process. `name` is as in proc_pid_limits(5). None if it is not known."""
    try:
        lines = (proc / str(pid) / "limits").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(name):
            soft, hard = line.removeprefix(name).split()[:2]
            return _number(soft), _number(hard)
    return None


def _number(text: str) -> float:
    return float("inf") if text == "unlimited" else float(text)
