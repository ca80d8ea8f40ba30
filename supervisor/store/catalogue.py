"""The catalogue: the desired state of all torrents and the session. It is in memory, and durable in the resume
directory.

A change is applied in memory only when it is on disk. So clients read durable state only. The store never blocks the
loop. `Commits` writes all changes, and commits queued writes as one group.

If a write fails half way, it is rolled back before the client gets an answer. If that fails, too, the client gets the
error `OutcomeUnknown`, and the torrent or the session is *in doubt* (`RecordWrites`).
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Sequence

import msgspec

from protocol.durable.durable import Change
from protocol.durable.integrity import Damaged, check_crc32, encode_record, read, seal
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent, TorrentOptions
from protocol.wire.errors import OuzelError
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.commits import Commits, OnCommit, ignore
from supervisor.store.damage import DamagedFile
from supervisor.store.derived.category_names import CategoryNames
from supervisor.store.derived.counted_records import CountedRecords
from supervisor.store.derived.group_names import shown_options
from supervisor.store.differences import Record
from supervisor.store.id_index import IdIndex
from supervisor.store.record_writes import RecordWrites, refused
from supervisor.store.stored_records import Stored, Unreadable, cannot_be_listed, read_all


class Catalogue:
    """Holds the desired state by torrent id, and makes changes durable. `Commits` explains `on_commit`.

    Fields:
        torrents: the records of all torrents. Torrents that are being removed are left out.
        leaving: the records of torrents that are being removed. Clients do not see these torrents any more.
        session: the desired state of the session.
        removed: the ids of removed torrents. Their removal was completed since the start of this supervisor.
        not_moved: fast-resume data of earlier versions that `load` could not move to its new directory. Each item has
            the file's name and the error.
        unreadable: torrents with a record that cannot be read now. Clients see these torrents. Their files are not
            changed.
        session_unreadable: why the session's record cannot be read. None if it was read.
        unlisted: why the directory could not be listed. None if it was listed.
        writes: writes the records, and knows which torrents are in doubt.
        fastresume_name: returns the path of a torrent's fast-resume data.
    """

    def __init__(self, resume_dir: ResumeDir, on_commit: OnCommit = ignore) -> None:
        self._dir = resume_dir
        self.fastresume_name = resume_dir.fastresume_name
        self._commits = Commits(resume_dir, on_commit)
        self.writes = RecordWrites(self._commits, self._in_memory)
        self.torrents = CountedRecords()
        self.leaving: dict[str, DesiredTorrent] = {}
        self.session = DesiredSession()
        self.removed: set[str] = set()
        self.not_moved: list[tuple[str, OSError]] = []
        self.index = IdIndex()
        """The torrents in `torrents` and `leaving`, by info-hash."""
        self.unreadable: dict[str, Unreadable] = {}
        self.session_unreadable: Unreadable | None = None
        self.unlisted: str | None = None
        self._ids: list[str] = []
        """The ids in `torrents` and `unreadable`, sorted."""
        self._category_names = CategoryNames()

    # -- loading --------------------------------------------------------------------------------------------------

    def load(self) -> list[DamagedFile]:
        """Reads the resume directory. Returns the files that were put aside.

        Call `load` once, before the loop runs.

        If the directory cannot be listed, no torrent is known. Then every change is refused until the directory was
        listed.
        """
        try:
            return self.apply_stored(read_all(self._dir))
        except OSError as error:
            self.unlisted = cannot_be_listed(error)
            self.suspend(self.unlisted)
            return []

    def apply_stored(self, stored: Stored) -> list[DamagedFile]:
        """Fills the catalogue with the content of the directory. Returns the files that were put aside."""
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
        """Adds a record that was finally read. `desired` is None if the record is damaged or missing.

        Returns:
            The records that are being removed now. The added record says that these records were merged into it.
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
        """Adds the session's record, which was finally read."""
        self.session_unreadable, self.session = None, session

    def shown(self, torrent: str) -> DesiredTorrent | None:
        """A torrent's record as clients see it. If the record cannot be read, the result has only the id.

        None if there is no such torrent.
        """
        desired = self.torrents.get(torrent)
        if desired is None and torrent in self.unreadable:
            return DesiredTorrent(torrent=torrent, source="metainfo", save_path="", revision=0)
        return desired

    def category_of(self, desired: DesiredTorrent) -> str | None:
        """The name of a torrent's category. None if the torrent has no category, or if the category was removed."""
        return self._category_names.of(self.session, desired.category)

    def count_categories(self) -> Counter[str | None]:
        """The number of torrents by the name of the category.

        None stands for no category, and for a removed category.
        """
        found: Counter[str | None] = Counter()
        for key, count in self.torrents.categories.items():
            found[self._category_names.of(self.session, key)] += count
        return found

    def options_of(self, desired: DesiredTorrent) -> TorrentOptions:
        """A torrent's options as clients see them. They have the name of the bandwidth group, not its key."""
        return shown_options(self.session, desired.options)

    def check_readable(self, torrent: str | None) -> None:
        """Raises OuzelError: STORAGE_UNAVAILABLE, if the record of the torrent is unreadable. None stands for the
        session.
        """
        unread = self.session_unreadable if torrent is None else self.unreadable.get(torrent)
        if unread is not None:
            raise refused(f"{unread.problem}; nothing was changed")

    # -- changes --------------------------------------------------------------------------------------------------

    async def put(self, desired: DesiredTorrent, *, metainfo: bytes | None = None, resume: bytes | None = None) -> None:
        """Makes a torrent's desired state durable, then applies the state in memory.

        Args:
            resume: resume data from another BitTorrent client. Only for a torrent that the engine does not have yet.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. Nothing has changed, except after `OutcomeUnknown`.
        """
        self.check_readable(desired.torrent)
        await self.ensure_settled(desired.torrent)
        changes = [Change(self._dir.desired(desired.torrent), encode_record(desired))]
        if metainfo is not None:
            changes.insert(0, Change(self._dir.metainfo(desired.torrent), metainfo))
        if resume is not None:
            changes.insert(0, Change(self._dir.fastresume(desired.torrent), seal(resume)))
        torrent = desired.torrent
        with self.writes.change(torrent):
            await self.writes.write(torrent, changes)
            self._keep(desired)

    async def merge(
        self, kept: DesiredTorrent, leaving: Sequence[DesiredTorrent], *, metainfo: bytes | None = None
    ) -> None:
        """Makes a merge of records into one record durable. Raises the errors of `put`.

        The kept record names the other records. So the next start after a crash completes the merge (`_finish_merges`).
        If the other records cannot be written, they are in doubt. `RecordWrites.mend` writes these records later.
        """
        await self.put(kept, metainfo=metainfo)
        for each in leaving:
            try:
                await self.put(each)
            except OuzelError:
                self._keep(each)
                self.writes.doubts.add(each.torrent)

    def _finish_merges(self) -> list[DesiredTorrent]:
        """Moves merged records to `leaving`. Returns the moved records."""
        merged = []
        for kept in list(self.torrents.values()):
            for torrent in kept.merged:
                if (other := self.torrents.pop(torrent, None)) is not None:
                    self.leaving[torrent] = msgspec.structs.replace(other, removal="merged")
                    merged.append(self.leaving[torrent])
        return merged

    def metainfo_of(self, desired: DesiredTorrent) -> bytes | None:
        """Reads a torrent's .torrent file from the disk. None if there is no valid file."""
        if desired.metainfo_crc32 is None:
            return None
        try:
            metainfo = read(self._dir.metainfo(desired.torrent))
            check_crc32(metainfo, desired.metainfo_crc32)
        except (Damaged, OSError):
            return None
        return metainfo

    def _keep(self, desired: DesiredTorrent) -> None:
        """Applies a written record in memory."""
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
        """The id of the torrent with this id or info-hash. Without such a torrent, the argument itself."""
        if torrent in self.torrents:
            return torrent
        return next((each for each in self.index.owners([torrent]) if each in self.torrents), torrent)

    def ids_after(self, cursor: str | None, count: int) -> list[str]:
        """The next `count` ids after `cursor`, sorted. If `cursor` is None, the first `count` ids."""
        start = 0 if cursor is None else bisect_right(self._ids, cursor)
        return self._ids[start : start + count]

    async def put_session(self, session: DesiredSession) -> None:
        """Makes the session's desired state durable. Raises the errors of `put`."""
        self.check_readable(None)
        with self.writes.change(None):
            await self.writes.write(None, [Change(self._dir.session, encode_record(session))])
            self.session = session

    async def drop(self, torrent: str) -> None:
        """Deletes the files of a removed torrent.

        Raises the errors of `put`. After an error, the caller has to try again.
        """
        files = (self._dir.old_fastresume(torrent), self._dir.metainfo(torrent), self._dir.desired(torrent))
        changes = [Change(path, None) for path in files]
        with self.writes.change(torrent):
            await self.writes.write(torrent, changes, take_back=False)
            self.leaving.pop(torrent, None)
            self.index.drop(torrent)
            self.removed.add(torrent)

    async def ensure_settled(self, torrent: str | None) -> None:
        """Makes sure that disk and memory agree on a torrent before its next change. None stands for the session.

        Raises:
            OuzelError: STORAGE_UNAVAILABLE. An earlier change is still in doubt.
        """
        await self.writes.ensure_settled(torrent)

    def close(self) -> None:
        """Waits until all queued writes have ended, and writes all torrents in doubt once more."""
        self._commits.close([self._in_memory(subject) for subject in self.writes.doubts])

    # -- a directory that cannot be written -----------------------------------------------------------------------

    def suspend(self, problem: str) -> None:
        """Refuses every change from now on. `problem` is the reason."""
        self.writes.refusal = problem

    def open(self) -> None:
        """Accepts changes again."""
        self.writes.refusal = None

    async def settled(self) -> None:
        """Waits until all writes have ended and their outcomes are applied in memory."""
        await self._commits.settled()

    def waiting_since(self) -> float | None:
        """When the oldest waiting change began to wait for the disk, in monotonic seconds.

        None while no change waits.
        """
        return self._commits.waiting_since()

    def has_known(self, torrent: str) -> bool:
        """Whether this supervisor has ever had this torrent. Callable from any thread."""
        books = (self.torrents, self.leaving, self.removed, self.unreadable, self.writes.doubts)
        return any(torrent in book for book in books)

    def has(self, torrent: str) -> bool:
        """Whether the torrent exists or is being removed. Callable from any thread."""
        return torrent in self.torrents or torrent in self.leaving or torrent in self.unreadable

    def records(self) -> list[Record]:
        """All records that must be on disk."""
        found = [
            Record(torrent, self._dir.desired(torrent), desired)
            for torrent, desired in (self.torrents | self.leaving).items()
        ]
        if self.session != DesiredSession():
            found.append(Record(None, self._dir.session, self.session))
        return found

    async def put_resume(self, torrent: str, content: bytes) -> OSError | None:
        """Writes a torrent's fast-resume data, because the engine cannot write. Returns the error, or None."""
        return await self._commits.commit(torrent, [Change(self._dir.fastresume(torrent), content)])

    def _in_memory(self, subject: str | None) -> list[Change]:
        """The writes of a subject's state in memory."""
        if subject is None:
            content = None if self.session == DesiredSession() else encode_record(self.session)
            return [Change(self._dir.session, content)]
        desired = self.torrents.get(subject) or self.leaving.get(subject)
        if desired is not None:
            changes = [Change(self._dir.desired(subject), encode_record(desired))]
            if desired.source == "magnet" and desired.metainfo_crc32 is None:
                changes.append(Change(self._dir.metainfo(subject), None))  # deletes the metainfo of a refused change
            return changes
        files = (self._dir.desired(subject), self._dir.metainfo(subject), self._dir.fastresume(subject))
        return [Change(path, None) for path in files]
