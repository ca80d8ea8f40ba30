"""Which bytes of the resume directory can be trusted: checksums, put on by whoever writes and checked by whoever reads.

A flipped bit that still parses is worse than one that does not: it would claim a piece that nobody hashed, or move a
torrent elsewhere. `.fastresume` ends in a line of ours with a CRC-32 and the length; `.json` has a member `checksum`; a
`.torrent` stays what everybody knows by that name, and the torrent's record remembers its CRC-32.
"""

import errno
import os
import stat
import zlib
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
"""Nothing that either process writes is larger: resume data is below 64 MiB, a request below 16 MiB."""

_CHECKSUM: Final = "checksum"
_TRAILER: Final = b"\nouzel resume data, crc32 %08x, %012d bytes\n"
_TRAILER_SIZE: Final = len(_TRAILER % (0, 0))

_NOT_THE_FILES_FAULT: Final = frozenset({errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class Damaged(Exception):
    """What a file holds cannot be trusted; the message says why."""


def read(path: Path) -> bytes:
    """The content of a regular file. Raises as `read_dated` does."""
    return read_dated(path)[0]


def read_dated(path: str | Path) -> tuple[bytes, float]:
    """The content of a regular file, and when it was written: seconds since 1970 as the file system has them.

    Raises:
        FileNotFoundError: there is nothing of that name.
        Damaged: it cannot be read, is too large, or is no file; symbolic links are not followed.
        OSError: this process is out of descriptors or memory, which says nothing about the file; or the file is of
            another user, who could change it at any time.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise Damaged("it is not a regular file")
            if found.st_uid not in (0, os.geteuid()):
                raise PermissionError(errno.EPERM, f"it belongs to uid {found.st_uid}", str(path))
            if found.st_size > MAX_FILE_BYTES:
                raise Damaged(f"it has {found.st_size} bytes, more than such a file can have")
            content = os.read(fd, found.st_size)
            while len(content) < found.st_size and (more := os.read(fd, found.st_size - len(content))):
                content += more
            return content, found.st_mtime
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _NOT_THE_FILES_FAULT:
            raise
        raise Damaged(error.strerror or str(error)) from error


def crc32_of(content: bytes) -> int:
    """What a torrent's record remembers of its .torrent file."""
    return zlib.crc32(content)


def check_crc32(content: bytes, expected: int) -> None:
    """Raises Damaged where this is not the content that `crc32_of` was told of."""
    if zlib.crc32(content) != expected:
        raise Damaged("its CRC-32 is not the one that was remembered")


def seal(resume: bytes) -> bytes:
    """Resume data as it is stored: with its trailer."""
    return resume + _TRAILER % (zlib.crc32(resume), len(resume))


def unseal(content: bytes) -> bytes:
    """The resume data in a stored file. Raises Damaged where the trailer is not exactly what `seal` would write."""
    resume, trailer = content[:-_TRAILER_SIZE], content[-_TRAILER_SIZE:]
    if trailer != _TRAILER % (zlib.crc32(resume), len(resume)):
        raise Damaged("its last line does not fit the rest: there is less, or other, than was written")
    return resume


def encode_record(record: msgspec.Struct) -> bytes:
    """A record as JSON that people can read, too, with a checksum over its other members."""
    members = msgspec.to_builtins(record)
    sealed = {**members, _CHECKSUM: _checksum(members)}
    return msgspec.json.format(msgspec.json.encode(sealed), indent=2) + b"\n"


def decode_record(content: bytes, kind: type[T]) -> T:
    """The record in a file. Raises Damaged.

    A file without the checksum is accepted, so that people can edit it and delete that line. As nothing else guards it
    then, its members have to be ones that the record has.
    """
    try:
        members = msgspec.json.decode(content, type=dict[str, Any])
        checksum = members.pop(_CHECKSUM, None)
        if checksum is None:
            unknown = sorted(members.keys() - set(kind.__struct_fields__))
            if unknown:
                raise Damaged(f"it has no checksum, and a member {unknown[0]!r} that is not known")
        elif checksum != _checksum(members):
            raise Damaged("its checksum does not fit; delete that line if the file was edited on purpose")
        return msgspec.convert(members, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(str(error)) from error


def _checksum(members: dict[str, Any]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(members, order='sorted')):08x}"
