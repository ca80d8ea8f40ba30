"""A container that runs systemd, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.rig.waiting import until
from tools.systemd.host import CannotRun

BOOT_S: Final = 120.0
HALT_S: Final = 60.0
COMMAND_S: Final = 180.0
ENVIRON: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "SYSTEMD_PAGER": ""}
NAMESPACES: Final = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
CGROUPS: Final = Path("/sys/fs/cgroup")
BOOTED_WITH_SYSTEMD: Final = Path("/run/systemd/system")


class CommandFailed(Exception):
    """A command in the container has failed. The message has the end of its output."""


class Container:
    """A booted container with only a loopback interface.

    Args:
        root: the root file system. It is not changed.
        shared: a directory of this machine. The container has it as `/mnt`, read-only.
        log: the file for its console output.
        name: a name that no other container of this process has.

    Raises:
        CannotRun: the container does not boot here.
    """

    def __init__(self, root: Path, shared: Path, log: Path, name: str = "") -> None:
        self._name = f"ouzel-systemd-test-{os.getpid()}{name}"
        self._log = log
        self._cgroups = [] if BOOTED_WITH_SYSTEMD.is_dir() else list(_cgroups(self._name))
        argv = [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--machine={self._name}",
            f"--directory={root}",
            "--volatile=overlay",
            "--private-network",
            "--register=no",
            "--link-journal=no",
            "--console=pipe",
            f"--bind-ro={shared}:/mnt",
            # Without systemd on this machine, the container uses the cgroup that is created here.
            *([] if BOOTED_WITH_SYSTEMD.is_dir() else ["--keep-unit"]),
        ]
        try:
            with log.open("wb") as console:
                # A new session, so that Ctrl-C only reaches this process, which then halts the container.
                self._process = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                    preexec_fn=self._enter_cgroups,
                )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            self._remove_cgroups()
            raise CannotRun(f"systemd-nspawn cannot be started: {error}") from error
        self.leader = 0
        try:
            self.leader = until(self._find_leader, "the container's first process", patience_s=BOOT_S)
            self.state = until(self._booted, "the container is up", patience_s=BOOT_S, every_s=0.2)
        except BaseException as error:
            self.close()
            if isinstance(error, AssertionError):
                raise CannotRun(f"a container does not boot here ({error}): {self._last_words()}") from error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, *argv: str) -> str:
        """Runs a command in the container as root. Returns its output. Raises CommandFailed."""
        done = self._enter(argv)
        if done.returncode:
            raise CommandFailed(f"{' '.join(argv)} ended with {done.returncode}: {done.stdout.strip()[-2000:]}")
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Writes a file in the container."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def path(self, path: str) -> Path:
        """The path on this machine of a path in the container."""
        return Path(f"/proc/{self.leader}/root{path}")

    def close(self) -> None:
        """Halts the container, and removes what nspawn leaves behind."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=HALT_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(
                        self.leader or self._process.pid, signal.SIGKILL
                    )  # all its processes end with the first one
                self._process.wait(timeout=HALT_S)
        self._remove_cgroups()
        shutil.rmtree(Path("/run/systemd/nspawn/propagate") / self._name, ignore_errors=True)

    def _enter(self, argv: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        entered = ["nsenter", f"--target={self.leader}", *NAMESPACES, "--", *argv]
        return subprocess.run(
            entered, env=ENVIRON, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True,
            timeout=COMMAND_S,
        )  # fmt: skip

    def _enter_cgroups(self) -> None:
        for cgroup in self._cgroups:
            (cgroup / "cgroup.procs").write_text("0")

    def _remove_cgroups(self) -> None:
        for cgroup in self._cgroups:
            for directory in sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True):
                directory.rmdir()
            cgroup.rmdir()
        self._cgroups = []

    def _find_leader(self) -> int | None:
        """The pid of the container's init. Among nspawn's children, init is the first process of a namespace.

        The other children are helpers.
        """
        if self._process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self._process.returncode}")
        for child in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                pids = [line for line in Path(f"/proc/{child}/status").read_text().splitlines() if "NSpid" in line]
                if pids and pids[0].split()[-1] == "1":
                    return int(child)
        return None

    def _booted(self) -> str | None:
        if self._process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self._process.returncode}")
        state = self._enter(("systemctl", "is-system-running")).stdout.strip()
        return state if state in ("running", "degraded") else None

    def _last_words(self) -> str:
        return " | ".join(self._log.read_text(errors="replace").splitlines()[-5:]) or "it says nothing"


def _cgroups(name: str) -> Iterator[Path]:
    """Makes a cgroup in each hierarchy that systemd uses. Raises CannotRun."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers == "name=systemd":
            hierarchy = CGROUPS / "systemd"
        elif controllers == "":
            hierarchy = CGROUPS / "unified" if (CGROUPS / "unified").is_dir() else CGROUPS
        else:
            continue
        cgroup = hierarchy / own.lstrip("/") / name
        try:
            cgroup.mkdir()
        except OSError as error:
            raise CannotRun(f"no cgroup can be made for a container ({cgroup}: {error.strerror})") from error
        yield cgroup
