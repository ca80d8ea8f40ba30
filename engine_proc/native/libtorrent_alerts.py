"""Copies native alerts into frozen values, and keeps the books that this takes.

What the binding does that one would not expect is said where it is worked around; tests hold each of these.

Longer than most files here: a copier for each kind of alert, and one table of them.
"""

import errno
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import libtorrent
import msgspec

from engine_proc.files.selected_bytes import SelectedBytes
from engine_proc.native import libtorrent_claims, libtorrent_params
from engine_proc.session import faults
from engine_proc.session.alerts import (
    Alert,
    AlertsLost,
    Conflict,
    Faulted,
    FileError,
    FileFinished,
    Finished,
    Flushed,
    Listening,
    ListenTrouble,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    ResumeData,
    ResumeRejected,
    ResumeUnsaved,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TorrentStatus,
    TorrentTrouble,
    TrackerAnswered,
    TrackerAsked,
    TrackerFailed,
)
from engine_proc.session.session_port import FAULTS, Hashes
from engine_proc.trackers.announce_entries import TRACKER_SAYS_MAX, leg
from engine_proc.trackers.held_trackers import HeldTrackers
from protocol.internal.flight_recorder import FlightRecorder, alert_name

lt: Any = libtorrent
"""Untyped: the binding's stubs do not know what alerts carry."""

FLUSHES_PER_BARRIER: Final = 2
"""`cache_flushed` also comes once by itself when a torrent finishes. Of two requests made now, the second alert to
arrive answers one of them at the least, whether or not the stray one was first."""

ALERT_MASK: Final = int(
    lt.alert.category_t.error_notification
    | lt.alert.category_t.status_notification
    | lt.alert.category_t.storage_notification
    | lt.alert.category_t.file_progress_notification
    | lt.alert.category_t.tracker_notification
)
"""All that is copied below, and as little else as possible: an alert that nobody reads still takes time and queue."""

_NOT_MODIFIED: Final = 143
_VERSIONS: Final = {lt.protocol_version.V1: 1, lt.protocol_version.V2: 2}
_SKIPPED: Final = 180
"""`announce_skipped`: the tracker has no address that can be reached from the one that is listened on."""
_NO_PROBLEM: Final = frozenset({0, errno.ENOTEMPTY})
"""How a deletion "fails" that did not: a torrent that never had files, and somebody else's files in its folder."""
_STATES: Final = {getattr(lt.torrent_status.states, state.value): state for state in NativeState}
_WORKING: Final = frozenset({lt.torrent_status.states.checking_files, lt.torrent_status.states.downloading})


