"""Torrents of one piece each, with their files. Every tenth torrent has several files, and a tracker."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import libtorrent

from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import LOOPBACK

lt: Any = libtorrent

FILE_BYTES: Final = 1000
WITH_TRACKER: Final = 10
"""The first of this many torrents has a tracker."""


def write(downloads: Path, n: int, tracker: str) -> list[bytes]:
    """Writes the files of n torrents. Returns their metainfo.

    Args:
        tracker: the announce URL.
    """
    found = []
    for number in range(n):
        name = f"torrent {number:06}"
        content = noise(FILE_BYTES, number)
        if number % WITH_TRACKER:
            sample = SampleTorrent(name, {"": content}, single=True)
            found.append(sample.metainfo)
        else:
            third = FILE_BYTES // 3
            parts = {
                "a.bin": content[:third],
                "folder/b.bin": content[third : 2 * third],
                "c.nfo": content[2 * third :],
            }
            sample = SampleTorrent(name, parts)
            found.append(sample.metainfo_with({b"announce": tracker.encode(), b"comment": b"one of many"}))
        sample.write(downloads)
    return found


def with_tracker(n: int) -> int:
    """How many of n torrents have a tracker."""
    return (n + WITH_TRACKER - 1) // WITH_TRACKER


def add_bare(metainfos: Sequence[bytes], save_path: Path) -> float:
    """Adds the torrents to a libtorrent session with default settings. Returns the seconds until all are added."""
    began = time.perf_counter()
    session = lt.session({**LOOPBACK, "alert_mask": lt.alert.category_t.status_notification, "alert_queue_size": 10**6})
    for metainfo in metainfos:
        params = lt.load_torrent_buffer(metainfo)
        params.save_path = str(save_path)
        params.flags |= lt.torrent_flags.seed_mode
        params.trackers = []
        session.async_add_torrent(params)
    added = 0
    while added < len(metainfos):
        session.wait_for_alert(1000)
        added += sum(isinstance(alert, lt.add_torrent_alert) for alert in session.pop_alerts())
    return time.perf_counter() - began
