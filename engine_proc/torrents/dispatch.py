"""Executes engine commands about torrents, and reports when libtorrent has confirmed them.

The dispatcher handles commands, alerts and decisions. It has a record of each torrent with its state and its applied
desired state. So `EnsureTorrent` can be repeated at any time, and only applies differences. libtorrent confirms a new
torrent and new priorities by alerts. The dispatcher confirms all other changes by reading values back.
"""

import contextlib
from typing import Final, assert_never

from engine_proc.resume.rehasher import Rehashed
from engine_proc.session.alerts import (
    Conflict,
    Faulted,
    FileError,
    NativeState,
    PrioritiesSet,
    Selected,
    TorrentAdded,
    TorrentGone,
)
from engine_proc.session.session_port import TorrentFault, UnknownTorrent
from engine_proc.storage.decisions import Confined, Decision, Judged, Left, Moved, Probed, Reconsider, StillMissing
from engine_proc.torrents.absences import Absences
from engine_proc.torrents.applier import Applier
from engine_proc.torrents.checks.auditor import Auditor
from engine_proc.torrents.checks.verifier import Verifier
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.selections import Selections
from engine_proc.torrents.state.records import Records
from engine_proc.torrents.state.transitions import IN_PLACE, LEAVING, Input, State
from engine_proc.torrents.torrent_faults import faults_are_the_torrents
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import HashesProven, TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import TorrentError

MANY: Final = 100

TOO_SLOW: Final = "rules_too_slow"
"""The name of the public error of a torrent whose selection takes too long to evaluate."""

RETRY_S: Final = 2.0
"""The time limit for libtorrent to continue with a torrent that an error has stopped."""


