import os
from pathlib import Path

import pytest

from engine_proc.read_ahead import ReadAhead
from tests.engine_proc.probe import eventually
from tests.rig.mounts import loop_ext4


def cached(path: Path) -> bool:
    """Whether the beginning of a file is in memory; the disk is not asked for it."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.preadv(fd, [bytearray(1)], 0, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


@pytest.mark.mounts
def test_what_will_be_read_soon_is_brought_into_memory(tmp_path: Path) -> None:
    """Whatever else is in the list: what is not there, and what is no file."""
    with loop_ext4(tmp_path / "disk", 8 << 20) as disk:
        paths = [disk.path / f"{number}.fastresume" for number in range(20)]
        for path in paths:
            path.write_bytes(bytes(1000))
        os.mkfifo(disk.path / "pipe")
        with disk.absent():
            pass
        assert not any(map(cached, paths))
        ahead = ReadAhead()
        ahead.want([disk.path / "missing", *paths[:10], disk.path / "pipe", disk.path])
        ahead.want(paths[10:])
        eventually(lambda: all(map(cached, paths)), "all are in memory")
