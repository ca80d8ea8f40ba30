"""Carries out engine commands on the session, and says when libtorrent has confirmed them.

The dispatcher keeps what it has applied of each torrent, so that `EnsureTorrent` can be said again at any time and does
only what is missing. Adding a torrent and setting priorities are confirmed by alerts, everything else by reading back.

Longer than most files here: what is on its way for one torrent (adding, hashing, selecting, forgetting) has to be seen
together, or one of them overtakes another.
"""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

import msgspec

from engine_proc import reconcile
from engine_proc.alerts import FileError, PrioritiesSet, TorrentAdded, TorrentGone
from engine_proc.announce_pacer import AnnouncePacer
from engine_proc.log import log
from engine_proc.pieces import Examined, Unverified, Verified
from engine_proc.rehasher import Rehashed, Rehasher
from engine_proc.resume_policy import ResumePolicy, Urgency
from engine_proc.resume_store import FastResumeStore, PutAside, SavedResume
from engine_proc.session_port import InvalidSetting, InvalidSource, Layout, LibtSession, Loading, UnknownTorrent
from engine_proc.storage_guard import Decision, Judged, Moved, Reconsider, StorageGuard
from engine_proc.storage_policy import Missing, Present
from engine_proc.translator import AlertTranslator, Output
from protocol.desired import DesiredTorrent
from protocol.events import LimitsApplied, LimitsStale, Reconciled, SelectionChanged, TorrentError
from protocol.integrity import Damaged
from protocol.link import (
    Configure,
    EngineEvent,
    FilePutAside,
    FilesQueried,
    ForgetTorrent,
    InspectSource,
    QueryFiles,
    SettingsApplied,
    SettingsRefused,
    SourceInspected,
    TorrentApplied,
    TorrentForgotten,
)

MANY: Final = 100


class _Pending:
    """What libtorrent has yet to confirm of one torrent: that it is added, and how many selections."""

    def __init__(self) -> None:
        self.adding = False
        self.selections = 0

    def __bool__(self) -> bool:
        return self.adding or self.selections > 0


class _Found(NamedTuple):
    """What is stored of a torrent that is to be loaded, or why that cannot be trusted."""

    desired: DesiredTorrent
    saved: SavedResume | None = None
    examined: Examined | None = None
    problem: Damaged | InvalidSource | None = None


class _Rehash(NamedTuple):
    """A torrent that is being looked at before it is added."""

    ticket: int
    desired: DesiredTorrent
    unverified: Unverified


