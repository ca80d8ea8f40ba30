"""Makes torrents be as desired: loads, changes, unloads and removes them, by steps that the session confirms.

What is asked for while a torrent is on its way in or out waits in its record, and is done then.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from engine_proc.process.log import log
from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.alerts import TorrentAdded, TorrentGone
from engine_proc.session.session_port import AlreadyThere
from engine_proc.storage.confinement import LEADS_OUT
from engine_proc.storage.leftovers import Leftover
from engine_proc.torrents import reconcile
from engine_proc.torrents.absences import ADD_FAILED, FAULT, Absences
from engine_proc.torrents.loading.loader import Absent, Failed, LeadsOut, Loader, NotLoaded
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.readback import report_limits
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.records import Expelled, Records, Removal
from engine_proc.torrents.removal import Remover
from engine_proc.torrents.selections import Selections
from engine_proc.torrents.torrent_faults import faults_are_the_torrents
from engine_proc.torrents.transitions import IN_PLACE, LEAVING, READY, UNLOADABLE, Input, State
from protocol.durable.integrity import Damaged
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events import ErrorCleared

AGAIN_S: Final = 1.0
"""When a torrent is asked to leave again, where that failed."""


class Applier:
    """One session's.

    Args:
        parts: what works on its torrents.
        loader: gets torrents into the session.
        records: of each torrent, where it is.
        absences: has those that are not loaded.
        selections: has those of which files are being selected.
        rechecker: has those that are hashed again.
    """

    def __init__(
        self,
        parts: Parts,
        loader: Loader,
        records: Records,
        absences: Absences,
        selections: Selections,
        rechecker: Rechecker,
    ) -> None:
        self._parts = parts
        self._session = parts.session
        self._guard = parts.guard
        self._emit = parts.emit
        self._loader = loader
        self._records = records
        self._absences = absences
        self._selections = selections
        self._rechecker = rechecker
        self._remover = Remover(parts, loader, records)

    # -- as desired -----------------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Makes a torrent be as desired. Where its files are known, they are not told when it is restored."""
        torrent = desired.torrent
        self._absences.end_wait(torrent)
        record = self._records.of(torrent)
        if files_known and record.applied is None:
            self._loader.know_files(torrent)
        if record.state is State.UNDECIDED:
            self._absences.dismiss(torrent)  # it waits for what its rules mean, and they may be others now
            record = self._records.of(torrent)
        if record.state not in READY:
            record.begin().next = desired
            return
        known = self._guard.wanted(torrent)
        if self._guard.waits(desired):
            if known is None or known.selection != desired.selection:
                self._absences.tell(desired, self._parts.translator.missing)
            self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))
            self._records.note(torrent, record)
            return
        self.apply(torrent, self._guard.effective(desired))
        self.confirm(torrent)

    def apply(self, torrent: str, desired: DesiredTorrent) -> None:
        """Takes the steps from what is applied to what is desired."""
        record = self._records.of(torrent)
        before, record.applied = record.applied, desired
        for step in reconcile.steps(before, desired):
            self.perform(torrent, step)

    # -- steps ----------------------------------------------------------------------------------------------------

    def perform(self, torrent: str, step: reconcile.Step) -> None:
        """Carries out one step."""
        match step:
            case reconcile.Load(desired):
                self._records.move(torrent, Input.LOAD)
                self.take_outcome(self._loader.load(desired, to_remove=False))
            case reconcile.Reload():
                self.unload(torrent)
            case reconcile.Inform():
                if torrent in self._session.torrents() and self._session.layout(torrent) is None:
                    self.unload(torrent)
            case reconcile.SetPaused() if self._rechecker.hashing(torrent):
                pass  # it is as desired when that is done
            case reconcile.SetPaused(paused):
                self._session.set_paused(torrent, paused)
                if not paused:
                    self._parts.pacer.prioritize(torrent)
                    self.call_peers(torrent)
            case reconcile.SetSelection(desired):
                self._selections.change(torrent, desired)
            case reconcile.Connect(peers):
                self._session.connect(torrent, peers)
                self.call_peers(torrent)
            case reconcile.Recheck():
                self._rechecker.begin(torrent)
            case reconcile.Apply(_, call, desired):
                call(self._session, desired)
            case _:
                assert_never(step)

    def call_peers(self, torrent: str) -> None:
        """Has known peers called of a torrent that may have something to fetch."""
        if self._parts.translator.incomplete(torrent) and torrent in self._session.torrents():
            self._session.call_peers(torrent)

    def confirm(self, torrent: str) -> None:
        """Unless something is still on its way: libtorrent does what is desired; reads it back, and says so."""
        record = self._records.get(torrent)
        if record is None or record.applied is None or record.unconfirmed:
            return
        desired = record.applied
        before, record.confirmed = record.confirmed, desired
        if before is not None and before != desired:
            self._parts.policy.mark_dirty(torrent, Urgency.PROGRESS, self._parts.clock())
            wanted = (desired.download_bps, desired.upload_bps)
            if wanted != (before.download_bps, before.upload_bps):
                applied = self._session.applied(torrent)
                report_limits(self._emit, torrent, wanted, (applied.download_bps, applied.upload_bps))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))

    def take_outcome(self, outcome: NotLoaded | None) -> None:
        """What the loader has made of a torrent, that was to be there or to be deleted; None while it is on its way."""
        if outcome is None:
            return
        torrent = outcome.desired.torrent
        if self._records.state(torrent) is State.LOADING_TO_REMOVE:
            problem = outcome.verdict.problem if isinstance(outcome, Absent) else str(outcome.error)
            self.gone(TorrentGone(torrent, problem))
            return
        match outcome:
            case Absent():
                self._absences.miss(outcome)
            case Failed(desired, LeadsOut() as error):
                self.refuse(desired, str(error), name=LEADS_OUT)
            case Failed(desired, AlreadyThere() as error):
                self._absences.give_way(desired, error)
            case Failed(desired, OSError() as error):
                self._absences.wait_for_file(desired, error)
            case Failed(desired, error):
                self.refuse(desired, str(error), name="damaged" if isinstance(error, Damaged) else ADD_FAILED)

    def refuse(self, desired: DesiredTorrent, problem: str, *, name: str = ADD_FAILED) -> None:
        """A torrent is in state `error`. What was asked for meanwhile is tried."""
        self._absences.refuse(desired, problem, name=name)
        if (newer := self._records.take_next(desired.torrent)) is not None:
            self.ensure(newer)

    # -- out of the session ---------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def unload(self, torrent: str) -> None:
        """Takes a torrent out of the session, with its files and its resume data left alone; it is loaded anew."""
        self._unload(torrent, Input.UNLOAD)

    @faults_are_the_torrents
    def expel(self, torrent: str, expelled: Expelled) -> None:
        """Takes a torrent out of the session that does not come back before a client asks for it."""
        if torrent in self._session.torrents() and self._records.state(torrent) in UNLOADABLE:
            self._records.of(torrent).begin().expelled = expelled
            self._unload(torrent, Input.EXPEL)

    def _unload(self, torrent: str, happened: Input) -> None:
        if torrent in self._session.torrents() and self._records.state(torrent) in UNLOADABLE:
            self._records.move(torrent, happened)
            self._parts.policy.discard(torrent)
            self._guard.unloaded(torrent)
            self._session.unload(torrent)

    @faults_are_the_torrents
    def forget(self, command: DropTorrent) -> None:
        """Takes a torrent out of the session. One that is not loaded is loaded first where its files must go."""
        torrent = command.torrent
        self._absences.end_wait(torrent)
        self._absences.was_read(torrent)
        pending = self._records.of(torrent).begin()
        pending.next = None
        if pending.removal is None:
            pending.expelled = None
            pending.removal = Removal(command)
            self._begin_removal(torrent, pending.removal)

    def _begin_removal(self, torrent: str, removal: Removal) -> None:
        state = self._records.state(torrent)
        if state is State.UNDECIDED or (state is State.LOADING and self._loader.give_up(torrent)):
            state = self._records.move(torrent, Input.DROP).state
        if torrent in self._session.torrents():
            self._remove(torrent, removal)
            return
        if state in IN_PLACE:  # the session has lost it
            state = self._records.move(torrent, Input.DROP).state
        if state is not State.ABSENT:
            self._records.move(torrent, Input.DEFER_REMOVAL)
        elif removal.command.delete_files:
            self.take_outcome(self._remover.load(torrent, removal))
        else:
            self._records.move(torrent, Input.NOTHING_LOADED)
            self._removed(torrent, None)

    def _remove(self, torrent: str, removal: Removal) -> None:
        if self._remover.asks_first(removal):
            self._records.move(torrent, Input.CONFINE)
            self.confine(torrent, removal.command.desired)
        else:
            self._remover.take_out(torrent, removal)

    def added_to_remove(self, alert: TorrentAdded) -> None:
        """The session took a torrent that is to be removed, or did not."""
        removal = self._records.of(alert.torrent).removal
        assert removal is not None, "by its state"
        if alert.problem is None:
            self._remover.take_out(alert.torrent, removal)
        else:
            self.gone(TorrentGone(alert.torrent, alert.problem))

    def confine(self, torrent: str, desired: DesiredTorrent) -> None:
        """Has the paths of a torrent in the session judged, before they are written to, or deleted."""
        paths = self._session.paths(torrent)
        if paths:
            patient = not self._records.being_removed(torrent)
            self._guard.confine(torrent, desired.save_path, paths, patient=patient)
        else:
            self.confined(torrent, None)

    def confined(self, torrent: str, problem: str | None) -> None:
        """It is known whether a torrent's paths lead out of the download roots."""
        record = self._records.get(torrent)
        if record is None or torrent not in self._session.torrents():
            return
        if record.removal is not None:
            if problem is not None:
                self._remover.spare(torrent, record.removal, problem)
            else:
                self._remover.take_out(torrent, record.removal)
        elif problem is not None:
            self.expel(torrent, Expelled(LEADS_OUT, problem))
        elif record.applied is not None:
            self._selections.discover(torrent, record.applied)

    @faults_are_the_torrents
    def gone(self, alert: TorrentGone) -> None:
        """The session has let go of a torrent; it is loaded anew, stays out, or its resume data follows."""
        torrent, record = alert.torrent, self._records.get(alert.torrent)
        if record is None or record.state not in LEAVING:
            return
        troubled, reloaded = self._parts.translator.troubled(torrent), record.applied
        pending = record.begin()
        expelled, pending.expelled, removal = pending.expelled, None, pending.removal
        if self._records.move(torrent, Input.GONE).state is State.CLEANING_UP:
            self._removed(torrent, alert.problem)
            return
        self._absences.drop(torrent)
        if removal is not None:
            self._begin_removal(torrent, removal)
            return
        newest = self._records.take_next(torrent) or self._guard.wanted(torrent) or reloaded
        assert newest is not None, "it was there"
        if expelled is not None:
            self.refuse(newest, expelled.problem, name=expelled.name)
        else:
            if troubled:  # by what is left behind; what is still there is told again
                self._emit(ErrorCleared(torrent=torrent))
            self.ensure(newest)
        self._let_rivals_try(torrent)

    def _removed(self, torrent: str, problem: str | None) -> None:
        removal = self._records.of(torrent).removal
        assert removal is not None, "by its state"
        self._absences.drop(torrent)
        self._guard.discard(torrent)
        self._let_rivals_try(torrent)
        self._remover.gone(torrent, removal, problem)

    def looked_after(self, torrent: str, left: Sequence[Leftover]) -> None:
        """It is known what is left of the files of a torrent that is gone."""
        record = self._records.get(torrent)
        if record is not None and record.removal is not None:
            self._remover.looked_after(torrent, record.removal, left)

    def resume_deleted(self, torrent: str, problem: str | None) -> None:
        """The last there was of a torrent is gone, or could not be deleted."""
        if (desired := self._remover.deleted(torrent, problem)) is not None:
            self.ensure(desired)

    def _let_rivals_try(self, torrent: str) -> None:
        """A torrent is not in the session any more, or is on its way back, maybe with fewer info-hashes."""
        for rival in self._absences.rivals_of(torrent):
            self.ensure(rival)

    # -- what fails -----------------------------------------------------------------------------------------------

    def faulted(self, torrent: str, problem: str, *, name: str = FAULT) -> None:
        """Something failed about one torrent that nobody expects to: it is taken out, in state `error`; others go on.

        `resume` tries again. One that was to leave anyway is asked to leave again, until it has.
        """
        log("error", "torrent_fault", torrent=torrent, problem=problem)
        record = self._records.get(torrent)
        if record is None:
            return
        if record.state in LEAVING:
            self._records.leave_again(torrent, self._parts.clock() + AGAIN_S, problem)
        elif record.applied is not None:
            if torrent in self._session.torrents():
                self.expel(torrent, Expelled(name, problem))
            else:
                self._loader.give_up(torrent)
                self.refuse(record.applied, problem, name=name)

    @faults_are_the_torrents
    def leave_again(self, torrent: str, problem: str) -> None:
        """Asks a torrent to leave again that could not be taken out."""
        removal = self._records.of(torrent).removal
        if torrent not in self._session.torrents():
            self.gone(TorrentGone(torrent, problem))
        elif removal is None:
            self._session.unload(torrent)
        else:
            self._remove(torrent, removal)

    def await_rules(self, torrent: str) -> None:
        """A torrent that is on its way goes on once it is known which of its files are wanted."""
        record = self._records.get(torrent)
        if record is None or torrent in self._session.torrents():
            return
        if record.state is State.LOADING_TO_REMOVE and record.removal is not None:  # then it does not matter
            self._records.move(torrent, Input.DROP)
            self._begin_removal(torrent, record.removal)
        elif record.state is State.LOADING:
            self._records.move(torrent, Input.AWAIT_RULES)

    def rules_known(self, torrent: str) -> None:
        """It is known which files are wanted of a torrent that has waited for that."""
        desired = self._records.move(torrent, Input.RULES_KNOWN).applied
        assert desired is not None, "it is on its way"
        self.take_outcome(self._loader.load(desired, to_remove=False))
