"""`python -I -m tools.rig.forking.fork_server FD`: forks a daemon for each request on a socket.

A request is one packet with JSON and three descriptors: the daemon's output, its standard error, and the report. The
server writes two lines to the report: the pid, and the exit code as in `subprocess`. The server ends once the other end
of the socket is closed. Its daemons continue.
"""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any, Final

from supervisor.__main__ import main
from tools.rig.forking.forked_daemon import LIMITS

PACKET_BYTES: Final = 1 << 17
DESCRIPTORS: Final = 3


def serve(requests: socket.socket) -> bool:
    """Forks daemons. Returns True in each daemon, and False in the server when it is to end."""
    reports: dict[int, tuple[int, int]] = {}
    """By the descriptor of a daemon's process: its pid, and the descriptor of its report."""
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd in reports:
                poll.unregister(fd)
                pid, report = reports.pop(fd)
                _, status = os.waitpid(pid, 0)
                _tell(report, os.waitstatus_to_exitcode(status))
                os.close(report)
                os.close(fd)
                continue
            packet, fds, _, _ = socket.recv_fds(requests, PACKET_BYTES, DESCRIPTORS)
            if not packet:
                return False
            pid = os.fork()
            if not pid:
                become_daemon(json.loads(packet), fds)
                return True
            output, error, report = fds
            os.close(output)
            os.close(error)
            process = os.pidfd_open(pid)
            reports[process] = pid, report
            poll.register(process, select.POLLIN)
            _tell(report, pid)


def become_daemon(request: dict[str, Any], fds: Sequence[int]) -> None:
    """Sets this forked process up like a new process: session, descriptors, directory, environment and arguments."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, fd in enumerate([nothing, *fds[:2]]):
        os.dup2(fd, number)
    os.closerange(3, max(*fds, nothing, 1024) + 1)
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    for limit, pair in zip(LIMITS, request["limits"], strict=True):
        resource.setrlimit(limit, tuple(pair))
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]


def _tell(report: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the requester has ended
        os.write(report, f"{number}\n".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    forked = serve(control)
    if forked:
        control.detach()
        main()
