"""Seccomp: a filter that refuses system calls of this process that Landlock does not restrict (seccomp(2)).

The filter is a small program for the kernel's classic BPF machine, for x86-64 and aarch64. A refused call fails with
EPERM, which is an ordinary error. The kernel does not kill the process. Only `install` has side effects.
"""

import ctypes
import errno
import os
import struct
from typing import Final, NamedTuple

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_SET_MODE_FILTER: Final = 1
_SPEC_ALLOW: Final = 4
"""The flag that disables costly mitigations of speculative execution.

Without this flag, older kernels enable the mitigations for each process with a filter.
"""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24
"""Offsets in `struct seccomp_data`.

Both architectures are little-endian, so the offset of an argument is the offset of its lower half.
"""
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_X32: Final = 0x40000000
_NEW_NAMESPACES: Final = 0x7E020080
"""The flags CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_CLONE_THREAD: Final = 0x10000

REFUSED: Final = {
    # Running programs and accessing other processes.
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    # Objects that the processes of a user share by name or number, which Landlock does not restrict.
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
    # Changing the permissions and times of files, for which Landlock has no rights.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # Mounts and namespaces.
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    # The kernel and the machine.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "personality": (135, 92),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
"""The refused calls, with their numbers on x86-64 and aarch64; None if an architecture lacks the call."""

_OWN_ONLY: Final = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
}
"""Calls whose first argument must be this process's pid or 0. 0 means this process, or its group."""
COMMANDS: Final = {
    "fcntl": (
        (72, 25),
        {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15},  # these make the kernel send signals to other processes
    ),
    "ioctl": (
        (16, 29),
        {
            "FIOSETOWN": 0x8901,
            "SIOCSPGRP": 0x8902,
            # Refused for the same reason as chmod and setxattr: these can make files immutable.
            "FS_IOC_SETFLAGS": 0x40086602,
            "FS_IOC32_SETFLAGS": 0x40046602,
            "FS_IOC_FSSETXATTR": 0x401C5820,
            "FS_IOC_SETVERSION": 0x40087602,
            "FS_IOC32_SETVERSION": 0x40047602,
            "FS_IOC_ENABLE_VERITY": 0x40806685,
            "FS_IOC_SET_ENCRYPTION_POLICY": 0x800C6613,
            "FIFREEZE": 0xC0045877,
            "FITHAW": 0xC0045878,
        },
    ),
}
"""Calls with some refused commands.

The command is the second argument. The numbers of commands are equal on both architectures.
"""
_CLONE: Final = (56, 220)
_CLONE3: Final = 435
"""The number of `clone3`, which is refused. A filter cannot read its flags. The C library then uses `clone`."""


class Machine(NamedTuple):
    """An architecture: its number in the kernel, its column in the tables, and its number of seccomp(2)."""

    architecture: int
    column: int
    seccomp: int


MACHINES: Final = {"x86_64": Machine(0xC000003E, 0, 317), "aarch64": Machine(0xC00000B7, 1, 277)}


class Instruction(NamedTuple):
    """A BPF instruction: operation, instructions to skip if true, instructions to skip if false, operand."""

    code: int
    true: int
    false: int
    operand: int


def program(machine: Machine, pid: int) -> list[Instruction]:
    """The filter program for the process with this pid."""
    refuse, allow = _return(_ERRNO | errno.EPERM), _return(_ALLOW)
    made = [
        _load(_ARCHITECTURE),
        Instruction(_EQUAL, 1, 0, machine.architecture),  # on another architecture the numbers mean other calls
        refuse,
        _load(_NUMBER),
        Instruction(_AT_LEAST, 0, 1, _X32),  # x32 calls: the same calls under other numbers on x86-64; unused elsewhere
        refuse,
        Instruction(_EQUAL, 0, 1, _CLONE3),
        _return(_ERRNO | errno.ENOSYS),
    ]
    for numbers in REFUSED.values():
        if (number := numbers[machine.column]) is not None:
            made += [Instruction(_EQUAL, 0, 1, number), refuse]
    for own in _OWN_ONLY.values():
        made += [
            Instruction(_EQUAL, 0, 5, own[machine.column]),
            _load(_ARGUMENT_0),
            Instruction(_EQUAL, 1, 0, 0),
            Instruction(_EQUAL, 0, 1, pid),
            allow,
            refuse,
        ]
    for call, commands in COMMANDS.values():
        made += [Instruction(_EQUAL, 0, 2 + 2 * len(commands), call[machine.column]), _load(_ARGUMENT_1)]
        for command in commands.values():
            made += [Instruction(_EQUAL, 0, 1, command), refuse]
        made.append(allow)
    made += [
        Instruction(_EQUAL, 0, 5, _CLONE[machine.column]),
        _load(_ARGUMENT_0),
        Instruction(_ANY_BIT, 2, 0, _NEW_NAMESPACES),
        Instruction(_ANY_BIT, 0, 1, _CLONE_THREAD),
        allow,
        refuse,
        allow,
    ]
    return made


def install(machine: str, pid: int) -> None:
    """Installs the filter for the calling thread and for threads that this thread starts. Raises OSError.

    `PR_SET_NO_NEW_PRIVS` has to be set.
    """
    found = MACHINES.get(machine)
    if found is None:
        raise OSError(errno.ENOSYS, f"there is no filter for {machine}")
    instructions = program(found, pid)
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    kept = ctypes.create_string_buffer(packed)
    wanted = _Filter(len(instructions), ctypes.cast(kept, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    call, pointer = ctypes.c_long(found.seccomp), ctypes.byref(wanted)
    if libc.syscall(call, ctypes.c_long(_SET_MODE_FILTER), ctypes.c_long(_SPEC_ALLOW), pointer) == 0:
        return
    if libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _load(offset: int) -> Instruction:
    return Instruction(_LOAD, 0, 0, offset)


def _return(value: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, value)
