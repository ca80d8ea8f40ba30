"""Records by torrent, with counts that are kept up to date. Pure."""

from collections import Counter
from typing import Any

from protocol.wire.desired import DesiredTorrent


class CountedRecords(dict[str, DesiredTorrent]):
    """Records by torrent. Reading is as fast as with a `dict`.

    Change it by item assignment, `del` and `pop` only. The other methods of `dict` do not update the counts.

    Fields:
        categories: the number of records by category key; None is no category.
        quarantined: the number of records of torrents in quarantine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.categories: Counter[str | None] = Counter()
        self.quarantined = 0

    def __setitem__(self, torrent: str, desired: DesiredTorrent) -> None:
        before = self.get(torrent)
        if before is not None:
            self._count(before, -1)
        super().__setitem__(torrent, desired)
        self._count(desired, 1)

    def __delitem__(self, torrent: str) -> None:
        self._count(self[torrent], -1)
        super().__delitem__(torrent)

    def pop(self, torrent: str, *default: Any) -> Any:
        """Removes and returns a record. Without one, returns the default, or raises KeyError."""
        if torrent in self:
            self._count(self[torrent], -1)
        return super().pop(torrent, *default)

    def _count(self, desired: DesiredTorrent, by: int) -> None:
        self.categories[desired.category] += by
        if not self.categories[desired.category]:
            del self.categories[desired.category]
        self.quarantined += by * (desired.quarantine is not None)
