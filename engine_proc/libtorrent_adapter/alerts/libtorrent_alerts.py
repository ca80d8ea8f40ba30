"""Copies native alerts into frozen values, with one function for each type of alert.

Each workaround for the binding has a comment that explains the binding's behaviour. Each case has a test.
"""

import errno
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import libtorrent

from engine_proc.libtorrent_adapter.alerts import libtorrent_problems as problems
from engine_proc.libtorrent_adapter.alerts.libtorrent_failures import Failures
from engine_proc.libtorrent_adapter.alerts.libtorrent_resume_data import ResumeDataCopier
from engine_proc.libtorrent_adapter.alerts.libtorrent_status import STATES, Selections
from engine_proc.libtorrent_adapter.libtorrent_handles import Handles
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes
from engine_proc.session import faults
from engine_proc.session.alerts import (
    Alert,
    AlertsLost,
    Conflict,
    Faulted,
    FileFinished,
    Finished,
    Flushed,
    ListenTrouble,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    PrioritiesSet,
    SessionStatistics,
    StatusUpdate,
    TorrentAdded,
    TorrentGone,
    TrackerAnswered,
    TrackerAsked,
)
from engine_proc.session.caps_port import Caps
from engine_proc.session.counters_port import Counters
from engine_proc.session.session_port import FAULTS
from engine_proc.trackers.held_trackers import HeldTrackers
from protocol.internal.flight_recorder import FlightRecorder, alert_name

lt: Any = libtorrent
"""Untyped: the binding's type stubs lack the attributes of alerts."""

FLUSHES_PER_BARRIER: Final = 2
"""How many flushes a *barrier* has. The engine requests a barrier in order to know that the write cache was flushed.

libtorrent also sends one unrequested `cache_flushed` alert when a torrent finishes. So the first alert may be the
unrequested one. After two requests, the second alert always answers a request.
"""

ALERT_MASK: Final = int(
    lt.alert.category_t.error_notification
    | lt.alert.category_t.status_notification
    | lt.alert.category_t.storage_notification
    | lt.alert.category_t.file_progress_notification
    | lt.alert.category_t.tracker_notification
)
"""Enables the alerts that are copied below, and few others. Unused alerts would cost time and space in the queue."""

_NO_PROBLEM: Final = frozenset({0, errno.ENOTEMPTY})
"""The error codes of successful deletions: the torrent never had files, or its folder still has other files."""
_CHECKING_RESUME_DATA: Final = lt.torrent_status.states.checking_resume_data
_WORKING: Final = frozenset({lt.torrent_status.states.checking_files, lt.torrent_status.states.downloading})