class Dispatcher:
    """One session's commands.

    Args:
        session: the session.
        rehasher: proves pieces that resume data does not know of.
        store: where fast-resume data and metainfo are read, and resume data is deleted.
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
        rehasher: Rehasher,
        guard: StorageGuard,
        translator: AlertTranslator,
        policy: ResumePolicy,
        pacer: AnnouncePacer,
        emit: Callable[[EngineEvent | Output], None],
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._store = store
        self._rehasher = rehasher
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
        self._restored: set[str] = set()
        self._unannounced: dict[str, Layout | None] = {}
        self._tracked: dict[str, bool] = {}
        """The torrents that are being added and have trackers, and whether those shall hear of it soon."""
        self._undiscovered: set[str] = set()
        self._forgetting: dict[str, ForgetTorrent] = {}
        self._forgotten_problem: dict[str, str | None] = {}
        self._rehashing: dict[str, _Rehash] = {}
        self._reloading: dict[str, DesiredTorrent] = {}
        self._judging: dict[str, _Found] = {}
        self._short: dict[str, Mapping[int, int]] = {}

    @property
    def adding_many(self) -> bool:
        """Whether thousands are being restored, each of which has several states on the way that are no news."""
        return len(self._pending) > MANY

    # -- commands -------------------------------------------------------------------------------------------------

    def configure(self, command: Configure) -> None:
        """Applies session settings and reads the limits back."""
        try:
            self._session.configure(command.settings, download_bps=command.download_bps, upload_bps=command.upload_bps)
        except InvalidSetting as error:
            self._emit(SettingsRefused(setting=error.setting, message=str(error)))
            return
        self.confirm_settings(command)

    def confirm_settings(self, command: Configure) -> None:
        """Says what libtorrent's session limits are now, and that this revision is in force."""
        wanted = (command.download_bps, command.upload_bps)
        self._tell_limits(None, wanted, self._session.session_limits())
        self._emit(SettingsApplied(revision=command.revision))

    def inspect(self, command: InspectSource) -> None:
        """Judges a source."""
        try:
            info = self._session.inspect(magnet=command.magnet, metainfo=command.metainfo)
        except InvalidSource as error:
            self._emit(SourceInspected(token=command.token, problem=str(error)))
        else:
            self._emit(SourceInspected(token=command.token, torrent=info.torrent, name=info.name))

    def ensure(self, desired: DesiredTorrent) -> None:
        """Makes a torrent be as desired."""
        torrent = desired.torrent
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
        if torrent in self._forgetting:
            return
        self._forgetting[torrent] = command
        if (rehash := self._rehashing.pop(torrent, None)) is not None:
            self._rehasher.give_up(rehash.ticket)
            self._pending.pop(torrent)
        if torrent in self._session.torrents():
            self._session.remove(torrent, delete_files=command.delete_files)
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

    def query_files(self, command: QueryFiles) -> None:
        """Answers with bytes done by file."""
        try:
            done = self._session.file_progress(command.torrent)
        except UnknownTorrent:
            done = None
        self._emit(FilesQueried(token=command.token, bytes_done=done or None))

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
            self._tell_reconciled(torrent, ["the session has lost it"], "added again")
            self.ensure(self._guard.wanted(torrent) or desired)
            return
        differences = reconcile.differences(found, desired)
        if not differences:
            return
        for step in reconcile.steps(found, desired):
            self._perform(torrent, step)
        self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        self._tell_reconciled(torrent, differences, "set as it was asked for")

    def audit_session(self) -> None:
        """Removes torrents that the session has and nobody asked for."""
        count = self._session.strangers()
        if count:
            self._emit(Reconciled(what=f"the session had {count} torrents that nobody asked for", done="removed"))

    def _tell_reconciled(self, torrent: str, differences: list[str], done: str) -> None:
        what = "; ".join(differences)
        log("warning", "reconciled", torrent=torrent, what=what, done=done)
        self._emit(Reconciled(torrent=torrent, what=what, done=done))

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
        self._announce(torrent, self._unannounced.pop(torrent, None), restored=torrent in self._restored)
        if (urgent := self._tracked.pop(torrent, None)) is not None:
            self._pace(desired, urgent=urgent)
        if torrent not in self._restored:
            self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
        self._restored.discard(torrent)
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
            self._announce(torrent, layout, restored=torrent not in self._undiscovered)
            self._undiscovered.discard(torrent)
        self._confirm(torrent)

    def metadata_received(self, torrent: str) -> None:
        """A magnet link's metadata is there: its selection is applied, and then its files are told of."""
        desired = self._applied.get(torrent)
        if desired is None or torrent not in self._session.torrents():
            return
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
            if (forgetting := self._forgetting.pop(torrent, None)) is not None:
                self.forget(forgetting)
            else:
                self.ensure(newest)
            return
        self._guard.forget(torrent)
        self._forgotten_problem[torrent] = alert.problem
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
            desired = self._applied[torrent]
            with contextlib.suppress(OSError):
                verdict = self._guard.look(desired, self._find(desired).examined, loaded=True)
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
                if torrent in self._judging:
                    self._judged(self._judging.pop(torrent), verdict)
                elif isinstance(verdict, Missing) or verdict.short:
                    self.unload(torrent)

    def unload(self, torrent: str) -> None:
        """Takes a torrent out of the session, with its files and its resume data left alone; it is loaded anew."""
        if torrent in self._session.torrents() and torrent not in self._forgetting:
            self._reloading[torrent] = self._applied[torrent]
            self._policy.forget(torrent)
            self._guard.unloaded(torrent)
            self._session.unload(torrent)

    def _judge(self, desired: DesiredTorrent) -> None:
        """Loads a torrent if its storage is there."""
        try:
            found = self._find(desired)
        except OSError as error:
            self._fail(desired, error)
            return
        verdict = self._guard.look(desired, found.examined)
        if verdict is None:
            self._judging[desired.torrent] = found
        else:
            self._judged(found, verdict)

    def _find(self, desired: DesiredTorrent) -> _Found:
        """What is stored of a torrent; what cannot be trusted is dealt with by the loading. Raises OSError."""
        try:
            saved = self._store.load(desired.torrent)
            if saved is None:
                return _Found(desired)
            metainfo = partial(self._metainfo, desired)
            return _Found(desired, saved, self._session.examine(desired, metainfo=metainfo, resume=saved.blob))
        except (Damaged, InvalidSource) as error:
            return _Found(desired, problem=error)

    def _judged(self, found: _Found, verdict: Present | Missing) -> None:
        desired, examined = found.desired, found.examined
        torrent = desired.torrent
        if isinstance(verdict, Present):
            if verdict.short:
                what = f"{len(verdict.short)} files are gone or shorter than they were"
                self._emit(Reconciled(torrent=torrent, what=what, done="what was in them is fetched again"))
            try:
                self._load(found, verdict.short)
            except (Damaged, InvalidSource, OSError) as error:
                self._fail(desired, error)
            return
        self._drop(torrent)
        if torrent in self._forgetting:
            self.gone(TorrentGone(torrent, verdict.problem))
            return
        newest = self._next.pop(torrent, None) or self._guard.wanted(torrent) or desired
        self._guard.miss(newest, examined, verdict)
        for output in self._translator.missing(torrent, examined):
            self._emit(output)
        self._emit(TorrentApplied(torrent=torrent, revision=newest.revision))

    def _announce(self, torrent: str, layout: Layout | None, *, restored: bool) -> None:
        """Tells of a torrent's files where they are known."""
        if layout is not None:
            for output in self._translator.metadata_known(torrent, layout, restored=restored):
                self._emit(output)

    def _pace(self, desired: DesiredTorrent, *, urgent: bool) -> None:
        """Lets a torrent announce itself in its turn. A paused one does not, until it runs again: it need not wait."""
        if desired.paused:
            self._session.release_trackers(desired.torrent)
        else:
            self._pacer.want(desired.torrent, urgent=urgent)

    # -- steps ----------------------------------------------------------------------------------------------------

    def _perform(self, torrent: str, step: reconcile.Step) -> None:
        match step:
            case reconcile.Load(desired):
                self._pending[torrent].adding = True
                self._judge(desired)
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
                if self._session.set_selection(torrent, desired):
                    self._pending[torrent].selections += 1
                else:
                    self._emit(SelectionChanged(torrent=torrent))
            case reconcile.Connect(peers):
                self._session.connect(torrent, peers)

    def _load(self, found: _Found, short: Mapping[int, int]) -> None:
        """Adds a torrent from its resume data; damaged data is put aside, and the files are hashed instead."""
        desired = found.desired
        torrent = desired.torrent
        damaged = False
        try:
            if found.problem is not None:
                raise found.problem
            if found.saved is not None:
                self._load_resumed(desired, found.saved, found.examined, short)
                return
        except (Damaged, InvalidSource) as error:
            self._restored.discard(torrent)
            damaged = True
            self._tell_put_aside(torrent, self._store.put_aside(torrent), error, "the files are hashed")
        metainfo = self._metainfo(desired)
        if metainfo is None and desired.source == "metainfo":
            raise Damaged("neither its .torrent file nor its fast-resume data is there and can be trusted")
        # Resume data that was there knew what of the adder's promise does not hold; this does not make it hold again.
        if desired.seed_mode and (damaged or self._store.was_put_aside(torrent, since_us=desired.added_us)):
            desired = msgspec.structs.replace(desired, seed_mode=False)
        self._taken(torrent, self._session.add(desired, metainfo=metainfo, resume=None))

    def _metainfo(self, desired: DesiredTorrent) -> bytes | None:
        """The torrent's .torrent file; one that cannot be trusted is put aside, for resume data may do without."""
        torrent = desired.torrent
        try:
            metainfo = self._store.load_metainfo(torrent, desired.metainfo_crc32)
            if metainfo is not None and desired.metainfo_crc32 is None:
                found = self._session.inspect(magnet=None, metainfo=metainfo)
                if found.torrent != torrent:
                    raise Damaged(f"it is of another torrent, {found.torrent}")
        except (Damaged, InvalidSource) as error:
            self._tell_put_aside(torrent, self._store.put_metainfo_aside(torrent), error)
            return None
        return metainfo

    def _tell_put_aside(self, torrent: str, aside: PutAside, problem: Exception, *more: str) -> None:
        what = f"{aside.file} is damaged: {problem}"
        self._emit(FilePutAside(torrent=torrent, file=aside.file, what=what, done="; ".join([aside.done, *more])))

    def _load_resumed(
        self, desired: DesiredTorrent, resume: SavedResume, examined: Examined | None, short: Mapping[int, int]
    ) -> None:
        """Adds a torrent from its resume data, or has first looked for what that lacks on disk."""
        torrent, metainfo = desired.torrent, partial(self._metainfo, desired)
        # Of a torrent that is loaded to be deleted it does not matter what is on disk.
        verified = Verified() if torrent in self._forgetting else None
        loading = self._session.resume(
            desired, metainfo=metainfo, resume=resume.blob, verified=verified, short=short, examined=examined
        )
        self._restored.add(torrent)
        if isinstance(loading, Unverified):
            if short:
                self._short[torrent] = short
            self._translator.loading(torrent, complete=False)
            ticket = self._rehasher.submit(torrent, loading, saved_at=resume.saved_at, added_us=desired.added_us)
            self._rehashing[torrent] = _Rehash(ticket, desired, loading)
        else:
            self._taken(torrent, loading)
            self._compare_stored(desired, loading)

    def _compare_stored(self, desired: DesiredTorrent, loading: Loading) -> None:
        """Tells of what resume data said otherwise than desired; it gave way when the torrent was added."""
        if loading.stored is not None and (differences := reconcile.differences(loading.stored, desired)):
            self._tell_reconciled(desired.torrent, differences, "resume data gave way to what was asked for")

    def rehashed(self, outcome: Rehashed) -> None:
        """How far the rehasher is with a torrent; at the end it is added, with what was proven."""
        torrent = outcome.torrent
        rehash = self._rehashing.get(torrent)
        if rehash is None or rehash.ticket != outcome.ticket:
            return
        desired = rehash.desired
        if outcome.verified is None:
            for output in self._translator.checking(torrent, rehash.unverified, outcome.checked_bytes):
                self._emit(output)
            return
        del self._rehashing[torrent]
        if self._guard.moved(torrent):
            self._judge(desired)
            return
        try:
            loading = self._add_verified(desired, outcome.verified)
        except (Damaged, InvalidSource, OSError) as error:
            self._fail(desired, error)
            return
        self._taken(torrent, loading)
        if outcome.checked_bytes or outcome.verified != Verified():
            self._tell_found(torrent, outcome.checked_bytes, outcome.verified)
            self._policy.want(torrent, Urgency.AT_ONCE, self._clock())

    def _tell_found(self, torrent: str, hashed_bytes: int, verified: Verified) -> None:
        blocks = sum(sum(each) for each in verified.blocks.values())
        log(
            "info",
            "pieces_found",
            torrent=torrent,
            pieces=len(verified.pieces),
            blocks_offered=blocks,
            pieces_lost=len(verified.lost),
            hashed_bytes=hashed_bytes,
        )

    def _add_verified(self, desired: DesiredTorrent, verified: Verified) -> Loading:
        metainfo = partial(self._metainfo, desired)
        saved = self._store.load(desired.torrent)
        if saved is None:
            vouched_for_nothing = msgspec.structs.replace(desired, seed_mode=False)
            return self._session.add(vouched_for_nothing, metainfo=metainfo, resume=None)
        short = self._short.pop(desired.torrent, {})
        loading = self._session.resume(desired, metainfo=metainfo, resume=saved.blob, verified=verified, short=short)
        assert isinstance(loading, Loading), "what was looked at is not looked at again"
        self._compare_stored(desired, loading)
        return loading

    def _taken(self, torrent: str, loading: Loading) -> None:
        self._unannounced[torrent] = loading.layout
        if loading.tracked:
            # A seed that is restored can wait; a download, and what clients have just added, wants peers.
            self._tracked[torrent] = not loading.complete
        self._translator.loading(torrent, complete=loading.complete)

    def _load_to_delete(self, desired: DesiredTorrent) -> None:
        self._pending[desired.torrent].adding = True
        self._guard.stop_waiting(desired.torrent)
        self._judge(msgspec.structs.replace(desired, paused=True))

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
            self._policy.want(torrent, Urgency.AT_ONCE, self._clock())
            wanted = (desired.download_bps, desired.upload_bps)
            if wanted != (before.download_bps, before.upload_bps):
                applied = self._session.applied(torrent)
                self._tell_limits(torrent, wanted, (applied.download_bps, applied.upload_bps))
        self._emit(TorrentApplied(torrent=torrent, revision=desired.revision))

    def _tell_limits(self, torrent: str | None, wanted: tuple[int, int], found: tuple[int, int]) -> None:
        download_bps, upload_bps = found
        if found == wanted:
            self._emit(LimitsApplied(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps))
        else:
            message = f"asked for {wanted[0]} down and {wanted[1]} up"
            self._emit(LimitsStale(torrent=torrent, download_bps=download_bps, upload_bps=upload_bps, message=message))

    def _fail(self, desired: DesiredTorrent, error: Exception) -> None:
        """A torrent could not be loaded, to be there or to be deleted."""
        if desired.torrent in self._forgetting:
            self.gone(TorrentGone(desired.torrent, str(error)))
        else:
            self._refuse(desired, str(error), name="damaged" if isinstance(error, Damaged) else "add_failed")

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
        for table in (
            self._applied,
            self._confirmed,
            self._pending,
            self._unannounced,
            self._tracked,
            self._judging,
            self._short,
        ):
            table.pop(torrent, None)
        self._restored.discard(torrent)
        self._undiscovered.discard(torrent)
        self._translator.forget(torrent)
        self._policy.forget(torrent)
        self._pacer.forget(torrent)
