"""The catalogue: what clients asked for, in memory for reading and in the resume directory for keeping.

A change is in memory only once it is on disk, so what a client can read, it can rely on. The store never waits on the
loop: writes go through a `DurableWriter`, which commits what has queued up as one group.
"""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from pathlib import Path

from protocol.desired import DesiredSession, DesiredTorrent
from protocol.durable import Change, DurableWriter
from protocol.errors import ErrorKind, OuzelError
from protocol.integrity import Damaged, decode_record, encode_record, read
from protocol.resume_dir import ResumeDir
from supervisor.damage import DamagedFile
from supervisor.differences import Record


class Catalogue:
    """Desired state by torrent id.

    Fields:
        torrents: the ones that shall be there.
        leaving: the ones that shall be gone and are not yet; they are not shown any more.
        session: what clients asked for of the whole session.
        removed: the ones that are gone since this supervisor began.
        not_moved: resume data that `load` had to leave where earlier versions had it, by name, and why.
        on_write_failed: called on the loop when something could not be made durable.
    """

    def __init__(self, resume_dir: ResumeDir) -> None:
        self._dir = resume_dir
        self._writer = DurableWriter("catalogue", resume_dir.check, recycled=resume_dir.root)
        self._refusal: str | None = None
        self._writing = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self.torrents: dict[str, DesiredTorrent] = {}
        self.leaving: dict[str, DesiredTorrent] = {}
        self.session = DesiredSession()
        self.removed: set[str] = set()
        self.not_moved: list[tuple[str, OSError]] = []
        self._ids: list[str] = []
        """Of `torrents`, in order."""
        self.on_write_failed: Callable[[], None] = lambda: None

    def load(self) -> list[DamagedFile]:
        """Reads all there is; called once, before the loop runs. What cannot be trusted is put aside and returned.

        So are files that belong to no torrent. Temporary files of a process that died are deleted, and resume data that
        still lies beside the records is moved to the engine's own directory.
        """
        with contextlib.suppress(OSError):  # the warden makes it as soon as it can be made
            self._dir.make_engine_dir()
        self.not_moved = self._dir.migrate()
        for path in self._dir.leftovers():
            if path.is_dir() and not path.is_symlink():
                self._aside(path)  # what nobody wrote stands in the way of what shall be written
            else:
                with contextlib.suppress(OSError):  # it is in nobody's way; what keeps it there will be told of
                    path.unlink()
        damaged = []
        for torrent in self._dir.torrents():
            path = self._dir.desired(torrent)
            try:
                desired = decode_record(read(path), DesiredTorrent)
                if desired.torrent != torrent:
                    raise Damaged(f"it speaks of torrent {desired.torrent!r}")
            except Damaged as error:
                damaged.append(DamagedFile(path.name, torrent, f"{path.name} is damaged: {error}", self._aside(path)))
                continue
            (self.torrents if desired.removal is None else self.leaving)[torrent] = desired
        self._ids = sorted(self.torrents)
        path = self._dir.session
        try:
            self.session = decode_record(read(path), DesiredSession)
        except FileNotFoundError:
            pass
        except Damaged as error:
            damaged.append(DamagedFile(path.name, None, f"{path.name} is damaged: {error}", self._aside(path)))
        for path in self._dir.staged_files():  # the supervisor before was not told, or had no time for it
            torrent = path.name.partition(".")[0]
            known = torrent in self.torrents or torrent in self.leaving
            name = self._dir.fastresume(torrent).name if known else path.name
            damaged.append(
                DamagedFile(name, torrent if known else None, f"{name} is damaged", self._aside(path), orphan=not known)
            )
        for path in self._dir.orphans(self.torrents.keys() | self.leaving.keys()):
            if path.suffix != ".json":
                what = f"{path.name} belongs to no torrent"
                damaged.append(DamagedFile(path.name, path.stem, what, self._aside(path), orphan=True))
        return damaged

    async def put(self, desired: DesiredTorrent, *, metainfo: bytes | None = None) -> None:
        """Makes a torrent's desired state durable, and then the one that is read.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE, and then nothing has changed.
        """
        changes = [Change(self._dir.desired(desired.torrent), encode_record(desired))]
        if metainfo is not None:
            changes.insert(0, Change(self._dir.metainfo(desired.torrent), metainfo))
        await self._write(changes)
        torrent = desired.torrent
        known = self.torrents.pop(torrent, None) is not None
        self.leaving.pop(torrent, None)
        self.removed.discard(torrent)
        if desired.removal is None:
            self.torrents[torrent] = desired
            if not known:
                insort(self._ids, torrent)
        else:
            self.leaving[torrent] = desired
            if known:
                del self._ids[bisect_left(self._ids, torrent)]

    def ids_after(self, cursor: str | None, count: int) -> list[str]:
        """The next `count` ids of `torrents` after one, or from the first one on, in their order."""
        start = 0 if cursor is None else bisect_right(self._ids, cursor)
        return self._ids[start : start + count]

    async def put_session(self, session: DesiredSession) -> None:
        """Makes the session's desired state durable. Raises as `put` does."""
        await self._write([Change(self._dir.session, encode_record(session))])
        self.session = session

    async def drop(self, torrent: str) -> None:
        """Deletes the last of a torrent that is gone. Raises as `put` does."""
        files = (self._dir.old_fastresume(torrent), self._dir.metainfo(torrent), self._dir.desired(torrent))
        await self._write([Change(path, None) for path in files])
        self.leaving.pop(torrent, None)
        self.removed.add(torrent)

    def close(self) -> None:
        """Waits until all that was asked for is on disk."""
        self._writer.close()

    def _aside(self, path: Path) -> str:
        """Puts a file aside, and says where it is now."""
        try:
            return f"put aside as {self._dir.put_aside(path)}"
        except OSError as error:
            return f"left where it is ({error})"

    # -- a directory that cannot be written -----------------------------------------------------------------------

    def close_for(self, problem: str) -> None:
        """From now on every change is refused, with this problem."""
        self._refusal = problem

    def open(self) -> None:
        """Changes are taken again."""
        self._refusal = None

    async def settled(self) -> None:
        """Waits until what was given to the disk has ended, whichever way, and memory knows."""
        await self._settled.wait()

    def waiting_since(self) -> float | None:
        """Since when the oldest change waits for the disk, in monotonic seconds; None while none does."""
        return self._writer.waiting_since()

    def has_known(self, torrent: str) -> bool:
        """Whether this supervisor has had such a torrent. Callable from any thread."""
        return torrent in self.torrents or torrent in self.leaving or torrent in self.removed

    def records(self) -> list[Record]:
        """All that has to be on disk."""
        found = [
            Record(torrent, self._dir.desired(torrent), desired)
            for torrent, desired in (self.torrents | self.leaving).items()
        ]
        if self.session != DesiredSession():
            found.append(Record(None, self._dir.session, self.session))
        return found

    async def put_resume(self, torrent: str, content: bytes) -> OSError | None:
        """Writes the resume data of a torrent for an engine that cannot. Returns what went wrong."""
        return await self._commit([Change(self._dir.fastresume(torrent), content)])

    async def rewrite(self, changes: Sequence[Change]) -> str | None:
        """Writes what memory has, though changes are refused. Returns what went wrong."""
        outcomes = await asyncio.gather(*(self._commit([change]) for change in changes))
        return next((str(error) for error in outcomes if error is not None), None)

    async def _write(self, changes: Sequence[Change]) -> None:
        problem = self._refusal
        if problem is None:
            error = await self._commit(changes)
            if error is None:
                return
            self.on_write_failed()
            problem = str(error)
        raise OuzelError(
            ErrorKind.STORAGE_UNAVAILABLE,
            f"the resume directory cannot be written ({problem}); nothing was changed",
            retry_after_ms=1000,
        )

    async def _commit(self, changes: Sequence[Change]) -> OSError | None:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[OSError | None] = loop.create_future()

        def settle(error: OSError | None) -> None:
            if not written.done():
                written.set_result(error)
            self._writing -= 1
            if self._writing == 0:
                self._settled.set()  # who waits for this comes after who waits for `written`

        def done(error: OSError | None) -> None:
            loop.call_soon_threadsafe(settle, error)

        self._writing += 1
        self._settled.clear()
        # At the end of this turn, or the writer would wait for the interpreter until then; and with what comes in it.
        loop.call_soon(self._writer.submit, changes, done)
        return await written
