"""Finds the torrents to reconsider after a failed write, and after a measurement of free space."""

from collections.abc import Callable, Collection, Mapping

from engine_proc.events.translator import AlertTranslator
from engine_proc.process.log import log
from engine_proc.storage import storage_policy
from engine_proc.storage.mount import MountRecords
from engine_proc.storage.storage_policy import Measured
from engine_proc.storage.storage_watch import SpaceSeen
from engine_proc.storage.torrent_storage import TorrentStorage


class FreeSpace:
    """The free space of all mounts of one engine.

    Args:
        mounts: the records of the mounts. They have the state of the free space.
        torrents: the records of the torrents.
        translator: knows how many bytes torrents still have to download.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        mounts: MountRecords,
        torrents: Mapping[str, TorrentStorage],
        translator: AlertTranslator,
        clock: Callable[[], float],
    ) -> None:
        self._mounts = mounts
        self._torrents = torrents
        self._translator = translator
        self._clock = clock

    def write_failed(self, torrent: str) -> Collection[str]:
        """Notes that a write found no free space. Returns the torrents that may have to wait now."""
        record = self._torrents.get(torrent)
        if record is None or record.home is None:
            return ()
        home, mount = record.home, self._mounts.at(record.home.mount_point)
        if not mount.write_failed(self._clock()):
            return () if torrent in mount.held else (torrent,)
        log("info", "disk_ran_full", mount_point=mount.point, refills=mount.space.refills)
        there = [each for each, its in self._torrents.items() if its.home == home]
        return [each for each in there if self._translator.incomplete(each)]

    def measured(self, sight: SpaceSeen) -> Collection[str]:
        """Stores a measurement. Returns the torrents that wait no longer."""
        mount, now = self._mounts.at(sight.mount_point), self._clock()
        if mount.measure_at is None:
            return ()
        mount.measure_at = now + storage_policy.LOOK_S
        if sight.free_bytes is None:
            return ()
        lacking = sum(self._translator.lacking(torrent) for torrent in mount.held)
        released = mount.measured(Measured(sight.free_bytes, sight.free_inodes, lacking), now)
        if mount.space.full:
            return ()
        log("info", "disk_has_room", mount_point=mount.point, free_bytes=sight.free_bytes)
        return released
