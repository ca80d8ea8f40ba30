"""Ways out of a sandbox, each of which has to fail. A test can undo the effect of one that succeeds."""

import contextlib
import ctypes
import fcntl
import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

Way = Callable[[], object]

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "ptrace": (101, 117),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "io_uring_setup": (425, 425),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "process_vm_readv": (310, 270),
    "userfaultfd": (323, 282),
    "swapon": (167, 224),
    "init_module": (175, 105),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "pidfd_getfd": (438, 438),
    "tgkill": (234, 131),
    "execveat": (322, 281),
    "reboot": (169, 142),
    "ioprio_set": (251, 30),
    "sched_setattr": (314, 274),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
_COLUMN: Final = 1 if os.uname().machine == "aarch64" else 0


def call(name: str, *arguments: int | bytes) -> int:
    """A system call by its name. Raises OSError."""
    return by_number(_NUMBERS[name][_COLUMN], *arguments)


def by_number(number: int, *arguments: int | bytes) -> int:
    """A system call by its number. Raises OSError."""
    converted = [ctypes.c_char_p(each) if isinstance(each, bytes) else ctypes.c_long(each) for each in arguments]
    found = _LIBC.syscall(ctypes.c_long(number), *converted)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(found)


def write(path: Path, flags: int = 0) -> None:
    """Opens for writing, and writes. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | flags, 0o600)
    try:
        os.write(fd, b"escaped")
    finally:
        os.close(fd)


def _bind(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path)


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connected:
        connected.connect(path)


def _execute_memory() -> None:
    fd = os.memfd_create("program")
    os.write(fd, Path("/bin/true").read_bytes())
    call("execveat", fd, b"", 0, 0, 0x1000)


def _new_process() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def ways(outside: Path, inside: Path, resume_dir: Path, supervisor: int, abstract: str) -> Iterator[tuple[str, Way]]:
    """Each way and its name.

    Args:
        outside: a directory with a `file`, an empty directory `empty`, and `other`.
        inside: a directory in a download root with a `file`, and a link `way_out` to `outside`.
        resume_dir: has `record.json` and `record.torrent`.
        supervisor: a process to do something to.
        abstract: the name of an abstract socket on which somebody listens.
    """
    file, made, own = outside / "file", outside / "made", inside / "file"
    yield "write", lambda: write(file)
    yield "append", lambda: write(file, os.O_APPEND)
    yield "create", lambda: write(made, os.O_CREAT)
    yield "unnamed file", lambda: write(outside, os.O_TMPFILE)
    yield "truncate", lambda: os.truncate(file, 0)
    yield "open to truncate", lambda: os.close(os.open(file, os.O_RDONLY | os.O_TRUNC))
    yield "make a directory", made.mkdir
    yield "remove a directory", (outside / "empty").rmdir
    yield "delete", file.unlink
    yield "make a symbolic link", lambda: made.symlink_to("/")
    yield "hard link in", lambda: (inside / "linked").hardlink_to(file)
    yield "hard link out", lambda: made.hardlink_to(own)
    yield "rename in", lambda: file.rename(inside / "renamed")
    yield "rename out", lambda: own.rename(made)
    yield "rename outside", lambda: file.rename(made)
    yield "replace outside", lambda: os.replace(file, outside / "other")
    yield "make a fifo", lambda: os.mkfifo(made)
    yield "make a device", lambda: os.mknod(made, 0o600 | 0o020000, os.makedev(1, 3))
    yield "bind a socket", lambda: _bind(str(made))
    yield "write through a link that leads out", lambda: write(inside / "way_out" / "file")
    yield "create through a link that leads out", lambda: write(inside / "way_out" / "made", os.O_CREAT)
    yield "delete through a link that leads out", (inside / "way_out" / "file").unlink
    yield "write by another root", lambda: write(Path(f"/proc/self/root{file}"))
    yield "write a record", lambda: write(resume_dir / "record.json")
    yield "make a record", lambda: write(resume_dir / "made.json", os.O_CREAT)
    yield "replace a record by a file of its own", lambda: _replace(resume_dir)
    yield "delete a .torrent", (resume_dir / "record.torrent").unlink
    yield "read", file.read_bytes
    yield "list", lambda: list(outside.iterdir())
    yield "read through a link that leads out", (inside / "way_out" / "file").read_bytes
    yield "change the mode", lambda: file.chmod(0o777)
    yield "change the owner", lambda: os.chown(file, 12345, 12345)
    yield "change the times", lambda: os.utime(file, (1, 1))
    yield "set an attribute", lambda: os.setxattr(file, "user.escaped", b"1")
    yield "write the supervisor's memory", lambda: os.close(os.open(f"/proc/{supervisor}/mem", os.O_RDWR))
    yield "read the supervisor's environment", Path(f"/proc/{supervisor}/environ").read_bytes
    yield "read the supervisor's mappings", Path(f"/proc/{supervisor}/maps").read_bytes
    yield "trace the supervisor", lambda: call("ptrace", 16, supervisor, 0, 0)
    yield "read the supervisor's memory by call", lambda: _read_memory(supervisor)
    yield "signal the supervisor", lambda: os.kill(supervisor, 0)
    yield "signal one of its threads", lambda: call("tgkill", supervisor, supervisor, 0)
    yield "limit the supervisor", lambda: resource.prlimit(supervisor, resource.RLIMIT_CORE)
    yield "take its descriptors", lambda: call("pidfd_getfd", os.pidfd_open(supervisor), 0, 0)
    yield "execute", lambda: os.execv("/bin/true", ["true"])
    yield "execute memory", _execute_memory
    yield "start a process", lambda: os.posix_spawn("/bin/true", ["true"], {})
    yield "fork", _new_process
    yield "mount", lambda: call("mount", b"none", os.fsencode(outside), b"tmpfs", 0, 0)
    yield "mount, the new way", lambda: call("fsopen", b"tmpfs", 0)
    yield "copy a mount", lambda: call("open_tree", -100, b"/", 1)
    yield "change the root", lambda: call("chroot", os.fsencode(outside))
    yield "new user namespace", lambda: call("unshare", 0x10000000)
    yield "new mount namespace", lambda: call("unshare", 0x00020000)
    yield "another's namespace", lambda: call("setns", os.open("/proc/self/ns/mnt", os.O_RDONLY), 0)
    yield (
        "name a file by its handle",
        lambda: call("name_to_handle_at", -100, os.fsencode(file), bytes(160), bytes(8), 0),
    )
    yield "open a file by its handle", lambda: call("open_by_handle_at", -100, struct.pack("=Ii8s", 8, 1, b""), 0)
    yield "connect to an abstract socket", lambda: _connect("\0" + abstract)
    yield "load a program into the kernel", lambda: call("bpf", 0, bytes(128), 128)
    yield "io_uring", lambda: call("io_uring_setup", 1, bytes(256))
    yield "keys", lambda: call("keyctl", 0, -3, 1)
    yield "performance events", lambda: call("perf_event_open", bytes(128), 0, -1, -1, 0)
    yield "personality", lambda: call("personality", 0x0040000)
    yield "faults in user space", lambda: call("userfaultfd", 1)
    yield "swap", lambda: call("swapon", os.fsencode(own), 0)
    yield "load a module", lambda: call("init_module", b"", 0, b"")
    yield "reboot", lambda: call("reboot", 0, 0, 0, 0)
    yield from _signals_by_descriptors(own, supervisor)
    yield from _flags(own)
    yield from _scheduling(supervisor)
    yield from _shared_by_number()
    if _COLUMN == 0:
        yield "the calls of x32", lambda: by_number(0x40000000 | 39)


def _on(path: Path, command: Callable[[int], object]) -> Way:
    def opened() -> None:
        fd = os.open(path, os.O_RDONLY)
        try:
            command(fd)
        finally:
            os.close(fd)

    return opened


def _of_socket(command: int, pid: int) -> None:
    with socket.socket(socket.AF_UNIX) as own:
        fcntl.ioctl(own, command, struct.pack("i", pid))


def _signals_by_descriptors(own: Path, supervisor: int) -> Iterator[tuple[str, Way]]:
    yield "own a file for another", _on(own, lambda fd: fcntl.fcntl(fd, 8, supervisor))
    yield (
        "own a file for another, the new way",
        _on(own, lambda fd: fcntl.fcntl(fd, 15, struct.pack("ii", 1, supervisor))),
    )
    yield "choose its signal", _on(own, lambda fd: fcntl.fcntl(fd, 10, 9))
    yield "own a socket for another", lambda: _of_socket(0x8901, supervisor)
    yield "own a socket for another's group", lambda: _of_socket(0x8902, supervisor)


def _flags(own: Path) -> Iterator[tuple[str, Way]]:
    nodump = struct.pack("l", 0x40)
    yield "set flags", _on(own, lambda fd: fcntl.ioctl(fd, 0x40086602, nodump))
    yield "set flags, 32 bits", _on(own, lambda fd: fcntl.ioctl(fd, 0x40046602, nodump))
    yield "set flags, the way of XFS", _on(own, lambda fd: fcntl.ioctl(fd, 0x401C5820, bytes(28)))
    yield "set its generation", _on(own, lambda fd: fcntl.ioctl(fd, 0x40087602, bytes(8)))
    yield "set its generation, 32 bits", _on(own, lambda fd: fcntl.ioctl(fd, 0x40047602, bytes(8)))
    yield "enable verity", _on(own, lambda fd: fcntl.ioctl(fd, 0x40806685, bytes(128)))
    yield "encrypt", _on(own, lambda fd: fcntl.ioctl(fd, 0x800C6613, bytes(12)))
    yield "thaw", _on(own, lambda fd: fcntl.ioctl(fd, 0xC0045878, 0))


def _scheduling(supervisor: int) -> Iterator[tuple[str, Way]]:
    for name, pid in (("the supervisor", supervisor), ("itself", 0)):
        nice, processors = os.getpriority(os.PRIO_PROCESS, pid), os.sched_getaffinity(pid)
        attributes = struct.pack("=IIQiIQQQ", 48, 0, 0, nice, 0, 0, 0, 0)
        yield f"priority of {name}", partial(os.setpriority, os.PRIO_PROCESS, pid, nice)
        yield f"processors of {name}", partial(os.sched_setaffinity, pid, processors)
        yield f"parameters of {name}", partial(os.sched_setparam, pid, os.sched_param(0))
        yield f"scheduling of {name}", partial(call, "sched_setattr", pid, attributes, 0)
        yield f"input and output of {name}", partial(call, "ioprio_set", 1, pid, 0)


def _shared_by_number() -> Iterator[tuple[str, Way]]:
    """Uses invalid numbers, so that nothing is left; the sandbox refuses the call before that matters."""
    yield "shared memory", lambda: call("shmget", 0x6F757A, 4096, 0o600)
    yield "semaphores", lambda: call("semget", 0x6F757A, 1, 0o600)
    yield "messages", lambda: call("msgget", 0x6F757A, 0o600)
    yield "a message queue", lambda: call("mq_open", b"ouzel-none", os.O_RDWR, 0o600, 0)
    yield "remove a message queue", lambda: call("mq_unlink", b"ouzel-none")
    for name in ("shmat", "shmctl", "semop", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgctl"):
        yield name, partial(call, name, -1, 0, 0, 0, 0)


def _replace(resume_dir: Path) -> None:
    own = resume_dir / "fastresume" / "forged"
    write(own, os.O_CREAT)
    try:
        os.replace(own, resume_dir / "record.json")
    finally:
        with contextlib.suppress(OSError):
            own.unlink()


def _read_memory(pid: int) -> None:
    into = ctypes.create_string_buffer(8)
    vector = struct.pack("=QQ", ctypes.addressof(into), 8)
    call("process_vm_readv", pid, vector, 1, vector, 1, 0)
