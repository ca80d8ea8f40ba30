"""Missing mounts."""

from pathlib import Path

from ouzel.doctor.checks import disks
from ouzel.doctor.finding import Status
from ouzel.doctor.mount_table import MountRow
from ouzel.doctor.target import Paths, Target

FSTAB = """# a comment
UUID=1 / ext4 defaults 0 1
LABEL=films /srv/my\\040films ext4 defaults 0 2
nas:/music /srv/music nfs noauto 0 0
UUID=2 none swap sw 0 0
"""
ROOT = MountRow("/", "8:1", "ext4", "/dev/sda1", False)


def target(tmp_path: Path, *mounted: MountRow) -> Target:
    """A machine with these mounts beside the root file system."""
    (tmp_path / "fstab").write_text(FSTAB)
    mounts = {each.point: each for each in (ROOT, *mounted)}
    return Target(config_file=None, paths=Paths(None, None, None), mounts=mounts, fstab=tmp_path / "fstab")


def test_the_file_has_what_should_be_mounted(tmp_path: Path) -> None:
    """Without swap, and without mounts that are made by hand."""
    assert disks.fstab_points(target(tmp_path).fstab) == ["/", "/srv/my films"]
    assert disks.fstab_points(tmp_path / "missing") == []


def test_a_disk_that_is_not_mounted_is_found(tmp_path: Path) -> None:
    """Files would be written to the root file system."""
    [found] = disks.mounts(target(tmp_path), "/srv/my films/new")
    assert found.status is Status.ERROR
    assert "/srv/my films" in found.seen
    disk = MountRow("/srv/my films", "8:17", "ext4", "/dev/sdb1", False)
    [found] = disks.mounts(target(tmp_path, disk), "/srv/my films/new")
    assert (found.status, "/dev/sdb1" in found.seen) == (Status.OK, True)


def test_a_usual_place_of_disks_on_the_root_file_system_is_suspicious(tmp_path: Path) -> None:
    """Another directory there is not."""
    [found] = disks.mounts(target(tmp_path), "/mnt/films")
    assert found.status is Status.WARNING
    [found] = disks.mounts(target(tmp_path), "/srv/music")
    assert found.status is Status.OK
