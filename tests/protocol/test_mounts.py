from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import mounts
from protocol.mounts import mount_point_of

INFO = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
41 22 0:35 /sub /srv/with\040space\134 rw - tmpfs tmpfs rw
42 22 8:17 / /mnt rw master:1 - ext4 /dev/sdb1 rw
57 42 0:40 / /mnt rw - tmpfs tmpfs rw
"""
NAMES = st.sampled_from(["a", "b", "ab"])
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: "/" + "/".join(parts))


def test_mount_points_are_read_with_what_is_on_top() -> None:
    """Octal escapes are undone, and of two on one mount point the later one counts."""
    assert mounts.parse(INFO) == {"/": "22 8:1 /", "/srv/with space\\": "41 0:35 /sub", "/mnt": "57 0:40 /"}


def test_what_is_mounted_now_is_read() -> None:
    """This process has a root, and /proc is a mount of its own."""
    assert {"/", "/proc"} <= set(mounts.current())


@pytest.mark.parametrize("content", ["", "\n", "nonsense\n", "1 2 3 4\n"])
def test_lines_that_say_nothing_are_passed_over(content: str) -> None:
    """A kernel that writes otherwise is no reason to fail."""
    assert mounts.parse(content) == {}


@given(PATHS, st.sets(PATHS))
def test_a_path_lies_on_the_nearest_mount_above_it(path: str, points: set[str]) -> None:
    """Never on one that only begins with the same letters; on `/` where there is none."""
    found = mount_point_of(path, dict.fromkeys(points, ""))
    above = {point for point in points if Path(path).is_relative_to(point)}
    assert found == max(above, key=lambda point: len(PurePosixPath(point).parts), default="/")
