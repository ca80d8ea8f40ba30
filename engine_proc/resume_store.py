"""The fast-resume store: `<id>.fastresume` in the resume directory, written durably and off the loop."""

import os
from pathlib import Path
from typing import NamedTuple

from engine_proc.mailbox import Mailbox
from protocol.durable import Change, DurableWriter
from protocol.resume_dir import ResumeDir


class Outcome(NamedTuple):
    """How one write or deletion ended: `problem` is None where the file is durable, or gone."""

    torrent: str
    deleted: bool
    problem: str | None


class SavedResume(NamedTuple):
    """Resume data, and when it was written: seconds since 1970 as the file system has them."""

    blob: bytes
    saved_at: float


class FastResumeStore:
    """Reads on the calling thread, writes on its own. `fileno` is readable while outcomes wait."""

    def __init__(self, resume_dir: ResumeDir) -> None:
        self._dir = resume_dir
        self._writer = DurableWriter("fast-resume")
        self._outcomes: Mailbox[Outcome] = Mailbox()

    def fileno(self) -> int:
        """Readable while outcomes wait."""
        return self._outcomes.fileno()

    def load(self, torrent: str) -> SavedResume | None:
        """The torrent's resume data, None where there is none. Raises OSError where there is and it cannot be read."""
        try:
            fd = os.open(self._dir.fastresume(torrent), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with open(fd, "rb", buffering=0) as file:
            status = os.fstat(fd)
            return SavedResume(file.read(status.st_size), status.st_mtime)

    def load_metainfo(self, torrent: str) -> bytes | None:
        """The .torrent file that the supervisor stored, None where there is none. Raises OSError."""
        try:
            return self._dir.metainfo(torrent).read_bytes()
        except FileNotFoundError:
            return None

    def save(self, torrent: str, blob: bytes) -> None:
        """Writes the torrent's resume data; an outcome follows."""
        self._submit(torrent, Change(self._dir.fastresume(torrent), blob))

    def delete(self, torrent: str) -> None:
        """Deletes the torrent's resume data; an outcome follows."""
        self._submit(torrent, Change(self._dir.fastresume(torrent), None))

    def put_aside(self, torrent: str) -> Path:
        """Moves resume data that libtorrent cannot read out of the way. Returns where it is now. Raises OSError."""
        return self._dir.put_aside(self._dir.fastresume(torrent))

    def outcomes(self) -> list[Outcome]:
        """All outcomes that wait."""
        return self._outcomes.take_all()

    def close(self) -> None:
        """Waits until all is written, and ends the thread."""
        self._writer.close()
        self._outcomes.close()

    def _submit(self, torrent: str, change: Change) -> None:
        def done(error: OSError | None) -> None:
            self._outcomes.put(Outcome(torrent, change.content is None, None if error is None else str(error)))

        self._writer.submit([change], done)
