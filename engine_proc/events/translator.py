"""Translates libtorrent's alerts into engine events, and into orders for the loop. Pure.

libtorrent reports a torrent as finished once all pieces have passed the hash check. Some bytes may then still be in the
write cache. So the translator requests a flush after the last piece. Until libtorrent confirms the flush, clients see
the torrent as downloading. `Completed` follows the confirmation. The phases:

    INCOMPLETE -> (Finished) FLUSHING -> (Flushed) FLUSHED -> (status says finished) COMPLETE -> (status: downloading)
    ...

If a torrent is complete according to its resume data, it begins in COMPLETE, and causes no event. If a torrent has
downloaded nothing since it was added, it needs no flush, and goes from INCOMPLETE to FLUSHED.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine_proc.events.orders import (
    NOTHING,
    ConfirmRetry,
    Flush,
    LoadLayout,
    Order,
    Reload,
    SaveCounters,
    SaveResume,
    TranslatedEvent,
    Translation,
)
from engine_proc.events.progress import idle, progress_of
from engine_proc.events.torrent_view import Phase, View
from engine_proc.resume.pieces import Examined, Unverified
from engine_proc.session.alerts import (
    Alert,
    FileError,
    FileFinished,
    Finished,
    Flushed,
    ListenTrouble,
    MetadataReceived,
    NativeState,
    NativeStateChanged,
    ResumeRejected,
    StatusUpdate,
    TorrentStatus,
    TorrentTrouble,
)
from protocol.wire.events.session_events import SessionError
from protocol.wire.events.torrent_events import Completed, ErrorCleared, FileCompleted, StateChanged, TorrentError
from protocol.wire.rows import TorrentState

_STATES: Final = {
    NativeState.CHECKING_RESUME_DATA: TorrentState.QUEUED,
    NativeState.CHECKING_FILES: TorrentState.CHECKING,
    NativeState.DOWNLOADING_METADATA: TorrentState.FETCHING_METADATA,
    NativeState.DOWNLOADING: TorrentState.DOWNLOADING,
    NativeState.FINISHED: TorrentState.FINISHED,
    NativeState.SEEDING: TorrentState.SEEDING,
}
_HAS_ALL: Final = frozenset({NativeState.FINISHED, NativeState.SEEDING})


class AlertTranslator:
    """Translates alerts. Stores the last report about each torrent, in order to detect changes."""

    def __init__(self) -> None:
        self._views: dict[str, View] = {}

    def loading(self, torrent: str, *, complete: bool) -> None:
        """Notes that a torrent is being added. `complete`: resume data claims all pieces of the selected files."""
        view = self._views.setdefault(torrent, View(Phase.INCOMPLETE))
        view.phase = Phase.COMPLETE if complete else Phase.INCOMPLETE

    def added(self, torrent: str, *, nameless: bool) -> None:
        """Notes that a torrent was added to the session. `nameless`: its files are unknown, so no file is selected."""
        view = self._views.get(torrent)
        if view is not None:
            view.nameless, view.finished_nameless = nameless, False

    def selected(self, torrent: str) -> list[Flush]:
        """Notes that a torrent's selection is in force. From now on, the torrent can become complete."""
        view = self._views.get(torrent)
        if view is None or not view.nameless:
            return []
        view.nameless = False
        finished = view.finished_nameless and not view.downloading and view.phase is Phase.INCOMPLETE
        return self._finish(torrent, view) if finished else []

    @staticmethod
    def _finish(torrent: str, view: View) -> list[Flush]:
        view.row_is_newer = False
        if not view.has_downloaded:  # it was complete from the start, so there is nothing to flush
            view.phase = Phase.FLUSHED
            return []
        view.phase = Phase.FLUSHING
        return [Flush(torrent)]

    def discard(self, torrent: str) -> None:
        """Removes a torrent; its later alerts are ignored."""
        self._views.pop(torrent, None)

    def troubled(self, torrent: str) -> bool:
        """Whether a torrent has a published error that has not been cleared."""
        view = self._views.get(torrent)
        return view is not None and view.trouble is not None

    def checking(self, torrent: str, unverified: Unverified, checked_bytes: int) -> list[TranslatedEvent]:
        """The events about a torrent that is being verified on disk before it is added."""
        view = self._views.get(torrent)
        if view is None:
            return []
        total = unverified.bytes_total
        done = min(total, unverified.bytes_done + checked_bytes)
        events: list[TranslatedEvent] = [idle(torrent, TorrentState.CHECKING, done, total, unverified.payload)]
        if view.state is not TorrentState.CHECKING:
            events.append(StateChanged(torrent=torrent, state=TorrentState.CHECKING, previous=view.state))
            view.state = TorrentState.CHECKING
        return events

    def rechecking(self, torrent: str) -> list[TranslatedEvent]:
        """The events about a torrent whose recheck has begun.

        These events do not wait for the next status update, because a short recheck may end before that.
        """
        view = self._views.get(torrent)
        if view is None or view.state is TorrentState.CHECKING:
            return []
        previous, view.state = view.state, TorrentState.CHECKING
        return [StateChanged(torrent=torrent, state=TorrentState.CHECKING, previous=previous)]

    def refused(self, torrent: str, examined: Examined | None) -> list[TranslatedEvent]:
        """The events about a torrent that could not be loaded, without the event about the error.

        `examined`: the claims of its resume data.
        """
        if examined is None:
            return []
        return [idle(torrent, TorrentState.ERROR, examined.bytes_done, examined.bytes_total, examined.size)]

    def missing(self, torrent: str, examined: Examined | None) -> list[TranslatedEvent]:
        """The events about a torrent that is not loaded because its storage is missing.

        `examined`: the claims of its resume data.
        """
        view = self._views.setdefault(torrent, View(Phase.INCOMPLETE))
        view.row = None
        done, total, size = (0, 0, 0) if examined is None else examined[1:4]
        events: list[TranslatedEvent] = [idle(torrent, TorrentState.MISSING_STORAGE, done, total, size)]
        if view.state is not TorrentState.MISSING_STORAGE:
            events.append(StateChanged(torrent=torrent, state=TorrentState.MISSING_STORAGE, previous=view.state))
            view.state = TorrentState.MISSING_STORAGE
        return events

    def incomplete(self, torrent: str) -> bool:
        """Whether a torrent may still have data to write."""
        view = self._views.get(torrent)
        return view is None or view.phase is not Phase.COMPLETE

    def trouble(self, torrent: str) -> str | None:
        """The error that has stopped a torrent, as a sentence; None if the torrent is not stopped."""
        view = self._views.get(torrent)
        return None if view is None else view.trouble

    def stopped(self, torrent: str) -> bool:
        """Whether a torrent is stopped by a published error."""
        view = self._views.get(torrent)
        if view is None or view.out_of_space:
            return False
        return view.trouble is not None or (view.row is not None and view.row.error is not None)

    def lacking(self, torrent: str) -> int:
        """The bytes that a torrent still has to download, according to its last status."""
        view = self._views.get(torrent)
        return 0 if view is None or view.row is None else max(0, view.row.wanted - view.row.done)

    def flushing(self, torrent: str) -> bool:
        """Whether a torrent has finished, and its flush is not confirmed yet.

        Before the flush, resume data would claim more than is on disk.
        """
        view = self._views.get(torrent)
        return view is not None and view.phase in (Phase.FLUSHING, Phase.SPOILED)

    def translate(self, alert: Alert) -> Translation:
        """Translates one alert into events and orders."""
        match alert:
            case StatusUpdate(rows):
                return self._observe_all(rows)
            case ListenTrouble(problem):
                return Translation([SessionError(name="listen_failed", message=problem)])
            case (
                NativeStateChanged()
                | MetadataReceived()
                | Finished()
                | Flushed()
                | FileFinished()
                | ResumeRejected()
                | TorrentTrouble()
                | FileError()
            ):
                view = self._views.get(alert.torrent)
                return NOTHING if view is None else self._feed_torrent(view, alert)
            case _:
                return NOTHING

    def _feed_torrent(
        self,
        view: View,
        alert: NativeStateChanged
        | MetadataReceived
        | Finished
        | Flushed
        | FileFinished
        | ResumeRejected
        | TorrentTrouble
        | FileError,
    ) -> Translation:
        torrent = alert.torrent
        match alert:
            case NativeStateChanged(_, state):
                view.downloading = state is NativeState.DOWNLOADING
                view.has_downloaded |= view.downloading
                if view.downloading and view.phase is not Phase.SPOILED:
                    view.phase = Phase.INCOMPLETE
                return NOTHING
            case MetadataReceived():
                return Translation(orders=[LoadLayout(torrent)])
            case Finished():
                view.finished_nameless = view.nameless
                if view.nameless or view.phase is not Phase.INCOMPLETE:
                    return NOTHING
                return Translation(orders=self._finish(torrent, view))
            case Flushed():
                if view.phase is not Phase.FLUSHING:
                    return NOTHING
                view.phase = Phase.FLUSHED
                # A row from before the last piece is outdated; a newer one will arrive.
                return self._observe_all([view.row] if view.row is not None and view.row_is_newer else [])
            case FileFinished(_, index):
                return Translation([FileCompleted(torrent=torrent, index=index)]) if view.downloading else NOTHING
            case ResumeRejected(_, problem):
                view.phase = Phase.INCOMPLETE
                return Translation(
                    [TorrentError(torrent=torrent, name="resume_rejected", message=problem, recoverable=True)]
                )
            case FileError(_, _, problem):
                if alert.stops_writing or view.file_problem is None:
                    view.file_problem = problem
                view.out_of_space = view.out_of_space or alert.out_of_space
                if view.phase not in (Phase.FLUSHING, Phase.FLUSHED):
                    return NOTHING
                view.phase = Phase.SPOILED
                return Translation(orders=[Reload(torrent)])
            case TorrentTrouble(_, problem):
                if view.trouble == problem or view.out_of_space:
                    return NOTHING
                view.trouble = problem
                return Translation([_stopped(torrent, view, problem)])

    def _observe_all(self, rows: Sequence[TorrentStatus]) -> Translation:
        events: list[TranslatedEvent] = []
        orders: list[Order] = []
        for row in rows:
            self._observe(row, events, orders)
        return Translation(events, orders)

    def _observe(self, row: TorrentStatus, events: list[TranslatedEvent], orders: list[Order]) -> None:
        view = self._views.get(row.torrent)
        if view is None:
            return
        before = view.row
        row = view.row = _counted(row, before, view)
        view.row_is_newer = True
        stopped = row.upload_mode or row.error is not None
        view.out_of_space = view.out_of_space and stopped
        if stopped and not view.out_of_space and view.trouble is None:
            # No alert reports that libtorrent stopped after a failed write. And if a torrent is invalid from the start,
            # its status arrives before `add_torrent_alert`.
            view.trouble = row.error or view.file_problem or "a write failed"
            events.append(_stopped(row.torrent, view, view.trouble))
        completed = self._advance_phase(view, row)
        state = _state_of(row, view)
        events.append(progress_of(row, state))
        if state is not view.state:
            events.append(StateChanged(torrent=row.torrent, state=state, previous=view.state))
            view.state = state
        if completed:
            events.append(Completed(torrent=row.torrent, bytes_done=row.done))
            orders.append(SaveResume(row.torrent, final=True))
        elif before is None or before.state is NativeState.CHECKING_RESUME_DATA:
            pass  # libtorrent is processing the resume data, which is saved already
        elif row.done != before.done:
            orders.append(SaveResume(row.torrent, final=False))
        elif (row.uploaded, row.downloaded) != (before.uploaded, before.downloaded):
            orders.append(SaveCounters(row.torrent))
        if view.trouble is not None and not stopped:
            view.trouble = view.file_problem = None
            events.append(ErrorCleared(torrent=row.torrent))
            orders.append(ConfirmRetry(row.torrent))

    @staticmethod
    def _advance_phase(view: View, row: TorrentStatus) -> bool:
        """Updates the phase. Returns whether the torrent has just become complete.

        A torrent without selected files finishes, but does not become complete.
        """
        if view.phase is Phase.SPOILED:
            return False
        if row.state is NativeState.DOWNLOADING and row.done < row.wanted:
            view.phase = Phase.INCOMPLETE
            view.has_downloaded = True
        if view.phase is Phase.FLUSHED and row.state in _HAS_ALL:
            view.phase = Phase.COMPLETE
            return row.wanted > 0
        return False


