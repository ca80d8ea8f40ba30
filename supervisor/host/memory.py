"""Measures the memory of a process and of the machine. Reads only /proc and /sys, which never block on a disk."""

import contextlib
import os
from pathlib import Path
from typing import Final

SHARE: Final = 0.75
"""The default limit, as a share of all memory. If an engine uses more memory, the kernel may kill it without a drain.
"""

MB: Final = 1_000_000

_HELD: Final = (b"RssAnon:", b"VmSwap:")


def held_bytes(pid: int, proc: Path = Path("/proc")) -> int | None:
    """The anonymous memory of a process in bytes, including swapped-out pages. None if the process has ended.

    Pages of files do not count. libtorrent maps files, and the kernel can reclaim such pages. The measurement takes no
    lock of the process, because a hung process may hold locks. psutil's `uss` needs such a lock.
    """
    try:
        lines = (proc / str(pid) / "status").read_bytes().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(_HELD)]
    return sum(found) if found else None  # a zombie has no memory


def limit_bytes(
    configured_mb: int | None,
    *,
    total: int | None = None,
    proc: Path = Path("/proc"),
    cgroups: Path = Path("/sys/fs/cgroup"),
) -> int:
    """The memory limit of the engine in bytes.

    It is the configured limit, or a share of the memory of the machine or the control group.

    Args:
        configured_mb: the configured limit. 0 is no limit. None means the share SHARE of the memory.
        total: the machine's memory in bytes; None to look it up.
    """
    if configured_mb is not None:
        return configured_mb * MB
    if total is None:  # not from /proc/meminfo, which a hardened service cannot read
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(SHARE * min([total, *_of_control_groups(proc, cgroups)]))


def _of_control_groups(proc: Path, cgroups: Path) -> list[int]:
    """The memory limits of this process's control group and the groups above it, version 1 or 2."""
    found = []
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        hierarchy, controllers, path = line.split(":", 2)
        if hierarchy == "0":
            root, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container the path may be a path of the host. Then only the root is visible here.
        group = root / path.strip("/")
        for directory in (group, *(parent for parent in group.parents if parent.is_relative_to(root))):
            with contextlib.suppress(OSError, ValueError):  # the file is not there, or has "max"
                found.append(int((directory / name).read_text()))
    return found
