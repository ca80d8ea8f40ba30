"""Makes a backup of a resume directory, also while a daemon uses it."""

import datetime
import socket
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from ouzel.cli.backup import gateway_store, marks, snapshot
from ouzel.cli.backup.archive import FORMAT, PAYLOAD, RESUME_DIR, STORE, ArchiveWriter, Manifest, Member
from ouzel.cli.backup.batch import Batch
from ouzel.cli.backup.gateway_store import BadStore
from ouzel.cli.backup.marks import Disks, PayloadMarks
from ouzel.cli.backup.owner import acting_as_owner
from ouzel.cli.backup.replacing import replacing
from ouzel.cli.backup.secret_files import secret_members
from ouzel.cli.backup.snapshot import LeftOut, Snapshot, TorrentFiles


def save(
    directory: Path,
    file: Path,
    *,
    left_out: Callable[[str], None],
    progress: Callable[[int], None],
    store: Path | None = None,
    secrets_of: Path | None = None,
) -> Manifest:
    """Writes a backup of a resume directory to a file. The file has its name only once it is complete.

    Every change that was acknowledged before the call is in the backup.

    Args:
        left_out: called with a sentence for each file that cannot be in the backup.
        progress: called with the number of torrents so far.
        store: the path at which the gateway's store may be. None if no store is saved.
        secrets_of: the configuration. If given, the backup has this file and the keys that it names.

    Returns:
        The manifest of the backup.

    Raises:
        OSError: the directory cannot be read, or the file cannot be written.
    """
    with replacing(file) as output, ArchiveWriter(output, compressed=file.name.endswith("gz")) as writer:
        torrents, problems = 0, 0
        for member in _outside(store, secrets_of):
            if isinstance(member, Member):
                writer.add(member)
            else:
                left_out(member)
                problems += 1
        with acting_as_owner(directory):
            found = Snapshot(snapshot.check(directory))
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


def _outside(store: Path | None, secrets_of: Path | None) -> Iterator[Member | str]:
    """The files that are not in the resume directory. A text says which file cannot be in the backup, and why."""
    if secrets_of is not None:
        yield from secret_members(secrets_of)
    try:
        content = None if store is None else gateway_store.copy(store)
    except BadStore as error:
        yield f"the gateway's state: {error}"
        return
    if content is not None:
        yield Member(STORE, content)


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
