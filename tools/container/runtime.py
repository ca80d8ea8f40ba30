"""Runs a container: a process in namespaces of its own, as its image says."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tools.container.image import Config
from tools.rig.waiting import until

STOP_S: Final = 60.0
COMMAND_S: Final = 60.0
START: Final = """
root=$1 user=$2
ip link set lo up
mount --bind "$root" "$root"
shift 2
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
exec setpriv --no-new-privs chroot --groups= --userspec="$user" "$root" "$@"
"""
"""Arguments: the root, the user, each volume's directory and path, `--`, the command."""


class CommandFailed(Exception):
    """A command in the container has failed. The message has the end of its output."""


class Container:
    """A running container. Only its volumes and /tmp can be written.

    Args:
        root: the root file system.
        config: the image's configuration.
        volumes: a directory of this machine for each volume of the image.
        user: the uid and gid that replace the image's.
        log: the file for the container's output.
        command: the command that replaces the image's.
        beside: a container with the network to use; None for a new network with only a loopback interface.
        environ: further environment variables.
    """

    def __init__(
        self,
        root: Path,
        config: Config,
        volumes: Mapping[str, Path],
        user: str,
        log: Path,
        *,
        command: Sequence[str] = (),
        beside: "Container | None" = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        assert sorted(volumes) == list(config.volumes)
        self._config, self._user, self._log = config, user, log
        self._environ = {**config.environ, **(environ or {})}
        network = ["unshare", "--net"] if beside is None else ["nsenter", f"--net=/proc/{beside.pid}/ns/net"]
        argv = [*network, "unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
        argv += ["sh", "-ec", START, "sh", str(root), user]
        argv += [word for path, directory in volumes.items() for word in (str(directory), path)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*argv, "--", *(command or config.command)],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid: int = until(self._first, "the container's first process")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)  # all other processes of the container end with this one
            self._process.wait(timeout=STOP_S)

    def run(self, *argv: str) -> str:
        """Runs a command in the container as its user. Returns its output. Raises CommandFailed."""
        uid, _, gid = self._user.partition(":")
        entered = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--root", "--wd"]
        entered += [f"--setgid={gid}", f"--setuid={uid}", "--", *argv]
        done = subprocess.run(
            entered, env=self._environ, check=False, stdin=subprocess.DEVNULL, stdout=-1, stderr=-2, text=True,
            timeout=COMMAND_S,
        )  # fmt: skip
        if done.returncode:
            raise CommandFailed(f"{' '.join(argv)} ended with {done.returncode}: {done.stdout.strip()[-2000:]}")
        return done.stdout.strip()

    def healthy(self) -> bool:
        """Whether the image's health check succeeds."""
        try:
            self.run(*self._config.health)
        except CommandFailed:
            return False
        return True

    def stop(self) -> int:
        """Sends the image's stop signal to the first process. Returns that process's exit code."""
        os.kill(self.pid, signal.Signals[self._config.stop_signal])
        return self._process.wait(timeout=STOP_S)

    def status(self) -> dict[str, str]:
        """The first process's status, by the names in /proc."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def tail(self) -> str:
        """The end of its output."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def _first(self) -> int | None:
        """Waits until the first process has the container's root, and returns its pid."""
        if self._process.poll() is not None:
            raise AssertionError(f"the container ended with {self._process.returncode}: {self.tail()}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        entered = children and Path(f"/proc/{children[0]}/root").readlink() != Path("/")
        return int(children[0]) if entered else None
