"""Applies desired state: loads, changes, unloads and removes torrents. The session confirms each step.

If a command arrives while its torrent is being loaded or unloaded, the command waits in the torrent's record.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from engine_proc.process.log import log
from engine_proc.resume.resume_policy import Urgency
from engine_proc.session.alerts import TorrentAdded, TorrentGone
from engine_proc.session.session_port import AlreadyThere
from engine_proc.storage.confinement import LEADS_OUT
from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.storage_policy import Present, Verdict
from engine_proc.torrents.absences import ADD_FAILED, FAULT, Absences
from engine_proc.torrents.loading.loader import Absent, Failed, LeadsOut, Loader, NotLoaded
from engine_proc.torrents.options import Options
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.readback import read_back_limits
from engine_proc.torrents.rechecker import Rechecker
from engine_proc.torrents.removal import Remover
from engine_proc.torrents.selections import Selections
from engine_proc.torrents.state import reconcile
from engine_proc.torrents.state.records import Expelled, Records, Removal
from engine_proc.torrents.state.transitions import IN_PLACE, LEAVING, READY, UNLOADABLE, Input, State
from engine_proc.torrents.torrent_faults import faults_are_the_torrents
from protocol.durable.integrity import Damaged
from protocol.internal.link_commands import DropTorrent
from protocol.internal.link_events import TorrentApplied
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.torrent_events import ErrorCleared

AGAIN_S: Final = 1.0
"""The delay after which a failed removal from the session is retried."""


class Applier:
    """Applies the desired state of one session's torrents.

    Args:
        parts: the session, and the parts that work with it.
        loader: loads torrents into the session.
        records: the records of the dispatcher.
        absences: the torrents that are not loaded.
        selections: applies selections.
        rechecker: performs the rechecks that clients request.
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
        self.options = Options(parts, records)

    # -- desired state --------------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Applies the desired state of a torrent. `files_known`: the torrent's files need not be reported."""
        torrent = desired.torrent
        self._absences.end_wait(torrent)
        record = self._records.of(torrent)
        if files_known and record.applied is None and desired.move is None:  # a move may change the paths
            self._loader.know_files(torrent)
        if record.state is State.UNDECIDED:
            self._absences.dismiss(torrent)  # it waits for the evaluation of its rules, which may have changed
            record = self._records.of(torrent)
        if record.state not in READY:
            record.begin().next = desired
            return
        if record.applied is None and self._absences.moves(desired):
            return
        known = self._guard.wanted(torrent)
        if self._guard.waits(desired):
            if known is None or known.selection != desired.selection:
                self._absences.tell(desired, self._parts.translator.missing)
            self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))
            self._records.note(torrent, record)
            return
        self.apply(torrent, self._absences.mover.effective(self._guard.effective(desired)))
        self._absences.mover.settle(desired)
        self.options.queue.arrange(self._parts.clock())
        self.confirm(torrent)

    def apply(self, torrent: str, desired: DesiredTorrent) -> None:
        """Performs the steps from the applied to the desired state."""
        record = self._records.of(torrent)
        before, record.applied = record.applied, desired
        for step in reconcile.steps(before, desired):
            self.perform(torrent, step)
        self.options.queue.place(desired)

    # -- steps ----------------------------------------------------------------------------------------------------

    def perform(self, torrent: str, step: reconcile.Step) -> None:
        """Performs one step."""
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
                pass  # the operation in progress will apply the desired state
            case reconcile.SetPaused(True):
                self._session.set_paused(torrent, True)
            case reconcile.SetPaused():
                self.options.resume(torrent)
            case reconcile.SetSelection(desired):
                self._selections.change(torrent, desired)
            case reconcile.Connect(peers):
                self._session.connect(torrent, peers)
                self.options.call_peers(torrent)
            case reconcile.Recheck():
                verdict = self._rechecker.request(torrent)
                if verdict is not None:
                    self._proceed(torrent, verdict)
            case reconcile.Apply(_, call, desired):
                call(self._session, desired)
            case _:
                assert_never(step)

    def judged(self, torrent: str, verdict: Verdict) -> None:
        """Handles the check of a loaded torrent's files. If files are missing, unloads the torrent.

        The next load reports the missing files.
        """
        rechecks = self._rechecker.inspecting(torrent)
        self._proceed(torrent, verdict)
        if rechecks:
            self.confirm(torrent)

    def _proceed(self, torrent: str, verdict: Verdict) -> None:
        if not isinstance(verdict, Present) or verdict.short:
            self.unload(torrent)
        elif self._rechecker.inspecting(torrent):
            self._rechecker.begin(torrent)

    def confirm(self, torrent: str) -> None:
        """Confirms the applied state if no operation on the torrent is pending. Reads back changed limits."""
        record = self._records.get(torrent)
        if record is None or record.applied is None or record.unconfirmed:
            return
        desired = record.applied
        before, record.confirmed = record.confirmed, desired
        if before is not None and before != desired:
            self._parts.policy.mark_dirty(torrent, Urgency.PROGRESS, self._parts.clock())
            read_back_limits(self._emit, self._session, before, desired)
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))

    def take_outcome(self, outcome: NotLoaded | None) -> None:
        """Handles the outcome of a loading step. None means that the torrent is still being loaded."""
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
        """Puts a torrent into state `error`. If a desired state arrived during the load, applies that state."""
        self._absences.refuse(desired, problem, name=name)
        if (newer := self._records.take_next(desired.torrent)) is not None:
            self.ensure(newer)

    # -- unloading and removal ------------------------------------------------------------------------------------

    @faults_are_the_torrents
    def unload(self, torrent: str) -> None:
        """Unloads a torrent, and loads it again. Its files and resume data are kept."""
        self._unload(torrent, Input.UNLOAD)

    @faults_are_the_torrents
    def expel(self, torrent: str, expelled: Expelled) -> None:
        """Unloads a torrent because of an error. The torrent is loaded again only at a client's request."""
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
        """Removes a torrent. If its files must be deleted and it is not loaded, loads it first."""
        torrent = command.torrent
        self._absences.end_wait(torrent)
        self._absences.was_read(torrent)
        self._loader.finder.give(torrent, None)
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
        if state in IN_PLACE:  # the session has lost the torrent
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
        """Handles the outcome of adding a torrent that has to be removed."""
        removal = self._records.of(alert.torrent).removal
        assert removal is not None, "by its state"
        if alert.problem is None:
            self._remover.take_out(alert.torrent, removal)
        else:
            self.gone(TorrentGone(alert.torrent, alert.problem))

    def confine(self, torrent: str, desired: DesiredTorrent) -> None:
        """Requests a check of the paths of a loaded torrent, before libtorrent writes or deletes files there."""
        paths = self._session.paths(torrent)
        if paths:
            patient = not self._records.being_removed(torrent)
            self._guard.confine(torrent, desired.save_path, paths, patient=patient)
        else:
            self.confined(torrent, None)

    def discover(self, torrent: str, desired: DesiredTorrent) -> None:
        """Handles the arrival of a link's metadata."""
        if self._loader.finder.lay_out(desired):
            self.unload(torrent)
        else:
            self.confine(torrent, desired)

    def confined(self, torrent: str, problem: str | None) -> None:
        """Handles the check of a torrent's paths. `problem`: a text about a path outside of the download roots."""
        record = self._records.get(torrent)
        if record is None or torrent not in self._session.torrents():
            return
        if record.removal is not None:
            self._remover.confined(torrent, record.removal, problem)
        elif problem is not None:
            self.expel(torrent, Expelled(LEADS_OUT, problem))
        elif record.applied is not None:
            self._selections.discover(torrent, record.applied)

    @faults_are_the_torrents
    def gone(self, alert: TorrentGone) -> None:
        """Handles the end of an unload: loads the torrent again, leaves it unloaded, or continues its removal."""
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
            if troubled:  # the error is about leftovers; those that still exist are reported again
                self._emit(ErrorCleared(torrent=torrent))
            self.ensure(newest)
        self._let_rivals_try(torrent)

    def _removed(self, torrent: str, problem: str | None) -> None:
        removal = self._records.of(torrent).removal
        assert removal is not None, "by its state"
        self._absences.drop(torrent)
        self._guard.discard(torrent)
        self.options.queue.discard(torrent)
        self._let_rivals_try(torrent)
        self._remover.gone(torrent, removal, problem)

    def looked_after(self, torrent: str, left: Sequence[Leftover]) -> None:
        """Handles the result of the check for leftovers of a removed torrent."""
        record = self._records.get(torrent)
        if record is not None and record.removal is not None:
            self._remover.looked_after(torrent, record.removal, left)

    def resume_deleted(self, torrent: str, problem: str | None) -> None:
        """Handles the outcome of the last step of a removal: the deletion of a torrent's resume data."""
        if (desired := self._remover.deleted(torrent, problem)) is not None:
            self.ensure(desired)

    def _let_rivals_try(self, torrent: str) -> None:
        """Retries the rivals of a torrent that was unloaded, or that is loaded again with fewer info-hashes."""
        for rival in self._absences.rivals_of(torrent):
            self.ensure(rival)

    # -- faults ---------------------------------------------------------------------------------------------------

    def faulted(self, torrent: str, problem: str, *, name: str = FAULT) -> None:
        """Handles an unexpected error about one torrent: unloads the torrent, and sets its state to `error`.

        Other torrents are not affected. A client's `resume` retries the torrent. If the torrent was already being
        unloaded, the unload is repeated until it succeeds.
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
        """Schedules another attempt to unload a torrent after a failure."""
        removal = self._records.of(torrent).removal
        if torrent not in self._session.torrents():
            self.gone(TorrentGone(torrent, problem))
        elif removal is None:
            self._session.unload(torrent)
        else:
            self._remove(torrent, removal)

    def await_rules(self, torrent: str) -> None:
        """Suspends the loading of a torrent until its selection is evaluated."""
        record = self._records.get(torrent)
        if record is None or torrent in self._session.torrents():
            return
        if record.state is State.LOADING_TO_REMOVE and record.removal is not None:  # the selection has no effect
            self._records.move(torrent, Input.DROP)
            self._begin_removal(torrent, record.removal)
        elif record.state is State.LOADING:
            self._records.move(torrent, Input.AWAIT_RULES)

    def rules_known(self, torrent: str) -> None:
        """Continues with a torrent whose selection has been evaluated."""
        desired = self._records.move(torrent, Input.RULES_KNOWN).applied
        assert desired is not None, "it is on its way"
        self.take_outcome(self._loader.load(desired, to_remove=False))
