from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.host import mounts
from protocol.host.mounts import MountTable, mount_point_of
from tools.rig.mounts import tmpfs

INFO = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
41 22 0:35 /sub /srv/with\040space\134 rw - tmpfs tmpfs rw
42 22 8:17 / /mnt rw master:1 - ext4 /dev/sdb1 rw
57 42 0:40 / /mnt rw - tmpfs tmpfs rw
"""
NAMES = st.sampled_from(["a", "b", "ab"])
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: "/" + "/".join(parts))


def test_mount_points_are_read_with_what_is_on_top() -> None:
    """Octal escapes are decoded, and of two mounts at one mount point the later one counts."""
    assert mounts.parse(INFO) == {"/": "22 8:1 /", "/srv/with space\\": "41 0:35 /sub", "/mnt": "57 0:40 /"}


@pytest.fixture
def table() -> Iterator[MountTable]:
    """A table that is closed at the end of the test."""
    table = MountTable()
    yield table
    table.close()


def test_what_is_mounted_now_is_read(table: MountTable) -> None:
    """This process has a root, and /proc is a mount of its own."""
    assert {"/", "/proc"} <= set(table.current())


def test_without_a_change_nothing_is_read_again(table: MountTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """The previous result is returned."""
    first = table.current()
    monkeypatch.setattr(table, "read", lambda: pytest.fail("it was read"))
    assert table.current() is first


@pytest.mark.mounts
def test_each_change_is_in_the_next_answer(table: MountTable, tmp_path: Path) -> None:
    """A mount, its end, and another file system at the same place."""
    point, seen = str(tmp_path / "disk"), []
    for _ in range(2):
        with tmpfs(tmp_path / "disk", 65536):
            seen.append(table.current().get(point))
        assert point not in table.current()
    assert None not in seen


@pytest.mark.parametrize("content", ["", "\n", "nonsense\n", "1 2 3 4\n"])
def test_lines_that_say_nothing_are_passed_over(content: str) -> None:
    """A kernel with another format causes no failure."""
    assert mounts.parse(content) == {}


@given(PATHS, st.sets(PATHS))
def test_a_path_lies_on_the_nearest_mount_above_it(path: str, points: set[str]) -> None:
    """Never on a mount whose path is only a textual prefix; otherwise on `/`."""
    found = mount_point_of(path, dict.fromkeys(points, ""))
    above = {point for point in points if Path(path).is_relative_to(point)}
    assert found == max(above, key=lambda point: len(PurePosixPath(point).parts), default="/")
