"""Waits for a torrent with a stream: reads its row when events demand it, and determines the outcome. Pure.

The row decides, and events say when to read it, so the outcome is the daemon's latest state.
"""

from ouzel.errors import DownloadFailed, Refused
from ouzel.stream.ending import Ending, Outcome
from ouzel.stream.event import Resnapshot
from ouzel.stream.feed import Item
from protocol.wire.errors import ErrorKind
from protocol.wire.rows import TorrentRow


class Waiting:
    """Waits for one torrent.

    Fields:
        look_now: the row has to be read, and passed to `complete`.
        exists: whether there is one.
    """

    def __init__(self, torrent: str) -> None:
        self._torrent = torrent
        self._cause = ""
        self.look_now = True
        self.exists = True
        self._looked = False

    def handle(self, item: Item) -> None:
        """Handles an item of the stream."""
        ending = Ending(self._torrent)
        outcome = ending.handle(item)
        if outcome is Outcome.REMOVED:
            self.exists = False
        self._cause = ending.message or self._cause
        changed = isinstance(item, Resnapshot) or item.type in {"state_changed", "error"}
        self.look_now = changed or outcome is not None

    def row_missing(self, error: Refused) -> None:
        """The row could not be read. Raises the error if there never was one."""
        if self._looked and error.kind is ErrorKind.UNKNOWN_TORRENT:
            self.exists = False
        else:
            raise error

    def complete(self, row: TorrentRow | None) -> bool:
        """Whether the torrent is complete by its row, which is None if it is gone.

        Raises:
            DownloadFailed: it cannot become complete without help.
        """
        self.look_now, self._looked = False, True
        if row is None:
            raise DownloadFailed(self._torrent, "it was removed", removed=True)
        ending = Ending(self._torrent)
        outcome = ending.handle_row(row)
        if outcome is Outcome.FAILED:
            raise DownloadFailed(self._torrent, ending.message or self._cause)
        return outcome is Outcome.COMPLETED
