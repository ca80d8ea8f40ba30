"""Hashes a torrent's files again, because another torrent writes to these files.

The torrent is paused during the hashing. A torrent that has lost pieces would download the pieces again, and would
overwrite the other torrent's files. So the torrent is unloaded once its new resume data is made.
"""

from typing import Final

from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.alerts import NativeState
from engine_proc.torrents.applier import Applier
from engine_proc.torrents.options import let_run
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.state.records import Expelled, Records
from engine_proc.torrents.state.transitions import IN_PLACE, Input, State

OVERWRITTEN: Final = "files_overwritten"
"""The name of the public error."""

_CHECKING: Final = frozenset({NativeState.CHECKING_RESUME_DATA, NativeState.CHECKING_FILES})


class Verifier:
    """Verifies the files of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        records: the records of the dispatcher.
        applier: unloads torrents.
        rechecker: performs the rechecks that clients request.
    """

    def __init__(self, parts: Parts, records: Records, applier: Applier, rechecker: Rechecker) -> None:
        self._parts = parts
        self._session = parts.session
        self._records = records
        self._applier = applier
        self._rechecker = rechecker

    def begin(self, torrent: str, writer: str) -> None:
        """Begins to verify a torrent, because another torrent (`writer`) writes to its files."""
        record = self._records.get(torrent)
        if record is None or record.state is not State.LOADED or record.unconfirmed:
            return
        if torrent in self._session.torrents() and record.applied is not None and not record.applied.paused:
            self._records.move(torrent, Input.VERIFY).begin().writer = writer
            if not self._rechecker.hashing(torrent):  # a recheck in progress serves both purposes
                self._session.verify(torrent)
                if record.applied.managed:
                    self._session.set_paused(torrent, False)  # the queue could let it wait, and it would not be hashed

    def state_changed(self, torrent: str, state: NativeState) -> None:
        """Handles the end of the hashing. The torrent continues if it has not lost pieces."""
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
            let_run(self._session, record.applied)

    def resume_data_made(self, torrent: str) -> None:
        """Unloads a torrent that has lost pieces. Its new resume data shows the loss."""
        record = self._records.get(torrent)
        if record is not None and record.state is State.OVERWRITTEN and record.pending is not None:
            problem = (
                f"torrent {record.pending.writer} has written over files that this one has, too; resume has what is "
                "gone fetched again, and written over the other's"
            )
            self._applier.expel(torrent, Expelled(OVERWRITTEN, problem))
