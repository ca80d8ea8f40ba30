"""The sandbox: restrictions by Landlock and seccomp (ADR 025). A process enters it before it reads untrusted input.

This process may write, create, remove and rename files only in:

- the download roots;
- the engine's own directory.

It may also read files in:

- the resume directory;
- the directories of Python, libtorrent, name resolution and certificates.

The sandbox applies to the calling thread and to threads that this thread starts. If the process already has other
threads, `enter` cannot set Landlock rules.
"""

import contextlib
import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import engine_proc
import protocol
from engine_proc.process import landlock, seccomp
from engine_proc.process.landlock import READ, Right, Rule
from engine_proc.process.log import log
from protocol.durable.resume_dir import ResumeDir
from protocol.host.place import place_of
from protocol.wire.reports import SandboxReport

OFF: Final = "off"
REQUIRE: Final = "require"
_PR_SET_NO_NEW_PRIVS: Final = 38
FILES_SINCE: Final = 3
"""The first Landlock ABI version that restricts all kinds of writing: version 2 added links, version 3 truncation."""

_PAYLOAD: Final = (
    READ
    | Right.WRITE_FILE
    | Right.TRUNCATE
    | Right.MAKE_REG
    | Right.MAKE_DIR
    | Right.REMOVE_FILE
    | Right.REMOVE_DIR
    | Right.REFER
)
_OWN: Final = _PAYLOAD | Right.MAKE_SYM | Right.MAKE_FIFO | Right.MAKE_SOCK
"""The rights in the engine's own directory.

The rights suffice to put aside any object that has the name of one of the engine's files.
"""

_SYSTEM: Final = (
    *("/usr", "/lib", "/lib32", "/lib64", "/etc", "/nix/store", "/gnu/store"),
    *("/proc/sys", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system"),
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman", "/run/nscd", "/run/netconfig"),
    *("/var/lib/ca-certificates", "/var/run/nscd"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)
_SELF: Final = "/proc/self"
"""The only readable directory in /proc.

Landlock prevents tracing of other processes. But it does not protect their files in /proc.
"""
_LED_TO: Final = (
    "/etc/resolv.conf",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
)
"""Files that may be links to other directories. Their targets may be replaced there."""


class Sandbox(NamedTuple):
    """The restrictions that are in force.

    Fields:
        report: the report for `health`.
        places: the place (`protocol.host.place`) of each writable directory; empty without Landlock.
        refusal: why this engine must not run; None if the engine may run.
    """

    report: SandboxReport
    places: Mapping[str, str] = {}
    refusal: str | None = None


NO_SANDBOX: Final = Sandbox(SandboxReport(mode=OFF))


def enter(
    mode: str,
    roots: Sequence[str],
    resume_dir: ResumeDir,
    environ: Mapping[str, str] = os.environ,
    *,
    read_only: bool = False,
    own: bool = True,
) -> Sandbox:
    """Restricts this process by all means that the kernel supports. Returns the restrictions in force.

    Args:
        mode: `auto`, `require` or `off`.
        roots: the download roots, with links resolved.
        environ: the environment, which may name directories of certificates.
        read_only: makes no directory writable. The process can only read the roots.
        own: also makes the engine's own directory in the resume directory writable.
    """
    if mode == OFF:
        return NO_SANDBOX
    problems, vital = [], []
    _forbid_new_privileges()
    version, places = 0, dict[str, str]()
    try:
        _require_one_thread()
        found = landlock.abi()
        written = {} if read_only else dict.fromkeys(roots, _PAYLOAD)
        if own and not read_only:
            written[str(resume_dir.fastresume_dir)] = _OWN
        places = _confine_files(found, written, [*_readable(resume_dir, environ), *(roots if read_only else ())])
        version = found
        problems += _lacks(version)
        vital += problems if version < FILES_SINCE else []
    except OSError as error:
        vital.append(f"Landlock: {landlock.words(error)}; only Ouzel's own care keeps the engine in the download roots")
    try:
        seccomp.install(platform.machine(), os.getpid())
        filtered = True
    except OSError as error:
        filtered = False
        vital.append(f"seccomp: {error.strerror or error}")
    if version:
        vital += [
            f"the resume directory lies in the download root {root}, so that the engine can write to all of it"
            for root in roots
            if _within(resume_dir.root, root)
        ]
    problem = "; ".join(dict.fromkeys([*vital, *problems])) or None
    report = SandboxReport(mode=mode, landlock=version, seccomp=filtered, problem=problem)
    log("warning" if problem else "info", "sandbox", mode=mode, landlock=version, seccomp=filtered, problem=problem)
    return Sandbox(report, places, "; ".join(vital) if vital and mode == REQUIRE else None)


def _forbid_new_privileges() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, *(ctypes.c_ulong(each) for each in (1, 0, 0, 0)))


def _require_one_thread() -> None:
    """Raises OSError if there are other threads. Modules that Python loads at its start may create threads."""
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208  # only their number is needed
        raise OSError(errno.EBUSY, "threads were started before it, which it would not hold for")


def _confine_files(version: int, written: Mapping[str, Right], read: Iterable[str]) -> dict[str, str]:
    """Sets the Landlock rules. Returns the writable directories with their places. Raises OSError."""
    places = {}
    with contextlib.ExitStack() as opened:
        rules = []
        for path, rights in written.items():
            fd = _open(opened, path, os.O_DIRECTORY | os.O_NOFOLLOW)
            if fd is not None and (place := place_of(fd)) is not None:
                places[path] = place
                rules.append(Rule(fd, rights))
        for path in set(read) - {"/"}:
            rights = READ | Right.WRITE_FILE if path == os.devnull and written else READ
            rules += [Rule(fd, rights) for fd in [_open(opened, path)] if fd is not None]
        # Kept open: the kernel recreates unreferenced inodes of /proc, and the rule would apply only to the old one.
        rules.append(Rule(os.open(_SELF, os.O_PATH | os.O_CLOEXEC), READ))
        landlock.restrict(version, rules)
    return places


def _open(opened: contextlib.ExitStack, path: str, flags: int = 0) -> int | None:
    """An O_PATH descriptor of a path; None if the path does not exist or is unreachable."""
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC | flags)
    except (OSError, ValueError):
        return None
    opened.callback(os.close, fd)
    return fd


