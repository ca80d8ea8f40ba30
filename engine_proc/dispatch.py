"""Carries out what engine commands ask of torrents, and says when libtorrent has confirmed it.

The dispatcher keeps what it has applied of each torrent, so that `EnsureTorrent` can be said again at any time and does
only what is missing. Adding a torrent and setting priorities are confirmed by alerts, everything else by reading back.
How a torrent gets into the session is the loader's; what is asked for meanwhile waits here for the end of that.

Longer than most files here: what is on its way for one torrent (adding, selecting, reloading, forgetting) has to be
seen together, or one of them overtakes another.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

import msgspec

from engine_proc import reconcile
from engine_proc.alerts import FileError, PrioritiesSet, TorrentAdded, TorrentGone
from engine_proc.announce_pacer import AnnouncePacer
from engine_proc.confinement import LEADS_OUT
from engine_proc.loader import Absent, Failed, LeadsOut, Loader, NotLoaded
from engine_proc.log import log
from engine_proc.readback import tell_limits, tell_reconciled
from engine_proc.rehasher import Rehashed
from engine_proc.resume_policy import ResumePolicy, Urgency
from engine_proc.resume_store import FastResumeStore
from engine_proc.session_port import LibtSession, UnknownTorrent
from engine_proc.storage_guard import Confined, Decision, Judged, Moved, Reconsider, StorageGuard
from engine_proc.storage_policy import Present
from engine_proc.translator import AlertTranslator, Output
from protocol.desired import DesiredTorrent
from protocol.events import SelectionChanged, TorrentError
from protocol.integrity import Damaged, cannot_be_read
from protocol.link import EngineEvent, ForgetTorrent, TorrentApplied, TorrentForgotten

MANY: Final = 100
READ_AGAIN: Final = 100
"""Torrents that could not be read and are tried again in one go."""
UNREADABLE: Final = "unreadable"


class _Pending:
    """What libtorrent has yet to confirm of one torrent: that it is added, and how many selections."""

    def __init__(self) -> None:
        self.adding = False
        self.selections = 0

    def __bool__(self) -> bool:
        return self.adding or self.selections > 0


class Dispatcher:
    """One session's torrents.

    Args:
        session: the session.
        store: where resume data is deleted.
        loader: gets torrents into the session.
        guard: decides what waits for its storage.
        translator: is told which torrents come and go.
        policy: is told what has to be saved.
        pacer: is told which torrents have yet to announce themselves to their trackers.
        emit: takes what the supervisor is to hear.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        session: LibtSession,
        store: FastResumeStore,
        loader: Loader,
        guard: StorageGuard,
        translator: AlertTranslator,
        policy: ResumePolicy,
        pacer: AnnouncePacer,
        emit: Callable[[EngineEvent | Output], None],
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._store = store
        self._loader = loader
        self._guard = guard
        self._translator = translator
        self._policy = policy
        self._pacer = pacer
        self._emit = emit
        self._clock = clock
        self._applied: dict[str, DesiredTorrent] = {}
        self._confirmed: dict[str, DesiredTorrent] = {}
        self._pending: defaultdict[str, _Pending] = defaultdict(_Pending)
        self._next: dict[str, DesiredTorrent] = {}
        self._undiscovered: set[str] = set()
        self._forgetting: dict[str, ForgetTorrent] = {}
        self._forgotten_problem: dict[str, str | None] = {}
        self._reloading: dict[str, DesiredTorrent] = {}
        self._unjudged: set[str] = set()
        """Magnet links of whose files it is not known whether they are in bounds; nothing of them is wanted before."""
        self._expelled: dict[str, str] = {}
        """Of those that are being taken out, the ones that do not come back, and why."""
        self._unread: dict[str, str] = {}
        """What keeps torrents from being read, as it was told."""
        self._awaiting: dict[str, DesiredTorrent] = {}
        """Those of them that are tried again."""
        self._spared: dict[str, str] = {}
        """Why the files of a torrent that is leaving are left alone."""

    @property
    def adding_many(self) -> bool:
        """Whether thousands are being restored, each of which has several states on the way that are no news."""
        return len(self._pending) > MANY

    def awaits_judgement(self, torrent: str) -> bool:
        """Whether a magnet link's files are known, but not yet that they are in bounds.

        libtorrent has looked at what is there by then, and may claim pieces that a link has led it to.
        """
        if torrent not in self._unjudged:
            return False
        return torrent not in self._session.torrents() or self._session.layout(torrent) is not None

    # -- commands -------------------------------------------------------------------------------------------------

    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Makes a torrent be as desired. Where its files are known, they are not told when it is restored."""
        torrent = desired.torrent
        self._awaiting.pop(torrent, None)
        if files_known and torrent not in self._applied:
            self._loader.files_known.add(torrent)
        if torrent in self._forgetting or torrent in self._reloading or self._adding(torrent):
            self._next[torrent] = desired
            return
        if self._guard.waits(desired):
            self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))
            return
        desired = self._guard.effective(desired)
        steps = reconcile.steps(self._applied.get(torrent), desired)
        self._applied[torrent] = desired
        for step in steps:
            self._perform(torrent, step)
        if torrent in self._applied:
            self._confirm(torrent)

    def forget(self, command: ForgetTorrent) -> None:
        """Takes a torrent out of the session. One that is not loaded is loaded first where its files must go."""
        torrent = command.torrent
        self._next.pop(torrent, None)
        self._awaiting.pop(torrent, None)
        self._unread.pop(torrent, None)
        if torrent in self._forgetting:
            return
        self._forgetting[torrent] = command
        if self._loader.give_up(torrent):
            self._pending.pop(torrent)
        if torrent in self._session.torrents():
            if command.delete_files:
                self._confine(torrent, command.desired)
            else:
                self._session.remove(torrent, delete_files=False)
        elif torrent in self._reloading or self._adding(torrent):
            return
        elif command.delete_files:
            self._load_to_delete(command.desired)
        else:
            self.gone(TorrentGone(torrent, None))

    def retry(self, torrent: str) -> None:
        """Lets a torrent try again what an error has stopped."""
        desired = self._applied.get(torrent)
        if desired is not None and not desired.paused and torrent in self._session.torrents():
            self._session.set_paused(torrent, False)

    # -- what is really there -------------------------------------------------------------------------------------

    def audit(self, torrent: str) -> None:
        """Compares what the session has of a torrent with what is desired, repairs what differs, and tells of it.

        A torrent of which something is on its way is left for the next time.
        """
        desired = self._applied.get(torrent)
        if desired is None or self._pending.get(torrent) or torrent in self._forgetting or torrent in self._reloading:
            return
        try:
            found = self._session.observed(desired)
        except UnknownTorrent:
            self._drop(torrent)
            tell_reconciled(self._emit, torrent, ["the session has lost it"], "added again")
            self.ensure(self._guard.wanted(torrent) or desired)
            return
        differences = reconcile.differences(found, desired)
        if not differences or (torrent in self._unjudged and found.selection != desired.selection):
            return
        for step in reconcile.steps(found, desired):
            self._perform(torrent, step)
        self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        tell_reconciled(self._emit, torrent, differences, "set as it was asked for")

    # -- what alerts say of commands ------------------------------------------------------------------------------

    def added(self, alert: TorrentAdded) -> None:
        """The session took a torrent, or did not."""
        torrent = alert.torrent
        self._pending.pop(torrent, None)
        forgetting = self._forgetting.get(torrent)
        if forgetting is not None:
            if alert.problem is None:
                self._session.remove(torrent, delete_files=forgetting.delete_files)
            else:
                self.gone(TorrentGone(torrent, alert.problem))
            return
        desired = self._applied.get(torrent)
        if desired is None:
            return
        if alert.problem is not None:
            self._refuse(desired, alert.problem)
            return
        self._unread.pop(torrent, None)
        judged = self._loader.added(desired)
        self._translator.added(torrent, nameless=not judged)
        if not judged:
            self._unjudged.add(torrent)
        self._confirm(torrent)
        if self._guard.moved(torrent):
            self.unload(torrent)
            return
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        if self._guard.effective(newest) != desired:
            self.ensure(newest)

    def priorities_set(self, alert: PrioritiesSet) -> None:
        """libtorrent has taken a torrent's priorities."""
        torrent = alert.torrent
        pending = self._pending.get(torrent)
        if pending is None or pending.selections == 0 or torrent not in self._session.torrents():
            return
        pending.selections -= 1
        if pending.selections:
            return
        layout = self._session.layout(torrent)
        if layout is not None:
            selected = sum(1 for file in layout.files if file.priority)
            self._emit(SelectionChanged(torrent=torrent, selected=selected, files=len(layout.files)))
            for output in self._translator.metadata_known(torrent, layout, restored=torrent not in self._undiscovered):
                self._emit(output)
            self._undiscovered.discard(torrent)
        for order in self._translator.selected(torrent):
            self._emit(order)
        self._confirm(torrent)

    def metadata_received(self, torrent: str) -> None:
        """A magnet link's metadata is there: its files are judged, its selection is applied, and they are told of."""
        desired = self._applied.get(torrent)
        if desired is not None and torrent in self._session.torrents() and torrent not in self._forgetting:
            self._confine(torrent, desired)

    def _confine(self, torrent: str, desired: DesiredTorrent) -> None:
        """Has the paths of a torrent in the session judged, before they are written to, or deleted."""
        paths = self._session.paths(torrent)
        if paths:
            self._guard.confine(torrent, desired.save_path, paths, patient=torrent not in self._forgetting)
        else:
            self._confined(torrent, None)

    def _confined(self, torrent: str, problem: str | None) -> None:
        if torrent not in self._session.torrents():
            return
        if torrent in self._forgetting:
            if problem is not None:
                self._spared[torrent] = problem
            self._session.remove(torrent, delete_files=problem is None)
        elif problem is not None:
            self._expelled[torrent] = problem
            self.unload(torrent)
        else:
            self._select(torrent)

    def _select(self, torrent: str) -> None:
        self._unjudged.discard(torrent)
        desired = self._applied[torrent]
        if self._session.set_selection(torrent, desired):
            self._pending[torrent].selections += 1
            self._undiscovered.add(torrent)
        self._policy.want(torrent, Urgency.AT_ONCE, self._clock())

    def gone(self, alert: TorrentGone) -> None:
        """The session has let go of a torrent; its resume data follows."""
        torrent = alert.torrent
        self._drop(torrent)
        reloading = self._reloading.pop(torrent, None)
        if reloading is not None:
            newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or reloading
            problem = self._expelled.pop(torrent, None)
            if (forgetting := self._forgetting.pop(torrent, None)) is not None:
                self.forget(forgetting)
            elif problem is not None:
                self._refuse(newest, problem, name=LEADS_OUT)
            else:
                self.ensure(newest)
            return
        self._guard.forget(torrent)
        self._forgotten_problem[torrent] = self._spared.pop(torrent, None) or alert.problem
        self._store.delete(torrent)

    def resume_deleted(self, torrent: str, problem: str | None = None) -> None:
        """A torrent's resume data is gone, and with it the last there was; or it could not be deleted."""
        first_problem = self._forgotten_problem.pop(torrent, None)
        if self._forgetting.pop(torrent, None) is not None:
            self._emit(TorrentForgotten(torrent=torrent, problem=first_problem or problem))
        if (desired := self._next.pop(torrent, None)) is not None:
            self.ensure(desired)

    # -- storage that misbehaves ----------------------------------------------------------------------------------

    def file_failed(self, alert: FileError) -> None:
        """A torrent's file could not be read or written: its file system is full, or its files may be gone."""
        torrent = alert.torrent
        if alert.out_of_space:
            for decision in self._guard.write_failed(torrent):
                self.decided(decision)
        elif torrent in self._session.torrents() and torrent in self._applied and self._guard.suspect(torrent):
            verdict = self._loader.look_again(self._applied[torrent])
            if verdict is not None:
                self.decided(Judged(torrent, verdict))

    def decided(self, decision: Decision) -> None:
        """Carries out what the guard has decided."""
        match decision:
            case Moved(torrent):
                self.unload(torrent)
            case Reconsider(desired):
                if desired.torrent not in self._next:  # what waits there is newer
                    self.ensure(desired)
            case Judged(torrent, verdict):
                if self._loader.judging(torrent):
                    self._take_outcome(self._loader.judged(torrent, verdict, to_remove=torrent in self._forgetting))
                elif not isinstance(verdict, Present) or verdict.short:
                    self.unload(torrent)
            case Confined(subject, problem):
                assert isinstance(subject, str), "a source's is the engine's"
                self._confined(subject, problem)

    def rehashed(self, outcome: Rehashed) -> None:
        """How far the rehasher is with a torrent."""
        self._take_outcome(self._loader.rehashed(outcome))

    def unload(self, torrent: str) -> None:
        """Takes a torrent out of the session, with its files and its resume data left alone; it is loaded anew."""
        if torrent in self._session.torrents() and torrent not in self._forgetting:
            self._reloading[torrent] = self._applied[torrent]
            self._policy.forget(torrent)
            self._guard.unloaded(torrent)
            self._session.unload(torrent)

    # -- steps ----------------------------------------------------------------------------------------------------

    def _perform(self, torrent: str, step: reconcile.Step) -> None:
        match step:
            case reconcile.Load(desired):
                self._pending[torrent].adding = True
                self._take_outcome(self._loader.load(desired, to_remove=False))
            case reconcile.Reload():
                self.unload(torrent)
            case reconcile.SetPaused(paused):
                self._session.set_paused(torrent, paused)
                if not paused:
                    self._pacer.hurry(torrent)
            case reconcile.SetSequential(sequential):
                self._session.set_sequential(torrent, sequential)
            case reconcile.SetLimits(download_bps, upload_bps):
                self._session.set_limits(torrent, download_bps, upload_bps)
            case reconcile.SetSelection(desired):
                if torrent not in self._unjudged and self._session.set_selection(torrent, desired):
                    self._pending[torrent].selections += 1
                else:
                    self._emit(SelectionChanged(torrent=torrent))
            case reconcile.Connect(peers):
                self._session.connect(torrent, peers)

    def _load_to_delete(self, desired: DesiredTorrent) -> None:
        self._pending[desired.torrent].adding = True
        self._guard.stop_waiting(desired.torrent)
        self._take_outcome(self._loader.load(msgspec.structs.replace(desired, paused=True), to_remove=True))

    def _adding(self, torrent: str) -> bool:
        return torrent in self._pending and self._pending[torrent].adding

    def _confirm(self, torrent: str) -> None:
        """Unless something is still on its way: libtorrent does what is desired; reads it back, and says so."""
        if self._pending.get(torrent):
            return
        self._pending.pop(torrent, None)
        desired = self._applied[torrent]
        before, self._confirmed[torrent] = self._confirmed.get(torrent), desired
        if before is not None and before != desired:
            self._policy.want(torrent, Urgency.PROGRESS, self._clock())
            wanted = (desired.download_bps, desired.upload_bps)
            if wanted != (before.download_bps, before.upload_bps):
                applied = self._session.applied(torrent)
                tell_limits(self._emit, torrent, wanted, (applied.download_bps, applied.upload_bps))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))

    def _take_outcome(self, outcome: NotLoaded | None) -> None:
        """What the loader has made of a torrent, that was to be there or to be deleted; None while it is on its way."""
        match outcome:
            case Absent():
                self._miss(outcome)
            case Failed(desired, error) if desired.torrent in self._forgetting:
                self.gone(TorrentGone(desired.torrent, str(error)))
            case Failed(desired, LeadsOut() as error):
                self._refuse(desired, str(error), name=LEADS_OUT)
            case Failed(desired, OSError() as error):
                self._wait_for_file(desired, error)
            case Failed(desired, error):
                self._refuse(desired, str(error), name="damaged" if isinstance(error, Damaged) else "add_failed")

    def _wait_for_file(self, desired: DesiredTorrent, error: OSError) -> None:
        """What is stored of a torrent cannot be read, which says nothing about it: it waits, and is tried again."""
        torrent = desired.torrent
        if torrent in self._next:
            desired = self._next.pop(torrent)
        problem = cannot_be_read(error.filename or "the resume directory", error)
        self._drop(torrent)
        self._guard.forget(torrent)
        if self._unread.get(torrent) != problem:
            self._unread[torrent] = problem
            log("error", "torrent_unreadable", torrent=torrent, problem=problem)
            self._emit(TorrentError(torrent=torrent, name=UNREADABLE, message=problem, recoverable=True))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))
        self._awaiting[torrent] = desired

    def read_again(self) -> None:
        """Tries again to load what could not be read; to be called every few seconds."""
        waiting = list(self._awaiting.values())
        for desired in waiting[:READ_AGAIN]:
            self.ensure(desired)

    def _miss(self, absent: Absent) -> None:
        desired, examined, verdict = absent
        torrent = desired.torrent
        self._drop(torrent)
        if torrent in self._forgetting:
            self.gone(TorrentGone(torrent, verdict.problem))
            return
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        self._guard.miss(newest, examined, verdict)
        for output in self._translator.missing(torrent, examined):
            self._emit(output)
        self._emit(TorrentApplied(torrent=torrent, revision=newest.revision))

    def _refuse(self, desired: DesiredTorrent, problem: str, *, name: str = "add_failed") -> None:
        torrent = desired.torrent
        log("error", "torrent_not_loaded", torrent=torrent, problem=problem)
        self._drop(torrent)
        self._guard.forget(torrent)
        self._emit(TorrentError(torrent=torrent, name=name, message=problem, recoverable=False))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))
        if (newer := self._next.pop(torrent, None)) is not None:
            self.ensure(newer)

    def _drop(self, torrent: str) -> None:
        self._applied.pop(torrent, None)
        self._confirmed.pop(torrent, None)
        self._pending.pop(torrent, None)
        self._undiscovered.discard(torrent)
        self._unjudged.discard(torrent)
        self._loader.drop(torrent)
        self._translator.forget(torrent)
        self._policy.forget(torrent)
        self._pacer.forget(torrent)
