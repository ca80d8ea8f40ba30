"""Has torrents hashed again because a client asked for that, until what was found is stored.

A paused torrent is let run for that long, as libtorrent hashes no paused one; it pauses it by itself when it is done.
"""

from engine_proc.resume.resume_policy import Urgency
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.records import Recheck, Record, Records, Stage
from protocol.internal.link_events import TorrentRechecked


class Rechecker:
    """One session's. How far a recheck is, is in its torrent's record.

    Args:
        parts: what works on its torrents.
        records: the dispatcher's.
    """

    def __init__(self, parts: Parts, records: Records) -> None:
        self._parts = parts
        self._session = parts.session
        self._records = records

    def hashing(self, torrent: str) -> bool:
        """Whether libtorrent is at it: whether the torrent runs is decided when it is done."""
        return self._stage(torrent) is Stage.HASHING

    def begin(self, torrent: str) -> None:
        """Has libtorrent hash a torrent's files. Where it is at it already, it begins anew after that."""
        record = self._records.of(torrent)
        if self.hashing(torrent) or record.applied is None:
            return
        record.begin().recheck = Recheck(record.applied.recheck, Stage.HASHING)
        self._session.verify(torrent)
        self._session.set_paused(torrent, False)
        self._session.applied(torrent)  # once that is answered, libtorrent has begun
        for event in self._parts.translator.rechecking(torrent):
            self._parts.emit(event)

    def hashed(self, torrent: str, record: Record, *, resumes: bool) -> None:
        """libtorrent has hashed a torrent's files, which a client may have asked for.

        Args:
            resumes: one that is not to be paused is let run.
        """
        recheck, desired = record.recheck, record.applied
        if recheck is None or recheck.stage is not Stage.HASHING or desired is None:
            return
        if desired.recheck not in (None, recheck.revision):
            record.begin().recheck = None
            self.begin(torrent)
            return
        record.begin().recheck = recheck._replace(stage=Stage.HASHED)
        self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())
        if resumes and not desired.paused:
            self._session.set_paused(torrent, False)

    def resume_data_made(self, torrent: str) -> None:
        """Resume data was made, and is on its way to the disk."""
        record = self._records.get(torrent)
        if record is not None and record.recheck is not None and record.recheck.stage is Stage.HASHED:
            record.begin().recheck = record.recheck._replace(stage=Stage.STORING)

    def resume_stored(self, torrent: str) -> None:
        """Resume data that was made is on disk."""
        record = self._records.get(torrent)
        if record is None or record.recheck is None or record.recheck.stage is not Stage.STORING:
            return
        revision = record.recheck.revision
        record.begin().recheck = None
        self._records.note(torrent, record)
        if revision is not None:
            self._parts.emit(TorrentRechecked(torrent=torrent, revision=revision))

    def _stage(self, torrent: str) -> Stage | None:
        record = self._records.get(torrent)
        return None if record is None or record.recheck is None else record.recheck.stage
