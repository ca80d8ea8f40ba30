import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.resume_dir import ResumeDir
from supervisor import directory_lock
from supervisor.directory_lock import AlreadyLocked, DirectoryLock

HOLD = """
    import sys
    from pathlib import Path
    from supervisor.directory_lock import DirectoryLock
    lock = DirectoryLock(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.read()
"""
HOLD_AND_LEAVE_A_CHILD = """
    import os, subprocess, sys
    from pathlib import Path
    from supervisor.directory_lock import DirectoryLock
    lock = DirectoryLock(Path(sys.argv[1]))
    child = subprocess.Popen(["cat"], pass_fds=[os.dup2(lock.fd, 200)], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os._exit(0)
"""


@contextmanager
def held(directory: Path) -> Iterator[DirectoryLock]:
    """The lock, held by this process."""
    lock = DirectoryLock(directory)
    try:
        yield lock
    finally:
        lock.close()


@contextmanager
def process(code: str, directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs the code, and ends with its stdin."""
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
    """`.lock` has the pid, once, whoever had it before."""
    (tmp_path / ".lock").write_text("4194304\n17 and more\n")
    with held(tmp_path) as lock:
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
        assert not os.get_inheritable(lock.fd)


def test_a_second_holder_is_refused(tmp_path: Path) -> None:
    """In the same process too; and after the first let go, it has the lock."""
    with held(tmp_path):
        assert (tmp_path / ".lock").stat().st_mode & 0o077 == 0
        with pytest.raises(AlreadyLocked, match=f"pid {os.getpid()}") as refused:
            DirectoryLock(tmp_path)
        assert refused.value.directory == tmp_path
    with held(tmp_path):
        pass


def test_a_refusal_keeps_nothing_open(tmp_path: Path) -> None:
    """No descriptor is left of an attempt."""
    with held(tmp_path):
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(AlreadyLocked):
            DirectoryLock(tmp_path)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_directories_do_not_mind_each_other(tmp_path: Path) -> None:
    """Two directories, two locks."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with held(tmp_path / "one"), held(tmp_path / "two"):
        pass


def test_a_directory_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    """It is not made here."""
    with pytest.raises(FileNotFoundError):
        DirectoryLock(tmp_path / "none")


@pytest.mark.process
def test_another_process_is_refused_at_once(tmp_path: Path) -> None:
    """No waiting for a supervisor that is alive."""
    with process(HOLD, tmp_path) as other:
        assert line_of(other) == b"held"
        begun = time.monotonic()
        with pytest.raises(AlreadyLocked, match=f"pid {other.pid}"):
            DirectoryLock(tmp_path)
        assert time.monotonic() - begun < directory_lock.PATIENCE_S / 2


@pytest.mark.process
def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """The kernel lets go; the stale pid in the file means nothing."""
    with process(HOLD, tmp_path) as other:
        line_of(other)
        other.send_signal(signal.SIGKILL)
        other.wait()
        with held(tmp_path):
            assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.process
def test_a_child_that_inherited_the_lock_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of a supervisor that is gone keeps the next one out: for a moment it is waited for, then refused."""
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
    """The lock is taken as soon as the last that inherited it is gone."""
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
    """Until another file has its place."""
    with held(tmp_path) as lock:
        assert lock.identity == ResumeDir(tmp_path).identity()
        (tmp_path / ".lock").rename(tmp_path / "moved")
        (tmp_path / ".lock").touch()
        assert lock.identity != ResumeDir(tmp_path).identity()
