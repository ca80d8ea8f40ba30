"""Carries out what engine commands ask of torrents, and says when libtorrent has confirmed it.

The dispatcher keeps what it has applied of each torrent, so that `EnsureTorrent` can be said again at any time and does
only what is missing. Adding a torrent and setting priorities are confirmed by alerts, everything else by reading back.
How a torrent gets into the session is the loader's; what is asked for meanwhile waits here for the end of that.

Longer than most files here: what is on its way for one torrent (adding, selecting, reloading, forgetting) has to be
seen together, or one of them overtakes another.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, TypeVar, cast

import msgspec

from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined
from engine_proc.resume.rehasher import Rehashed
from engine_proc.resume.resume_policy import ResumePolicy, Urgency
from engine_proc.resume.resume_store import FastResumeStore
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
from engine_proc.session.session_port import (
    AlreadyThere,
    Hashes,
    LibtSession,
    NotSelected,
    TorrentFault,
    UnknownTorrent,
)
from engine_proc.session.translator import AlertTranslator, Output
from engine_proc.storage.confinement import LEADS_OUT
from engine_proc.storage.leftovers import Leftover
from engine_proc.storage.storage_guard import (
    Confined,
    Decision,
    Judged,
    Left,
    Moved,
    Probed,
    Reconsider,
    StillMissing,
    StorageGuard,
)
from engine_proc.storage.storage_policy import Present
from engine_proc.torrents import reconcile
from engine_proc.torrents.loader import Absent, Failed, LeadsOut, Loader, NotLoaded
from engine_proc.torrents.readback import tell_limits, tell_reconciled
from engine_proc.trackers.announce_pacer import AnnouncePacer
from protocol.internal.integrity import Damaged, cannot_be_read
from protocol.internal.link import (
    EngineEvent,
    ForgetTorrent,
    HashesProven,
    TorrentApplied,
    TorrentForgotten,
    TorrentRechecked,
)
from protocol.wire.desired import DesiredTorrent, Selection
from protocol.wire.events import ErrorCleared, SelectionChanged, TorrentError

MANY: Final = 100
READ_AGAIN: Final = 100
"""Torrents that could not be read and are tried again in one go."""
UNREADABLE: Final = "unreadable"

OVERWRITTEN: Final = "files_overwritten"
"""The name of the error that clients are told."""
FAULT: Final = "call_failed"
"""The name of the error that clients are told of a torrent with which libtorrent, or its binding, failed."""

LEFT_NAMED: Final = 10
"""Paths that the message names of files that were not deleted."""

LEFT_TOLD: Final = 1000
"""Paths that are told beside the message."""

TOO_SLOW: Final = "rules_too_slow"
"""The same, of a torrent of which it takes too long to find out which files are wanted."""

RETRY_S: Final = 2.0
"""What libtorrent may take to go on with a torrent that an error had stopped."""

AGAIN_S: Final = 1.0
"""When a torrent is asked to leave again, where that failed."""

_CHECKING: Final = frozenset({NativeState.CHECKING_RESUME_DATA, NativeState.CHECKING_FILES})

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def _faults_are_the_torrents(method: MethodT) -> MethodT:
    """Of a method that asks something of the session: what fails about a torrent is that torrent's error, and told."""

    @functools.wraps(method)
    def told(self: "Dispatcher", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except TorrentFault as fault:
            self.faulted(fault.torrent, fault.problem)
        except UnknownTorrent as unknown:
            self.faulted(unknown.torrent, f"{method.__name__}: the session has lost it")
        except NotSelected as waits:
            self._await_selection(waits.torrent)

    return cast(MethodT, told)


class _Forgotten(NamedTuple):
    """How the removal of a torrent went: why its files were left alone, what libtorrent says, and what is left."""

    spared: str | None = None
    said: str | None = None
    left: Sequence[Leftover] = ()

    @property
    def problem(self) -> str | None:
        named = ", ".join(map(str, self.left[:LEFT_NAMED]))
        more = f", and {len(self.left) - LEFT_NAMED} more" if len(self.left) > LEFT_NAMED else ""
        said = f"libtorrent says: {self.said}" if self.said is not None and named else self.said
        return "; ".join(each for each in (self.spared, named + more, said) if each) or None


class _Expelled(NamedTuple):
    """Why a torrent is being taken out that does not come back: the error's name, and in words."""

    name: str
    problem: str


class _Stage(Enum):
    """How far a recheck is: the next engine begins anew, unless what was found is stored."""

    HASHING = "hashing"
    HASHED = "hashed"
    STORING = "storing"


class _Recheck(NamedTuple):
    """A torrent that is hashed again: the revision in which that was asked for, and how far it is."""

    revision: int | None
    stage: _Stage


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
        self._forgotten: dict[str, _Forgotten] = {}
        self._reloading: dict[str, DesiredTorrent] = {}
        self._unjudged: set[str] = set()
        """Magnet links of whose files it is not known whether they are in bounds; nothing of them is wanted before."""
        self._expelled: dict[str, _Expelled] = {}
        """Of those that are being taken out, the ones that do not come back, and why."""
        self._unread: dict[str, str] = {}
        """What keeps torrents from being read, as it was told."""
        self._awaiting: dict[str, DesiredTorrent] = {}
        """Those of them that are tried again."""
        self._spared: dict[str, str] = {}
        """Why the files of a torrent that is leaving are left alone."""
        self._retrying: dict[str, float] = {}
        """Until when it is waited for that libtorrent goes on with those that an error had stopped."""
        self._renamed: set[str] = set()
        """Those that were added to be deleted, with other names for the files that are left."""
        self._deleted: dict[str, list[str]] = {}
        """The paths that are to be gone once a torrent is."""
        self._again: dict[str, tuple[float, str]] = {}
        """When those are asked to leave again that could not be taken out, and what was wrong."""
        self._loading_waits: dict[str, DesiredTorrent] = {}
        """Those that are loaded once it is known which of their files are wanted."""
        self._selection_waits: set[str] = set()
        """Those in the session that are told their selection then; one of their `selections` is for that."""
        self._rivals: dict[str, tuple[DesiredTorrent, str]] = {}
        """Torrents that are not loaded because another record of the same torrent is, and that record's id."""
        self._verifying: dict[str, str] = {}
        """Torrents that are being hashed again, and which other one writes to their files."""
        self._rechecks: dict[str, _Recheck] = {}
        self._overwritten: dict[str, str] = {}
        """Those that were found to have lost something, until their resume data says so."""

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
        try:
            return torrent not in self._session.torrents() or self._session.layout(torrent) is not None
        except (TorrentFault, UnknownTorrent):
            return True  # what cannot be told has not been judged

    # -- commands -------------------------------------------------------------------------------------------------

    @_faults_are_the_torrents
    def ensure(self, desired: DesiredTorrent, *, files_known: bool = False) -> None:
        """Makes a torrent be as desired. Where its files are known, they are not told when it is restored."""
        torrent = desired.torrent
        self._rivals.pop(torrent, None)
        self._awaiting.pop(torrent, None)
        if files_known and torrent not in self._applied:
            self._loader.files_known.add(torrent)
        if self._loading_waits.pop(torrent, None) is not None:
            self._drop(torrent)  # it waits for what its rules mean, and they may be others now
        if torrent in self._forgetting or torrent in self._reloading or self._adding(torrent):
            self._next[torrent] = desired
            return
        known = self._guard.wanted(torrent)
        if self._guard.waits(desired):
            if known is None or known.selection != desired.selection:
                self._tell_unloaded(desired, self._translator.missing)
            self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))
            return
        desired = self._guard.effective(desired)
        steps = reconcile.steps(self._applied.get(torrent), desired)
        self._applied[torrent] = desired
        for step in steps:
            self._perform(torrent, step)
        if torrent in self._applied:
            self._confirm(torrent)

    @_faults_are_the_torrents
    def forget(self, command: ForgetTorrent) -> None:
        """Takes a torrent out of the session. One that is not loaded is loaded first where its files must go."""
        torrent = command.torrent
        self._next.pop(torrent, None)
        self._rivals.pop(torrent, None)
        self._awaiting.pop(torrent, None)
        self._unread.pop(torrent, None)
        if torrent in self._forgetting:
            return
        self._forgetting[torrent] = command
        if self._loader.give_up(torrent) or self._loading_waits.pop(torrent, None) is not None:
            self._pending.pop(torrent)
        if torrent in self._session.torrents():
            if command.delete_files and not self._must_rename(command):
                self._confine(torrent, command.desired)
            else:
                self._take_out(command)
        elif torrent in self._reloading or self._adding(torrent):
            return
        elif command.delete_files:
            self._load_to_delete(command.desired)
        else:
            self.gone(TorrentGone(torrent, None))

    @_faults_are_the_torrents
    def retry(self, desired: DesiredTorrent) -> None:
        """Makes a torrent be as desired, and has what has stopped it judged afresh; confirmed once that is known."""
        torrent = desired.torrent
        if torrent not in self._forgetting and self._guard.waits(desired):
            decision = self._guard.look_anew(torrent)
            if decision is not None:
                self.decided(decision)
        elif (
            torrent in self._applied
            and torrent in self._session.torrents()
            and torrent not in self._forgetting
            and torrent not in self._reloading
            and self._translator.stopped(torrent)
        ):
            self._guard.effective(desired)  # which remembers it
            self._guard.probe(torrent, desired.save_path, self._session.paths(torrent)[1:])
        else:
            self._guard.measure_anew(torrent)
            self.ensure(desired)

    def _probed(self, torrent: str, problem: str | None) -> None:
        """It is known whether the files of a torrent that has stopped can be used: if so, it is let run."""
        if torrent in self._reloading or torrent in self._forgetting or torrent not in self._session.torrents():
            return
        if problem is not None:
            self._emit(TorrentError(torrent=torrent, name="storage", message=problem, recoverable=False))
            self._still_stopped(torrent, problem)
            return
        self._retrying[torrent] = self._clock() + RETRY_S
        self._session.set_paused(torrent, False)
        self._call_peers(torrent)
        verdict = self._loader.look_again(self._applied[torrent])
        if verdict is not None:
            self.decided(Judged(torrent, verdict))

    def _still_stopped(self, torrent: str, problem: str) -> None:
        """All else is done that is desired of a torrent, and it is not: it stands still as before."""
        desired = self._guard.effective(self._guard.wanted(torrent) or self._applied[torrent])
        before, self._applied[torrent] = self._applied[torrent], desired
        for step in reconcile.steps(before, desired):
            self._perform(torrent, step)
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))

    @_faults_are_the_torrents
    def error_cleared(self, torrent: str) -> None:
        """libtorrent goes on with a torrent: if that was waited for, it is confirmed."""
        if self._retrying.pop(torrent, None) is not None and torrent in self._applied:
            self.ensure(self._guard.wanted(torrent) or self._applied[torrent])

    @_faults_are_the_torrents
    def verify(self, torrent: str, writer: str) -> None:
        """Has a torrent hashed again to whose files another one writes."""
        desired = self._applied.get(torrent)
        if desired is None or torrent not in self._session.torrents() or torrent in self._verifying:
            return
        if not self._pending.get(torrent) and not desired.paused:
            self._verifying[torrent] = writer
            if not self._hashing(torrent):
                self._session.verify(torrent)

    def _hashing(self, torrent: str) -> bool:
        recheck = self._rechecks.get(torrent)
        return recheck is not None and recheck.stage is _Stage.HASHING

    def _recheck(self, torrent: str) -> None:
        """Has libtorrent hash a torrent's files, also of one that is paused: it is let run, and stops when it is done.

        Where libtorrent is at it already, it begins anew after that.
        """
        if not self._hashing(torrent):
            self._rechecks[torrent] = _Recheck(self._applied[torrent].recheck, _Stage.HASHING)
            self._session.verify(torrent)
            self._session.set_paused(torrent, False)
            self._session.applied(torrent)  # once that is answered, libtorrent has begun
            for output in self._translator.rechecking(torrent):
                self._emit(output)

    def _hashed(self, torrent: str, recheck: _Recheck, desired: DesiredTorrent, *, resumes: bool) -> None:
        if desired.recheck not in (None, recheck.revision):
            del self._rechecks[torrent]
            self._recheck(torrent)
            return
        self._rechecks[torrent] = recheck._replace(stage=_Stage.HASHED)
        self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        if resumes and not desired.paused:
            self._session.set_paused(torrent, False)

    def resume_stored(self, torrent: str) -> None:
        """Resume data that was made is on disk."""
        recheck = self._rechecks.get(torrent)
        if recheck is not None and recheck.stage is _Stage.STORING:
            del self._rechecks[torrent]
            if recheck.revision is not None:
                self._emit(TorrentRechecked(torrent=torrent, revision=recheck.revision))

    @_faults_are_the_torrents
    def state_changed(self, torrent: str, state: NativeState) -> None:
        """A torrent that was hashed again goes on, or has lost something: then it is not to write over the other's."""
        if state in _CHECKING:
            return
        desired, recheck = self._applied.get(torrent), self._rechecks.get(torrent)
        writer = self._verifying.pop(torrent, None)
        if desired is None or torrent not in self._session.torrents() or torrent in self._forgetting:
            return
        if recheck is not None and recheck.stage is _Stage.HASHING:
            self._hashed(torrent, recheck, desired, resumes=writer is None)
        if writer is None:
            return
        if state is NativeState.DOWNLOADING:
            self._overwritten[torrent] = writer
            self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        elif not desired.paused:
            self._session.set_paused(torrent, False)

    @_faults_are_the_torrents
    def resume_data_made(self, torrent: str) -> None:
        """What is stored of a torrent is true again: one that has lost files to another is taken out."""
        if (recheck := self._rechecks.get(torrent)) is not None and recheck.stage is _Stage.HASHED:
            self._rechecks[torrent] = recheck._replace(stage=_Stage.STORING)
        writer = self._overwritten.pop(torrent, None)
        if writer is not None and torrent in self._session.torrents() and torrent not in self._forgetting:
            problem = (
                f"torrent {writer} has written over files that this one has, too; resume has what is gone fetched "
                "again, and written over the other's"
            )
            self._expel(torrent, _Expelled(OVERWRITTEN, problem))

    # -- what is really there -------------------------------------------------------------------------------------

    @_faults_are_the_torrents
    def audit(self, torrent: str) -> None:
        """Compares what the session has of a torrent with what is desired, repairs what differs, and tells of it.

        A torrent of which something is on its way is left for the next time.
        """
        desired = self._applied.get(torrent)
        if desired is None or self._pending.get(torrent) or torrent in self._forgetting or torrent in self._reloading:
            return
        if torrent in self._verifying or torrent in self._overwritten or self._hashing(torrent):
            return  # it is paused, or is about to be
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

    @_faults_are_the_torrents
    def added(self, alert: TorrentAdded) -> None:
        """The session took a torrent, or did not."""
        torrent = alert.torrent
        self._pending.pop(torrent, None)
        forgetting = self._forgetting.get(torrent)
        if forgetting is not None:
            if alert.problem is None:
                self._take_out(forgetting)
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
        elif desired.recheck is not None:
            self._recheck(torrent)
        self._confirm(torrent)
        if self._guard.moved(torrent):
            self.unload(torrent)
            return
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        if self._guard.effective(newest) != desired:
            self.ensure(newest)

    @_faults_are_the_torrents
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
        if torrent in self._undiscovered:
            self._undiscovered.discard(torrent)
        else:
            self._session.call_peers(torrent)  # more may be wanted of one that was complete
        for order in self._translator.selected(torrent):
            self._emit(order)
        self._confirm(torrent)

    @_faults_are_the_torrents
    def metadata_received(self, torrent: str) -> None:
        """A magnet link's metadata is there: its files are judged, its selection is applied, and they are told of."""
        desired = self._applied.get(torrent)
        if desired is not None and torrent in self._session.torrents() and torrent not in self._forgetting:
            hashes = self._session.hashes(torrent)
            self._loader.tell_hashes(desired, hashes)
            for rival in [rival for rival, other in self._rivals.values() if other == torrent]:
                self._tell_same(rival, desired, hashes)
            self._confine(torrent, desired)

    def conflict(self, alert: Conflict) -> None:
        """Two links are of one torrent: the supervisor makes one of them, which is then loaded anew."""
        torrent, other = alert.torrent, alert.other
        if other is None:
            self.unload(torrent)
            return
        self._emit(HashesProven(torrent=torrent, info_hash_v1=alert.v1, info_hash_v2=alert.v2, other=other))

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
                self._remove(torrent, self._forgetting[torrent].desired, delete_files=False)
            else:
                self._take_out(self._forgetting[torrent])
        elif problem is not None:
            self._expel(torrent, _Expelled(LEADS_OUT, problem))
        else:
            self._select(torrent)

    def _remove(self, torrent: str, desired: DesiredTorrent, *, delete_files: bool) -> None:
        """Takes a torrent that is to be forgotten out of the session, and notes which files are to be gone then."""
        if delete_files:
            self._deleted[torrent] = self._session.paths(torrent)
        elif desired.selection != Selection():
            self._deleted[torrent] = self._session.paths(torrent)[:1]  # the part file, which goes in any case
        self._session.remove(torrent, delete_files=delete_files)

    def _select(self, torrent: str) -> None:
        self._unjudged.discard(torrent)
        desired = self._applied[torrent]
        self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        self._undiscovered.add(torrent)
        if not self._set_selection(torrent, desired):
            self._undiscovered.discard(torrent)

    def _set_selection(self, torrent: str, desired: DesiredTorrent) -> bool:
        """Has the selection's priorities applied; False while there is no metadata."""
        try:
            if not self._session.set_selection(torrent, desired):
                return False
        except NotSelected:
            if torrent not in self._selection_waits:
                self._selection_waits.add(torrent)
                self._pending[torrent].selections += 1
            return True
        self._pending[torrent].selections += 1
        return True

    def _await_selection(self, torrent: str) -> None:
        """A torrent that is on its way, or was looked at, goes on once it is known which of its files are wanted."""
        desired = self._applied.get(torrent)
        if (forgetting := self._forgetting.pop(torrent, None)) is not None:
            self._pending.pop(torrent, None)
            self.forget(forgetting)
        elif desired is not None and self._adding(torrent) and torrent not in self._session.torrents():
            self._loading_waits[torrent] = desired

    @_faults_are_the_torrents
    def selected(self, alert: Selected) -> None:
        """It is known which of a torrent's files are wanted, or why that will not be known."""
        torrent = alert.torrent
        loads = self._loading_waits.pop(torrent, None)
        waits = torrent in self._selection_waits
        if waits:
            self._selection_waits.discard(torrent)
            if torrent in self._pending:
                self._pending[torrent].selections -= 1
        if loads is None and not waits:
            return
        if alert.problem is not None:
            self.faulted(torrent, f"{alert.problem}; it needs others (`update_selection`)", name=TOO_SLOW)
        elif loads is not None:
            self._take_outcome(self._loader.load(loads, to_remove=False))
        elif torrent in self._session.torrents() and torrent not in self._unjudged:
            self._set_selection(torrent, self._applied[torrent])

    def _expel(self, torrent: str, expelled: _Expelled) -> None:
        self._expelled[torrent] = expelled
        self.unload(torrent)

    def faulted(self, torrent: str, problem: str, *, name: str = FAULT) -> None:
        """Something failed about one torrent that nobody expects to: it is taken out, in state `error`; others go on.

        `resume` tries again. One that was to leave anyway is asked to leave again, until it has.
        """
        log("error", "torrent_fault", torrent=torrent, problem=problem)
        if torrent in self._forgetting or torrent in self._reloading:
            self._again[torrent] = (self._clock() + AGAIN_S, problem)
        elif torrent in self._applied:
            if torrent in self._session.torrents():
                self._expel(torrent, _Expelled(name, problem))
            else:
                self._loader.give_up(torrent)
                self._refuse(self._applied[torrent], problem, name=name)

    @_faults_are_the_torrents
    def alert_faulted(self, alert: Faulted) -> None:
        """An alert about a torrent could not be read. Of one that is to leave, only the last of it is missed."""
        leaving = alert.torrent in self._forgetting or alert.torrent in self._reloading
        if not leaving or alert.torrent not in self._session.torrents():
            self.faulted(alert.torrent, alert.problem)

    @_faults_are_the_torrents
    def _gave_up(self, torrent: str) -> None:
        """A torrent that was let run has stopped again, or was not seen running."""
        if torrent in self._applied and torrent in self._session.torrents():
            self._still_stopped(torrent, self._translator.trouble(torrent) or "libtorrent has not gone on with it")

    def tick(self, now: float) -> None:
        """Asks those to leave again that could not be taken out, and waits no longer for others than it should."""
        for torrent in [torrent for torrent, until in self._retrying.items() if until <= now]:
            del self._retrying[torrent]
            self._gave_up(torrent)
        for torrent in [torrent for torrent, (at, _) in self._again.items() if at <= now]:
            self._leave(torrent, self._again.pop(torrent)[1])

    @_faults_are_the_torrents
    def _leave(self, torrent: str, problem: str) -> None:
        forgetting = self._forgetting.get(torrent)
        if torrent not in self._session.torrents():
            self.gone(TorrentGone(torrent, problem))
        elif forgetting is None:
            self._session.unload(torrent)
        elif forgetting.delete_files and not self._must_rename(forgetting):
            self._confine(torrent, forgetting.desired)
        else:
            self._take_out(forgetting)

    @_faults_are_the_torrents
    def gone(self, alert: TorrentGone) -> None:
        """The session has let go of a torrent; its resume data follows."""
        torrent = alert.torrent
        if torrent not in self._forgetting and torrent not in self._reloading:
            return
        troubled = self._translator.troubled(torrent)
        self._drop(torrent)
        reloading = self._reloading.pop(torrent, None)
        if reloading is not None:
            newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or reloading
            expelled = self._expelled.pop(torrent, None)
            if (forgetting := self._forgetting.pop(torrent, None)) is not None:
                self.forget(forgetting)
            elif expelled is not None:
                self._refuse(newest, expelled.problem, name=expelled.name)
                self._let_rivals_try(torrent)
            else:
                if troubled:  # by what is left behind; what is still there is told again
                    self._emit(ErrorCleared(torrent=torrent))
                self.ensure(newest)
                self._let_rivals_try(torrent)
            return
        self._guard.forget(torrent)
        self._let_rivals_try(torrent)
        spared = [self._spared.pop(torrent, None), self._left_alone(torrent)]
        self._forgotten[torrent] = _Forgotten("; ".join(filter(None, spared)) or None, alert.problem)
        paths = self._deleted.pop(torrent, None)
        if paths:
            self._guard.look_after(torrent, self._forgetting[torrent].desired.save_path, paths)
        else:
            self._store.delete(torrent)

    def _seen_after(self, torrent: str, left: Sequence[Leftover]) -> None:
        """It is known what is left of a torrent's files; what libtorrent said of them is of no more interest then."""
        forgotten = self._forgotten[torrent]
        self._forgotten[torrent] = forgotten._replace(left=left, said=forgotten.said if left else None)
        self._store.delete(torrent)

    def _left_alone(self, torrent: str) -> str | None:
        """What is told of files that were left because other torrents use them."""
        command = self._forgetting.get(torrent)
        if command is None or not (command.delete_files and command.desired.spared):
            return None
        return f"other torrents use {len(command.desired.spared)} of them, which are left"

    def resume_deleted(self, torrent: str, problem: str | None = None) -> None:
        """A torrent's resume data is gone, and with it the last there was; or it could not be deleted."""
        forgotten = self._forgotten.pop(torrent, _Forgotten())
        if self._forgetting.pop(torrent, None) is not None:
            left = [leftover.path for leftover in forgotten.left[:LEFT_TOLD]]
            if problem is not None:
                left.append(self._store.path(torrent))
            problems = [each for each in (forgotten.problem, problem) if each is not None]
            self._emit(TorrentForgotten(torrent=torrent, problem="; ".join(problems) or None, left=left))
        if (desired := self._next.pop(torrent, None)) is not None:
            self.ensure(desired)

    # -- storage that misbehaves ----------------------------------------------------------------------------------

    @_faults_are_the_torrents
    def file_failed(self, alert: FileError) -> None:
        """A torrent's file could not be read or written: its file system is full, or its files may be gone."""
        torrent = alert.torrent
        if alert.out_of_space:
            for decision in self._guard.write_failed(torrent):
                self.decided(decision)
        else:
            self._look_at_files(torrent)

    @_faults_are_the_torrents
    def look_at_files(self, torrent: str) -> None:
        """A complete torrent's files may be gone, or shorter than they were."""
        self._look_at_files(torrent)

    def _look_at_files(self, torrent: str) -> None:
        if torrent in self._session.torrents() and torrent in self._applied and self._guard.suspect(torrent):
            verdict = self._loader.look_again(self._applied[torrent])
            if verdict is not None:
                self.decided(Judged(torrent, verdict))

    @_faults_are_the_torrents
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
            case Probed(torrent, problem):
                self._probed(torrent, problem)
            case StillMissing(desired, problem):
                self._emit(TorrentApplied(torrent=desired.torrent, revision=desired.revision, problem=problem))
            case Left(torrent, left):
                self._seen_after(torrent, left)
            case Confined(subject, problem):
                assert isinstance(subject, str), "a source's is the engine's"
                self._confined(subject, problem)

    @_faults_are_the_torrents
    def rehashed(self, outcome: Rehashed) -> None:
        """How far the rehasher is with a torrent."""
        self._take_outcome(self._loader.rehashed(outcome))

    @_faults_are_the_torrents
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
            case reconcile.Inform():
                if torrent in self._session.torrents() and self._session.layout(torrent) is None:
                    self.unload(torrent)
            case reconcile.SetPaused() if self._hashing(torrent):
                pass  # it is as desired when that is done
            case reconcile.SetPaused(paused):
                self._session.set_paused(torrent, paused)
                if not paused:
                    self._pacer.hurry(torrent)
                    self._call_peers(torrent)
            case reconcile.SetSelection(desired):
                if torrent in self._unjudged or not self._set_selection(torrent, desired):
                    self._emit(SelectionChanged(torrent=torrent))
            case reconcile.Connect(peers):
                self._session.connect(torrent, peers)
                self._call_peers(torrent)
            case reconcile.Recheck():
                self._recheck(torrent)
            case reconcile.Apply(_, call, desired):
                call(self._session, desired)

    @_faults_are_the_torrents
    def connect(self, torrent: str, peers: list[str]) -> None:
        """Connects a torrent to peers that it may know already; of one that is not loaded they are remembered."""
        if torrent in self._session.torrents():
            self._session.connect(torrent, peers)
            self._call_peers(torrent)

    def _call_peers(self, torrent: str) -> None:
        """Has known peers called of a torrent that may have something to fetch."""
        if self._translator.incomplete(torrent) and torrent in self._session.torrents():
            self._session.call_peers(torrent)

    def _take_out(self, command: ForgetTorrent) -> None:
        """Removes a torrent. What is left of one that is part of another record now is that one's, every file.

        One of which files are to be left is loaded anew before its files are deleted.
        """
        torrent, desired = command.torrent, command.desired
        if desired.removal == "merged":
            self._session.unload(torrent)
        elif self._must_rename(command):
            self._reloading[torrent] = self._applied.get(torrent, desired)
            self._session.unload(torrent)
        else:
            self._remove(torrent, desired, delete_files=command.delete_files)

    def _must_rename(self, command: ForgetTorrent) -> bool:
        """Whether the files that are left need other names yet, which only a torrent that is being added can be given.

        libtorrent deletes all files of a torrent, by their names.
        """
        return command.delete_files and bool(command.desired.spared) and command.torrent not in self._renamed

    def _load_to_delete(self, desired: DesiredTorrent) -> None:
        self._renamed.add(desired.torrent)
        self._pending[desired.torrent].adding = True
        self._guard.stop_waiting(desired.torrent)
        whole = msgspec.structs.replace(desired, paused=True, selection=Selection())
        self._take_outcome(self._loader.load(whole, to_remove=True))

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
            case Failed(desired, AlreadyThere() as error):
                self._give_way(desired, error)
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
            log("debug", "torrent_unreadable", torrent=torrent, problem=problem)
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
        files_known = torrent in self._loader.files_known
        self._drop(torrent)
        if torrent in self._forgetting:
            self.gone(TorrentGone(torrent, verdict.problem))
            return
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        self._guard.miss(newest, examined, verdict)
        if files_known and newest.selection == desired.selection:
            for output in self._translator.missing(torrent, examined):
                self._emit(output)
        else:
            self._tell_unloaded(newest, self._translator.missing, examined)
        self._emit(TorrentApplied(torrent=torrent, revision=newest.revision))

    def _tell_unloaded(
        self,
        desired: DesiredTorrent,
        outputs: Callable[[str, Examined | None], list[Output]],
        examined: Examined | None = None,
    ) -> None:
        """Tells of the files of a torrent that is not loaded, as far as they are known, and how much of them is there.

        Args:
            outputs: the translator's for that.
            examined: what is told where they are not known.
        """
        described = self._loader.describe(desired)
        if described is not None:
            layout, examined = described
            for output in self._translator.metadata_known(desired.torrent, layout, restored=True):
                self._emit(output)
        for output in outputs(desired.torrent, examined):
            self._emit(output)

    def _give_way(self, desired: DesiredTorrent, error: AlreadyThere) -> None:
        """Another record of the same torrent is loaded. Once that one is gone, this one is."""
        torrent, other = desired.torrent, error.other
        loaded = self._applied.get(other)
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        self._refuse(newest, str(error))
        self._rivals[torrent] = (newest, other)
        if error.proven and loaded is not None:
            self._tell_same(desired, loaded, error.hashes)

    def _tell_same(self, desired: DesiredTorrent, loaded: DesiredTorrent, hashes: Hashes) -> None:
        """Tells that two records are of one torrent, and how much of it each has, as far as is stored."""
        self._emit(
            HashesProven(
                torrent=desired.torrent,
                info_hash_v1=hashes.v1,
                info_hash_v2=hashes.v2,
                bytes_done=self._loader.claimed_bytes(desired),
                other=loaded.torrent,
                other_bytes_done=self._loader.claimed_bytes(loaded),
            )
        )

    def _let_rivals_try(self, torrent: str) -> None:
        """A torrent is not in the session any more, or is on its way back, maybe with fewer info-hashes."""
        for rival in [rival for rival, other in self._rivals.values() if other == torrent]:
            self.ensure(rival)

    def _refuse(self, desired: DesiredTorrent, problem: str, *, name: str = "add_failed") -> None:
        torrent = desired.torrent
        if name == FAULT:
            problem = f"the engine has failed at it and took it out; `resume` tries again ({problem})"
        log("debug", "torrent_not_loaded", torrent=torrent, problem=problem)
        self._drop(torrent)
        self._guard.forget(torrent)
        self._tell_unloaded(desired, self._translator.refused)
        self._emit(TorrentError(torrent=torrent, name=name, message=problem, recoverable=False))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision, problem=problem))
        if (newer := self._next.pop(torrent, None)) is not None:
            self.ensure(newer)

    def _drop(self, torrent: str) -> None:
        self._renamed.discard(torrent)
        self._again.pop(torrent, None)
        self._retrying.pop(torrent, None)
        self._loading_waits.pop(torrent, None)
        self._selection_waits.discard(torrent)
        self._applied.pop(torrent, None)
        self._confirmed.pop(torrent, None)
        self._pending.pop(torrent, None)
        self._undiscovered.discard(torrent)
        self._unjudged.discard(torrent)
        self._verifying.pop(torrent, None)
        self._rechecks.pop(torrent, None)
        self._overwritten.pop(torrent, None)
        self._loader.drop(torrent)
        self._translator.forget(torrent)
        self._policy.forget(torrent)
        self._pacer.forget(torrent)
