"""Waits for a torrent by an event stream. Decides when to read the torrent's row, and determines the outcome. Pure.

The row determines the outcome. Events only say when to read the row. So the outcome reflects the daemon's latest state.
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
        look_now: whether the row has to be read now, and passed to `complete`.
        exists: whether the torrent exists.
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
        """Handles the error of reading the row. Raises the error if the torrent has never existed."""
        if self._looked and error.kind is ErrorKind.UNKNOWN_TORRENT:
            self.exists = False
        else:
            raise error

    def complete(self, row: TorrentRow | None) -> bool:
        """Whether the torrent is complete according to its row. None means that the torrent was removed.

        Raises:
            DownloadFailed: the torrent cannot become complete without help.
        """
        self.look_now, self._looked = False, True
        if row is None:
            raise DownloadFailed(self._torrent, "it was removed", removed=True)
        ending = Ending(self._torrent)
        outcome = ending.handle_row(row)
        if outcome is Outcome.FAILED:
            raise DownloadFailed(self._torrent, ending.message or self._cause)
        return outcome is Outcome.COMPLETED
