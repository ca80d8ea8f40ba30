"""Checksums of files in the resume directory. The writer adds them, and the reader verifies them.

A flipped bit is worst if the file can still be parsed. A wrong bit could mark an unhashed piece as present, or change a
torrent's save path.

A `.fastresume` file ends in a line that Ouzel appends. This line has a CRC-32 and the length. A `.json` file has a
member `checksum`. A `.torrent` file gets no addition: its CRC-32 is stored in the torrent's record.
"""

import errno
import os
import re
import stat
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from protocol.durable import format_version
from protocol.durable.format_version import FIRST, FORMAT_MEMBER, format_of

T = TypeVar("T", bound=msgspec.Struct)

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
"""A limit above the size of any file that Ouzel writes. Resume data is below 127 MiB, a .torrent file below 64 MiB."""

_CHECKSUM: Final = "checksum"
_UNKNOWN: Final = "unknown_members"
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
"""A limit above the size of any record that a person edits."""
_BOM: Final = b"\xef\xbb\xbf"


class Damaged(Exception):
    """A file's content fails its integrity check; the message says why."""


class NewerRecord(Damaged):
    """A newer version of Ouzel has written a record. The file may be intact, but this version cannot read it."""


def read(path: str | Path) -> bytes:
    """The content of a regular file. Raises the same errors as `read_dated`."""
    return read_dated(path)[0]


def read_dated(path: str | Path) -> tuple[bytes, float]:
    """The content of a regular file, and its modification time in seconds since 1970.

    Raises:
        FileNotFoundError: the file does not exist.
        Damaged: the file is too large or not a regular file; symbolic links are not followed.
        OSError: the file could not be read, or belongs to another user. That user could change the file at any time.
            The content may be intact. The error has the path.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError:
        if _is_no_file(path):  # with these flags open() refuses a link or a socket
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
        try:  # noqa: SIM105  # a context manager would take as long as the call
            os.close(fd)
        except OSError:  # the content has been read already
            pass


def _is_no_file(path: str | Path) -> bool:
    """Whether this name belongs to an entry that is no regular file. False if that cannot be determined."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def cannot_be_read(path: str | Path, error: OSError) -> str:
    """The message about a file that cannot be read: its path, the cause, and the remedy."""
    remedy = _REMEDIES.get(error.errno or 0, "find out what keeps it from being read")
    why = error.strerror or str(error)
    return f"{path} cannot be read ({why}); it is left alone and tried again. To have it back: {remedy}"


def crc32_of(content: bytes) -> int:
    """The CRC-32 of a .torrent file's content, to be stored in the torrent's record."""
    return zlib.crc32(content)


def check_crc32(content: bytes, expected: int) -> None:
    """Raises Damaged if `crc32_of` does not give the expected value."""
    if zlib.crc32(content) != expected:
        raise Damaged("its CRC-32 is not the one that was remembered")


def seal(resume: bytes) -> bytes:
    """Resume data in its stored form, with the checksum trailer."""
    return resume + _TRAILER % (zlib.crc32(resume), len(resume))


def unseal(content: bytes) -> bytes:
    """The resume data in a stored file, without the trailer.

    Raises Damaged if the trailer is wrong.
    """
    resume, trailer = content[:-_TRAILER_SIZE], content[-_TRAILER_SIZE:]
    if trailer != _TRAILER % (zlib.crc32(resume), len(resume)):
        raise Damaged("its last line does not fit the rest: there is less, or other, than was written")
    return resume


def encode_record(record: msgspec.Struct) -> bytes:
    """A record as human-readable JSON, with a checksum over its other members.

    The checksum is the first member. If a person deletes its line, the rest is valid JSON. The text always has the
    members that the class attribute `WRITTEN` names, even with default values. People edit these members.

    A record of the first format does not name its format. Members that are unknown to `decode_record` come last.
    """
    found: dict[str, Any] = msgspec.to_builtins(record)
    unknown = found.pop(_UNKNOWN, None) or {}
    for name in getattr(record, "WRITTEN", ()):
        if name not in found:
            found[name] = msgspec.to_builtins(getattr(record, name))
    members = {name: found[name] for name in record.__struct_fields__ if name in found} | unknown
    if format_version.FORMAT > FIRST:
        members = {FORMAT_MEMBER: format_version.FORMAT, **members}
    return msgspec.json.format(msgspec.json.encode({_CHECKSUM: _checksum(members), **members}), indent=2) + b"\n"


def decode_record(content: bytes, kind: type[T]) -> T:
    """Decodes the record in a file. Raises Damaged, or NewerRecord for a record of a newer format.

    A later version of the same format may have written members that are not known here. Such members stay with the
    record, and `encode_record` writes them again. Copies of the record have them, too (`msgspec.structs.replace`).

    A file without the checksum is accepted. So people can edit the file and delete the checksum line. Nothing else
    detects mistakes in such a file, so unknown members are refused. A byte order mark and a trailing comma are
    tolerated, because an edit may leave them behind.
    """
    try:
        members = _members(content)
        checksum = members.pop(_CHECKSUM, None)
        if checksum is None:
            strange = sorted(members.keys() - {*kind.__struct_fields__, FORMAT_MEMBER})
            if strange:
                raise Damaged(f"it has no checksum, and a member {strange[0]!r} that is not known")
        elif checksum != _checksum(members):
            raise Damaged("its checksum does not fit; delete that line if the file was edited on purpose")
        if members.keys() <= _fields(kind):  # so it names no format, and has the first one
            return msgspec.convert(members, kind)
        if (found := format_of(members)) > format_version.FORMAT:
            raise NewerRecord(f"it has format {found}, and this version reads format {format_version.FORMAT} at most")
        kept = {name: members.pop(name) for name in [*members] if name not in _fields(kind)}
        kept.pop(FORMAT_MEMBER, None)
        if not kept:
            return msgspec.convert(members, kind)
        extended: T = msgspec.convert({**members, _UNKNOWN: kept}, _with_unknown(kind))
        return extended
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(str(error)) from error


@cache
def _fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_fields__)


@cache
def _with_unknown(kind: type[T]) -> type[T]:
    """A subclass of a record's class, with a field for unknown members. Other records need no memory for this field."""
    fields = [(_UNKNOWN, dict[str, Any])]
    return msgspec.defstruct(kind.__name__, fields, bases=(kind,), frozen=True, kw_only=True, gc=False)  # type: ignore[return-value]  # it is a subclass of `kind`


def _members(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        if len(content) > _EDITED_MAX:
            raise
        text = content.removeprefix(_BOM).decode()
        return msgspec.json.decode(_TRAILING_COMMA.sub(lambda match: match[1] or "", text), type=dict[str, Any])


def _checksum(members: dict[str, Any]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(members, order='sorted')):08x}"