class Dispatcher:
    """Executes the commands about one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        loader: loads torrents into the session.
    """

    def __init__(self, parts: Parts, loader: Loader) -> None:
        self._parts = parts
        self._session = parts.session
        self._guard = parts.guard
        self._emit = parts.emit
        self._loader = loader
        self._records = Records()
        self.absences = Absences(parts, loader, self._records)
        self._selections = Selections(parts, self._records)
        self._rechecker = Rechecker(parts, loader, self._records)
        self._applier = Applier(parts, loader, self._records, self.absences, self._selections, self._rechecker)
        self._auditor = Auditor(parts, self._records, self._applier, self.absences, self._rechecker)
        self._verifier = Verifier(parts, self._records, self._applier, self._rechecker)

    @property
    def adding_many(self) -> bool:
        """Whether thousands of torrents are being restored. If so, their intermediate states need no events."""
        return self._records.unconfirmed > MANY

    def awaits_judgement(self, torrent: str) -> bool:
        """Whether a magnet link's files are known, but the check of their paths has not ended yet.

        libtorrent has already checked the files on disk. libtorrent may claim pieces that were found through a symbolic
        link.
        """
        record = self._records.get(torrent)
        if record is None or not record.unjudged:
            return False
        try:
            return torrent not in self._session.torrents() or self._session.layout(torrent) is not None
        except (TorrentFault, UnknownTorrent):
            return True  # in case of doubt, the paths count as unchecked

    def _in_place(self, torrent: str) -> bool:
        """Whether a torrent is in the session, and is not being unloaded."""
        return self._records.state(torrent) in IN_PLACE and torrent in self._session.torrents()

    # -- commands -------------------------------------------------------------------------------------------------

    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Applies the desired state of a torrent. `files_known`: the torrent's files need not be reported."""
        self._applier.ensure(desired, files_known=files_known)

    def forget(self, command: DropTorrent) -> None:
        """Removes a torrent. If its files must be deleted and it is not loaded, loads it first."""
        self._applier.forget(command)

    def unload(self, torrent: str) -> None:
        """Unloads a torrent, and loads it again. Its files and resume data are kept."""
        self._applier.unload(torrent)

    @faults_are_the_torrents
    def retry(self, desired: DesiredTorrent) -> None:
        """Applies a torrent's desired state. The confirmation says whether the torrent is still stopped."""
        torrent = desired.torrent
        if not self._records.being_removed(torrent) and self._guard.waits(desired):
            decision = self._guard.recheck(torrent)
            if decision is not None:
                self.decided(decision)
        elif self._in_place(torrent) and self._parts.translator.stopped(torrent):
            self._guard.effective(desired)  # stores the desired state
            self._guard.probe(torrent, desired.save_path, self._session.paths(torrent)[1:])
        else:
            self._guard.measure_anew(torrent)
            self.ensure(desired)

    @faults_are_the_torrents
    def connect(self, torrent: str, peers: list[str]) -> None:
        """Connects a torrent to these peers. Does nothing if the torrent is not in the session."""
        if torrent in self._session.torrents():
            self._session.connect(torrent, peers)
            self._applier.options.call_peers(torrent)

    @faults_are_the_torrents
    def verify(self, torrent: str, writer: str) -> None:
        """Hashes the files of a torrent again, because another torrent writes to these files."""
        self._verifier.begin(torrent, writer)

    def read_again(self) -> None:
        """Retries torrents whose stored data could not be read. Call `read_again` every few seconds."""
        for desired in self.absences.to_read_again():
            self.ensure(desired)

    @faults_are_the_torrents
    def audit(self, torrent: str) -> None:
        """Compares a torrent's actual state with its desired state. Repairs and reports differences.

        If an operation on the torrent is pending, does nothing.
        """
        self._auditor.audit(torrent)

    def tick(self, now: float) -> None:
        """Retries failed unloads. Ends waits after their deadline."""
        self._applier.options.queue.arrange(now)
        waited, leaving = self._records.due(now)
        for torrent in waited:
            self._gave_up(torrent)
        for torrent, problem in leaving:
            self._applier.leave_again(torrent, problem)

    # -- alerts ---------------------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def added(self, alert: TorrentAdded) -> None:
        """Handles the outcome of adding a torrent to the session."""
        record = self._records.get(alert.torrent)
        if record is not None and record.state is State.LOADING_TO_REMOVE:
            self._applier.added_to_remove(alert)
        elif record is not None and record.state is State.LOADING and record.applied is not None:
            if alert.problem is not None:
                self._applier.refuse(record.applied, alert.problem)
            else:
                self._added(alert.torrent, record.applied)

    def _added(self, torrent: str, desired: DesiredTorrent) -> None:
        record = self._records.move(torrent, Input.ADDED)
        self.absences.was_read(torrent)
        judged = self._loader.added(desired)
        self._parts.translator.added(torrent, nameless=not judged)
        if not judged:
            record.begin().unjudged = True
        elif desired.recheck is not None:
            self._rechecker.begin(torrent)
        self._applier.options.renew(torrent)
        self._applier.confirm(torrent)
        if self._guard.moved(torrent):
            self._applier.unload(torrent)
            return
        newest = self._records.take_next(torrent) or self._guard.wanted(torrent) or desired
        if self._guard.effective(newest) != desired:
            self._applier.ensure(newest)

    def gone(self, alert: TorrentGone) -> None:
        """Handles the removal of a torrent from the session."""
        self._applier.gone(alert)

    @faults_are_the_torrents
    def priorities_set(self, alert: PrioritiesSet) -> None:
        """Handles libtorrent's confirmation of a torrent's file priorities."""
        torrent = alert.torrent
        if torrent not in self._session.torrents() or not self._selections.applied(torrent):
            return
        self._applier.options.renew(torrent)
        self._selections.tell(torrent)
        if self._parts.translator.selected(torrent):
            self._flush(torrent)
        self._applier.confirm(torrent)

    @faults_are_the_torrents
    def _flush(self, torrent: str) -> None:
        with contextlib.suppress(UnknownTorrent):
            self._session.flush(torrent)

    @faults_are_the_torrents
    def release_trackers(self, torrent: str) -> None:
        """Lets a torrent announce to its trackers from now on. Makes the announces that clients requested."""
        requested = self._parts.pacer.requested(torrent)
        with contextlib.suppress(UnknownTorrent):
            self._session.release_trackers(torrent)
            for tracker in requested:
                self._session.reannounce(torrent, tracker)

    @faults_are_the_torrents
    def selected(self, alert: Selected) -> None:
        """Handles the result, or the failure, of evaluating a torrent's selection."""
        torrent = alert.torrent
        waits, loads = self._selections.rules_known(torrent), self._records.state(torrent) is State.UNDECIDED
        if not waits and not loads:
            return
        record = self._records.of(torrent)
        if alert.problem is not None:
            self._applier.faulted(torrent, f"{alert.problem}; it needs others (`update_selection`)", name=TOO_SLOW)
        elif loads:
            self._applier.rules_known(torrent)
        elif torrent in self._session.torrents() and not record.unjudged and record.applied is not None:
            self._selections.apply(torrent, record.applied)

    @faults_are_the_torrents
    def metadata_received(self, torrent: str) -> None:
        """Handles the metadata of a magnet link: checks its paths, applies its selection, and reports its files."""
        desired = self._records.applied(torrent)
        if desired is not None and self._in_place(torrent):
            hashes = self._session.hashes(torrent)
            self._loader.report_hashes(desired, hashes)
            self.absences.tell_rivals(desired, hashes)
            self._applier.discover(torrent, desired)

    def conflict(self, alert: Conflict) -> None:
        """Handles the alert that two links are of one torrent. The supervisor merges their two records."""
        torrent, other = alert.torrent, alert.other
        if other is None:
            self._applier.unload(torrent)
            return
        self._emit(HashesProven(torrent=torrent, info_hash_v1=alert.v1, info_hash_v2=alert.v2, other=other))

    @faults_are_the_torrents
    def state_changed(self, torrent: str, state: NativeState) -> None:
        """Handles a change of a torrent's native state. The change may be the end of a recheck."""
        self._verifier.state_changed(torrent, state)
        self._applier.options.renew(torrent)

    @faults_are_the_torrents
    def resume_data_made(self, torrent: str) -> None:
        """Handles new resume data. If another torrent has overwritten this torrent's files, this torrent can be
        unloaded now.
        """
        self._rechecker.resume_data_made(torrent)
        self._verifier.resume_data_made(torrent)

    def resume_stored(self, torrent: str) -> None:
        """Notes that a torrent's new resume data is on disk."""
        self._rechecker.resume_stored(torrent)

    @faults_are_the_torrents
    def alert_faulted(self, alert: Faulted) -> None:
        """Handles an alert that could not be copied. During an unload, only the final alert matters."""
        leaving = self._records.state(alert.torrent) in LEAVING
        if not leaving or alert.torrent not in self._session.torrents():
            self.faulted(alert.torrent, alert.problem)

    def faulted(self, torrent: str, problem: str) -> None:
        """Handles an unexpected error about one torrent: unloads the torrent. Other torrents are not affected."""
        self._applier.faulted(torrent, problem)

    def await_rules(self, torrent: str) -> None:
        """Suspends the loading of a torrent until its selection is evaluated."""
        self._applier.await_rules(torrent)

    # -- stopped torrents -----------------------------------------------------------------------------------------

    def _probed(self, torrent: str, problem: str | None) -> None:
        """Handles the check of a stopped torrent's files. If the files can be opened, resumes the torrent."""
        desired = self._records.applied(torrent)
        if desired is None or not self._in_place(torrent):
            return
        if problem is not None:
            self._emit(TorrentError(torrent=torrent, name="storage", message=problem, recoverable=False))
            self._still_stopped(torrent, problem)
            return
        self._records.retry_until(torrent, self._parts.clock() + RETRY_S)
        self._applier.options.let_run(torrent)
        self._applier.options.call_peers(torrent)
        self._look_again(desired)

    def _still_stopped(self, torrent: str, problem: str) -> None:
        """Confirms the desired state of a torrent that is still stopped. Reports the problem."""
        applied = self._records.applied(torrent)
        assert applied is not None, "it is in the session"
        desired = self._guard.effective(self._guard.wanted(torrent) or applied)
        self._applier.apply(torrent, desired)
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))

    @faults_are_the_torrents
    def _gave_up(self, torrent: str) -> None:
        """Handles a resumed torrent that has stopped again, or has not continued in time."""
        if self._in_place(torrent):
            trouble = self._parts.translator.trouble(torrent)
            self._still_stopped(torrent, trouble or "libtorrent has not continued with it in time")

    @faults_are_the_torrents
    def error_cleared(self, torrent: str) -> None:
        """Confirms the commands that waited for libtorrent to continue with a torrent after an error."""
        applied = self._records.applied(torrent)
        if self._records.retried(torrent) and applied is not None:
            self._applier.ensure(self._guard.wanted(torrent) or applied)

    # -- storage and other results --------------------------------------------------------------------------------

    @faults_are_the_torrents
    def file_failed(self, alert: FileError) -> None:
        """Handles a failed read or write: the file system is full, or files may be gone."""
        if alert.out_of_space:
            for decision in self._guard.write_failed(alert.torrent):
                self.decided(decision)
        else:
            self._look_at_files(alert.torrent)

    @faults_are_the_torrents
    def look_at_files(self, torrent: str) -> None:
        """Checks a complete torrent's files. Files may be gone, or may be shorter than before."""
        self._look_at_files(torrent)

    def _look_at_files(self, torrent: str) -> None:
        desired = self._records.applied(torrent)
        if desired is not None and torrent in self._session.torrents() and self._guard.suspect(torrent):
            self._look_again(desired)

    def _look_again(self, desired: DesiredTorrent) -> None:
        verdict = self._loader.inspect_again(desired)
        if verdict is not None:
            self.decided(Judged(desired.torrent, verdict))

    @faults_are_the_torrents
    def decided(self, decision: Decision) -> None:
        """Executes a decision of the storage guard."""
        match decision:
            case Moved(torrent):
                self._applier.unload(torrent)
            case Reconsider(desired):
                if not self._records.has_next(desired.torrent):  # the waiting command is newer
                    self._applier.ensure(desired)
            case Judged(torrent, verdict):
                if self._loader.judging(torrent):
                    to_remove = self._records.being_removed(torrent)
                    self._applier.take_outcome(self._loader.judged(torrent, verdict, to_remove=to_remove))
                else:
                    self._applier.judged(torrent, verdict)
            case Probed(torrent, problem):
                self._probed(torrent, problem)
            case StillMissing(desired, problem):
                self._emit(TorrentApplied(torrent=desired.torrent, revision=desired.revision, problem=problem))
            case Left(torrent, left):
                self._applier.looked_after(torrent, left)
            case Confined(subject, problem):
                assert isinstance(subject, str), "a source's is the engine's"
                self._applier.confined(subject, problem)
            case _:
                assert_never(decision)

    @faults_are_the_torrents
    def rehashed(self, outcome: Rehashed) -> None:
        """Handles the progress or outcome of a verification."""
        self._applier.take_outcome(self._loader.rehashed(outcome))

    def resume_deleted(self, torrent: str, problem: str | None = None) -> None:
        """Handles the outcome of the last step of a removal: the deletion of a torrent's resume data."""
        self._applier.resume_deleted(torrent, problem)
