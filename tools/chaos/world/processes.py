"""The processes of one daemon, read from `/proc`."""

import contextlib
import os
from pathlib import Path
from typing import Final, NamedTuple

_LISTEN: Final = "0A"


class Engine(NamedTuple):
    """An engine process, or a spare. `parent` is the supervisor that started it."""

    pid: int
    gen: int
    parent: int
    zombie: bool


def engines(runtime_dir: Path) -> list[Engine]:
    """All engines and orphans of the daemon with this runtime directory, by generation."""
    endpoint = f"ipc://{runtime_dir}/engine.ipc"
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                argv = Path(entry.path, "cmdline").read_bytes().decode(errors="replace").split("\0")
                if endpoint in argv:
                    gen, parent = (int(argv[argv.index(each) + 1]) for each in ("--gen", "--parent-pid"))
                    found.append(Engine(int(entry.name), gen, parent, zombie=False))
    return sorted(found, key=lambda each: each.gen)


def children(pid: int) -> list[int]:
    """The children of a process."""
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return []


def state(pid: int) -> str:
    """The state of a process, one letter as in proc(5). Empty if there is no process."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def started(pid: int) -> int:
    """The start time of a process in clock ticks since boot. 0 if there is no process."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return 0


def alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not."""
    return state(pid) not in ("", "Z", "X")


def listening(pids: list[int]) -> list[int]:
    """Which of these processes listen on a TCP port."""
    inodes = set()
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == _LISTEN:
                inodes.add(f"socket:[{parts[9]}]")
    return [pid for pid in pids if inodes & _links(pid)]


def _links(pid: int) -> set[str]:
    links = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                links.add(str(Path(entry.path).readlink()))
    return links


def descriptors(pid: int) -> int:
    """The number of open descriptors of a process; 0 if it does not run."""
    with contextlib.suppress(OSError):
        return sum(1 for _ in os.scandir(f"/proc/{pid}/fd"))
    return 0
