"""Asks the fork server for daemons."""

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SERVER: Final = "tools.rig.forking.fork_server"

LIMITS: Final = tuple(sorted(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")))
"""The limits of resources that a daemon has from its requester."""


class ForkServer:
    """A fork server, which begins with the first daemon. `close` ends it; its daemons go on."""

    def __init__(self) -> None:
        self._running: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def start(
        self, arguments: Sequence[str], *, output: int, error: int, environment: Mapping[str, str]
    ) -> "ForkedDaemon":
        """Forks a daemon with these arguments, in this process's directory and with its limits."""
        umask = os.umask(0o077)
        os.umask(umask)
        request = {
            "arguments": arguments,
            "cwd": str(Path.cwd()),
            "environment": dict(environment),
            "limits": [resource.getrlimit(limit) for limit in LIMITS],
            "umask": umask,
        }
        report, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            socket.send_fds(self._requests(), [json.dumps(request).encode()], [output, error, theirs])
        finally:
            os.close(theirs)
        return ForkedDaemon(report)

    def close(self) -> None:
        """Ends the server."""
        if self._running is not None:
            process, requests = self._running
            requests.close()
            process.wait()
            self._running = None

    def _requests(self) -> socket.socket:
        if self._running is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                argv = [sys.executable, "-I", "-m", SERVER, str(theirs.fileno())]
                process = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
                )
            self._running = process, ours
        return self._running[1]


class ForkedDaemon:
    """A daemon of the fork server.

    Args:
        report: the descriptor of the server's report. This object closes it.
    """

    def __init__(self, report: int) -> None:
        self._report = os.fdopen(report)
        self.pid = int(self._report.readline())
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, or minus the signal's number. None while it runs."""
        return self._code if self._code is not None or not self._ended(0.0) else self._read_code()

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code once the daemon has ended. Raises `subprocess.TimeoutExpired`."""
        if self._code is not None:
            return self._code
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired("ouzeld", timeout or 0.0)
        return self._read_code()

    def terminate(self) -> None:
        """Sends SIGTERM if the daemon runs."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL if the daemon runs."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, timeout: float | None) -> bool:
        ready, _, _ = select.select([self._report], [], [], timeout)
        return bool(ready)

    def _read_code(self) -> int:
        self._code = int(self._report.readline())
        self._report.close()
        return self._code
