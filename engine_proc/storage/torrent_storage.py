"""The storage guard's record of one torrent. Pure."""

from typing import NamedTuple

from engine_proc.resume.pieces import Examined
from engine_proc.storage.homes import Home, Homes
from protocol.wire.desired import DesiredTorrent


class Waiting(NamedTuple):
    """The state of a torrent that waits for its missing storage.

    Fields:
        examined: the claims of the torrent's resume data.
        mount_point: the mount point where the files are expected.
        anew: whether a client has requested a new check.
    """

    examined: Examined | None
    mount_point: str
    anew: bool = False


class TorrentStorage:
    """The storage guard's record of one torrent.

    Fields:
        desired: the last desired state, before `effective` changed it. None if the torrent is loaded only to delete its
            files.
        home: the torrent's mount when the files were last found.
        waiting: set while the storage is missing.
    """

    __slots__ = ("desired", "home", "waiting")

    def __init__(self) -> None:
        self.desired: DesiredTorrent | None = None
        self.home: Home | None = None
        self.waiting: Waiting | None = None

    def has_moved(self, homes: Homes) -> bool:
        """Whether the torrent's path leads to another mount than at the last check."""
        home, desired = self.home, self.desired
        return home is not None and desired is not None and home != homes.of(desired.save_path)
