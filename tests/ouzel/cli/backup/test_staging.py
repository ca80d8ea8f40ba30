"""Replacement of a resume directory as a whole, with kills at each step."""

import ctypes
import errno
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ouzel.cli.backup import staging
from ouzel.cli.backup.staging import Staging, is_empty
from protocol.durable.directory_lock import AlreadyLocked, DirectoryLock

OLD, NEW = "a" * 40, "b" * 40
EVENTS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.utime", "ctypes.call_function"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A resume directory with a record."""
    found = tmp_path / "resume"
    found.mkdir(mode=0o700)
    (found / f"{OLD}.json").write_text("old")
    (found / ".lock").touch(mode=0o600)
    return found


def replace(target: Path) -> Path | None:
    """Replaces a directory by another one with two files."""
    with Staging(target) as new:
        new.add(f"fastresume/{NEW}.fastresume", b"resume", 1_000_000_000)
        new.add(f"{NEW}.json", b"new", 0)
        return new.take_effect()


def content(directory: Path) -> dict[str, str]:
    """The files in a directory, except the lock."""
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


WHOLE = {f"{NEW}.json": "new", f"fastresume/{NEW}.fastresume": "resume"}


def test_the_old_directory_is_kept(target: Path) -> None:
    """The new directory has nothing of the old one, and modification times are those of the backup."""
    kept = replace(target)
    assert kept is not None
    assert content(target) == WHOLE
    assert content(kept) == {f"{OLD}.json": "old"}
    assert (target / f"fastresume/{NEW}.fastresume").stat().st_mtime == 1_000_000_000
    assert {path.name for path in target.parent.iterdir()} == {"resume", kept.name}
    assert target.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("exists", [True, False])
def test_an_empty_directory_is_not_kept(tmp_path: Path, exists: bool) -> None:
    """The directory may also be missing."""
    target = tmp_path / "state/resume"
    if exists:
        target.mkdir(parents=True, mode=0o700)
    assert replace(target) is None
    assert content(target) == WHOLE
    assert [path.name for path in target.parent.iterdir()] == ["resume"]


def test_without_its_end_a_restore_changes_nothing(target: Path) -> None:
    """The incomplete directory is deleted."""
    with Staging(target) as new:
        new.add(f"{NEW}.json", b"new", 0)
    assert content(target) == {f"{OLD}.json": "old"}
    assert [path.name for path in target.parent.iterdir()] == ["resume"]


def test_a_daemon_prevents_it(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made beside the directory."""
    monkeypatch.setattr("protocol.durable.directory_lock.PATIENCE_S", 0.0)
    lock = DirectoryLock(target)
    with pytest.raises(AlreadyLocked):
        Staging(target)
    lock.close()
    assert [path.name for path in target.parent.iterdir()] == ["resume"]


@pytest.mark.parametrize("name", ["../x", "/x", "a/b/c", ".lock", "", "a/", "./x"])
def test_no_file_gets_out_of_the_directory(target: Path, name: str) -> None:
    """A member's name in a backup may be anything."""
    with Staging(target) as new, pytest.raises(OSError, match="no file of a resume directory"):
        new.add(name, b"x", 0)


def test_after_a_kill_at_any_moment_the_directory_is_the_old_or_the_new_one(target: Path) -> None:
    """The restore can be repeated then, and nothing of the old directory is ever lost."""
    root, seen, number = target.parent, set[str](), 0
    while True:
        number += 1
        child = os.fork()
        if child == 0:
            _die_at(number)
            replace(target)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        now = content(target)
        assert now in (WHOLE, {f"{OLD}.json": "old"}), number
        kept = [content(path) for path in root.iterdir() if path != target and not (path / ".incomplete").exists()]
        assert now != WHOLE or {f"{OLD}.json": "old"} in kept, number
        seen.add(min(now))
        assert replace(target) is not None
        assert content(target) == WHOLE
        leftovers = [path for path in root.iterdir() if path != target]
        assert {f"{OLD}.json": "old"} in map(content, leftovers)
        assert all(".replaced-" in path.name for path in leftovers)
        if os.WIFEXITED(status):
            break
        for path in leftovers:
            _remove(path)
        _remove(target)
        target.mkdir(mode=0o700)
        (target / f"{OLD}.json").write_text("old")
    assert seen == {f"{OLD}.json", f"{NEW}.json"}
    assert number > 10


def _remove(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    directory.rmdir()


def _die_at(number: int) -> None:
    """Has this process kill itself before its n-th change of the file system."""
    left = number

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in EVENTS or (event == "open" and arguments[2] & os.O_CREAT):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_disk_error_changes_nothing(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel reports it when all files are synced."""

    def fail(_: int) -> int:
        ctypes.set_errno(errno.EIO)
        return -1

    monkeypatch.setattr(staging, "_libc", SimpleNamespace(syncfs=fail))
    with pytest.raises(OSError, match="Input/output error"):
        replace(target)
    assert content(target) == {f"{OLD}.json": "old"}
    assert [path.name for path in target.parent.iterdir()] == ["resume"]


def test_a_file_is_not_there_twice(target: Path) -> None:
    """A backup that has it twice is refused."""
    with Staging(target) as new:
        new.add(f"{NEW}.json", b"new", 0)
        with pytest.raises(FileExistsError):
            new.add(f"{NEW}.json", b"other", 0)


def test_what_is_empty(target: Path, tmp_path: Path) -> None:
    """Settings of the session count, too. So do damaged files, because Ouzel deletes none."""
    assert not is_empty(target)
    (target / f"{OLD}.json").unlink()
    assert is_empty(target)
    (target / "damaged").mkdir()
    assert is_empty(target)
    (target / "damaged/x").touch()
    assert not is_empty(target)
    (target / "damaged/x").unlink()
    (target / "session.json").touch()
    assert not is_empty(target)
