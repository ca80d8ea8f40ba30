"""Checksums of files in the resume directory, added by the writer and verified by the reader.

A flipped bit that still parses is worse than one that does not: it would claim a piece that nobody hashed, or move a
torrent elsewhere. `.fastresume` ends in a line of ours with a CRC-32 and the length; `.json` has a member `checksum`; a
`.torrent` stays a standard file, and the torrent's record has its CRC-32.
"""

import contextlib
import errno
import os
import re
import stat
import zlib
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
"""Larger than any file of either process: resume data is below 64 MiB, a request below 16 MiB."""

_CHECKSUM: Final = "checksum"
_TRAILER: Final = b"\nouzel resume data, crc32 %08x, %012d bytes\n"
_TRAILER_SIZE: Final = len(_TRAILER % (0, 0))

_REMEDIES: Final = {
    errno.EACCES: "give it to the user that ouzeld runs as",
    errno.EPERM: "give it to the user that ouzeld runs as",
    errno.EIO: "look at the disk that it is on",
    errno.ESTALE: "mount its file system again",
    errno.EMFILE: "allow ouzeld more open files",
    errno.ENFILE: "allow more open files on this machine",
    errno.ENOMEM: "give the machine more memory",
}
_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_EDITED_MAX: Final = 16 * 1024 * 1024
"""Larger than any record that somebody edits."""
_BOM: Final = b"\xef\xbb\xbf"


class Damaged(Exception):
    """The content of a file fails its check; the message says why."""


def read(path: str | Path) -> bytes:
    """The content of a regular file. Raises as `read_dated` does."""
    return read_dated(path)[0]


def read_dated(path: str | Path) -> tuple[bytes, float]:
    """The content of a regular file, and its modification time: seconds since 1970 by the file system.

    Raises:
        FileNotFoundError: it does not exist.
        Damaged: it is too large, or is no regular file; symbolic links are not followed.
        OSError: it could not be read, or it is of another user, who could change it at any time: neither says anything
            about its content. It has the path.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        if _is_no_file(path):  # a link, or a socket, which cannot be opened so
            raise Damaged("it is not a regular file") from None
        raise
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
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):  # what was read is read
            os.close(fd)


def _is_no_file(path: str | Path) -> bool:
    """Whether something else than a regular file has this name. False if that cannot be determined."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def cannot_be_read(path: str | Path, error: OSError) -> str:
    """The message about an unreadable file: its path, the cause, and the remedy."""
    remedy = _REMEDIES.get(error.errno or 0, "find out what keeps it from being read")
    why = error.strerror or str(error)
    return f"{path} cannot be read ({why}); it is left alone and tried again. To have it back: {remedy}"


def crc32_of(content: bytes) -> int:
    """The checksum of a torrent's .torrent file, for its record."""
    return zlib.crc32(content)


def check_crc32(content: bytes, expected: int) -> None:
    """Raises Damaged if the content does not have this checksum of `crc32_of`."""
    if zlib.crc32(content) != expected:
        raise Damaged("its CRC-32 is not the one that was remembered")


def seal(resume: bytes) -> bytes:
    """Resume data in its stored form: with its trailer."""
    return resume + _TRAILER % (zlib.crc32(resume), len(resume))


def unseal(content: bytes) -> bytes:
    """The resume data in a stored file. Raises Damaged if the trailer is not exactly that of `seal`."""
    resume, trailer = content[:-_TRAILER_SIZE], content[-_TRAILER_SIZE:]
    if trailer != _TRAILER % (zlib.crc32(resume), len(resume)):
        raise Damaged("its last line does not fit the rest: there is less, or other, than was written")
    return resume


def encode_record(record: msgspec.Struct) -> bytes:
    """A record as JSON that people can read, too, with a checksum over its other members.

    The checksum is the first member, so that deleting its line leaves valid JSON.
    """
    checksum = msgspec.json.encode({_CHECKSUM: _checksum(record)})
    # Every record has members, so the comma is valid.
    sealed = checksum[:-1] + b"," + msgspec.json.encode(record)[1:]
    return msgspec.json.format(sealed, indent=2) + b"\n"


def decode_record(content: bytes, kind: type[T]) -> T:
    """The record in a file. Raises Damaged.

    A file without the checksum is accepted, so that people can edit it and delete that line. As nothing else protects
    it then, unknown members are refused. Traces of editors are tolerated in such a file: a byte order mark, and a comma
    that the deleted line has left at the end.
    """
    try:
        members = _members(content)
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


def _members(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        if len(content) > _EDITED_MAX:
            raise
        text = content.removeprefix(_BOM).decode()
        return msgspec.json.decode(_TRAILING_COMMA.sub(lambda match: match[1] or "", text), type=dict[str, Any])


def _checksum(members: dict[str, Any] | msgspec.Struct) -> str:
    return f"{zlib.crc32(msgspec.json.encode(members, order='sorted')):08x}"
