"""Has torrents hashed again to whose files other ones write.

A torrent is paused meanwhile. One that is found to have lost something is taken out once its resume data says so, lest
it fetches that again and writes over the other's files.
"""

from typing import Final

from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.alerts import NativeState
from engine_proc.torrents.applier import Applier
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.records import Expelled, Records
from engine_proc.torrents.transitions import IN_PLACE, Input, State

OVERWRITTEN: Final = "files_overwritten"
"""The name of the error that clients are told."""

_CHECKING: Final = frozenset({NativeState.CHECKING_RESUME_DATA, NativeState.CHECKING_FILES})


class Verifier:
    """One session's.

    Args:
        parts: what works on its torrents.
        records: the dispatcher's.
        applier: takes torrents out.
        rechecker: has torrents hashed that clients want to be.
    """

    def __init__(self, parts: Parts, records: Records, applier: Applier, rechecker: Rechecker) -> None:
        self._parts = parts
        self._session = parts.session
        self._records = records
        self._applier = applier
        self._rechecker = rechecker

    def begin(self, torrent: str, writer: str) -> None:
        """Another torrent, the writer, writes to the files of this one."""
        record = self._records.get(torrent)
        if record is None or record.state is not State.LOADED or record.unconfirmed:
            return
        if torrent in self._session.torrents() and record.applied is not None and not record.applied.paused:
            self._records.move(torrent, Input.VERIFY).begin().writer = writer
            if not self._rechecker.hashing(torrent):  # one hashing serves both
                self._session.verify(torrent)

    def state_changed(self, torrent: str, state: NativeState) -> None:
        """A torrent that was hashed again goes on, or has lost something."""
        record = self._records.get(torrent)
        if state in _CHECKING or record is None or record.state not in IN_PLACE:
            return
        if torrent not in self._session.torrents():
            return
        verifying = record.state is State.VERIFYING
        self._rechecker.hashed(torrent, record, resumes=not verifying)
        if verifying:
            self._verified(torrent, state)

    def _verified(self, torrent: str, state: NativeState) -> None:
        if state is NativeState.DOWNLOADING:
            self._records.move(torrent, Input.SPOILED)
            self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())
            return
        record = self._records.move(torrent, Input.INTACT)
        record.begin().writer = None
        self._records.note(torrent, record)
        if record.applied is not None and not record.applied.paused:
            self._session.set_paused(torrent, False)

    def resume_data_made(self, torrent: str) -> None:
        """What is stored of a torrent is true again."""
        record = self._records.get(torrent)
        if record is not None and record.state is State.OVERWRITTEN and record.pending is not None:
            problem = (
                f"torrent {record.pending.writer} has written over files that this one has, too; resume has what is "
                "gone fetched again, and written over the other's"
            )
            self._applier.expel(torrent, Expelled(OVERWRITTEN, problem))
