"""The mounts with their file systems."""

from pathlib import Path

from ouzel.doctor import mount_table

MOUNTINFO = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 0:40 / /srv/my\040films rw,nosuid - nfs4 nas:/films ro,vers=4.2
31 22 0:41 / /run ro - tmpfs tmpfs rw
"""


def test_a_mount_has_its_type_and_source() -> None:
    """Names with blanks are escaped in the file. The mount and the file system can each be read-only."""
    found = mount_table.parse(MOUNTINFO)
    assert list(found) == ["/", "/srv/my films", "/run"]
    assert found["/srv/my films"] == ("/srv/my films", "0:40", "nfs4", "nas:/films", True)
    assert (found["/"].read_only, found["/run"].read_only) == (False, True)


def test_incomplete_lines_are_skipped() -> None:
    """The kernel may write lines of another form in the future."""
    assert mount_table.parse("22 1 8:1\n\n") == {}


def test_a_path_is_on_its_nearest_mount(tmp_path: Path) -> None:
    """Links are resolved."""
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    mounts = {point: mount_table.MountRow(point, "0:1", "ext4", "x", False) for point in ("/", f"{tmp_path}/disk")}
    found = mount_table.mount_of(f"{tmp_path}/link/films", mounts)
    assert found is not None
    assert found.point == f"{tmp_path}/disk"
