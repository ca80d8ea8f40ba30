"""The storage guard's record of one torrent. Pure."""

from typing import NamedTuple

from engine_proc.resume.pieces import Examined
from engine_proc.storage.homes import Home, Homes
from protocol.wire.desired import DesiredTorrent


class Waiting(NamedTuple):
    """What a torrent that misses its storage waits for.

    Fields:
        examined: what its resume data claims.
        mount_point: on which it is awaited.
        anew: somebody wants to know whether it still waits.
    """

    examined: Examined | None
    mount_point: str
    anew: bool = False


class TorrentStorage:
    """What is known of one torrent.

    Fields:
        desired: what was desired last, before it was made effective; None where it is loaded to be deleted.
        home: where it was when it was last judged to be there.
        waiting: set while it misses its storage.
    """

    __slots__ = ("desired", "home", "waiting")

    def __init__(self) -> None:
        self.desired: DesiredTorrent | None = None
        self.home: Home | None = None
        self.waiting: Waiting | None = None

    def has_moved(self, homes: Homes) -> bool:
        """Whether its path leads to another mount than when it was judged."""
        home, desired = self.home, self.desired
        return home is not None and desired is not None and home != homes.of(desired.save_path)
