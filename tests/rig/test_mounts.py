import errno
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tools.rig.mounts import Mount, loop_ext4, tmpfs
from tools.rig.waiting import until

pytestmark = pytest.mark.mounts

MAKERS = pytest.mark.parametrize("make", [tmpfs, loop_ext4])
Make = Callable[[Path, int], AbstractContextManager[Mount]]
SIZE = 4 * 1024 * 1024


def mounted(path: Path) -> list[str]:
    """The mount points at or below a path."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split()[1].startswith(str(path))]


def test_other_processes_do_not_see_them(tmp_path: Path) -> None:
    """Tests in other processes watch the mounts, and would notice these."""
    seen_by = [Path(f"/proc/{pid}/mountinfo") for pid in ("self", os.getppid())]
    with tmpfs(tmp_path / "m", SIZE):
        assert [str(tmp_path) in mountinfo.read_text() for mountinfo in seen_by] == [True, False]


@MAKERS
@pytest.mark.parametrize("trouble", [Mount.absent, Mount.read_only, Mount.full])
def test_nothing_is_left(tmp_path: Path, make: Make, trouble: Callable[[Mount], AbstractContextManager[None]]) -> None:
    """Even if the test fails while all mounts are in use."""
    path = tmp_path / "m"

    def use() -> None:
        with make(path, SIZE) as mount, (path / "open").open("wb"), trouble(mount):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert mounted(tmp_path) == []
    assert list(path.iterdir()) == []


@MAKERS
def test_it_comes_back_with_its_files(tmp_path: Path, make: Make) -> None:
    """Meanwhile another file system is seen."""
    path = tmp_path / "m"
    with make(path, SIZE) as mount:
        file = path / "file"
        file.write_text("kept")
        with mount.absent():
            assert not file.exists()
            assert path.stat().st_dev == tmp_path.stat().st_dev
        assert file.read_text() == "kept"


@MAKERS
def test_it_can_be_read_only_and_full(tmp_path: Path, make: Make) -> None:
    """Each with its own error, even with a file open for writing; afterwards without errors."""
    path = tmp_path / "m"
    with make(path, SIZE) as mount, (path / "open").open("wb"):
        for trouble, number in ((mount.read_only, errno.EROFS), (mount.full, errno.ENOSPC)):
            with trouble(), pytest.raises(OSError, match=r"Read-only|No space") as caught:
                (path / f"{number}").write_bytes(bytes(8192))
            assert caught.value.errno == number
            (path / f"{number}").write_bytes(bytes(8192))


def test_a_frozen_one_lets_writers_wait(tmp_path: Path) -> None:
    """They continue when it is thawed."""
    path = tmp_path / "m"
    with loop_ext4(path, SIZE) as mount:
        writer = threading.Thread(target=(path / "file").write_text, args=("late",))
        with mount.frozen():
            writer.start()
            writer.join(0.2)
            assert writer.is_alive()
        writer.join()
        until(lambda: (path / "file").read_text() == "late", "the file is written")
