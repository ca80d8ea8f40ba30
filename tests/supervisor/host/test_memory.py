import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.host.memory import SHARE, held_bytes, limit_bytes

GB = 1_000_000_000


def groups(root: Path, cgroup: str, limits: dict[str, str]) -> tuple[Path, Path]:
    """A fake /proc and /sys/fs/cgroup with these files."""
    proc, cgroups = root / "proc", root / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(cgroup)
    for name, limit in limits.items():
        (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroups / name).write_text(f"{limit}\n")
    return proc, cgroups


def limit(root: Path, cgroup: str, limits: dict[str, str], total: int = 8 * GB) -> int:
    """The default limit."""
    proc, cgroups = groups(root, cgroup, limits)
    return limit_bytes(None, total=total, proc=proc, cgroups=cgroups)


@pytest.mark.process
def test_what_a_process_fills_is_held_and_what_it_maps_is_not(tmp_path: Path) -> None:
    """Pages of a file can be reclaimed at any time; those of the process cannot."""
    (tmp_path / "file").write_bytes(b"x" * 50_000_000)
    script = f"""
import mmap, sys
file = open({str(tmp_path / "file")!r}, "rb")
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
sum(mapped[at] for at in range(0, len(mapped), 4096))
print(flush=True); sys.stdin.readline()
filled = b"y" * 80_000_000
print(flush=True); sys.stdin.readline()
"""
    argv = [sys.executable, "-c", script]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        before = held_bytes(process.pid) or 0
        assert 0 < before < 50_000_000
        process.stdin.write("\n")
        process.stdout.readline()
        assert 70_000_000 < (held_bytes(process.pid) or 0) - before < 100_000_000
        process.stdin.write("\n")
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert held_bytes(process.pid) is None  # a zombie
    assert held_bytes(process.pid) is None


def test_what_is_configured_holds() -> None:
    """In millions of bytes; 0 means no limit."""
    assert limit_bytes(512, total=GB) == 512_000_000
    assert limit_bytes(0, total=GB) == 0


def test_without_a_word_it_is_a_share_of_what_there_is(tmp_path: Path) -> None:
    """Of the machine's memory, unless a control group has less; also on this machine."""
    assert limit(tmp_path, "0::/\n", {}) == int(SHARE * 8 * GB)
    assert limit_bytes(None) > 10_000_000


@pytest.mark.parametrize(
    ("cgroup", "limits", "total"),
    [
        ("0::/\n", {"memory.max": "2000000000"}, 2 * GB),
        ("0::/\n", {"memory.max": "max"}, 8 * GB),
        ("0::/system.slice/ouzel.service\n", {"system.slice/ouzel.service/memory.max": "3000000000"}, 3 * GB),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000000000"}, GB),
        ("0::/of/the/host\n", {"memory.max": "4000000000"}, 4 * GB),
        ("5:cpu:/\n4:memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": "1000000000"}, GB),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, 8 * GB),
        ("4:cpu,memory:/\n", {"memory/memory.limit_in_bytes": "1000000000"}, GB),
    ],
)
def test_a_control_group_says_less(tmp_path: Path, cgroup: str, limits: dict[str, str], total: int) -> None:
    """Version 1 or 2, its own group or one above, on a host or in a container."""
    assert limit(tmp_path, cgroup, limits) == int(SHARE * total)


def test_where_there_is_nothing_to_read_the_machine_counts(tmp_path: Path) -> None:
    """Control groups may be missing or not mounted."""
    assert limit_bytes(None, total=GB, proc=tmp_path, cgroups=tmp_path) == int(SHARE * GB)
