"""The loader: loads torrents from stored data into the session, in five steps.

1. *Find*: read the fast-resume data with its claims, and metainfo if it is needed. Damaged data is reported and put
   aside. The loader continues without this data.
2. *Judge*: the storage guard checks on disk whether the torrent's files exist.
3. *Rehash*: if resume data may lack pieces, the rehasher looks for these pieces on disk.
4. *Add*: add the torrent to the session, with the verified pieces. Then libtorrent confirms the addition.
5. *Finish*: report the files, schedule announces, and save new resume data.

The loader only has the current step of each torrent. All other state is in the dispatcher's records. The dispatcher can
cancel the load of a torrent at any step.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from engine_proc.events.metadata_events import metadata_events
from engine_proc.process.log import log
from engine_proc.resume.pieces import Examined, Unverified, Verified
from engine_proc.resume.rehasher import Rehashed, Rehasher
from engine_proc.resume.resume_policy import Urgency
from engine_proc.resume.resume_store import PutAside, SavedResume
from engine_proc.session.session_port import (
    AlreadyThere,
    Hashes,
    InvalidSource,
    Layout,
    Loading,
    NotSelected,
    TorrentFault,
)
from engine_proc.storage.storage_policy import Missing, Outside, Present, Verdict
from engine_proc.torrents.loading.finder import Finder, Found
from engine_proc.torrents.loading.judged_sources import JudgedSources
from engine_proc.torrents.parts import Parts
from engine_proc.torrents.readback import report_reconciled
from engine_proc.torrents.state import reconcile
from protocol.durable.integrity import Damaged
from protocol.internal.link_events import HashesProven
from protocol.internal.resume_events import FilePutAside
from protocol.wire.desired import DesiredTorrent
from protocol.wire.events.session_events import Reconciled


class Absent(NamedTuple):
    """A torrent is not loaded because its storage is missing. `examined`: the claims of its resume data."""

    desired: DesiredTorrent
    examined: Examined | None
    verdict: Missing


class LeadsOut(Exception):
    """A path of the torrent leads out of the download roots. The message has the path and its target."""


class Failed(NamedTuple):
    """A torrent could not be loaded: its stored data is damaged, cannot be read, or is refused."""

    desired: DesiredTorrent
    error: Exception


NotLoaded = Absent | Failed


class _Rehash(NamedTuple):
    """A torrent that the rehasher is verifying before it is added."""

    ticket: int
    desired: DesiredTorrent
    unverified: Unverified


class _Way:
    """The progress of loading one torrent.

    Fields:
        files_known: whether the supervisor already knows the torrent's files.
        judging: the finder's result (step 1). Set while the storage guard checks the files (step 2).
        rehash: set while the rehasher verifies pieces (step 3).
        short: by file index, the sizes of files that are shorter than claimed. The sizes are needed to add the torrent
            (step 4).
        restored: whether the torrent is loaded from resume data. If so, clients know its files already.
        loading: the session's result of adding the torrent (step 4). It is needed once libtorrent has confirmed the
            addition (step 5).
    """

    __slots__ = ("files_known", "judging", "loading", "rehash", "restored", "short")

    def __init__(self) -> None:
        self.files_known = False
        self.judging: Found | None = None
        self.rehash: _Rehash | None = None
        self.short: Mapping[int, int] = {}
        self.restored = False
        self.loading: Loading | None = None


class Loader:
    """Loads torrents into one session. Each step returns its outcome, or None while loading continues.

    Args:
        parts: the session, and the parts that work with it.
        judged: parsed sources that were validated for an add.
        rehasher: verifies pieces on disk that resume data lacks.
    """

    def __init__(self, parts: Parts, judged: JudgedSources, rehasher: Rehasher) -> None:
        self._session = parts.session
        self._store = parts.store
        self._guard = parts.guard
        self._translator = parts.translator
        self._policy = parts.policy
        self._pacer = parts.pacer
        self._emit = parts.emit
        self._clock = parts.clock
        self.finder = Finder(parts, judged)
        self._rehasher = rehasher
        self._ways: dict[str, _Way] = {}
        """The progress of the torrents that are being loaded."""

    def _way(self, torrent: str) -> _Way:
        way = self._ways.get(torrent)
        if way is None:
            way = self._ways[torrent] = _Way()
        return way

    def know_files(self, torrent: str) -> None:
        """Notes that the supervisor knows the files of a torrent. The next load need not report these files."""
        self._way(torrent).files_known = True

    def knows_files(self, torrent: str) -> bool:
        """Whether `know_files` was called for a torrent that is being loaded."""
        way = self._ways.get(torrent)
        return way is not None and way.files_known

    # -- steps ----------------------------------------------------------------------------------------------------

    def load(self, desired: DesiredTorrent, *, to_remove: bool) -> NotLoaded | None:
        """Begins to load a torrent.

        Args:
            to_remove: whether the torrent is loaded only to delete its files. If so, their content does not matter.
        """
        try:
            found = self.finder.find(desired, to_load=True)
        except OSError as error:
            return Failed(desired, error)
        verdict = self._guard.inspect(desired, found.examined)
        if verdict is None:
            self._way(desired.torrent).judging = found
            return None
        return self._judged(found, verdict, to_remove=to_remove)

    def judging(self, torrent: str) -> bool:
        """Whether a torrent is waiting for `judged`."""
        way = self._ways.get(torrent)
        return way is not None and way.judging is not None

    def judged(self, torrent: str, verdict: Verdict, *, to_remove: bool) -> NotLoaded | None:
        """Continues to load a torrent after the check of its files on disk."""
        way = self._ways[torrent]
        found, way.judging = way.judging, None
        assert found is not None, "it waits"
        return self._judged(found, verdict, to_remove=to_remove)

    def rehashed(self, outcome: Rehashed) -> NotLoaded | None:
        """Handles an outcome of the rehasher. The last outcome has the verified pieces, and the torrent is added."""
        torrent = outcome.torrent
        way = self._ways.get(torrent)
        rehash = None if way is None else way.rehash
        if way is None or rehash is None or rehash.ticket != outcome.ticket:
            return None
        desired = rehash.desired
        if outcome.verified is None:
            for output in self._translator.checking(torrent, rehash.unverified, outcome.checked_bytes):
                self._emit(output)
            return None
        way.rehash = None
        if self._guard.moved(torrent):
            return self.load(desired, to_remove=False)  # a torrent that is to be removed is never rehashed
        try:
            loading = self._add_verified(desired, outcome.verified)
        except (Damaged, InvalidSource, AlreadyThere, OSError) as error:
            return Failed(desired, error)
        self._take(torrent, loading)
        if outcome.checked_bytes or outcome.verified != Verified():
            _log_found(torrent, outcome.checked_bytes, outcome.verified)
            self._policy.mark_dirty(torrent, Urgency.AT_ONCE, self._clock())
        return None

    def added(self, desired: DesiredTorrent) -> bool:
        """Finishes the load of an added torrent. Returns False if the torrent's paths still have to be checked."""
        torrent = desired.torrent
        way = self._ways.pop(torrent, None) or _Way()
        loading, restored = way.loading, way.restored
        if loading is not None:
            if not loading.nameless:
                self.report_hashes(desired, loading.hashes)
            if loading.layout is not None:
                for output in metadata_events(torrent, loading.layout, restored=restored):
                    self._emit(output)
            if loading.tracked:
                # A restored seed can wait; a download and a torrent that was just added need peers.
                self._pace(desired, urgent=not loading.complete)
        if not restored:
            self._policy.mark_dirty(torrent, Urgency.AT_ONCE, self._clock())
        return loading is None or not loading.nameless

    def report_hashes(self, desired: DesiredTorrent, hashes: Hashes) -> None:
        """Reports the info-hashes that metadata proves, if the torrent's record lacks any."""
        known = (desired.torrent, desired.info_hash_v1, desired.info_hash_v2, None)
        if not all(each in known for each in hashes):
            self._emit(HashesProven(torrent=desired.torrent, info_hash_v1=hashes.v1, info_hash_v2=hashes.v2))

    def claimed_bytes(self, desired: DesiredTorrent) -> int:
        """The bytes of selected files that a torrent's resume data claims; 0 without usable resume data."""
        with contextlib.suppress(OSError, TorrentFault, NotSelected):
            examined = self.finder.find(desired, to_load=False).examined
            return 0 if examined is None else examined.bytes_done
        return 0

    def give_up(self, torrent: str) -> bool:
        """Ends the wait for the rehasher. Returns False if the torrent is not waiting for the rehasher."""
        way = self._ways.get(torrent)
        if way is None or way.rehash is None:
            return False
        self._rehasher.give_up(way.rehash.ticket)
        way.rehash = None
        return True

    def drop(self, torrent: str) -> None:
        """Discards the progress of a torrent that was removed or could not be loaded."""
        self._ways.pop(torrent, None)
        self.finder.forget(torrent)

    def inspect_again(self, desired: DesiredTorrent) -> Verdict | None:
        """Checks whether the files of a loaded torrent still exist. Returns None if `Judged` follows.

        Also returns None if the resume data cannot be read. Then the torrent's files are unknown.
        """
        with contextlib.suppress(OSError):
            return self._guard.inspect(desired, self.finder.find(desired, to_load=False).examined, loaded=True)
        return None

    def describe(self, desired: DesiredTorrent) -> tuple[Layout, Examined] | None:
        """The files and claims of a torrent that is not loaded; None without metadata, or without usable data."""
        return self.finder.describe(desired)

    # -- after the check on disk ----------------------------------------------------------------------------------

    def _judged(self, found: Found, verdict: Verdict, *, to_remove: bool) -> NotLoaded | None:
        desired = found.desired
        if isinstance(verdict, Outside):
            return Failed(desired, LeadsOut(verdict.problem))
        if not isinstance(verdict, Present):
            return Absent(desired, found.examined, verdict)
        if verdict.short:
            what = f"{len(verdict.short)} files are gone or shorter than they were"
            self._emit(Reconciled(torrent=desired.torrent, what=what, done="what was in them is fetched again"))
        try:
            self._add(found, verdict.short, to_remove=to_remove)
        except (Damaged, InvalidSource, AlreadyThere, OSError) as error:
            return Failed(desired, error)
        return None

    def _tell_put_aside(self, torrent: str, aside: PutAside, problem: Exception, *more: str) -> None:
        what = f"{aside.file} is damaged: {problem}"
        done = "; ".join([aside.done, *more])
        self._emit(FilePutAside(torrent=torrent, file=aside.file, what=what, done=done, staged=aside.staged))

    # -- adding and rehashing -------------------------------------------------------------------------------------

    def _add(self, found: Found, short: Mapping[int, int], *, to_remove: bool) -> None:
        """Adds a torrent from its resume data. Damaged resume data is put aside, and the files are hashed instead."""
        desired = found.desired
        torrent = desired.torrent
        damaged = False
        try:
            if found.problem is not None:
                raise found.problem
            if found.saved is not None:
                if not found.informed and not found.saved.new:  # with later metadata, the files are news
                    self._way(torrent).restored = True
                self._resume(desired, found.saved, found.examined, short, to_remove=to_remove)
                return
        except (Damaged, InvalidSource) as error:
            self._way(torrent).restored = False
            damaged = True
            self._tell_put_aside(torrent, self._store.put_aside(torrent), error, "the files are hashed")
        source = found.judged or self.finder.take_judged(desired)
        metainfo = self.finder.metainfo(desired) if source is None else source.metainfo
        if metainfo is None and desired.source == "metainfo":
            raise Damaged("neither its .torrent file nor its fast-resume data is there and can be trusted")
        # The lost resume data knew which pieces are missing in spite of seed_mode. So the client's guarantee no longer
        # counts.
        if desired.seed_mode and (damaged or (found.judged is None and self._was_put_aside(desired))):
            desired = msgspec.structs.replace(desired, seed_mode=False)
        parsed = None if source is None else source.info.parsed
        self._take(torrent, self._session.add(desired, metainfo=metainfo, resume=None, parsed=parsed))

    def _was_put_aside(self, desired: DesiredTorrent) -> bool:
        return self._store.was_put_aside(desired.torrent, since_us=desired.added_us)

    def _resume(
        self,
        desired: DesiredTorrent,
        saved: SavedResume,
        examined: Examined | None,
        short: Mapping[int, int],
        *,
        to_remove: bool,
    ) -> None:
        """Adds a torrent from its resume data, or first starts the rehasher."""
        torrent, metainfo = desired.torrent, partial(self.finder.metainfo, desired)
        verified = Verified() if to_remove else None
        loading = self._session.resume(
            desired,
            metainfo=metainfo,
            resume=saved.blob,
            verified=verified,
            short=short,
            examined=examined,
            seen=examined is not None,
            files_known=self.knows_files(torrent),
        )
        if isinstance(loading, Unverified):
            way = self._way(torrent)
            way.short = short
            self._translator.loading(torrent, complete=False)
            ticket = self._rehasher.submit(torrent, loading, saved_at=saved.saved_at, added_us=desired.added_us)
            way.rehash = _Rehash(ticket, desired, loading)
        else:
            self._take(torrent, loading)
            if not to_remove and not saved.new:
                self._compare_stored(desired, loading)

    def _add_verified(self, desired: DesiredTorrent, verified: Verified) -> Loading:
        metainfo = partial(self.finder.metainfo, desired)
        saved = self._store.load(desired.torrent)
        if saved is None:
            vouched_for_nothing = msgspec.structs.replace(desired, seed_mode=False)
            return self._session.add(vouched_for_nothing, metainfo=metainfo, resume=None)
        way = self._way(desired.torrent)
        short, way.short = way.short, {}
        loading = self._session.resume(
            desired,
            metainfo=metainfo,
            resume=saved.blob,
            verified=verified,
            short=short,
            files_known=way.files_known,
        )
        assert isinstance(loading, Loading), "what was looked at is not looked at again"
        if not saved.new:
            self._compare_stored(desired, loading)
        return loading

    def _take(self, torrent: str, loading: Loading) -> None:
        self._way(torrent).loading = loading
        self._translator.loading(torrent, complete=loading.complete)

    def _compare_stored(self, desired: DesiredTorrent, loading: Loading) -> None:
        """Reports differences between resume data and desired state. The torrent already has the desired values."""
        if loading.stored is not None and (differences := reconcile.differences(loading.stored, desired)):
            done = "resume data gave way to what was asked for"
            report_reconciled(self._emit, desired.torrent, differences, done)

    def _pace(self, desired: DesiredTorrent, *, urgent: bool) -> None:
        """Schedules the announces of a torrent. libtorrent gets the trackers of a paused torrent at once."""
        if desired.paused:
            self._session.release_trackers(desired.torrent)
        else:
            self._pacer.enqueue(desired.torrent, urgent=urgent)


def _log_found(torrent: str, hashed_bytes: int, verified: Verified) -> None:
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
