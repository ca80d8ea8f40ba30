"""Landlock: the kernel's restriction of file access, which a process sets for itself (landlock(7)).

A ruleset names the rights that it handles, and the directories below which each right is granted. Everywhere else the
kernel refuses these rights. The ruleset applies to the calling thread, and to threads that this thread starts. A
process can restrict its ruleset further, but cannot remove it. If a directory is renamed, its rule still applies to the
directory.
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from enum import IntFlag
from typing import Final, NamedTuple

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of system calls. They are equal on all architectures."""
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_SCOPED: Final = 0b11
"""The scopes: abstract UNIX sockets, and signals."""


class Right(IntFlag):
    """Rights on files and directories."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    """The right to rename or link from one directory into another."""
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


_OF_FILES: Final = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV
_SINCE: Final = {1: Right(0x1FFF), 2: Right.REFER, 3: Right.TRUNCATE, 5: Right.IOCTL_DEV}
"""The rights that each ABI version added."""
SCOPES_SINCE: Final = 6

READ: Final = Right.READ_FILE | Right.READ_DIR


class Rule(NamedTuple):
    """The rights that are granted on a file, or below a directory. On a file, only rights for files count."""

    fd: int
    rights: Right


_libc: Final = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of the kernel's Landlock. Raises OSError if the kernel has no Landlock, or denies Landlock to this
    process.
    """
    return _call(_CREATE_RULESET, None, 0, _VERSION)


def handled(version: int) -> Right:
    """All rights of an ABI version."""
    return Right(sum(rights for since, rights in _SINCE.items() if since <= version))


def restrict(version: int, rules: Iterable[Rule]) -> None:
    """Restricts the calling thread to the rights in these rules. Raises OSError.

    `PR_SET_NO_NEW_PRIVS` has to be set. Newer kernels also restrict signals and abstract sockets to processes in the
    same Landlock domain.
    """
    known = handled(version)
    fields: Sequence[int] = (known, 0, _SCOPED) if version >= SCOPES_SINCE else (known,)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for fd, rights in rules:
            directory = stat.S_ISDIR(os.fstat(fd).st_mode)
            wanted = rights & known & (known if directory else _OF_FILES)
            if wanted:
                _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", wanted, fd), 0)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _call(number: int, *arguments: int | bytes | None) -> int:
    found = _libc.syscall(
        ctypes.c_long(number),
        *(ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments),
    )
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(found)


def words(error: OSError) -> str:
    """A text for people about why Landlock is not available."""
    match error.errno:
        case errno.ENOSYS:
            return "the kernel does not have it"
        case errno.EOPNOTSUPP:
            return "the kernel has it switched off (lsm= on its command line)"
        case _:
            return error.strerror or str(error)
