"""Starts the program of a hook with fewer rights than the supervisor's.

Called as `python -m supervisor.hooks.start SUPERVISOR_PID PROGRAM ARGUMENT…`.

The program has these restrictions:
- It cannot gain rights by setuid programs.
- It has a lower priority.
- It writes no core dump.
- It can open only the usual number of descriptors.

When the supervisor ends, the program gets SIGTERM. The supervisor has threads, so it must not run Python code between
  fork and exec. So this module runs in a process of its own. Then the program replaces this process.
"""

import ctypes
import os
import resource
import signal
import sys
from typing import Final

NICENESS: Final = 10
DESCRIPTORS: Final = 1024

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38

EXIT_NOT_STARTED: Final = 127
"""The exit code if the program cannot be started. A shell has the same exit code."""


def main(parent_pid: int, command: list[str]) -> None:
    """Replaces this process by the program. Returns only if the program cannot be started."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, *(ctypes.c_ulong(each) for each in (1, 0, 0, 0)))
    if os.getppid() != parent_pid:
        return
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.execv(command[0], command)  # noqa: S606  # that is the purpose: no shell
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr)  # noqa: T201  # the program's output


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
    sys.exit(EXIT_NOT_STARTED)
