import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_proc.storage import storage_watch
from engine_proc.storage.storage_watch import FilesSeen, Look, MountsRead, Sight, SpaceSeen, StorageWatch
from protocol.host import mounts
from protocol.internal.bounds import Bounds
from tools.rig.mounts import tmpfs
from tools.rig.waiting import until

EVERYWHERE = Bounds(roots=["/"])


@pytest.fixture
def watch() -> Iterator[StorageWatch]:
    """A watch that is closed at the end of the test."""
    watch = StorageWatch()
    yield watch
    watch.close()


def seen(watch: StorageWatch) -> list[Sight]:
    """The next observation, apart from mounts that other programs of this machine make or undo."""
    return until(lambda: [sight for sight in watch.seen() if not isinstance(sight, MountsRead)], "an observation")


def test_files_are_looked_at(watch: StorageWatch, tmp_path: Path) -> None:
    """In the order of the requests. A missing file, or one below a file, has no size."""
    (tmp_path / "a").write_bytes(b"four")
    paths = [str(tmp_path / name) for name in ("a", "b", "a/c")]
    watch.inspect("/", [Look("torrent", 7, paths), Look("other", 8, paths[:1])], EVERYWHERE)
    assert seen(watch) == [FilesSeen("torrent", 7, [4, None, None]), FilesSeen("other", 8, [4])]


def test_room_is_measured(watch: StorageWatch, tmp_path: Path) -> None:
    """The space for an unprivileged writer; a missing path has no result."""
    watch.measure(str(tmp_path))
    [sight] = seen(watch)
    assert isinstance(sight, SpaceSeen)
    assert sight.free_bytes is not None
    assert 0 < sight.free_bytes <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert sight.free_inodes > 0
    watch.measure(str(tmp_path / "none"))
    assert seen(watch) == [SpaceSeen(str(tmp_path / "none"), None, 0)]


def test_what_is_mounted_at_first_is_known(watch: StorageWatch) -> None:
    """Without waiting for a change."""
    assert watch.mounts == mounts.parse(mounts.MOUNTINFO.read_text())


@pytest.mark.mounts
def test_mounts_that_come_and_go_are_seen(watch: StorageWatch, tmp_path: Path) -> None:
    """Another file system at the same mount point has another identity."""
    point = str(tmp_path / "disk")

    def identity() -> str | None:
        found = [sight.mounts.get(point) for sight in watch.seen() if isinstance(sight, MountsRead)]
        return found[-1] if found else "nothing new"

    with tmpfs(tmp_path / "disk", 65536) as disk:
        first = until(lambda: who if (who := identity()) not in (None, "nothing new") else None, "it is mounted")
        disk.detach()
        until(lambda: identity() is None, "it is gone")
        disk.attach()
        again = until(lambda: who if (who := identity()) not in (None, "nothing new") else None, "it is mounted again")
        assert first.split()[1:] == again.split()[1:]  # the same file system
    until(lambda: identity() is None, "it is gone for good")


def test_a_disk_that_hangs_hangs_no_other(watch: StorageWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its own checks wait for it, and are answered when it answers."""
    hung = threading.Event()
    size = storage_watch._size

    def look(path: str) -> int | None:
        if path == "/hung/file":
            hung.wait()
        return size(path)

    monkeypatch.setattr(storage_watch, "_size", look)
    (tmp_path / "a").write_bytes(b"four")
    try:
        watch.inspect("/hung", [Look("torrent", 1, ["/hung/file"])], EVERYWHERE)
        watch.inspect("/", [Look("other", 2, [str(tmp_path / "a")])], EVERYWHERE)
        assert seen(watch) == [FilesSeen("other", 2, [4])]
    finally:
        hung.set()
    assert seen(watch) == [FilesSeen("torrent", 1, [None])]
