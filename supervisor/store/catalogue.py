"""The catalogue: what clients asked for, in memory for reading and in the resume directory for keeping.

A change is in memory only once it is on disk, so what a client can read, it can rely on. The store never waits on the
loop: writes go through `Commits`, which has what has queued up committed as one group.

A write that fails half way is taken back before it is answered: what memory has is written again. Where that fails too,
its subject is *in doubt*: the client is told that the outcome is not known, nothing is acknowledged on top of it before
disk and memory agree again, and `mend` goes on trying until they do.
"""

import asyncio
import contextlib
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from protocol.durable.durable import Change, Unsettled
from protocol.durable.integrity import Damaged, check_crc32, encode_record, read
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredSession, DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.store.commits import Commits, FailedWrite, largest_failed
from supervisor.store.damage import DamagedFile
from supervisor.store.differences import Record
from supervisor.store.id_index import IdIndex
from supervisor.store.stored_records import Stored, Unreadable, cannot_be_listed, read_all

RETRY_AFTER_MS: Final = 1000


class OutcomeUnknown(OuzelError):
    """A change failed after its first effect and could not be taken back: a crash now may bring it into force."""


class Catalogue:
    """Desired state by torrent id.

    Fields:
        torrents: the ones that shall be there.
        leaving: the ones that shall be gone and are not yet; they are not shown any more.
        session: what clients asked for of the whole session.
        removed: the ones that are gone since this supervisor began.
        not_moved: resume data that `load` had to leave where earlier versions had it, by name, and why.
        unreadable: the ones whose record cannot be read now: they are shown, and nothing of them is changed.
        session_unreadable: why the session's record cannot be read, None where it was.
        unlisted: why the directory could not be listed, None where it was.
        failed: the largest write that failed, None once one of its size was done.
        on_write_failed: called on the loop when something could not be made durable.
    """

    def __init__(self, resume_dir: ResumeDir) -> None:
        self._dir = resume_dir
        self._commits = Commits(resume_dir)
        self._refusal: str | None = None
        self._changing: Counter[str | None] = Counter()
        """Changes of which memory does not know yet how they ended, by torrent; None is the session."""
        self._doubts: set[str | None] = set()
        self.torrents: dict[str, DesiredTorrent] = {}
        self.leaving: dict[str, DesiredTorrent] = {}
        self.session = DesiredSession()
        self.removed: set[str] = set()
        self.not_moved: list[tuple[str, OSError]] = []
        self.index = IdIndex()
        """Of `torrents` and `leaving`: who has which info-hash."""
        self.unreadable: dict[str, Unreadable] = {}
        self.session_unreadable: Unreadable | None = None
        self.unlisted: str | None = None
        self.failed: FailedWrite | None = None
        self._ids: list[str] = []
        """Of `torrents` and of those that are unreadable, in order."""
        self.on_write_failed: Callable[[], None] = lambda: None

    # -- what is stored -------------------------------------------------------------------------------------------

    def load(self) -> list[DamagedFile]:
        """Reads all there is; called once, before the loop runs. Returns what was put aside.

        Where the directory cannot be listed, nothing is known, and every change is refused until it was.
        """
        try:
            return self.apply_stored(read_all(self._dir))
        except OSError as error:
            self.unlisted = cannot_be_listed(error)
            self.suspend(self.unlisted)
            return []

    def apply_stored(self, stored: Stored) -> list[DamagedFile]:
        """The directory was read. Returns what was put aside."""
        self.unlisted = None
        self.not_moved = stored.not_moved
        for desired in stored.torrents:
            (self.torrents if desired.removal is None else self.leaving)[desired.torrent] = desired
        self._finish_merges()
        for desired in (*self.torrents.values(), *self.leaving.values()):
            self.index.put(desired)
        self.session = stored.session
        for each in stored.unreadable:
            if each.torrent is None:
                self.session_unreadable = each
            else:
                self.unreadable[each.torrent] = each
        self._ids = sorted(self.torrents.keys() | self.unreadable.keys())
        return stored.damaged

    def mark_readable(self, torrent: str, desired: DesiredTorrent | None) -> list[DesiredTorrent]:
        """A record that was unreadable is known now; None where it turned out not to be one, or is gone.

        Returns:
            Records that are known to be parts of this one now, and leave.
        """
        if self.unreadable.pop(torrent, None) is None:
            return []
        if desired is not None:
            self.index.put(desired)
        if desired is not None and desired.removal is None:
            self.torrents[torrent] = desired
            merged = self._finish_merges() if desired.merged else []
            if merged:
                self._ids = sorted(self.torrents.keys() | self.unreadable.keys())
            return merged
        del self._ids[bisect_left(self._ids, torrent)]
        if desired is not None:
            self.leaving[torrent] = desired
        return []

    def mark_session_readable(self, session: DesiredSession) -> None:
        """The session's record likewise."""
        self.session_unreadable, self.session = None, session

    def shown(self, torrent: str) -> DesiredTorrent | None:
        """A torrent as clients see it: one whose record cannot be read has its id, and no more. None: there is none."""
        desired = self.torrents.get(torrent)
        if desired is None and torrent in self.unreadable:
            return DesiredTorrent(torrent=torrent, source="metainfo", save_path="", revision=0)
        return desired

    def check_readable(self, torrent: str | None) -> None:
        """Raises OuzelError, STORAGE_UNAVAILABLE, where this torrent's, or the session's, record cannot be read."""
        unread = self.session_unreadable if torrent is None else self.unreadable.get(torrent)
        if unread is not None:
            raise _refused(f"{unread.problem}; nothing was changed")

    # -- changes --------------------------------------------------------------------------------------------------

    async def put(self, desired: DesiredTorrent, *, metainfo: bytes | None = None) -> None:
        """Makes a torrent's desired state durable, and then the one that is read.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE; nothing has changed, unless it is `OutcomeUnknown`.
        """
        self.check_readable(desired.torrent)
        await self.ensure_settled(desired.torrent)
        changes = [Change(self._dir.desired(desired.torrent), encode_record(desired))]
        if metainfo is not None:
            changes.insert(0, Change(self._dir.metainfo(desired.torrent), metainfo))
        torrent = desired.torrent
        with self._change(torrent):
            await self._write(torrent, changes)
            self._keep(desired)

    async def merge(
        self, kept: DesiredTorrent, leaving: Sequence[DesiredTorrent], *, metainfo: bytes | None = None
    ) -> None:
        """Makes it durable that records are part of another one now. Raises as `put` does.

        The one that is kept names the others, so that after a death `take_in` knows that these are to leave. Where
        their own records cannot be written they are in doubt, and mended.
        """
        await self.put(kept, metainfo=metainfo)
        for each in leaving:
            try:
                await self.put(each)
            except OuzelError:
                self._keep(each)
                self._doubts.add(each.torrent)

    def _finish_merges(self) -> list[DesiredTorrent]:
        """Has those leave that a record says are parts of it. Returns them."""
        merged = []
        for kept in list(self.torrents.values()):
            for torrent in kept.merged:
                if (other := self.torrents.pop(torrent, None)) is not None:
                    self.leaving[torrent] = msgspec.structs.replace(other, removal="merged")
                    merged.append(self.leaving[torrent])
        return merged

    def metainfo_of(self, desired: DesiredTorrent) -> bytes | None:
        """A torrent's .torrent file, None where there is none that can be trusted; it is read from the disk."""
        if desired.metainfo_crc32 is None:
            return None
        try:
            metainfo = read(self._dir.metainfo(desired.torrent))
            check_crc32(metainfo, desired.metainfo_crc32)
        except (Damaged, OSError):
            return None
        return metainfo

    def _keep(self, desired: DesiredTorrent) -> None:
        """A record is on disk: it is in memory, too."""
        self.index.put(desired)
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

    def resolve(self, torrent: str) -> str:
        """The id of the torrent that has this id, or this info-hash; what was given where there is none."""
        if torrent in self.torrents:
            return torrent
        return next((each for each in self.index.owners([torrent]) if each in self.torrents), torrent)

    def ids_after(self, cursor: str | None, count: int) -> list[str]:
        """The next `count` ids of `torrents` after one, or from the first one on, in their order."""
        start = 0 if cursor is None else bisect_right(self._ids, cursor)
        return self._ids[start : start + count]

    async def put_session(self, session: DesiredSession) -> None:
        """Makes the session's desired state durable. Raises as `put` does."""
        self.check_readable(None)
        with self._change(None):
            await self._write(None, [Change(self._dir.session, encode_record(session))])
            self.session = session

    async def drop(self, torrent: str) -> None:
        """Deletes the last of a torrent that is gone. Raises as `put` does; it has to be asked for again then."""
        files = (self._dir.old_fastresume(torrent), self._dir.metainfo(torrent), self._dir.desired(torrent))
        changes = [Change(path, None) for path in files]
        with self._change(torrent):
            await self._write(torrent, changes, take_back=False)
            self.leaving.pop(torrent, None)
            self.index.drop(torrent)
            self.removed.add(torrent)

    async def ensure_settled(self, torrent: str | None) -> None:
        """Makes sure that the disk has what memory has of a torrent, or of the session: before more is built on it.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE: that is not known.
        """
        if torrent in self._doubts and (problem := self._refusal or await self._settle(torrent)) is not None:
            raise _refused(f"an earlier change is still in doubt ({problem}); nothing was changed")

    def close(self) -> None:
        """Waits until all that was asked for is on disk, and tries once more to end doubts."""
        self._commits.close([self._in_memory(subject) for subject in self._doubts])

    # -- a directory that cannot be written -----------------------------------------------------------------------

    def suspend(self, problem: str) -> None:
        """From now on every change is refused, with this problem."""
        self._refusal = problem

    def open(self) -> None:
        """Changes are taken again."""
        self._refusal = None

    @property
    def in_doubt(self) -> int:
        """Of how many torrents the disk may have something else than memory."""
        return len(self._doubts)

    async def mend(self) -> str | None:
        """Has the disk hold what memory has, where that is in doubt. Returns what went wrong.

        What is being written right now ends its doubt, or begins it anew, by itself.
        """
        problems = await asyncio.gather(*(self._mend(subject) for subject in self._doubts))
        return next((problem for problem in problems if problem is not None), None)

    async def _mend(self, subject: str | None) -> str | None:
        if self._changing[subject]:  # what memory has may be about to be another thing
            return None
        return await self._settle(subject)

    async def settled(self) -> None:
        """Waits until what was given to the disk has ended, whichever way, and memory knows."""
        await self._commits.settled()

    def waiting_since(self) -> float | None:
        """Since when the oldest change waits for the disk, in monotonic seconds; None while none does."""
        return self._commits.waiting_since()

    def has_known(self, torrent: str) -> bool:
        """Whether this supervisor has had such a torrent. Callable from any thread."""
        books = (self.torrents, self.leaving, self.removed, self.unreadable, self._doubts)
        return any(torrent in book for book in books)

    def has(self, torrent: str) -> bool:
        """Whether there is such a torrent. Callable from any thread."""
        return torrent in self.torrents or torrent in self.leaving or torrent in self.unreadable

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
        return await self._commits.commit(torrent, [Change(self._dir.fastresume(torrent), content)])

    async def rewrite(self, changes: Sequence[tuple[str | None, Change]]) -> str | None:
        """Writes what memory has, though changes are refused. Returns what went wrong."""
        outcomes = await asyncio.gather(*(self._commits.commit(subject, [change]) for subject, change in changes))
        return next((str(error) for error in outcomes if error is not None), None)

    @contextlib.contextmanager
    def _change(self, subject: str | None) -> Iterator[None]:
        """From before a change is written until memory has it, or it has failed."""
        self._changing[subject] += 1
        try:
            yield
        finally:
            self._changing[subject] -= 1
            if not self._changing[subject]:
                del self._changing[subject]

    async def _write(self, subject: str | None, changes: Sequence[Change], *, take_back: bool = True) -> None:
        if self._refusal is not None:
            raise _refused(f"the resume directory cannot be written ({self._refusal}); nothing was changed")
        error = await self._commits.commit(subject, changes)
        self.failed = largest_failed(self.failed, changes, error)
        if error is None:
            self._doubts.discard(subject)
            return
        problem = None
        if take_back and isinstance(error, Unsettled):
            self._doubts.add(subject)
            problem = await self._settle(subject)
        self.on_write_failed()
        if problem is not None:
            raise OutcomeUnknown(
                ErrorKind.STORAGE_UNAVAILABLE,
                f"writing the resume directory failed half way ({error}), and so did taking it back ({problem}): it is "
                "not known whether this takes effect after a crash; ask again",
                retry_after_ms=RETRY_AFTER_MS,
            )
        raise _refused(f"the resume directory cannot be written ({error}); nothing was changed")

    async def _settle(self, subject: str | None) -> str | None:
        """Writes what memory has of a subject that is in doubt. Returns what went wrong."""
        error = await self._commits.commit(subject, self._in_memory(subject))
        if error is None:
            self._doubts.discard(subject)
        return None if error is None else str(error)

    def _in_memory(self, subject: str | None) -> list[Change]:
        """The changes after which the disk has what memory has."""
        if subject is None:
            content = None if self.session == DesiredSession() else encode_record(self.session)
            return [Change(self._dir.session, content)]
        desired = self.torrents.get(subject) or self.leaving.get(subject)
        if desired is not None:
            changes = [Change(self._dir.desired(subject), encode_record(desired))]
            if desired.source == "magnet" and desired.metainfo_crc32 is None:
                changes.append(Change(self._dir.metainfo(subject), None))  # what was refused must not be found
            return changes
        return [Change(self._dir.desired(subject), None), Change(self._dir.metainfo(subject), None)]


def _refused(message: str) -> OuzelError:
    return OuzelError(ErrorKind.STORAGE_UNAVAILABLE, message, retry_after_ms=RETRY_AFTER_MS)
