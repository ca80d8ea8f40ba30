"""Carries out what engine commands ask of torrents, and says when libtorrent has confirmed it.

The dispatcher takes commands, alerts and decisions. Of each torrent there is a record: its state, and what is applied,
so that `EnsureTorrent` can be said again at any time and does only what is missing. Adding a torrent and setting
priorities are confirmed by alerts, everything else by reading back.
"""

import contextlib
from typing import Final, assert_never

from engine_proc.resume.rehasher import Rehashed
from engine_proc.resume.resume_policy import Urgency
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
from engine_proc.storage.storage_policy import Present
from engine_proc.torrents import reconcile
from engine_proc.torrents.absences import Absences
from engine_proc.torrents.applier import Applier
from engine_proc.torrents.loading.loader import Loader
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.readback import report_reconciled
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.records import Records
from engine_proc.torrents.selections import Selections
from engine_proc.torrents.torrent_faults import faults_are_the_torrents
from engine_proc.torrents.transitions import IN_PLACE, LEAVING, Input, State
from engine_proc.torrents.verifier import Verifier
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import HashesProven, TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events import TorrentError

MANY: Final = 100

TOO_SLOW: Final = "rules_too_slow"
"""The name of the error that clients are told where it takes too long to find out which files are wanted."""

RETRY_S: Final = 2.0
"""What libtorrent may take to go on with a torrent that an error had stopped."""


