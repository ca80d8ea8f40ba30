"""From libtorrent's alerts to engine events, and to orders for the loop. Pure: no clock, no session, no libtorrent.

What this file knows that the alerts do not say: "finished" means that the pieces passed the hash check, while bytes may
still be in the write cache. So a torrent is shown as downloading, and `Completed` is held back, until a flush that was
asked for after the last piece has been confirmed. The phases:

    INCOMPLETE -> (Finished) FLUSHING -> (Flushed) FLUSHED -> (status says finished) COMPLETE -> (status: downloading)
    ...

A torrent whose resume data says that it is complete begins in COMPLETE and announces nothing. One that has downloaded
nothing since it was added has nothing to flush, and goes from INCOMPLETE to FLUSHED. Longer than most files here, since
a third of it is the mapping itself, field by field.
"""

from enum import Enum
from typing import Final, NamedTuple

import msgspec

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
from engine_proc.session.session_port import Layout
from protocol.internal.link import FilesRestored
from protocol.wire.events import (
    Completed,
    ErrorCleared,
    FileCompleted,
    FilesDiscovered,
    MetadataUpdated,
    Progress,
    SessionError,
    StateChanged,
    TorrentError,
)
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


class Flush(NamedTuple):
    """Order: flush the torrent's write cache."""

    torrent: str


class LoadLayout(NamedTuple):
    """Order: the metadata came; read the layout, apply the selection, and call `metadata_known`."""

    torrent: str


class SaveResume(NamedTuple):
    """Order: something worth keeping happened; `final` where nothing more will follow of it."""

    torrent: str
    final: bool


class Reload(NamedTuple):
    """Order: what libtorrent believes of the torrent is wrong; take it out and load it anew from its resume data."""

    torrent: str


class SaveCounters(NamedTuple):
    """Order: totals moved; they are saved when convenient."""

    torrent: str


TranslatedEvent = (
    Progress
    | StateChanged
    | Completed
    | FileCompleted
    | TorrentError
    | ErrorCleared
    | MetadataUpdated
    | FilesDiscovered
    | FilesRestored
    | SessionError
)
Order = Flush | LoadLayout | SaveResume | SaveCounters | Reload
Output = TranslatedEvent | Order


class _Phase(Enum):
    INCOMPLETE = "incomplete"
    FLUSHING = "flushing"
    FLUSHED = "flushed"
    COMPLETE = "complete"
    SPOILED = "spoiled"
    """A write failed after the last piece had passed its check: libtorrent claims what is not there, for good."""


class _View:
    """What was told of one torrent so far."""

    def __init__(self, phase: _Phase) -> None:
        self.phase = phase
        self.state = TorrentState.QUEUED
        self.downloading = False
        self.has_downloaded = False
        """It may have written to its files since it was added."""
        self.nameless = False
        """A magnet link: nothing of it is wanted before its files are judged, and that it is finished means nothing."""
        self.finished_nameless = False
        self.trouble: str | None = None
        self.file_problem: str | None = None
        """What the last failed read or write was."""
        self.out_of_space = False
        """The torrent stands still because a write found no space."""
        self.row: TorrentStatus | None = None
        self.row_is_newer = False
        """The row is from after the torrent finished."""
        self.moved = (0, 0)
        """What the row before said of `moved_down` and `moved_up`."""


