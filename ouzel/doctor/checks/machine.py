"""The kernel, the sandbox, the locale, and the limits of descriptors and memory."""

import ctypes
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, info, ok, unknown, warning
from ouzel.doctor.processes import limit_of
from ouzel.doctor.target import Target
from ouzel.doctor.waiting import output_of

KERNEL_MIN: Final = (5, 4)
"""The first version with pidfd and memfd, which the supervisor needs."""

KERNEL_FULL: Final = (6, 12)
"""The first version with Landlock 6, with which the sandbox confines everything."""

LANDLOCK_REQUIRED: Final = 3
LANDLOCK_FULL: Final = 6
DESCRIPTORS_MIN: Final = 256
DESCRIPTORS_LOW: Final = 4096
MEMORY_LOW: Final = 512 * 1024 * 1024

LOCALE_S: Final = 1.3
_SET_LOCALE: Final = "from protocol.host import utf8; print(utf8.use_utf8_locale())"
_CREATE_RULESET: Final = 444
_VERSION_FLAG: Final = 1


def kernel(target: Target, release: str = "") -> Iterator[Finding]:
    """The kernel's version."""
    release = release or platform.release()
    found = re.match(r"(\d+)\.(\d+)", release)
    if platform.system() != "Linux" or found is None:
        yield error(f"the system is {platform.system()} {release}", "run Ouzel on Linux")
        return
    version = (int(found[1]), int(found[2]))
    if version < KERNEL_MIN:
        yield error(f"Linux {release} has no pidfd", "use Linux 5.4 or later")
    elif version < KERNEL_FULL:
        yield info(f"Linux {release} cannot confine the engine fully", "use Linux 6.12 or later for full confinement")
    else:
        yield ok(f"Linux {release}")


def sandbox(target: Target, abi: Callable[[], int] | None = None) -> Iterator[Finding]:
    """Whether the kernel can confine the engine, and whether the running engine is confined."""
    report = None if target.health is None else target.health.sandbox
    mode = report.mode if report is not None else target.value("sandbox", "mode") or "auto"
    if mode == "off":
        seen = 'the engine is not confined: [sandbox] mode is "off"'
        yield warning(seen, 'set mode = "auto", so that a fault of libtorrent cannot reach other files')
        return
    if report is not None:
        if report.problem is not None:
            yield warning(f"the engine is not confined fully: {report.problem}", "use Linux 6.12 or later")
        else:
            yield ok(f"the engine is confined: Landlock {report.landlock}, seccomp")
        return
    found = (abi or landlock_abi)()
    if found >= LANDLOCK_FULL:
        yield ok(f"the kernel has Landlock {found}")
        return
    seen = f"the kernel has Landlock {found}" if found else "the kernel has no Landlock, or it is switched off"
    remedy = "use Linux 6.12 or later, with `landlock` in the kernel's `lsm=` list"
    if mode == "require" and found < LANDLOCK_REQUIRED:
        yield error(f'{seen}, and [sandbox] mode is "require"', f'{remedy}; or set mode = "auto"')
    else:
        yield warning(f"{seen}: the engine cannot be confined fully", remedy)


def locale(target: Target) -> Iterator[Finding]:
    """Whether file names are written in UTF-8."""
    # In a process of its own, because a locale is set for the whole process.
    done = output_of([sys.executable, "-I", "-X", "utf8", "-c", _SET_LOCALE], LOCALE_S)
    if done is None:
        yield unknown("the locale could not be tried")
    elif done.returncode:
        problem = done.stderr.strip().rpartition("\n")[2].partition(": ")[2]
        yield error(problem or "no UTF-8 locale", "install the locale C.UTF-8 (Debian: the package libc-bin)")
    else:
        yield ok(f"the locale {done.stdout.strip() or 'of the environment'} has UTF-8")


def descriptors(target: Target) -> Iterator[Finding]:
    """How many files the daemon may open."""
    whose = "this shell" if target.pid is None else f"the daemon (pid {target.pid})"
    found = limit_of("self" if target.pid is None else target.pid, "Max open files", target.proc)
    if found is None:
        yield unknown(f"the limit of open files of {whose} could not be read", "run `ouzel doctor` as root")
        return
    hard = found[1]
    seen = f"{whose} may open {hard:g} files"
    remedy = "set LimitNOFILE=1024:524288 in the unit, or raise `ulimit -Hn`; then restart ouzeld"
    if hard < DESCRIPTORS_MIN:
        yield error(f"{seen}; ouzeld needs {DESCRIPTORS_MIN} to start", remedy)
    elif hard < DESCRIPTORS_LOW:
        yield warning(f"{seen}: libtorrent reduces its connections and open files", remedy)
    else:
        yield ok(seen)
    if target.stats is not None and target.stats.supervisor.fds > 0.8 * found[0]:
        yield warning(f"{target.stats.supervisor.fds} of {found[0]:g} descriptors of the supervisor are open", remedy)


def memory(target: Target, cgroups: Path = Path("/sys/fs/cgroup")) -> Iterator[Finding]:
    """The memory of the machine and of the control group, and kills for lack of memory."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    group = _group(target, cgroups)
    limits = (
        [] if group is None else [_number(each / "memory.max") for each in (group, *group.parents) if each != cgroups]
    )
    limit = min([total, *(each for each in limits if each)])
    given = target.value("restart", "max_memory_mb")
    seen = f"{limit / 1e9:.1f} GB are available to the daemon"
    if limit < MEMORY_LOW:
        yield warning(seen, "give the machine or the control group (MemoryMax=) more memory")
    else:
        yield ok(seen)
    if isinstance(given, int) and given * 1_000_000 > limit:
        yield warning(
            f"[restart] max_memory_mb is {given}, more than there is: the kernel would kill the engine first",
            "set a smaller max_memory_mb, or remove it from the configuration",
        )
    kills = 0 if group is None else _oom_kills(group / "memory.events")
    if kills:
        yield warning(
            f"the kernel has killed {kills} processes of the daemon's control group for lack of memory",
            "raise MemoryMax= of the unit, or lower the number of torrents and connections",
        )


def landlock_abi() -> int:
    """The version of Landlock; 0 if there is none."""
    return max(0, int(ctypes.CDLL(None).syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def _group(target: Target, cgroups: Path) -> Path | None:
    """The control group (version 2) of the daemon, or of this process."""
    try:
        lines = (target.proc / str(target.pid or "self") / "cgroup").read_text().splitlines()
    except OSError:
        return None
    paths = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
    return cgroups / paths[0].strip("/") if paths else None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _oom_kills(file: Path) -> int:
    try:
        rows = dict(line.split() for line in file.read_text().splitlines())
        return int(rows.get("oom_kill", 0))
    except (OSError, ValueError):
        return 0
