"""Faults of running daemons."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tools.doctor.fault import NOBODY, Planted, stopped
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("engine_proc", "gateway", "ouzel", "protocol", "supervisor")


@contextmanager
def running(root: Path) -> Iterator[Planted]:
    """No fault: a daemon runs."""
    with Daemon(root) as daemon:
        daemon.engine_pid()
        yield Planted(daemon.config)


@contextmanager
def stale_sockets(root: Path) -> Iterator[Planted]:
    """A daemon was killed, and its sockets are left."""
    with Daemon(root) as daemon:
        engine = daemon.engine_pid()
        daemon.kill()
        until(lambda: not Path(f"/proc/{engine}").exists(), "the engine has ended")
        yield Planted(daemon.config)


@contextmanager
def few_descriptors(root: Path) -> Iterator[Planted]:
    """The daemon may open few files."""
    command = ["prlimit", "--nofile=600:600", sys.executable, "-I", "-m", "supervisor"]
    with Daemon(root, command=command) as daemon:
        yield Planted(daemon.config)


@contextmanager
def second_instance(root: Path) -> Iterator[Planted]:
    """Another daemon has the same download root."""
    with Daemon(root / "other", roots=[root / "mine" / "downloads"]):
        yield Planted(stopped(root / "mine").config)


@contextmanager
def locked_directory(root: Path) -> Iterator[Planted]:
    """Another process has locked the resume directory."""
    daemon = stopped(root)
    lock = daemon.resume_dir / ".lock"
    lock.touch(mode=0o600)
    with subprocess.Popen(["flock", str(lock), "sleep", "60"], start_new_session=True) as holder:
        try:
            until(lambda: subprocess.run(["flock", "-n", str(lock), "true"]).returncode != 0, "the lock is taken")
            yield Planted(daemon.config)
        finally:
            os.killpg(holder.pid, signal.SIGKILL)


@contextmanager
def crash_loop(root: Path) -> Iterator[Planted]:
    """Three engines are killed, one after the other."""
    with Daemon(root) as daemon:
        reports = root / "state" / "crashes"
        for number in range(1, 4):
            os.kill(daemon.engine_pid(), signal.SIGSEGV)
            until(partial(_are, reports, number), "the report is written")
        yield Planted(daemon.config)


def _are(reports: Path, number: int) -> bool:
    return reports.is_dir() and len(list(reports.glob("*Z-gen*.json"))) >= number


@contextmanager
def hung_daemon(root: Path) -> Iterator[Planted]:
    """The daemon is stopped by SIGSTOP: it has its sockets, and answers nothing."""
    with Daemon(root) as daemon:
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            yield Planted(daemon.config)
        finally:
            os.kill(daemon.pid, signal.SIGCONT)


@contextmanager
def put_aside(root: Path) -> Iterator[Planted]:
    """A damaged record was put aside by the daemon at its start."""
    daemon = stopped(root)
    (daemon.resume_dir / f"{'b' * 40}.json").write_text("{broken")
    with daemon:
        until(lambda: list((daemon.resume_dir / "damaged").glob("*.json")), "the file is put aside")
        yield Planted(daemon.config)


@contextmanager
def old_code(root: Path) -> Iterator[Planted]:
    """The files of the supervisor and the engine were changed while the daemon runs."""
    installation = root / "installation"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", installation], check=True, timeout=60)
    code = installation / "code"
    for package in PACKAGES:
        shutil.copytree(CHECKOUT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    libraries = Path(next(path for path in sys.path if path.endswith("site-packages")))
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (installation / "lib" / version / "site-packages" / "copy.pth").write_text(f"{code}\n{libraries}\n")
    python = str(installation / "bin" / "python")
    with Daemon(root / "d", command=[python, "-I", "-m", "supervisor"], sandbox={"mode": "off"}) as daemon:
        daemon.engine_pid()
        later = time.time() + 10
        os.utime(code / "supervisor" / "service.py", (later, later))
        yield Planted(daemon.config, python=python)


@contextmanager
def other_user(root: Path) -> Iterator[Planted]:
    """The command runs as a user who has no access to the daemon."""
    with Daemon(root) as daemon, _open_to_all(Path(sys.executable).resolve()):
        root.chmod(0o755)
        with contextlib.ExitStack() as undo:
            undo.callback(root.chmod, 0o700)
            argv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "env", "HOME=/nonexistent"]
            yield Planted(daemon.config, prefix=argv)


@contextmanager
def _open_to_all(program: Path) -> Iterator[None]:
    """A context within which all users can reach a program, for example one below /root.

    A new directory is mounted over the first directory that is not open to all. The new directory contains only the
    subdirectory that leads to the program.
    """
    closed = next((each for each in reversed(program.parents) if not each.stat().st_mode & 0o001), None)
    if closed is None:
        yield
        return
    inner = closed / program.relative_to(closed).parts[0]
    with tempfile.TemporaryDirectory(prefix="ouzel-way-") as kept:
        for argv in (
            ["mount", "--bind", str(inner), kept],
            ["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(closed)],
            ["mkdir", str(inner)],
            ["mount", "--bind", kept, str(inner)],
        ):
            subprocess.run(argv, check=True, timeout=10)
        try:
            yield
        finally:
            for point in (inner, closed, kept):
                subprocess.run(["umount", "-l", str(point)], check=True, timeout=10)
