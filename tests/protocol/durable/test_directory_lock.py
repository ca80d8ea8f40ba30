import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.durable import directory_lock
from protocol.durable.directory_lock import AlreadyLocked, DirectoryLock
from protocol.durable.resume_dir import ResumeDir

HOLD = """
    import sys
    from pathlib import Path
    from protocol.durable.directory_lock import DirectoryLock
    lock = DirectoryLock(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.read()
"""
HOLD_AND_LEAVE_A_CHILD = """
    import os, subprocess, sys
    from pathlib import Path
    from protocol.durable.directory_lock import DirectoryLock
    lock = DirectoryLock(Path(sys.argv[1]))
    child = subprocess.Popen(["cat"], pass_fds=[os.dup2(lock.fd, 200)], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os._exit(0)
"""


@contextmanager
def held(directory: Path) -> Iterator[DirectoryLock]:
    """A lock held by this process."""
    lock = DirectoryLock(directory)
    try:
        yield lock
    finally:
        lock.close()


@contextmanager
def process(code: str, directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs the code and ends with its stdin."""
    argv = [sys.executable, "-c", textwrap.dedent(code), str(directory)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.kill()


def line_of(running: "subprocess.Popen[bytes]") -> bytes:
    """The next line that the process writes."""
    assert running.stdout is not None
    return running.stdout.readline().strip()


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    """`.lock` has only the present holder's pid."""
    (tmp_path / ".lock").write_text("4194304\n17 and more\n")
    with held(tmp_path) as lock:
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
        assert not os.get_inheritable(lock.fd)


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    """Also in the same process; it gets the lock after the first holder has released it."""
    with held(tmp_path):
        assert (tmp_path / ".lock").stat().st_mode & 0o077 == 0
        with pytest.raises(AlreadyLocked, match=f"pid {os.getpid()}") as refused:
            DirectoryLock(tmp_path)
        assert refused.value.directory == tmp_path
    with held(tmp_path):
        pass


def test_a_refusal_keeps_nothing_open(tmp_path: Path) -> None:
    """No descriptor is left open."""
    with held(tmp_path):
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(AlreadyLocked):
            DirectoryLock(tmp_path)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_directories_do_not_mind_each_other(tmp_path: Path) -> None:
    """Two directories have two locks."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with held(tmp_path / "one"), held(tmp_path / "two"):
        pass


def test_a_directory_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    """It is not made here."""
    with pytest.raises(FileNotFoundError):
        DirectoryLock(tmp_path / "none")


def test_what_is_not_our_own_lock_stays_as_it_is(tmp_path: Path) -> None:
    """It would be truncated: a link's target, a file with a second name, or something that is no file."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lock = tmp_path / ".lock"
    plant: Callable[[], None]
    for plant, problem in (
        (lambda: lock.symlink_to(precious), "is a symbolic link; remove it"),
        (lambda: lock.hardlink_to(precious), "has another name, too"),
        (lambda: os.mkfifo(lock), "is no lock file"),
        (lambda: lock.mkdir(), "directory"),
    ):
        plant()
        with pytest.raises(OSError, match=problem) as caught:
            DirectoryLock(tmp_path)
        assert caught.value.filename == str(lock)
        lock.rmdir() if lock.is_dir() else lock.unlink()
    assert precious.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_stranger_s_lock_stays_as_it_is(tmp_path: Path) -> None:
    """In a directory of ours that was once world-writable."""
    (tmp_path / ".lock").write_text("theirs")
    os.chown(tmp_path / ".lock", 65534, 65534)
    with pytest.raises(PermissionError, match="no lock file of this user's"):
        DirectoryLock(tmp_path)
    assert (tmp_path / ".lock").read_text() == "theirs"


def test_a_lock_is_for_our_eyes(tmp_path: Path) -> None:
    """Also if it was made under another umask: whoever can open it could hold it."""
    (tmp_path / ".lock").touch()
    (tmp_path / ".lock").chmod(0o666)
    with held(tmp_path):
        assert (tmp_path / ".lock").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_others_can_write_to_is_not_locked(tmp_path: Path) -> None:
    """Its files may be others', also if it replaces another directory later."""
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError, match="others can write to it"):
        DirectoryLock(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_another_process_is_refused_at_once(tmp_path: Path) -> None:
    """It does not wait for a living supervisor."""
    with process(HOLD, tmp_path) as other:
        assert line_of(other) == b"held"
        begun = time.monotonic()
        with pytest.raises(AlreadyLocked, match=f"pid {other.pid}"):
            DirectoryLock(tmp_path)
        assert time.monotonic() - begun < directory_lock.PATIENCE_S / 2


@pytest.mark.process
def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """The kernel releases the lock; the stale pid means nothing."""
    with process(HOLD, tmp_path) as other:
        line_of(other)
        other.send_signal(signal.SIGKILL)
        other.wait()
        with held(tmp_path):
            assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.process
def test_a_child_that_inherited_the_lock_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of a dead supervisor keeps the lock: the next supervisor waits briefly, then is refused."""
    monkeypatch.setattr(directory_lock, "PATIENCE_S", 0.1)
    with process(HOLD_AND_LEAVE_A_CHILD, tmp_path) as other:
        line_of(other)
        other.wait()
        begun = time.monotonic()
        with pytest.raises(AlreadyLocked, match=f"pid {other.pid}"):
            DirectoryLock(tmp_path)
        assert time.monotonic() - begun >= 0.1


@pytest.mark.process
def test_an_orphan_that_dies_in_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is acquired as soon as the last inheritor has ended."""
    with process(HOLD_AND_LEAVE_A_CHILD, tmp_path) as other:
        orphan = int(line_of(other))
        other.wait()
        tries = []
        nap = time.sleep

        def kill_at_the_second_try(seconds: float) -> None:
            tries.append(seconds)
            if len(tries) == 2:
                os.kill(orphan, signal.SIGKILL)
            nap(seconds)

        monkeypatch.setattr(time, "sleep", kill_at_the_second_try)
        with held(tmp_path):
            assert len(tries) >= 2


def test_a_lock_names_its_directory(tmp_path: Path) -> None:
    """Until another file has its path."""
    with held(tmp_path) as lock:
        assert lock.identity == ResumeDir(tmp_path).identity()
        (tmp_path / ".lock").rename(tmp_path / "moved")
        (tmp_path / ".lock").touch()
        assert lock.identity != ResumeDir(tmp_path).identity()
