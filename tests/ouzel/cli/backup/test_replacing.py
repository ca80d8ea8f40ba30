"""Files that are replaced in one step."""

import fcntl
from pathlib import Path

import pytest

from ouzel.cli.backup.replacing import free_name, replacing, write


def test_the_file_of_a_killed_backup_is_removed_by_the_next_one(tmp_path: Path) -> None:
    """Only incomplete files of the same backup are removed."""
    (tmp_path / ".a*.tar.77.partial").touch()
    (tmp_path / ".ab.tar.77.partial").touch()
    with replacing(tmp_path / "a*.tar") as output:
        output.write(b"x")
        assert not (tmp_path / "a*.tar").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"a*.tar", ".ab.tar.77.partial"}


def test_the_file_of_a_running_backup_stays(tmp_path: Path) -> None:
    """Another command writes the same backup at this moment."""
    other = tmp_path / ".a.tar.77.partial"
    with other.open("wb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        with replacing(tmp_path / "a.tar"):
            pass
        assert other.exists()


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    """The former file stays as it was."""
    (tmp_path / "a.tar").write_bytes(b"former")
    with pytest.raises(OSError, match="full"), replacing(tmp_path / "a.tar"):
        raise OSError("full")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"former"]


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    """What a killed command has left is no obstacle."""
    (tmp_path / ".a.restoring").write_bytes(b"half")
    write(tmp_path / "a", b"whole", 0o640)
    [found] = tmp_path.iterdir()
    assert (found.read_bytes(), found.stat().st_mode & 0o777) == (b"whole", 0o640)
    free_name(found).touch()
    assert not free_name(found).exists()
