"""Compares the actual state of loaded torrents with their desired state. Repairs and reports differences."""

from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.session_port import UnknownTorrent
from engine_proc.torrents.absences import Absences
from engine_proc.torrents.applier import Applier
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.readback import report_reconciled
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.state import reconcile
from engine_proc.torrents.state.records import Records
from engine_proc.torrents.state.transitions import State


class Auditor:
    """Audits the torrents of one session. `state.audit` decides when.

    Args:
        parts: the session, and the parts that work with it.
        records: the records of the dispatcher.
        applier: applies differences, and adds a lost torrent again.
        absences: is notified of a torrent that the session has lost.
        rechecker: performs the rechecks that clients request.
    """

    def __init__(
        self, parts: Parts, records: Records, applier: Applier, absences: Absences, rechecker: Rechecker
    ) -> None:
        self._parts = parts
        self._records = records
        self._applier = applier
        self._absences = absences
        self._rechecker = rechecker

    def audit(self, torrent: str) -> None:
        """Audits a torrent. If an operation on the torrent is pending, does nothing."""
        record = self._records.get(torrent)
        if record is None or record.state is not State.LOADED or record.unconfirmed or record.applied is None:
            return
        if self._rechecker.hashing(torrent):
            return
        parts, desired = self._parts, record.applied
        try:
            found = parts.session.observed(desired)
        except UnknownTorrent:
            self._absences.dismiss(torrent)
            report_reconciled(parts.emit, torrent, ["the session has lost it"], "added again")
            self._applier.ensure(parts.guard.wanted(torrent) or desired)
            return
        differences = reconcile.differences(found, desired)
        if not differences or (record.unjudged and found.selection != desired.selection):
            return
        for step in reconcile.steps(found, desired):
            self._applier.perform(torrent, step)
        parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, parts.clock())
        report_reconciled(parts.emit, torrent, differences, "set as it was asked for")