class AlertCopier:
    """Knows which handle is which torrent, from its addition to its end.

    Args:
        on_dropped: called with a torrent when it is gone, or was never added.
        trackers: those that are held back; they are put into resume data here.
        recorder: is told which alert is read, and what libtorrent has confirmed by it.
    """

    def __init__(self, on_dropped: Callable[[str], None], trackers: HeldTrackers, recorder: FlightRecorder) -> None:
        self._on_dropped = on_dropped
        self._trackers = trackers
        self._recorder = recorder
        self.handles: dict[str, Any] = {}
        self._ids: dict[Any, str] = {}
        self._downloading: set[Any] = set()
        self._expected: set[str] = set()
        self._adding: deque[tuple[str, frozenset[str]]] = deque()
        """Additions that libtorrent has yet to answer, in the order in which it was asked, with their info-hashes."""
        self._owners: dict[str, list[str]] = {}
        """The expected torrents that have an info-hash which is not their id; nearly all have none."""
        self._others: dict[str, set[str]] = {}
        """These info-hashes of each."""
        self._leaving: set[str] = set()
        self._complete: set[str] = set()
        """Those that were complete when they were added: that they finish then is no news, and there are thousands."""
        self._flushes: dict[str, int] = {}
        self._selections: dict[str, SelectedBytes] = {}
        """Of those of which not all is wanted."""
        self._selecting: dict[str, deque[SelectedBytes | None]] = {}
        """What libtorrent has yet to confirm."""
        self._counted: dict[str, tuple[int, int]] = {}
        """What libtorrent counted last, and what that was of the selected files."""
        self._deleting: dict[str, str | None] = {}
        self._removed: set[str] = set()
        self._faulted: list[Alert] = []

    def rival(self, torrent: str, hashes: Iterable[str]) -> str | None:
        """Another expected torrent with one of these info-hashes: of the two libtorrent would take only one."""
        for info_hash in hashes:
            for owner in self._having(info_hash):
                if owner != torrent:
                    return owner
        return None

    def expect(self, torrent: str, hashes: frozenset[str], *, complete: bool) -> None:
        """The torrent with these info-hashes is about to be added; its resume data may say that it is `complete`."""
        self._expected.add(torrent)
        self._adding.append((torrent, hashes))
        self._own(torrent, hashes)
        if complete and torrent not in self.handles:
            self._complete.add(torrent)

    def expects(self, handle: Any) -> bool:
        """Whether this is a torrent that was added, is being added, or is being removed."""
        return handle in self._ids or self._known(handle.info_hashes()) is not None

    def _own(self, torrent: str, hashes: Collection[str]) -> None:
        for info_hash in hashes:
            if info_hash != torrent and info_hash not in (known := self._others.setdefault(torrent, set())):
                known.add(info_hash)
                self._owners.setdefault(info_hash, []).append(torrent)

    def _having(self, info_hash: str) -> list[str]:
        """Who has an info-hash: two only where one learns it from its metadata while the other is being added."""
        others = self._owners.get(info_hash, [])
        return [info_hash, *others] if info_hash in self._expected else others

    def _disown(self, torrent: str) -> None:
        for info_hash in self._others.pop(torrent, ()):
            owners = self._owners[info_hash]
            owners.remove(torrent)
            if not owners:
                del self._owners[info_hash]

    def expect_removal(self, torrent: str, *, with_files: bool) -> None:
        """The torrent is about to be removed: from now on its handle may be dead any moment, and is not given out."""
        self._forget_handle(torrent)
        self._leaving.add(torrent)
        if with_files:
            self._deleting[torrent] = None

    def stays(self, torrent: str, handle: Any) -> None:
        """The torrent was not removed after all."""
        self._leaving.discard(torrent)
        self._deleting.pop(torrent, None)
        self.handles[torrent] = handle
        self._ids[handle] = torrent

    def expect_flush(self, torrent: str) -> None:
        """A barrier is about to be asked for, by `FLUSHES_PER_BARRIER` flushes more."""
        self._flushes[torrent] = self._flushes.get(torrent, 0) + FLUSHES_PER_BARRIER

    def begin_with(self, torrent: str, selected: SelectedBytes | None) -> None:
        """The torrent is about to be added with this selection; None where all is wanted."""
        self._select(torrent, selected)

    def expect_selection(self, torrent: str, selected: SelectedBytes | None) -> None:
        """The torrent is about to be given this selection, which counts once libtorrent has it."""
        self._selecting.setdefault(torrent, deque()).append(selected)

    def _select(self, torrent: str, selected: SelectedBytes | None) -> None:
        self._counted.pop(torrent, None)
        if selected is None:
            self._selections.pop(torrent, None)
        else:
            self._selections[torrent] = selected

    def copy(self, native: Any) -> Alert | None:
        """The alert as a value, None where it is of no interest; `Faulted` where that fails. It is not kept itself."""
        kind = type(native)
        copier = _COPIERS.get(kind)
        if copier is None:
            return None
        self._recorder.alert(_NAMES[kind])
        try:
            return copier(self, native)
        except FAULTS as error:
            torrent = self._about(native)
            if torrent is None:
                raise
            return Faulted(torrent, faults.problem(kind.__name__, error))

    def take_faulted(self) -> list[Alert]:
        """The torrents whose part of an alert about several could not be copied."""
        faulted, self._faulted = self._faulted, []
        return faulted

    def _about(self, native: Any) -> str | None:
        """Which torrent an alert is about that could not be copied; one that was just added can be taken out then."""
        if isinstance(native, lt.torrent_removed_alert | lt.torrent_deleted_alert | lt.torrent_delete_failed_alert):
            return self._known(native.info_hashes)
        handle = getattr(native, "handle", None)
        if handle is None:
            return None
        torrent = self._ids.get(handle)
        if torrent is None and isinstance(native, lt.add_torrent_alert):
            torrent = self._known(native.params.info_hashes)
            if torrent is not None and torrent not in self.handles and handle.is_valid():
                self.stays(torrent, handle)
        return torrent

    def _id(self, native: Any) -> str | None:
        torrent = self._ids.get(native.handle)
        if torrent is not None:
            self._recorder.alert_about(torrent)
        return torrent

    def _known(self, info_hashes: Any) -> str | None:
        """The id of the expected torrent with one of these info-hashes, where there is no handle to tell.

        Where two have one, which is so only while one of them is being added and will be refused, it is the other.
        """
        found = {owner for info_hash in hashes_of(info_hashes) for owner in self._having(info_hash)}
        if len(found) > 1:
            found = (found & self._leaving) or (found & self.handles.keys()) or found
        return min(found, default=None)

    def _answered(self, info_hashes: Any) -> str | None:
        """The torrent whose addition is answered: libtorrent answers each of them once, in their order.

        So two that share an info-hash are told apart even where the metadata of the first has come meanwhile, and its
        handle has the hash of the second. An addition that nobody asked for has the hash of none.
        """
        hashes = hashes_of(info_hashes)
        for asked in self._adding:
            if asked[1] & hashes:
                self._adding.remove(asked)
                return asked[0]
        return None

    def _copy_status_update(self, native: Any) -> Alert:
        rows = []
        for status in native.status:
            torrent = self._ids.get(status.handle)
            if torrent is None:
                continue
            try:
                row = _copy_status(torrent, status)
                selected = self._selections.get(torrent)
                rows.append(row if selected is None else self._by_files(row, selected, status))
            except FAULTS as error:
                self._faulted.append(Faulted(torrent, faults.problem("status", error)))
        return StatusUpdate(rows)

    def _by_files(self, row: TorrentStatus, selected: SelectedBytes, status: Any) -> TorrentStatus:
        """The row with bytes of the selected files, where libtorrent counts those of the pieces that touch them."""
        counted, done = self._counted.get(row.torrent, (-1, 0))
        if counted != row.done:
            # Reading `pieces` makes a list of all of them, which is not needed once all are there.
            have = status.pieces if row.done < row.wanted else ()
            done = selected.done(row.done, row.wanted, have)
            self._counted[row.torrent] = row.done, done
        return msgspec.structs.replace(row, done=done, wanted=selected.total)

    def _copy_priorities_set(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        if (selecting := self._selecting.get(torrent)) is not None:
            self._select(torrent, selecting.popleft())
            if not selecting:
                del self._selecting[torrent]
        return PrioritiesSet(torrent)

    def _copy_added(self, native: Any) -> Alert | None:
        failed, handle = native.error.value(), native.handle
        # Reading `params` copies all of them, so the handle is asked where there is one.
        torrent = self._answered(native.params.info_hashes if failed else handle.info_hashes())
        if torrent is None:
            return None
        self._recorder.confirmed(torrent)
        if failed:
            if torrent not in self.handles:  # else it is a duplicate, and the first one stays
                self._drop(torrent)
            return TorrentAdded(torrent, native.error.message())
        self.handles[torrent] = handle
        self._ids[handle] = torrent
        return TorrentAdded(torrent, None)

    def _copy_removed(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        if torrent is None:
            return None
        self._removed.add(torrent)
        return self._gone(torrent)

    def _copy_deleted(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        return None if torrent is None else self._deletion_ended(torrent, None)

    def _copy_delete_failed(self, native: Any) -> Alert | None:
        torrent = self._known(native.info_hashes)
        if torrent is None:
            return None
        return self._deletion_ended(
            torrent, native.error.message() if native.error.value() not in _NO_PROBLEM else None
        )

    def _deletion_ended(self, torrent: str, problem: str | None) -> Alert | None:
        if torrent in self._deleting:
            self._deleting[torrent] = problem or ""
        return self._gone(torrent)

    def _gone(self, torrent: str) -> Alert | None:
        """Gone is what was removed and, where asked for, has its files deleted; the alerts come in any order."""
        if torrent not in self._removed or (torrent in self._deleting and self._deleting[torrent] is None):
            return None
        self._removed.discard(torrent)
        self._recorder.confirmed(torrent)
        problem = self._deleting.pop(torrent, None)
        self._drop(torrent)
        return TorrentGone(torrent, problem or None)

    def _drop(self, torrent: str) -> None:
        self._forget_handle(torrent)
        self._expected.discard(torrent)
        self._leaving.discard(torrent)
        self._disown(torrent)
        self._complete.discard(torrent)
        self._flushes.pop(torrent, None)
        for table in (self._selections, self._selecting, self._counted):
            table.pop(torrent, None)
        self._trackers.forget(torrent)
        self._on_dropped(torrent)

    def _forget_handle(self, torrent: str) -> None:
        handle = self.handles.pop(torrent, None)
        if handle is not None:
            self._ids.pop(handle, None)
            self._downloading.discard(handle)

    def _copy_state_changed(self, native: Any) -> Alert | None:
        """Only where work begins or ends: the status tells all else, and thousands start with several of these."""
        native_state = native.state
        if native_state not in _WORKING and native.prev_state not in _WORKING:
            return None
        state, handle = _STATES[native_state], native.handle
        if state is NativeState.DOWNLOADING:
            self._downloading.add(handle)
        else:
            self._downloading.discard(handle)
        torrent = self._ids.get(handle)
        if torrent is None:
            return None
        self._complete.discard(torrent)
        return NativeStateChanged(torrent, state)

    def _copy_metadata(self, native: Any) -> Alert | None:
        """From now on the torrent has the info-hashes that its metadata shows, too."""
        torrent = self._id(native)
        if torrent is None:
            return None
        self._own(torrent, hashes_of(native.handle.info_hashes()))
        return MetadataReceived(torrent)

    def _copy_conflict(self, native: Any) -> Alert | None:
        """Two links turn out to be of one torrent; libtorrent has stopped both, and keeps neither's metadata."""
        torrent, other = self._ids.get(native.handle), self._ids.get(native.conflicting_torrent)
        if torrent is None:
            torrent, other = other, None
        if torrent is None:
            return None
        return Conflict(torrent, other, *libtorrent_params.both_hashes(native.metadata.info_hashes()))

    def _copy_finished(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        return None if torrent is None or torrent in self._complete else Finished(torrent)

    def _copy_file_finished(self, native: Any) -> Alert | None:
        """Only while it is downloaded: a torrent tells of each of its files when it was checked, too."""
        if not self._downloading or (handle := native.handle) not in self._downloading:
            return None
        torrent = self._ids.get(handle)
        return None if torrent is None else FileFinished(torrent, native.index)

    def _copy_flushed(self, native: Any) -> Alert | None:
        if not self._flushes:
            return None
        torrent = self._id(native)
        if torrent is None or torrent not in self._flushes:
            return None
        self._flushes[torrent] -= 1
        if self._flushes[torrent] > 0:
            return None
        del self._flushes[torrent]
        return Flushed(torrent)

    def _copy_resume_data(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        params = native.params
        lacking = self._trackers.save_ended(torrent)
        if lacking and not params.trackers:
            libtorrent_params.give_trackers(params, lacking)
        libtorrent_claims.settle_check(params)
        return ResumeData(torrent, lt.write_resume_data_buf(params))

    def _copy_resume_unsaved(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        self._trackers.save_ended(torrent)
        return ResumeUnsaved(torrent, None if native.error.value() == _NOT_MODIFIED else native.error.message())

    def _copy_statistics(self, native: Any) -> Alert:
        values = native.values
        return SessionStatistics(
            downloaded=values["net.recv_payload_bytes"],
            uploaded=values["net.sent_payload_bytes"],
            peers=values["peer.num_peers_connected"],
        )


_Copier = Callable[[AlertCopier, Any], Alert | None]


def _of_torrent(make: Callable[[str, Any], Alert]) -> _Copier:
    """A copier for alerts that matter only while their torrent is known."""

    def copy(books: AlertCopier, native: Any) -> Alert | None:
        torrent = books._id(native)
        return None if torrent is None else make(torrent, native)

    return copy


_COPIERS: Final[Mapping[type, _Copier]] = {
    lt.state_update_alert: AlertCopier._copy_status_update,
    lt.add_torrent_alert: AlertCopier._copy_added,
    lt.torrent_removed_alert: AlertCopier._copy_removed,
    lt.torrent_deleted_alert: AlertCopier._copy_deleted,
    lt.torrent_delete_failed_alert: AlertCopier._copy_delete_failed,
    lt.cache_flushed_alert: AlertCopier._copy_flushed,
    lt.save_resume_data_alert: AlertCopier._copy_resume_data,
    lt.save_resume_data_failed_alert: AlertCopier._copy_resume_unsaved,
    lt.session_stats_alert: AlertCopier._copy_statistics,
    lt.alerts_dropped_alert: lambda _, native: AlertsLost(),
    lt.listen_failed_alert: lambda _, native: ListenTrouble(_text(native.message)),
    lt.listen_succeeded_alert: lambda _, native: _listening(native),
    lt.state_changed_alert: AlertCopier._copy_state_changed,
    lt.metadata_received_alert: AlertCopier._copy_metadata,
    lt.torrent_conflict_alert: AlertCopier._copy_conflict,
    lt.torrent_finished_alert: AlertCopier._copy_finished,
    lt.file_completed_alert: AlertCopier._copy_file_finished,
    lt.file_prio_alert: AlertCopier._copy_priorities_set,
    lt.fastresume_rejected_alert: _of_torrent(
        lambda torrent, native: ResumeRejected(torrent, f"{native.error.message()}: {_text(native.file_path)}")
    ),
    lt.file_error_alert: _of_torrent(
        lambda torrent, native: FileError(torrent, _errno(native.error), _text(native.message).partition(" ")[2])
    ),
    lt.tracker_announce_alert: _of_torrent(lambda torrent, native: TrackerAsked(torrent, native.url, leg_of(native))),
    lt.tracker_reply_alert: _of_torrent(lambda torrent, native: TrackerAnswered(torrent, native.url, leg_of(native))),
    lt.tracker_error_alert: _of_torrent(lambda torrent, native: _tracker_failed(torrent, native)),
    lt.torrent_error_alert: _of_torrent(lambda torrent, native: TorrentTrouble(torrent, _trouble(native))),
}

_NAMES: Final = {kind: alert_name(kind.__name__.removesuffix("_alert")) for kind in _COPIERS}
"""As the flight recorder has them."""


def _listening(native: Any) -> Listening:
    return Listening(f"{native.socket_type.name} {native.address}", native.port)


def _trouble(native: Any) -> str:
    """What is wrong, without the torrent's name before it."""
    message = _text(native.message)
    return message.partition("ERROR: ")[2] or message


def leg_of(native: Any) -> str:
    """Where an announce goes out from, and for which kind of info-hash."""
    address, port = native.local_endpoint
    return leg(address, port, _VERSIONS[native.version])


def _tracker_failed(torrent: str, native: Any) -> Alert:
    """The tracker's own words, which are in no encoding in particular, or else what the system or libtorrent says."""
    said = _text(native.failure_reason).strip()
    problem = _text(native.error.message)
    return TrackerFailed(
        torrent,
        native.url,
        leg_of(native),
        (said or problem)[:TRACKER_SAYS_MAX],
        native.times_in_row,
        bool(said),
        native.error.value() == _SKIPPED and not _errno(native.error),
    )


def _text(read: Callable[[], str]) -> str:
    """A text of libtorrent's, which cuts long ones to a few hundred bytes, in the middle of a character too."""
    try:
        return read()
    except UnicodeDecodeError as error:
        return error.object.decode(errors="replace")


def hashes_of(info_hashes: Any) -> frozenset[str]:
    """The info-hashes that there are: of each version 20 or 32 bytes, in hexadecimal."""
    return Hashes(*libtorrent_params.both_hashes(info_hashes)).known()


def _errno(error: Any) -> int:
    """The system's number of an error, 0 for libtorrent's own errors, whose numbers mean something else."""
    return int(error.value()) if error.category().name() in ("system", "generic") else 0


def _copy_status(torrent: str, status: Any) -> TorrentStatus:
    return TorrentStatus(
        torrent,
        state=_STATES[status.state],
        paused=bool(status.flags & lt.torrent_flags.paused),
        progress=status.progress,
        done=status.total_wanted_done,
        wanted=status.total_wanted,
        size=status.total,
        downloaded=status.all_time_download,
        uploaded=status.all_time_upload,
        moved_down=status.total_payload_download,
        moved_up=status.total_payload_upload,
        wasted=status.total_failed_bytes + status.total_redundant_bytes,
        download_bps=status.download_payload_rate,
        upload_bps=status.upload_payload_rate,
        peers=status.num_peers,
        seeds=status.num_seeds,
        error=status.errc.message() if status.errc.value() else None,
        upload_mode=bool(status.flags & lt.torrent_flags.upload_mode),
    )
