"""The format of a backup."""

import io
import os
import tarfile
from typing import Any

import msgspec
import pytest

from ouzel.cli.backup.archive import FORMAT, MANIFEST, ArchiveReader, ArchiveWriter, Manifest, Member, Unusable

MEMBERS = [Member("resume/a", b"content", 1_000_000_000), Member("payload/b", b"", 0), Member("resume/c", b"x" * 3000)]


def manifest(version: int = FORMAT) -> Manifest:
    """A manifest of these members."""
    return Manifest(
        format=version,
        version="1",
        created="2026-11-30T00:00:00+00:00",
        host="here",
        resume_dir="/r",
        torrents=1,
        left_out=0,
        members=0,
        sums_sha256="",
    )


def archive(*, compressed: bool = False, version: int = FORMAT) -> bytes:
    """A backup."""
    file = io.BytesIO()
    with ArchiveWriter(file, compressed=compressed) as writer:
        for member in MEMBERS:
            writer.add(member)
        writer.finish(manifest(version))
    return file.getvalue()


def refused(content: bytes) -> str:
    """Why a backup cannot be read."""
    with pytest.raises(Unusable) as caught:
        list(ArchiveReader(io.BytesIO(content)))
    return str(caught.value)


@pytest.mark.parametrize("compressed", [True, False])
def test_it_is_read_as_it_was_written(compressed: bool) -> None:
    """With the manifest."""
    reader = ArchiveReader(io.BytesIO(archive(compressed=compressed)))
    assert list(reader) == MEMBERS
    assert (reader.manifest.members, reader.manifest.host) == (3, "here")


@pytest.mark.parametrize("compressed", [True, False])
def test_an_archive_without_its_end_is_refused(compressed: bool) -> None:
    """Wherever it was cut off. The end of a tar file is only padding."""
    whole = archive(compressed=compressed)
    padding = 60 if compressed else len(whole) - whole.rfind(b"}\n") - 2
    for size in range(0, len(whole) - padding, 7 if compressed else 256):
        refused(whole[:size])


def test_a_changed_byte_is_noticed() -> None:
    """In any member, and in the checksums."""
    whole = archive()
    for at in [*range(0, whole.index(b"SHA256SUMS"), 50), whole.index(b"SHA256SUMS") + 520]:
        changed = bytearray(whole)
        changed[at] ^= 1
        try:
            found = list(ArchiveReader(io.BytesIO(bytes(changed))))
        except Unusable:
            continue
        assert found == MEMBERS, at  # a field of a header that means nothing


def test_a_newer_format_is_refused() -> None:
    """The message says what to do."""
    assert "use a newer version" in refused(archive(version=FORMAT + 1))


def test_anything_else_is_no_backup() -> None:
    """Another archive, another file, and a link in an archive."""
    assert "no backup" in refused(b"text")
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w") as tar:
        link = tarfile.TarInfo("resume/x")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert "no backup has" in refused(other.getvalue())


def test_any_tar_program_reads_it() -> None:
    """The names in the archive are those of the resume directory."""
    with tarfile.open(fileobj=io.BytesIO(archive(compressed=True))) as tar:
        assert [*tar.getnames()][-2:] == ["SHA256SUMS", MANIFEST]
        last = tar.extractfile(MANIFEST)
        assert last is not None
        assert msgspec.json.decode(last.read())["format"] == FORMAT


def tar_of(*infos: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """A tar file with these headers. Their sizes may be wrong."""
    return b"".join(info.tobuf(format=tarfile.PAX_FORMAT) for info in infos) + content


def header(name: str = "resume/x", **fields: Any) -> tarfile.TarInfo:
    """A header."""
    found = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(found, field, value)
    return found


@pytest.mark.parametrize(
    "content",
    [
        tar_of(header(size=2**40), content=b"x" * 512),
        tar_of(header(size=2**40, type=tarfile.XHDTYPE), content=b"x" * 512),
        tar_of(header(size=2**40, type=tarfile.GNUTYPE_LONGNAME), content=b"x" * 512),
        tar_of(header(size=2**40, type=tarfile.GNUTYPE_SPARSE), content=b"x" * 512),
        tar_of(header(type=tarfile.CHRTYPE)),
        tar_of(header(type=tarfile.LNKTYPE, linkname="/etc/passwd")),
        tar_of(header(type=tarfile.DIRTYPE)),
        tar_of(header(type=tarfile.FIFOTYPE)),
        tar_of(header("resume/a\nb")),
        tar_of(header(os.fsdecode(b"resume/\xff"))),
        tar_of(header(pax_headers={"path": "resume/a\0b"})),
        tar_of(header(pax_headers={"size": "x"})),
        tar_of(*[header(type=tarfile.XHDTYPE, name="x", size=0)] * 3000),
        b"\x80" + b"\xff" * 1023,
    ],
)
def test_hostile_archives_are_refused(content: bytes) -> None:
    """Neither links, devices, sizes beyond any memory, nor names that no file can have get past the header."""
    refused(content)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"format":' + b"[" * 100_000, b'{"x":1}', b"\xff"])
def test_a_hostile_manifest_is_refused(content: bytes) -> None:
    """It may also be nested as deep as memory allows."""
    assert "manifest" in refused(tar_of(header(MANIFEST, size=len(content)), content=content + bytes(1024)))


def test_times_beyond_all_calendars_are_accepted() -> None:
    """They come from files, whose times may be anything."""
    file = io.BytesIO()
    with ArchiveWriter(file, compressed=False) as writer:
        for modified in (-(2**70), 2**70, 2**33):
            writer.add(Member(f"resume/{modified % 7}", b"", modified))
        writer.finish(manifest())
    assert [each.modified for each in ArchiveReader(io.BytesIO(file.getvalue()))] == [0, 2**40, 2**33]
