"""Performs the rechecks that clients request, until their results are stored.

libtorrent does not hash paused torrents. So a paused torrent is resumed for the recheck. At the end libtorrent pauses
it again.
"""

from engine_proc.resume.resume_policy import Urgency
from engine_proc.storage.storage_policy import Present, Verdict
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.options import let_run
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.state.records import Recheck, Record, Records, Stage
from protocol.internal.link_events import TorrentRechecked


class Rechecker:
    """Performs the rechecks in one session. The progress of a recheck is in its torrent's record.

    Args:
        parts: the session, and the parts that work with it.
        loader: knows the files that the stored resume data claims.
        records: the records of the dispatcher.
    """

    def __init__(self, parts: Parts, loader: Loader, records: Records) -> None:
        self._parts = parts
        self._loader = loader
        self._session = parts.session
        self._records = records

    def hashing(self, torrent: str) -> bool:
        """Whether libtorrent is rechecking a torrent. During a recheck, the torrent must not be paused or resumed."""
        return self._stage(torrent) is Stage.HASHING

    def request(self, torrent: str) -> Verdict | None:
        """Requests a recheck. The storage guard first checks that the torrent's files exist.

        Returns:
            None if `Judged` follows, or if a recheck is in progress. When that recheck ends, another recheck begins.
        """
        record = self._records.of(torrent)
        if self.hashing(torrent) or record.applied is None:
            return None
        record.begin().recheck = Recheck(record.applied.recheck, Stage.INSPECTING)
        verdict = self._loader.inspect_again(record.applied)
        if verdict is None and not self._parts.guard.looking(torrent):
            return Present({})  # without readable resume data no file is known that could be missing
        return verdict

    def inspecting(self, torrent: str) -> bool:
        """Whether a recheck waits for the check of the torrent's files."""
        return self._stage(torrent) is Stage.INSPECTING

    def begin(self, torrent: str) -> None:
        """Makes libtorrent hash a torrent's files. If a recheck is in progress, another recheck begins at its end."""
        record = self._records.of(torrent)
        if self.hashing(torrent) or record.applied is None:
            return
        record.begin().recheck = Recheck(record.applied.recheck, Stage.HASHING)
        self._session.verify(torrent)
        self._session.set_paused(torrent, False)
        self._session.applied(torrent)  # a round trip: after its answer libtorrent has begun
        for event in self._parts.translator.rechecking(torrent):
            self._parts.emit(event)

    def hashed(self, torrent: str, record: Record, *, resumes: bool) -> None:
        """Handles the end of a recheck.

        Args:
            resumes: whether to resume the torrent. A torrent that is paused by its desired state stays paused.
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
            let_run(self._session, desired)

    def resume_data_made(self, torrent: str) -> None:
        """Notes that resume data was made, and is being written."""
        record = self._records.get(torrent)
        if record is not None and record.recheck is not None and record.recheck.stage is Stage.HASHED:
            record.begin().recheck = record.recheck._replace(stage=Stage.STORING)

    def resume_stored(self, torrent: str) -> None:
        """Notes that a torrent's new resume data is on disk."""
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