class Dispatcher:
    """One session's torrents.

    Args:
        parts: what works on them.
        loader: gets torrents into the session.
    """

    def __init__(self, parts: Parts, loader: Loader) -> None:
        self._parts = parts
        self._session = parts.session
        self._guard = parts.guard
        self._emit = parts.emit
        self._loader = loader
        self._records = Records()
        self._absences = Absences(parts, loader, self._records)
        self._selections = Selections(parts, self._records)
        self._rechecker = Rechecker(parts, self._records)
        self._applier = Applier(parts, loader, self._records, self._absences, self._selections, self._rechecker)
        self._verifier = Verifier(parts, self._records, self._applier, self._rechecker)

    @property
    def adding_many(self) -> bool:
        """Whether thousands are being restored, each of which has several states on the way that are no news."""
        return self._records.unconfirmed > MANY

    def awaits_judgement(self, torrent: str) -> bool:
        """Whether a magnet link's files are known, but not yet that they are in bounds.

        libtorrent has looked at what is there by then, and may claim pieces that a link has led it to.
        """
        record = self._records.get(torrent)
        if record is None or not record.unjudged:
            return False
        try:
            return torrent not in self._session.torrents() or self._session.layout(torrent) is not None
        except (TorrentFault, UnknownTorrent):
            return True  # what cannot be told has not been judged

    def _in_place(self, torrent: str) -> bool:
        """Whether a torrent is in the session, and to stay there for now."""
        return self._records.state(torrent) in IN_PLACE and torrent in self._session.torrents()

    # -- commands -------------------------------------------------------------------------------------------------

    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Makes a torrent be as desired. Where its files are known, they are not told when it is restored."""
        self._applier.ensure(desired, files_known=files_known)

    def forget(self, command: DropTorrent) -> None:
        """Takes a torrent out of the session. One that is not loaded is loaded first where its files must go."""
        self._applier.forget(command)

    def unload(self, torrent: str) -> None:
        """Takes a torrent out of the session, with its files and its resume data left alone; it is loaded anew."""
        self._applier.unload(torrent)

    @faults_are_the_torrents
    def retry(self, desired: DesiredTorrent) -> None:
        """Makes a torrent be as desired, and has what has stopped it judged afresh; confirmed once that is known."""
        torrent = desired.torrent
        if not self._records.being_removed(torrent) and self._guard.waits(desired):
            decision = self._guard.recheck(torrent)
            if decision is not None:
                self.decided(decision)
        elif self._in_place(torrent) and self._parts.translator.stopped(torrent):
            self._guard.effective(desired)  # which remembers it
            self._guard.probe(torrent, desired.save_path, self._session.paths(torrent)[1:])
        else:
            self._guard.measure_anew(torrent)
            self.ensure(desired)

    @faults_are_the_torrents
    def connect(self, torrent: str, peers: list[str]) -> None:
        """Connects a torrent to peers that it may know already; of one that is not loaded they are remembered."""
        if torrent in self._session.torrents():
            self._session.connect(torrent, peers)
            self._applier.call_peers(torrent)

    @faults_are_the_torrents
    def verify(self, torrent: str, writer: str) -> None:
        """Has a torrent hashed again to whose files another one writes."""
        self._verifier.begin(torrent, writer)

    def read_again(self) -> None:
        """Tries again to load what could not be read; to be called every few seconds."""
        for desired in self._absences.to_read_again():
            self.ensure(desired)

    @faults_are_the_torrents
    def audit(self, torrent: str) -> None:
        """Compares what the session has of a torrent with what is desired, repairs what differs, and tells of it.

        A torrent of which something is on its way is left for the next time.
        """
        record = self._records.get(torrent)
        if record is None or record.state is not State.LOADED or record.unconfirmed or record.applied is None:
            return
        if self._rechecker.hashing(torrent):
            return
        desired = record.applied
        try:
            found = self._session.observed(desired)
        except UnknownTorrent:
            self._absences.dismiss(torrent)
            report_reconciled(self._emit, torrent, ["the session has lost it"], "added again")
            self.ensure(self._guard.wanted(torrent) or desired)
            return
        differences = reconcile.differences(found, desired)
        if not differences or (record.unjudged and found.selection != desired.selection):
            return
        for step in reconcile.steps(found, desired):
            self._applier.perform(torrent, step)
        self._parts.policy.mark_dirty(torrent, Urgency.AT_ONCE, self._parts.clock())
        report_reconciled(self._emit, torrent, differences, "set as it was asked for")

    def tick(self, now: float) -> None:
        """Asks those to leave again that could not be taken out, and waits no longer for others than it should."""
        waited, leaving = self._records.due(now)
        for torrent in waited:
            self._gave_up(torrent)
        for torrent, problem in leaving:
            self._applier.leave_again(torrent, problem)

    # -- what alerts say ------------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def added(self, alert: TorrentAdded) -> None:
        """The session took a torrent, or did not."""
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
        self._absences.was_read(torrent)
        judged = self._loader.added(desired)
        self._parts.translator.added(torrent, nameless=not judged)
        if not judged:
            record.begin().unjudged = True
        elif desired.recheck is not None:
            self._rechecker.begin(torrent)
        self._applier.confirm(torrent)
        if self._guard.moved(torrent):
            self._applier.unload(torrent)
            return
        newest = self._records.take_next(torrent) or self._guard.wanted(torrent) or desired
        if self._guard.effective(newest) != desired:
            self._applier.ensure(newest)

    def gone(self, alert: TorrentGone) -> None:
        """The session has let go of a torrent."""
        self._applier.gone(alert)

    @faults_are_the_torrents
    def priorities_set(self, alert: PrioritiesSet) -> None:
        """libtorrent has taken a torrent's priorities."""
        torrent = alert.torrent
        if torrent not in self._session.torrents() or not self._selections.applied(torrent):
            return
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
        """A torrent may announce itself from now on."""
        with contextlib.suppress(UnknownTorrent):
            self._session.release_trackers(torrent)

    @faults_are_the_torrents
    def selected(self, alert: Selected) -> None:
        """It is known which of a torrent's files are wanted, or why that will not be known."""
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
        """A magnet link's metadata is there: its files are judged, its selection is applied, and they are told of."""
        desired = self._records.applied(torrent)
        if desired is not None and self._in_place(torrent):
            hashes = self._session.hashes(torrent)
            self._loader.report_hashes(desired, hashes)
            self._absences.tell_rivals(desired, hashes)
            self._applier.confine(torrent, desired)

    def conflict(self, alert: Conflict) -> None:
        """Two links are of one torrent: the supervisor makes one of them, which is then loaded anew."""
        torrent, other = alert.torrent, alert.other
        if other is None:
            self._applier.unload(torrent)
            return
        self._emit(HashesProven(torrent=torrent, info_hash_v1=alert.v1, info_hash_v2=alert.v2, other=other))

    @faults_are_the_torrents
    def state_changed(self, torrent: str, state: NativeState) -> None:
        """A torrent does something else now; one that was hashed again goes on, or has lost something."""
        self._verifier.state_changed(torrent, state)

    @faults_are_the_torrents
    def resume_data_made(self, torrent: str) -> None:
        """What is stored of a torrent is true again: one that has lost files to another is taken out."""
        self._rechecker.resume_data_made(torrent)
        self._verifier.resume_data_made(torrent)

    def resume_stored(self, torrent: str) -> None:
        """Resume data that was made is on disk."""
        self._rechecker.resume_stored(torrent)

    @faults_are_the_torrents
    def alert_faulted(self, alert: Faulted) -> None:
        """An alert about a torrent could not be read. Of one that is to leave, only the last of it is missed."""
        leaving = self._records.state(alert.torrent) in LEAVING
        if not leaving or alert.torrent not in self._session.torrents():
            self.faulted(alert.torrent, alert.problem)

    def faulted(self, torrent: str, problem: str) -> None:
        """Something failed about one torrent that nobody expects to: it is taken out, and others go on."""
        self._applier.faulted(torrent, problem)

    def await_rules(self, torrent: str) -> None:
        """A torrent that is on its way goes on once it is known which of its files are wanted."""
        self._applier.await_rules(torrent)

    # -- what has stopped, and goes on ----------------------------------------------------------------------------

    def _probed(self, torrent: str, problem: str | None) -> None:
        """It is known whether the files of a torrent that has stopped can be used: if so, it is let run."""
        desired = self._records.applied(torrent)
        if desired is None or not self._in_place(torrent):
            return
        if problem is not None:
            self._emit(TorrentError(torrent=torrent, name="storage", message=problem, recoverable=False))
            self._still_stopped(torrent, problem)
            return
        self._records.retry_until(torrent, self._parts.clock() + RETRY_S)
        self._session.set_paused(torrent, False)
        self._applier.call_peers(torrent)
        self._look_again(desired)

    def _still_stopped(self, torrent: str, problem: str) -> None:
        """All else is done that is desired of a torrent, and it is not: it stands still as before."""
        applied = self._records.applied(torrent)
        assert applied is not None, "it is in the session"
        desired = self._guard.effective(self._guard.wanted(torrent) or applied)
        self._applier.apply(torrent, desired)
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))

    @faults_are_the_torrents
    def _gave_up(self, torrent: str) -> None:
        """A torrent that was let run has stopped again, or was not seen running."""
        if self._in_place(torrent):
            trouble = self._parts.translator.trouble(torrent)
            self._still_stopped(torrent, trouble or "libtorrent has not gone on with it")

    @faults_are_the_torrents
    def error_cleared(self, torrent: str) -> None:
        """libtorrent goes on with a torrent: if that was waited for, it is confirmed."""
        applied = self._records.applied(torrent)
        if self._records.retried(torrent) and applied is not None:
            self._applier.ensure(self._guard.wanted(torrent) or applied)

    # -- storage, and other outcomes ------------------------------------------------------------------------------

    @faults_are_the_torrents
    def file_failed(self, alert: FileError) -> None:
        """A torrent's file could not be read or written: its file system is full, or its files may be gone."""
        if alert.out_of_space:
            for decision in self._guard.write_failed(alert.torrent):
                self.decided(decision)
        else:
            self._look_at_files(alert.torrent)

    @faults_are_the_torrents
    def look_at_files(self, torrent: str) -> None:
        """A complete torrent's files may be gone, or shorter than they were."""
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
        """Carries out what the guard has decided."""
        match decision:
            case Moved(torrent):
                self._applier.unload(torrent)
            case Reconsider(desired):
                if not self._records.has_next(desired.torrent):  # what waits there is newer
                    self._applier.ensure(desired)
            case Judged(torrent, verdict):
                if self._loader.judging(torrent):
                    to_remove = self._records.being_removed(torrent)
                    self._applier.take_outcome(self._loader.judged(torrent, verdict, to_remove=to_remove))
                elif not isinstance(verdict, Present) or verdict.short:
                    self._applier.unload(torrent)
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
        """How far the rehasher is with a torrent."""
        self._applier.take_outcome(self._loader.rehashed(outcome))

    def resume_deleted(self, torrent: str, problem: str | None = None) -> None:
        """A torrent's resume data is gone, and with it the last there was; or it could not be deleted."""
        self._applier.resume_deleted(torrent, problem)