class AlertCopier:
    """Copies alerts, and tracks which requests they answer.

    Args:
        handles: maps alerts to torrents; the copier records additions and removals there.
        selections: used to count the selected bytes; the copier records confirmations there.
        on_dropped: called with a torrent once it was removed, or could not be added.
        trackers: the held trackers. The copier adds these trackers to resume data.
        recorder: the flight recorder, which records each alert, and the operation that the alert confirms.
    """

    def __init__(
        self,
        handles: Handles,
        selections: Selections,
        on_dropped: Callable[[str], None],
        trackers: HeldTrackers,
        caps: Caps,
        recorder: FlightRecorder,
    ) -> None:
        self.handles = handles
        self._selections = selections
        self._on_dropped = on_dropped
        self._trackers = trackers
        self._recorder = recorder
        self._torrents = handles.torrents
        self._downloading: set[Any] = set()
        self._complete: set[str] = set()
        """Torrents that were complete when they were added. Their `Finished` alerts contain nothing new."""
        self.verifying: set[Any] = set()
        """The handles of torrents whose files were to be hashed again."""
        self._flushes: dict[str, int] = {}
        self._deleting: dict[str, str | None] = {}
        self._removed: set[str] = set()
        self.counters: Counters | None = None
        self._more: list[Alert] = []
        self._failures = Failures(self._more)
        self._resume_data = ResumeDataCopier(trackers, self._failures, caps)

    def expect(self, torrent: str, info_hashes: frozenset[str], *, resumes: bool, complete: bool) -> None:
        """Notes that the torrent with these info-hashes is about to be added.

        `resumes`: whether the torrent has resume data. `complete`: whether the resume data claims all selected pieces.
        """
        self.handles.expect(torrent, info_hashes)
        if torrent in self.handles.by_torrent:
            return
        if resumes:
            self._resume_data.expect(torrent)
        if complete:
            self._complete.add(torrent)

    def expect_removal(self, torrent: str, *, with_files: bool) -> None:
        """Notes that a torrent is about to be removed. Its handle may become invalid at any time, and is not used."""
        self._downloading.discard(self.handles.leave(torrent))
        if with_files:
            self._deleting[torrent] = None

    def stays(self, torrent: str, handle: Any) -> None:
        """Notes that removing the torrent has failed."""
        self._deleting.pop(torrent, None)
        self.handles.stays(torrent, handle)

    def expect_flush(self, torrent: str) -> None:
        """Notes that a barrier is about to be requested for a torrent: `FLUSHES_PER_BARRIER` flushes."""
        self._flushes[torrent] = self._flushes.get(torrent, 0) + FLUSHES_PER_BARRIER

    def copy(self, native: Any) -> Alert | None:
        """Copies an alert into a value. Returns None if nobody needs the alert, and `Faulted` if copying fails."""
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

    def take_more(self) -> list[Alert]:
        """Removes and returns the additional alerts, which were made from parts of native alerts."""
        more = self._more.copy()
        self._more.clear()
        return more

    def _about(self, native: Any) -> str | None:
        """The torrent of an alert that could not be copied.

        If the torrent was just added, its handle is stored. The handle is needed to remove the torrent.
        """
        if isinstance(native, lt.torrent_removed_alert | lt.torrent_deleted_alert | lt.torrent_delete_failed_alert):
            return self.handles.known(native.info_hashes)
        handle = getattr(native, "handle", None)
        if handle is None:
            return None
        torrent = self._torrents.get(handle)
        if torrent is None and isinstance(native, lt.add_torrent_alert):
            torrent = self.handles.known(native.params.info_hashes)
            if torrent is not None and torrent not in self.handles.by_torrent and handle.is_valid():
                self.stays(torrent, handle)
        return torrent

    def _id(self, native: Any) -> str | None:
        torrent = self._torrents.get(native.handle)
        if torrent is not None:
            self._recorder.alert_about(torrent)
        return torrent

    def _copy_status_update(self, native: Any) -> Alert:
        rows = []
        for status in native.status:
            torrent = self._torrents.get(status.handle)
            if torrent is None:
                continue
            try:
                rows.append(self._selections.copy_status(torrent, status))
                self._failures.observe(torrent, status)
            except FAULTS as error:
                self._more.append(Faulted(torrent, faults.problem("status", error)))
        return StatusUpdate(rows)

    def _copy_priorities_set(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        if torrent is None:
            return None
        self._selections.confirm(torrent)
        return PrioritiesSet(torrent)

    def _copy_added(self, native: Any) -> Alert | None:
        failed, handle = native.error.value(), native.handle
        # Reading `params` copies them completely, so the info-hashes come from the handle if there is one.
        torrent = self.handles.answered(native.params.info_hashes if failed else handle.info_hashes())
        if torrent is None:
            return None
        self._recorder.confirmed(torrent)
        if failed:
            if torrent not in self.handles.by_torrent:  # otherwise it is a duplicate, and the first handle is kept
                self._drop(torrent)
            return TorrentAdded(torrent, native.error.message())
        self.handles.put(torrent, handle)
        return TorrentAdded(torrent, None)

    def _copy_removed(self, native: Any) -> Alert | None:
        torrent = self.handles.known(native.info_hashes)
        if torrent is None:
            return None
        self._removed.add(torrent)
        return self._gone(torrent)

    def _copy_deleted(self, native: Any) -> Alert | None:
        torrent = self.handles.known(native.info_hashes)
        return None if torrent is None else self._deletion_ended(torrent, None)

    def _copy_delete_failed(self, native: Any) -> Alert | None:
        torrent = self.handles.known(native.info_hashes)
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
        """Returns `TorrentGone` once a torrent is removed, and any requested deletion of files has ended.

        The two alerts, about the removal and about the deletion, arrive in any order.
        """
        if torrent not in self._removed or (torrent in self._deleting and self._deleting[torrent] is None):
            return None
        self._removed.discard(torrent)
        self._recorder.confirmed(torrent)
        problem = self._deleting.pop(torrent, None)
        self._drop(torrent)
        return TorrentGone(torrent, problem or None)

    def _drop(self, torrent: str) -> None:
        handle = self.handles.drop(torrent)
        self._downloading.discard(handle)
        self.verifying.discard(handle)
        self._complete.discard(torrent)
        self._flushes.pop(torrent, None)
        self._selections.drop(torrent)
        self._failures.drop(torrent)
        self._resume_data.checked(torrent)
        self._trackers.discard(torrent)
        self._on_dropped(torrent)

    def _copy_state_changed(self, native: Any) -> Alert | None:
        """Copies the alert only if libtorrent begins or ends work on the torrent.

        Status updates show the other changes. When thousands of torrents start, libtorrent sends several of these
        alerts for each torrent. The first alert shows that libtorrent has checked the torrent's resume data. If no file
        is wanted and none exists, libtorrent hashes nothing, and skips the state `checking_files`.
        """
        native_state, before = native.state, native.prev_state
        hashed = False
        if before == _CHECKING_RESUME_DATA:
            if self._resume_data.expects:
                self._resume_data.checked(self._torrents.get(native.handle))
            hashed = native.handle in self.verifying
        if not (hashed or native_state in _WORKING or before in _WORKING):
            return None
        state, handle = STATES[native_state], native.handle
        if state is NativeState.DOWNLOADING:
            self._downloading.add(handle)
        else:
            self._downloading.discard(handle)
        torrent = self._torrents.get(handle)
        if torrent is None:
            return None
        self._complete.discard(torrent)
        return NativeStateChanged(torrent, state)

    def _copy_metadata(self, native: Any) -> Alert | None:
        """Copies the alert, and records the info-hashes of the metadata."""
        torrent = self._id(native)
        if torrent is None:
            return None
        self.handles.learn(torrent, hashes(native.handle.info_hashes()).known())
        return MetadataReceived(torrent)

    def _copy_conflict(self, native: Any) -> Alert | None:
        """Copies the alert that two links are of one torrent. libtorrent has stopped both, and both lack metadata."""
        torrent, other = self._torrents.get(native.handle), self._torrents.get(native.conflicting_torrent)
        if torrent is None:
            torrent, other = other, None
        if torrent is None:
            return None
        return Conflict(torrent, other, *hashes(native.metadata.info_hashes()))

    def _copy_finished(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        return None if torrent is None or torrent in self._complete else Finished(torrent)

    def _copy_file_finished(self, native: Any) -> Alert | None:
        """Copies the alert only during a download. A check would also cause an alert for each complete file."""
        if not self._downloading or (handle := native.handle) not in self._downloading:
            return None
        torrent = self._torrents.get(handle)
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
        return None if torrent is None else self._resume_data.made(torrent, native)

    def _copy_resume_unsaved(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        return None if torrent is None else self._resume_data.unsaved(torrent, native)

    def _copy_hash_failed(self, native: Any) -> Alert | None:
        torrent = self._id(native)
        return None if torrent is None else self._failures.failed(torrent, native)

    def _copy_statistics(self, native: Any) -> Alert:
        values = native.values
        self.counters = Counters(values, time.monotonic())
        return SessionStatistics(
            downloaded=values["net.recv_payload_bytes"],
            uploaded=values["net.sent_payload_bytes"],
            peers=values["peer.num_peers_connected"],
        )


_Copier = Callable[[AlertCopier, Any], Alert | None]


def _of_torrent(make: Callable[[str, Any], Alert]) -> _Copier:
    """A copier that ignores alerts whose torrent is not known."""

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
    lt.listen_failed_alert: lambda _, native: ListenTrouble(problems.text(native.message)),
    lt.listen_succeeded_alert: lambda _, native: problems.listening(native),
    lt.hash_failed_alert: AlertCopier._copy_hash_failed,
    lt.state_changed_alert: AlertCopier._copy_state_changed,
    lt.metadata_received_alert: AlertCopier._copy_metadata,
    lt.torrent_conflict_alert: AlertCopier._copy_conflict,
    lt.torrent_finished_alert: AlertCopier._copy_finished,
    lt.file_completed_alert: AlertCopier._copy_file_finished,
    lt.file_prio_alert: AlertCopier._copy_priorities_set,
    lt.fastresume_rejected_alert: _of_torrent(problems.resume_rejected),
    lt.file_error_alert: _of_torrent(problems.file_failed),
    lt.tracker_announce_alert: _of_torrent(
        lambda torrent, native: TrackerAsked(torrent, native.url, problems.leg_of(native))
    ),
    lt.tracker_reply_alert: _of_torrent(
        lambda torrent, native: TrackerAnswered(torrent, native.url, problems.leg_of(native))
    ),
    lt.tracker_error_alert: _of_torrent(problems.tracker_failed),
    lt.metadata_failed_alert: _of_torrent(problems.metadata_failed),
    lt.torrent_error_alert: _of_torrent(problems.stopped),
}

_NAMES: Final = {kind: alert_name(kind.__name__.removesuffix("_alert")) for kind in _COPIERS}
"""The names of alerts in the flight recorder."""
