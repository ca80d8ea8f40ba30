"""The format of a backup: a tar archive with checksums and a manifest.

The last two members are `SHA256SUMS`, in the form of `sha256sum`, and `manifest.json`. So a truncated archive has no
manifest, and is refused. The manifest has the checksum of `SHA256SUMS`.
"""

import gzip
import hashlib
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

import msgspec

from protocol.durable.integrity import MAX_FILE_BYTES

FORMAT: Final = 1
"""The version of the format. A reader refuses newer versions."""

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
RESUME_DIR: Final = "resume/"
"""The folder of the files of the resume directory."""
PAYLOAD: Final = "payload/"
"""The folder of the payload marks."""
STORE: Final = "gateway/gateway.sqlite"
"""The gateway's store."""
CONFIG: Final = "secrets/config.toml"
"""The daemon's configuration."""
KEYS: Final = "secrets/files/"
"""The folder of keys, passwords and certificates. Each file has its absolute path below this folder."""

_LEVEL: Final = 3
"""The level of compression. Metainfo consists mostly of hashes, so higher levels save little."""
_HEADER_MAX: Final = 64 * 1024
"""The maximum size of an extended header. tarfile reads such a header into memory."""
_BUFFER: Final = 256 * 1024
_END: Final = 2 * tarfile.BLOCKSIZE
_SPOOL: Final = 4 * 1024 * 1024
_MODIFIED_MAX: Final = 2**40
"""The latest modification time that is restored. Not every file system supports later times."""


class Unusable(Exception):
    """A backup cannot be restored. The message says why."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a backup, stored in the backup.

    Fields:
        format: the version of the format.
        version: the version of Ouzel that made the backup.
        created: when the backup was made, in ISO 8601 and UTC.
        host: the name of the machine.
        resume_dir: the path of the resume directory.
        torrents: the number of torrents.
        left_out: the number of torrents with files that could not be read.
        members: the number of members with a checksum.
        sums_sha256: the checksum of `SHA256SUMS`.
    """

    format: int
    version: str
    created: str
    host: str
    resume_dir: str
    torrents: int
    left_out: int
    members: int
    sums_sha256: str


class Member(NamedTuple):
    """A file in a backup: its name, its content, and its modification time in seconds since 1970."""

    name: str
    content: bytes
    modified: int = 0


class ArchiveWriter:
    """Writes a backup. Memory does not grow with the number of members."""

    def __init__(self, file: IO[bytes], *, compressed: bool) -> None:
        self._file = file
        self._zip = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL) if compressed else None
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._sums = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115  # closed by `__exit__`
        self._digest = hashlib.sha256()
        self.members = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sums.close()
        if error is None:
            self._write(bytes(_END))
            self._flush()
            if self._zip is not None:
                self._zip.close()

    def add(self, member: Member) -> None:
        """Adds a file. Raises OSError."""
        line = _sum_line(member)
        self._sums.write(line)
        self._digest.update(line)
        self.members += 1
        self._header(member.name, len(member.content), member.modified)
        self._write(member.content)
        self._write(bytes(-len(member.content) % tarfile.BLOCKSIZE))

    def finish(self, manifest: Manifest) -> Manifest:
        """Adds the checksums and the manifest. Returns the manifest with the facts that only the writer knows."""
        whole = msgspec.structs.replace(manifest, members=self.members, sums_sha256=self._digest.hexdigest())
        size = self._sums.tell()
        self._sums.seek(0)
        self._header(SUMS, size, 0)
        while chunk := self._sums.read(_BUFFER):
            self._write(chunk)
        self._write(bytes(-size % tarfile.BLOCKSIZE))
        content = msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
        self._header(MANIFEST, len(content), 0)
        self._write(content + bytes(-len(content) % tarfile.BLOCKSIZE))
        return whole

    def _header(self, name: str, size: int, modified: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, modified, 0o600
        try:
            header = info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")  # three times faster than the other format
        except (ValueError, UnicodeError):  # a number or a name that this format cannot have
            header = info.tobuf(tarfile.PAX_FORMAT)
        self._write(header)

    def _write(self, content: bytes) -> None:
        self._waiting.append(content)
        self._bytes += len(content)
        if self._bytes >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        content = b"".join(self._waiting)
        self._waiting, self._bytes = [], 0
        (self._zip or self._file).write(content)


class ArchiveReader:
    """Reads and verifies a backup in one pass. `manifest` is set at the end of the iteration.

    Use the members only after the end was reached without an error.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """The manifest of a verified backup."""
        assert self._manifest is not None, "read to the end"
        return self._manifest

    def __iter__(self) -> Iterator[Member]:
        """Returns the members. Raises Unusable if anything is missing, damaged or too new, and OSError."""
        try:
            yield from self._members()
        except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError, RecursionError) as error:
            # ValueError: a number or a text that tarfile cannot decode; RecursionError: extended headers of headers
            raise Unusable(f"it is no backup, or is not complete ({error})") from error

    def _members(self) -> Iterator[Member]:
        digest, count, told = hashlib.sha256(), 0, hashlib.sha256()
        with tarfile.open(fileobj=self._file, mode="r|*", tarinfo=_Header) as tar:
            while (info := tar.next()) is not None:
                _forget(tar)
                if self._manifest is not None or not info.isreg() or not info.name.isprintable():
                    raise Unusable(f"it has a member {info.name[:200]!r} that no backup has")
                source = tar.extractfile(info)
                assert source is not None, "it is a regular file"
                if info.name == SUMS:
                    while chunk := source.read(1 << 20):
                        told.update(chunk)
                    continue
                if info.size > MAX_FILE_BYTES:
                    raise Unusable(f"its member {info.name!r} is too large")
                content = source.read()
                if len(content) != info.size:
                    raise Unusable("it is not complete")
                if info.name == MANIFEST:
                    self._manifest = _manifest(content)
                    continue
                member = Member(info.name, content, min(max(0, int(info.mtime)), _MODIFIED_MAX))
                digest.update(_sum_line(member))
                count += 1
                yield member
        if self._manifest is None:
            raise Unusable("it is not complete: its end is missing")
        expected = self._manifest.sums_sha256
        if digest.hexdigest() != expected or told.hexdigest() != expected or count != self._manifest.members:
            raise Unusable("it is damaged: its files do not have the checksums in it")


def _manifest(content: bytes) -> Manifest:
    try:
        format_of = msgspec.json.decode(content, type=dict[str, object]).get("format")
        if isinstance(format_of, int) and format_of > FORMAT:
            raise Unusable(f"it has format {format_of}, and this version of Ouzel knows {FORMAT}; use a newer version")
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unusable(f"its manifest cannot be read ({error})") from None


class _Header(tarfile.TarInfo):
    """A header of a member. It is refused if tarfile would need much memory, or would go back in the file."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.size < 0 or (self.size > _HEADER_MAX and self.type not in (tarfile.REGTYPE, tarfile.AREGTYPE)):
            raise Unusable(f"it has a member {self.name[:200]!r} that no backup has")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]  # no documented method does this
        return found


def _sum_line(member: Member) -> bytes:
    return f"{hashlib.sha256(member.content).hexdigest()}  {member.name}\n".encode()


def _forget(tar: tarfile.TarFile) -> None:
    """Drops tarfile's list of members. An archive may have 300,000 members."""
    tar.members.clear()  # type: ignore[attr-defined]
