"""Makes a backup of a resume directory, also while a daemon uses it."""

import contextlib
import datetime
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Final

import msgspec

from ouzel.cli.backup import marks, snapshot
from ouzel.cli.backup.archive import FORMAT, PAYLOAD, RESUME_DIR, ArchiveWriter, Manifest, Member
from ouzel.cli.backup.batch import Batch
from ouzel.cli.backup.marks import Disks, PayloadMarks
from ouzel.cli.backup.owner import acting_as_owner
from ouzel.cli.backup.snapshot import LeftOut, Snapshot, TorrentFiles
from protocol.durable.durable import fsync_dir

_PARTIAL: Final = ".partial"
"""The suffix of an incomplete backup."""


def save(directory: Path, file: Path, *, left_out: Callable[[str], None], progress: Callable[[int], None]) -> Manifest:
    """Writes a backup of a resume directory to a file. The file has its name only once it is complete.

    Every change that was acknowledged before the call is in the backup.

    Args:
        left_out: called with a sentence for each file that cannot be in the backup.
        progress: called with the number of torrents so far.

    Returns:
        The manifest of the backup.

    Raises:
        OSError: the directory cannot be read, or the file cannot be written.
    """
    with _replacing(file) as output, ArchiveWriter(output, compressed=file.name.endswith("gz")) as writer:
        with acting_as_owner(directory):
            found = Snapshot(snapshot.check(directory))
            torrents, problems = 0, 0
            disks = Disks()
            batch = Batch[TorrentFiles]()
            for torrent in found.torrents():
                try:
                    files = found.torrent(torrent)
                except LeftOut as error:
                    left_out(str(error))
                    problems += 1
                    continue
                if files is not None:
                    torrents += 1
                    for each in batch.add(files, files.size):
                        _write(writer, each, disks)
                        progress(torrents)
            _write(writer, batch.rest(), disks)
            for name, content in found.others():
                if isinstance(content, LeftOut):
                    left_out(str(content))
                    problems += 1
                else:
                    writer.add(Member(f"{RESUME_DIR}{name}", content))
        return writer.finish(
            Manifest(
                format=FORMAT,
                version=metadata.version("ouzel"),
                created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                host=socket.gethostname(),
                resume_dir=str(directory),
                torrents=torrents,
                left_out=problems,
                members=0,
                sums_sha256="",
            )
        )


def _write(writer: ArchiveWriter, batch: Sequence[TorrentFiles], disks: Disks) -> None:
    for files, found in zip(batch, marks.of(batch, disks), strict=True):
        for member in _members(files, found):
            writer.add(member)


def _members(files: TorrentFiles, found: PayloadMarks | None) -> Iterator[Member]:
    """The members of a torrent. The record is the last member, because files without a record are no torrent."""
    name = f"{RESUME_DIR}{files.torrent}"
    if files.resume is not None:
        if found is not None:
            yield Member(f"{PAYLOAD}{files.torrent}.json", msgspec.json.encode(found))
        yield Member(f"{RESUME_DIR}fastresume/{files.torrent}.fastresume", files.resume_file, files.saved_at)
    if files.metainfo is not None:
        yield Member(f"{name}.torrent", files.metainfo)
    yield Member(f"{name}.json", files.record)


@contextlib.contextmanager
def _replacing(file: Path) -> Iterator[IO[bytes]]:
    """A new file that gets its name at the end of the context. After an error it is deleted."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}{_PARTIAL}")
    try:
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(fd, "wb") as output:
            yield output
            output.flush()
            os.fsync(fd)
        temporary.replace(file)
        fsync_dir(file.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
