"""Finds torrents whose check or search for metadata makes no progress. Pure.

If the check of a torrent makes no progress for `CHECKING_S`, the torrent is stuck. Then the engine loads the torrent
again, but only once. If a magnet link has connected peers, but gets no metadata for `METADATA_S`, the link is stuck.
Paused torrents, and torrents that wait in libtorrent's queue, are never stuck. Only torrents that are checked, or that
search for metadata, use memory.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from engine_proc.session.alerts import NativeState, TorrentStatus
from protocol.internal.watch_events import StuckIn

CHECKING_S: Final = 600.0
METADATA_S: Final = 600.0

LOOK_S: Final = 5.0
"""The interval of the search for stuck torrents. After a start, thousands of torrents may have to be compared."""

RELOADS_KEPT_S: Final = 24 * 3600.0
"""For how long the watch remembers that a torrent was loaded again."""


class Stuck(NamedTuple):
    """A torrent is stuck, or is no longer stuck (`what` is None). `reload`: the torrent has to be loaded again."""

    torrent: str
    what: StuckIn | None
    since_s: float = 0.0
    reload: bool = False


class _Watched:
    __slots__ = ("done", "reported", "since", "what")

    def __init__(self, what: StuckIn, done: tuple[float, int], since: float) -> None:
        self.what = what
        self.done = done
        """The progress of the torrent's check."""
        self.since = since
        self.reported = False


class StuckWatch:
    """Finds stuck torrents of one session. Times are monotonic seconds that the caller passes."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._reloaded: dict[str, float] = {}
        """By torrent with a stuck check, when it was loaded again."""
        self._moved: list[Stuck] = []
        self._next_look = 0.0

    def observe(self, rows: Iterable[TorrentStatus], now: float) -> None:
        """Handles status updates. If a torrent has no update, its status has not changed."""
        for row in rows:
            what = _state(row)
            known = self._watched.get(row.torrent)
            if what is None:
                if known is not None:
                    self.forget(row.torrent)
                if self._reloaded and row.state is not NativeState.CHECKING_RESUME_DATA:
                    self._reloaded.pop(row.torrent, None)
                continue
            done = (row.progress, row.done) if what is StuckIn.CHECKING else (0.0, 0)
            if known is not None and (known.what, known.done) == (what, done):
                continue
            if known is not None:
                self.forget(row.torrent)
                self._reloaded.pop(row.torrent, None)
            self._watched[row.torrent] = _Watched(what, done, now)

    def forget(self, torrent: str) -> None:
        """Removes a torrent that has left the session or the watched state."""
        known = self._watched.pop(torrent, None)
        if known is not None and known.reported:
            self._moved.append(Stuck(torrent, None))

    def look(self, now: float) -> list[Stuck]:
        """Removes and returns the changes to report."""
        found, self._moved = self._moved, []
        if now < self._next_look:
            return found
        self._next_look = now + LOOK_S
        for torrent, known in self._watched.items():
            patience_s = CHECKING_S if known.what is StuckIn.CHECKING else METADATA_S
            if known.reported or now - known.since < patience_s:
                continue
            known.reported = True
            reload = known.what is StuckIn.CHECKING and torrent not in self._reloaded
            if reload:
                self._reloaded[torrent] = now
            found.append(Stuck(torrent, known.what, now - known.since, reload))
        for torrent in [each for each, at in self._reloaded.items() if now - at > RELOADS_KEPT_S]:
            del self._reloaded[torrent]
        return found


def _state(row: TorrentStatus) -> StuckIn | None:
    """The watched state of a torrent; None if it needs no watch."""
    if row.paused or row.queued or row.error is not None:
        return None
    if row.state is NativeState.CHECKING_FILES:
        return StuckIn.CHECKING
    if row.state is NativeState.DOWNLOADING_METADATA and row.peers > 0:
        return StuckIn.METADATA
    return None