class AlertTranslator:
    """Remembers of each torrent just enough to tell what is news."""

    def __init__(self) -> None:
        self._views: dict[str, _View] = {}

    def loading(self, torrent: str, *, complete: bool) -> None:
        """A torrent is being added; `complete` where its resume data says that all that is wanted is there."""
        view = self._views.setdefault(torrent, _View(_Phase.INCOMPLETE))
        view.phase = _Phase.COMPLETE if complete else _Phase.INCOMPLETE

    def added(self, torrent: str, *, nameless: bool) -> None:
        """A torrent is in the session; `nameless` where its files are not known, and nothing of it is wanted."""
        view = self._views.get(torrent)
        if view is not None:
            view.nameless, view.finished_nameless = nameless, False

    def selected(self, torrent: str) -> list[Output]:
        """A torrent's selection is in force: from now on it counts that it is finished, or was all along."""
        view = self._views.get(torrent)
        if view is None or not view.nameless:
            return []
        view.nameless = False
        finished = view.finished_nameless and not view.downloading and view.phase is _Phase.INCOMPLETE
        return self._finish(torrent, view) if finished else []

    @staticmethod
    def _finish(torrent: str, view: _View) -> list[Output]:
        view.row_is_newer = False
        if not view.has_downloaded:  # a seed from the start: there is nothing to flush
            view.phase = _Phase.FLUSHED
            return []
        view.phase = _Phase.FLUSHING
        return [Flush(torrent)]

    def forget(self, torrent: str) -> None:
        """A torrent is gone; later alerts of it mean nothing."""
        self._views.pop(torrent, None)

    def troubled(self, torrent: str) -> bool:
        """Whether an error of a torrent was told, and not that it is over."""
        view = self._views.get(torrent)
        return view is not None and view.trouble is not None

    def checking(self, torrent: str, unverified: Unverified, checked_bytes: int) -> list[Output]:
        """A torrent that is not added yet is being looked at on disk."""
        view = self._views.get(torrent)
        if view is None:
            return []
        total = unverified.bytes_total
        done = min(total, unverified.bytes_done + checked_bytes)
        outputs: list[Output] = [_idle(torrent, TorrentState.CHECKING, done, total, unverified.payload)]
        if view.state is not TorrentState.CHECKING:
            outputs.append(StateChanged(torrent=torrent, state=TorrentState.CHECKING, previous=view.state))
            view.state = TorrentState.CHECKING
        return outputs

    def rechecking(self, torrent: str) -> list[Output]:
        """A torrent is being hashed again; that may be over before its next status."""
        view = self._views.get(torrent)
        if view is None or view.state is TorrentState.CHECKING:
            return []
        previous, view.state = view.state, TorrentState.CHECKING
        return [StateChanged(torrent=torrent, state=TorrentState.CHECKING, previous=previous)]

    def refused(self, torrent: str, examined: Examined | None) -> list[Output]:
        """A torrent could not be loaded, which an error tells of; `examined` is what its resume data says."""
        if examined is None:
            return []
        return [_idle(torrent, TorrentState.ERROR, examined.bytes_done, examined.bytes_total, examined.size)]

    def missing(self, torrent: str, examined: Examined | None) -> list[Output]:
        """A torrent is not loaded, because its storage is not there; `examined` is what its resume data says."""
        view = self._views.setdefault(torrent, _View(_Phase.INCOMPLETE))
        view.row = None
        done, total, size = (0, 0, 0) if examined is None else examined[1:4]
        outputs: list[Output] = [_idle(torrent, TorrentState.MISSING_STORAGE, done, total, size)]
        if view.state is not TorrentState.MISSING_STORAGE:
            outputs.append(StateChanged(torrent=torrent, state=TorrentState.MISSING_STORAGE, previous=view.state))
            view.state = TorrentState.MISSING_STORAGE
        return outputs

    def incomplete(self, torrent: str) -> bool:
        """Whether a torrent has, for all that is known, something left to write."""
        view = self._views.get(torrent)
        return view is None or view.phase is not _Phase.COMPLETE

    def trouble(self, torrent: str) -> str | None:
        """What has stopped a torrent, in words."""
        view = self._views.get(torrent)
        return None if view is None else view.trouble

    def stopped(self, torrent: str) -> bool:
        """Whether a torrent stands still for an error that clients were told of."""
        view = self._views.get(torrent)
        if view is None or view.out_of_space:
            return False
        return view.trouble is not None or (view.row is not None and view.row.error is not None)

    def lacking(self, torrent: str) -> int:
        """How many bytes a torrent has left to fetch, by its last status."""
        view = self._views.get(torrent)
        return 0 if view is None or view.row is None else max(0, view.row.wanted - view.row.done)

    def flushing(self, torrent: str) -> bool:
        """Whether resume data would claim more than is on disk: the torrent has finished, and its flush has not."""
        view = self._views.get(torrent)
        return view is not None and view.phase in (_Phase.FLUSHING, _Phase.SPOILED)

    def metadata_known(self, torrent: str, layout: Layout, *, restored: bool) -> list[Output]:
        """The torrent's files are known: news for clients, unless they were known before this engine's time."""
        if restored:
            return [
                FilesRestored(
                    torrent=torrent,
                    name=layout.name,
                    size=layout.size,
                    piece_length=layout.piece_length,
                    files=layout.files,
                    torrent_paths=dict(layout.torrent_paths),
                )
            ]
        return [
            MetadataUpdated(
                torrent=torrent,
                name=layout.name,
                size=layout.size,
                piece_length=layout.piece_length,
                files=len(layout.files),
            ),
            FilesDiscovered(torrent=torrent, files=layout.files, torrent_paths=dict(layout.torrent_paths)),
        ]

    def feed(self, alert: Alert) -> list[Output]:
        """What one alert means, in the order in which it is to be told and done."""
        match alert:
            case StatusUpdate(rows):
                return [output for row in rows for output in self._observe(row)]
            case ListenTrouble(problem):
                return [SessionError(name="listen_failed", message=problem)]
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
                return [] if view is None else self._feed_torrent(view, alert)
            case _:
                return []

    def _feed_torrent(
        self,
        view: _View,
        alert: NativeStateChanged
        | MetadataReceived
        | Finished
        | Flushed
        | FileFinished
        | ResumeRejected
        | TorrentTrouble
        | FileError,
    ) -> list[Output]:
        torrent = alert.torrent
        match alert:
            case NativeStateChanged(_, state):
                view.downloading = state is NativeState.DOWNLOADING
                view.has_downloaded |= view.downloading
                if view.downloading and view.phase is not _Phase.SPOILED:
                    view.phase = _Phase.INCOMPLETE
                return []
            case MetadataReceived():
                return [LoadLayout(torrent)]
            case Finished():
                view.finished_nameless = view.nameless
                return [] if view.nameless or view.phase is not _Phase.INCOMPLETE else self._finish(torrent, view)
            case Flushed():
                if view.phase is not _Phase.FLUSHING:
                    return []
                view.phase = _Phase.FLUSHED
                # A row from before the last piece knows nothing of it; a newer one is on its way.
                return self._observe(view.row) if view.row is not None and view.row_is_newer else []
            case FileFinished(_, index):
                return [FileCompleted(torrent=torrent, index=index)] if view.downloading else []
            case ResumeRejected(_, problem):
                view.phase = _Phase.INCOMPLETE
                return [TorrentError(torrent=torrent, name="resume_rejected", message=problem, recoverable=True)]
            case FileError(_, _, problem):
                if alert.stops_writing or view.file_problem is None:
                    view.file_problem = problem
                view.out_of_space = view.out_of_space or alert.out_of_space
                if view.phase not in (_Phase.FLUSHING, _Phase.FLUSHED):
                    return []
                view.phase = _Phase.SPOILED
                return [Reload(torrent)]
            case TorrentTrouble(_, problem):
                if view.trouble == problem or view.out_of_space:
                    return []
                view.trouble = problem
                return [TorrentError(torrent=torrent, name="storage", message=problem, recoverable=False)]

    def _observe(self, row: TorrentStatus) -> list[Output]:
        view = self._views.get(row.torrent)
        if view is None:
            return []
        before = view.row
        row = view.row = _counted(row, before, view)
        view.row_is_newer = True
        outputs: list[Output] = []
        stopped = row.upload_mode or row.error is not None
        view.out_of_space = view.out_of_space and stopped
        if row.upload_mode and not view.out_of_space and view.trouble is None:
            view.trouble = view.file_problem or "a write failed"
            outputs.append(TorrentError(torrent=row.torrent, name="storage", message=view.trouble, recoverable=False))
        completed = self._advance_phase(view, row)
        state = _state_of(row, view)
        outputs.append(_progress_of(row, state))
        if state is not view.state:
            outputs.append(StateChanged(torrent=row.torrent, state=state, previous=view.state))
            view.state = state
        if completed:
            outputs.append(Completed(torrent=row.torrent, bytes_done=row.done))
            outputs.append(SaveResume(row.torrent, final=True))
        elif before is None or before.state is NativeState.CHECKING_RESUME_DATA:
            pass  # what the resume data says is being taken up, and saved already
        elif row.done != before.done:
            outputs.append(SaveResume(row.torrent, final=False))
        elif (row.uploaded, row.downloaded) != (before.uploaded, before.downloaded):
            outputs.append(SaveCounters(row.torrent))
        if view.trouble is not None and not stopped:
            view.trouble = view.file_problem = None
            outputs.append(ErrorCleared(torrent=row.torrent))
        return outputs

    @staticmethod
    def _advance_phase(view: _View, row: TorrentStatus) -> bool:
        """Whether the torrent has just become complete. One of which nothing is wanted is finished, not complete."""
        if view.phase is _Phase.SPOILED:
            return False
        if row.state is NativeState.DOWNLOADING and row.done < row.wanted:
            view.phase = _Phase.INCOMPLETE
        if view.phase is _Phase.FLUSHED and row.state in _HAS_ALL:
            view.phase = _Phase.COMPLETE
            return row.wanted > 0
        return False


