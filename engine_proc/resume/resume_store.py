"""The fast-resume store: reads and durably writes `fastresume/<id>.fastresume`. Writes do not block the event loop."""

import errno
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from engine_proc.process.mailbox import Mailbox
from engine_proc.resume import foreign
from engine_proc.resume.read_ahead import ReadAhead
from protocol.durable import doubted
from protocol.durable.durable import Change, DurableWriter
from protocol.durable.integrity import Damaged, check_crc32, read, read_dated, seal, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.host.place import place_at


class Outcome(NamedTuple):
    """The outcome of one write or deletion. If `problem` is None, the write or deletion is durable.

    Fields:
        marked: whether only the mark of doubted files was added to stored data.
    """

    torrent: str
    deleted: bool
    problem: str | None
    marked: bool = False


class SavedResume(NamedTuple):
    """Resume data, and its modification time in seconds since 1970. The time is 0 for another client's data.

    Fields:
        new: whether libtorrent has never loaded this data. If so, clients do not know the torrent's files yet.
    """

    blob: bytes
    saved_at: float
    new: bool = False


class PutAside(NamedTuple):
    """A file that was put aside: its name, a text about its new path, and its new name.

    If the file was not moved, the new name is None.
    """

    file: str
    done: str
    staged: str | None = None


class FastResumeStore:
    """Reads resume data on the calling thread, and writes resume data on another thread.

    `fileno` is readable while there are outcomes.

    Args:
        places: the place of each directory that the sandbox makes writable; empty without a sandbox.
    """

    def __init__(self, resume_dir: ResumeDir, places: Mapping[str, str] = MappingProxyType({})) -> None:
        self._engine_dir = str(resume_dir.fastresume_dir)
        self._place = places.get(self._engine_dir)
        self._confined = bool(places)
        self._dir = resume_dir
        self._writer = DurableWriter("fast-resume", resume_dir.check)
        self._read_ahead = ReadAhead(resume_dir.fastresume_name)
        self._outcomes: Mailbox[Outcome] = Mailbox()

    def fileno(self) -> int:
        """The descriptor to poll. It is readable while there are outcomes."""
        return self._outcomes.fileno()

    def expect(self, torrents: Sequence[str]) -> None:
        """Announces that the resume data of these torrents will be loaded soon, in this order."""
        self._read_ahead.prefetch(torrents)

    def load(self, torrent: str) -> SavedResume | None:
        """The torrent's resume data; None if the file does not exist. Raises Damaged or OSError."""
        try:
            content, saved_at = self._read_ahead.pop(torrent) or self._read(torrent)
            blob = unseal(content)
            return SavedResume(blob, 0.0, new=True) if foreign.is_marked(blob) else SavedResume(blob, saved_at)
        except FileNotFoundError:
            self._check()  # if the directory was replaced, the absence of the file proves nothing
            return None
        except Damaged:
            self._check()
            raise

    def _check(self) -> None:
        """Raises OSError if the directory was replaced, or the sandbox forbids access to it."""
        self._dir.check()
        if self._confined and place_at(self._engine_dir) != self._place:
            raise OSError(
                errno.EACCES, "this engine's sandbox does not reach it; the next one's does", str(self._dir.root)
            )

    def _read(self, torrent: str) -> tuple[bytes, float]:
        began = time.perf_counter()
        try:
            dated = read_dated(self._dir.fastresume_name(torrent))
        except FileNotFoundError:  # the supervisor may have failed to move the file from its former path
            dated = read_dated(self._dir.old_fastresume_name(torrent))
        self._read_ahead.was_read(time.perf_counter() - began)
        return dated

    def load_metainfo(self, torrent: str, crc32: int | None) -> bytes | None:
        """The content of the torrent's .torrent file; None if the file does not exist. Raises Damaged or OSError.

        Args:
            crc32: the expected checksum; None if unknown.
        """
        self._dir.check()
        try:
            metainfo = read(self._dir.metainfo_name(torrent))
        except FileNotFoundError:
            return None
        except Damaged:
            self._check()
            raise
        if crc32 is not None:
            check_crc32(metainfo, crc32)
        return metainfo

    def path(self, torrent: str) -> str:
        """The path of the torrent's resume data."""
        return str(self._dir.fastresume(torrent))

    def rebind(self, identity: str) -> None:
        """Accepts the directory that has replaced the previous one; see `ResumeDir.bind`."""
        self._dir.bind(identity)

    def save(self, torrent: str, blob: bytes) -> None:
        """Starts writing the torrent's resume data; `outcomes` will have the result."""
        self._submit(torrent, Change(self._dir.fastresume(torrent), seal(blob)))

    def mark_doubted(self, torrent: str, files: Sequence[int]) -> None:
        """Starts marking files in the torrent's resume data as doubted; `outcomes` will have the result.

        Raises Damaged or OSError.
        """
        saved = self.load(torrent)
        if saved is None:  # then all files are hashed anyway
            self._outcomes.put(Outcome(torrent, deleted=False, problem=None, marked=True))
            return
        change = Change(self._dir.fastresume(torrent), seal(doubted.mark(saved.blob, files)))
        self._submit(torrent, change, marked=True)

    def delete(self, torrent: str) -> None:
        """Starts deleting the torrent's resume data; `outcomes` will have the result."""
        self._submit(torrent, Change(self._dir.fastresume(torrent), None))

    def load_dht(self) -> bytes | None:
        """The stored state of the DHT; None if the file does not exist. Raises Damaged or OSError."""
        try:
            return unseal(read(str(self._dir.dht)))
        except FileNotFoundError:
            return None

    def save_dht(self, state: bytes) -> None:
        """Starts writing the state of the DHT. A failure is ignored, because the engine can work without this state."""
        self._writer.submit([Change(self._dir.dht, seal(state))], lambda _: None)

    def put_aside(self, torrent: str) -> PutAside:
        """Puts damaged resume data aside."""
        path = self._dir.fastresume(torrent)
        try:
            staged = self._dir.stage(path)
            return PutAside(path.name, f"put aside as {staged}", staged.name)
        except OSError as error:
            return PutAside(path.name, f"left where it is ({error})")

    def was_put_aside(self, torrent: str, *, since_us: int) -> bool:
        """Whether an engine has put aside resume data of this torrent since `since_us`."""
        return self._dir.was_put_aside(f"{torrent}.fastresume", since_us=since_us)

    def outcomes(self) -> list[Outcome]:
        """All outcomes since the last call."""
        return self._outcomes.drain()

    def close(self) -> None:
        """Waits until all files are written, then stops the thread."""
        self._writer.close()
        self._outcomes.close()

    def _submit(self, torrent: str, change: Change, *, marked: bool = False) -> None:
        self._read_ahead.pop(torrent)  # the cached content will be outdated

        def done(error: OSError | None) -> None:
            problem = None if error is None else str(error)
            self._outcomes.put(Outcome(torrent, change.content is None, problem, marked))

        self._writer.submit([change], done)