STOPPING: Final = ("storage", "invalid_metadata")
"""The names of errors that stop a torrent."""


def _stopped(torrent: str, view: View, problem: str) -> TorrentError:
    """The event that an error has stopped a torrent.

    If the torrent has no metadata yet, the error is about the metadata.
    """
    name = "invalid_metadata" if view.nameless else "storage"
    return TorrentError(torrent=torrent, name=name, message=problem, recoverable=False)


def _counted(row: TorrentStatus, before: TorrentStatus | None, view: View) -> TorrentStatus:
    """The row with up-to-date totals, because libtorrent updates its totals late."""
    seen, moved = view.moved, (row.moved_down, row.moved_up)
    if moved == seen == (0, 0):
        return row
    view.moved = moved
    known = (0, 0) if before is None else (before.downloaded, before.uploaded)
    down, up = (
        max(total, known_total + (now - then if now >= then else now))
        for total, known_total, now, then in zip((row.downloaded, row.uploaded), known, moved, seen, strict=True)
    )
    return msgspec.structs.replace(row, downloaded=down, uploaded=up)


def _state_of(row: TorrentStatus, view: View) -> TorrentState:
    if view.out_of_space and (row.paused or row.error is not None):
        return TorrentState.PAUSED
    if row.error is not None or (row.upload_mode and view.trouble is not None):
        return TorrentState.ERROR
    if row.paused:
        return TorrentState.PAUSED
    if row.queued:
        return TorrentState.QUEUED
    if row.state in _HAS_ALL and view.phase is not Phase.COMPLETE:
        return TorrentState.FETCHING_METADATA if view.nameless else TorrentState.DOWNLOADING
    return _STATES[row.state]