def _counted(row: TorrentStatus, before: TorrentStatus | None, view: _View) -> TorrentStatus:
    """The row with totals that have what libtorrent has not added up yet, and never may."""
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


def _state_of(row: TorrentStatus, view: _View) -> TorrentState:
    if view.out_of_space and (row.paused or row.error is not None):
        return TorrentState.PAUSED
    if row.error is not None or (row.upload_mode and view.trouble is not None):
        return TorrentState.ERROR
    if row.paused:
        return TorrentState.PAUSED
    if row.state in _HAS_ALL and view.phase is not _Phase.COMPLETE:
        return TorrentState.FETCHING_METADATA if view.nameless else TorrentState.DOWNLOADING
    return _STATES[row.state]


def _idle(torrent: str, state: TorrentState, done: int, total: int, size: int) -> Progress:
    """The progress of a torrent that is not in the session."""
    return Progress(
        torrent=torrent,
        state=state,
        progress=_share(done, total, size),
        bytes_done=done,
        bytes_total=total,
        size=size,
        downloaded=0,
        uploaded=0,
        wasted=0,
        download_bps=0,
        upload_bps=0,
        peers=0,
        seeds=0,
    )


def _share(done: int, total: int, size: int) -> float:
    """How far a torrent is; one of which nothing is wanted has all of it, once its files are known."""
    return done / total if total else float(size > 0)


def _progress_of(row: TorrentStatus, state: TorrentState) -> Progress:
    return Progress(
        torrent=row.torrent,
        state=state,
        progress=_share(row.done, row.wanted, row.size if state is not TorrentState.FETCHING_METADATA else 0),
        bytes_done=row.done,
        bytes_total=row.wanted,
        size=row.size,
        downloaded=row.downloaded,
        uploaded=row.uploaded,
        wasted=row.wasted,
        # libtorrent leaves rates as they were when the last peer went.
        download_bps=row.download_bps if row.peers else 0,
        upload_bps=row.upload_bps if row.peers else 0,
        peers=row.peers,
        seeds=row.seeds,
    )