def _readable(resume_dir: ResumeDir, environ: Mapping[str, str]) -> Iterator[str]:
    """Files and directories that have to be readable. Some may not exist, and some may be repeated."""
    yield from _SYSTEM
    yield str(resume_dir.root)
    yield from (str(Path(os.path.realpath(path)).parent) for path in _LED_TO if os.path.islink(path))  # noqa: PTH114
    if file := environ.get("SSL_CERT_FILE"):
        yield os.path.realpath(file)
    for directory in (environ.get("SSL_CERT_DIR") or "").split(":"):
        if directory:
            yield os.path.realpath(directory)
            yield from _led_to(os.path.realpath(directory))
    yield from _code()


def _led_to(directory: str) -> Iterable[str]:
    """The targets of the links in a directory of certificates, without targets that are already readable."""
    read = tuple(f"{each}/" for each in (*_SYSTEM, directory))
    found = set()
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_symlink():
                target = os.path.normpath(os.path.join(directory, os.readlink(entry.path)))  # noqa: PTH115, PTH118
                found |= set() if target.startswith(read) else {os.path.realpath(entry.path)}
    return found


def _code() -> Iterator[str]:
    """The directories of Python and of the loaded libraries. Python may load more files from there later."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path}
    with contextlib.suppress(OSError):  # the file may have been deleted
        found.discard(str(Path.cwd()))
    yield from found
    for package in (engine_proc, protocol):
        yield from package.__path__
    with contextlib.suppress(OSError):
        mapped = (line.split(maxsplit=5)[5:] for line in Path("/proc/self/maps").read_text().splitlines())
        yield from {str(Path(name[0]).parent) for name in mapped if name and ".so" in name[0]}


def _lacks(version: int) -> list[str]:
    """The actions that an old version of Landlock does not restrict, as texts for people."""
    since = {2: "links into other directories", FILES_SINCE: "truncation", 5: "devices", 6: "abstract sockets"}
    lacking = [what for first, what in since.items() if version < first]
    return [f"Landlock {version} of this kernel does not confine {', '.join(lacking)}"] if lacking else []


def _within(path: Path, root: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)
