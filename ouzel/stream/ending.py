"""Determines the outcome of a download that a client waits for. Pure."""

from enum import Enum

from ouzel.stream.event import Event, Resnapshot
from ouzel.stream.feed import Item
from protocol.wire.rows import TorrentRow, TorrentState

NOTHING_SELECTED = "nothing is selected: no file of it is to be downloaded; `ouzel files ID` lists and chooses them"
_COMPLETE = frozenset({TorrentState.FINISHED, TorrentState.SEEDING})


class Outcome(Enum):
    """The outcome of a download."""

    COMPLETED = "completed"
    FAILED = "failed"
    REMOVED = "removed"


class Ending:
    """Watches one torrent until it is complete, or until it cannot become complete without help.

    A recoverable error does not end the watch, because Ouzel recovers by itself. Examples are the death of the engine
    and a full disk. A row does not tell whether an error is recoverable. So if the torrent has an error or is in
    quarantine when the watch begins, it counts as failed.

    Fields:
        outcome: the outcome. None while it is open.
        message: why the download failed, for people.
    """

    def __init__(self, torrent: str) -> None:
        self.torrent = torrent
        self.outcome: Outcome | None = None
        self.message = ""

    def handle(self, item: Item) -> Outcome | None:
        """Handles one item of a stream. Returns the outcome once there is one."""
        if self.outcome is not None:
            return self.outcome
        if isinstance(item, Resnapshot):
            found = next((row for row in item.torrents if row.torrent == self.torrent), None)
            if found is None:
                return self._end(Outcome.REMOVED, "")
            return self.handle_row(found)
        if item.torrent == self.torrent:
            self._see_event(item)
        return self.outcome

    def handle_row(self, row: TorrentRow) -> Outcome | None:
        """Handles the torrent's present row. Returns the outcome once there is one."""
        if row.state == TorrentState.FINISHED and row.bytes_total == 0 and row.size > 0:
            return self._end(Outcome.FAILED, NOTHING_SELECTED)
        complete_and_paused = row.state == TorrentState.PAUSED and row.bytes_total > 0 and row.progress >= 1
        if row.state in _COMPLETE or complete_and_paused:
            return self._end(Outcome.COMPLETED, "")
        if row.state in (TorrentState.ERROR, TorrentState.QUARANTINED):
            return self._end(Outcome.FAILED, row.error or f"the torrent's state is `{row.state}`")
        return None

    def _see_event(self, event: Event) -> None:
        match event.type:
            case "completed":
                self._end(Outcome.COMPLETED, "")
            case "progress" if (
                event.data["state"] == TorrentState.FINISHED and event.data["bytes_total"] == 0 < event.data["size"]
            ):
                self._end(Outcome.FAILED, NOTHING_SELECTED)
            case "state_changed" | "progress" if event.data["state"] in _COMPLETE:
                self._end(Outcome.COMPLETED, "")
            case "state_changed" if event.data["state"] == TorrentState.QUARANTINED:
                self._end(Outcome.FAILED, "the torrent is in quarantine, because it crashes the engine")
            case "error" if not event.data["recoverable"]:
                self._end(Outcome.FAILED, event.data["message"])
            case "torrent_removed":
                self._end(Outcome.REMOVED, "")
            case _:
                pass

    def _end(self, outcome: Outcome, message: str) -> Outcome:
        self.outcome, self.message = outcome, message
        return outcome
