import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine_proc.storage.leftovers import Leftover, leftovers

IMMUTABLE = "Operation not permitted"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A save path with a torrent's folder and a neighbour's file."""
    for name in ("F/a", "F/sub/b", "F/sub/deep/c", "neighbour"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def paths(root: Path) -> list[str]:
    """The paths that the session reports."""
    return [str(root / name) for name in (".parts", "F/a", "F/sub/b", "F/sub/deep/c")]


def delete(root: Path, *names: str) -> None:
    """Deletes files as libtorrent does."""
    for name in names:
        (root / name).rmdir() if (root / name).is_dir() else (root / name).unlink()


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Makes files immutable, like those of another owner; skips the test if that is not possible."""
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        pytest.skip("chattr does not work here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def found(root: Path) -> list[Leftover]:
    """The leftovers of the torrent."""
    return leftovers(paths(root), str(root))


def test_nothing_is_left(root: Path) -> None:
    """Files of neighbours do not count."""
    delete(root, "F/sub/deep/c", "F/sub/deep", "F/sub/b", "F/sub", "F/a", "F")
    assert found(root) == []
    assert leftovers([str(root / "one.bin")], str(root)) == []


def test_files_that_are_there_are_left(root: Path) -> None:
    """Also if nothing forbids their deletion; the check deletes nothing."""
    assert found(root) == [Leftover(str(root / name), None) for name in ("F/a", "F/sub/b", "F/sub/deep/c")]
    assert (root / "F/sub/deep/c").read_bytes() == b"x"


def test_files_of_others_keep_a_folder(root: Path) -> None:
    """This is no leftover."""
    (root / "F/sub/notes.txt").write_bytes(b"somebody's")
    delete(root, "F/sub/deep/c", "F/sub/deep", "F/sub/b", "F/a")
    assert found(root) == []
    assert (root / "F/sub/notes.txt").exists()


def test_a_link_is_a_file(root: Path) -> None:
    """Wherever it leads."""
    delete(root, "F/a")
    (root / "F/a").symlink_to("sub")
    assert Leftover(str(root / "F/a"), None) in found(root)
    assert (root / "F/sub/b").exists()


def test_what_is_open_on_nfs_is_left(root: Path) -> None:
    """Until it is closed, it has another name there."""
    (root / "F/a").rename(root / "F/.nfs0000000000a1b2c300000001")
    delete(root, "F/sub/deep/c", "F/sub/deep", "F/sub/b", "F/sub")
    assert found(root) == [Leftover(str(root / "F/.nfs0000000000a1b2c300000001"), "somebody has it open")]


def test_an_empty_folder_is_not_left_if_it_can_go(root: Path) -> None:
    """An empty folder is left if it cannot be deleted; here its parent forbids that."""
    delete(root, "F/sub/deep/c", "F/sub/deep", "F/sub/b", "F/a")
    with immutable(root / "F"):
        assert found(root) == [Leftover(str(root / "F/sub"), IMMUTABLE)]
    assert found(root) == []
    assert not (root / "F").exists()


def test_why_a_file_is_left(root: Path) -> None:
    """In the system's words: about the file itself, or about its folder."""
    with immutable(root / "F/a"), immutable(root / "F/sub"):
        assert [left.why for left in found(root)] == [IMMUTABLE, IMMUTABLE, None]
    assert str(Leftover("/a\u202eb\n", "why")) == r"'/a\u202eb\n' (why)"


def test_a_mounted_file_is_busy(root: Path) -> None:
    """The mounts are known."""
    path = str(root / "F/a")
    assert Leftover(path, os.strerror(16)) in leftovers(paths(root), str(root), {path})


def test_what_is_no_path_is_not_there(root: Path) -> None:
    """Neither is a path below a file."""
    assert leftovers([f"{root}/\0", f"{root}/neighbour/x", f"{root}/{'n' * 300}/x"], str(root)) == []
