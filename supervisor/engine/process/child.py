"""A child: one engine process. It is started by a command line, and watched through a pidfd.

The child inherits its argv, a few environment variables, and these descriptors:
- the write end of its log pipe
- one end of the lifeline pipe
- the shared memory of its flight recorder
- the shared memory of its stacks
- the locks on the directories

The directories stay locked until both processes have ended. The child leads its own session and process group. With
  `-I`, Python loads modules only from Ouzel's installation. Without `-I`, Python would search the current directory
  first.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from protocol.internal.flight_recorder import Flight
from supervisor.engine.process import flight
from supervisor.engine.process.engine_environment import engine_environment

ENGINE_MODULE: Final = "engine_proc"
ISOLATED: Final = (sys.executable, "-I")
"""The command that starts Python. With `-I`, Python ignores the current directory, the user's modules and `PYTHON*`
variables.
"""

_INHERITED_FD_MIN: Final = 100
"""The lowest number of inherited descriptors. It is far from 0, 1 and 2, because the child replaces these three
descriptors.
"""


LOG_CHUNKS_PER_TURN: Final = 8
"""The maximum number of chunks of 64 KiB that are read from a child's log in a row. Then the loop handles other events.
"""


LOG_PIPE_BYTES: Final = 256 * 1024
"""The capacity of the log pipe.

The size of one read is larger. So one read at the child's death gets the whole rest.
"""

LOG_LINE_MAX: Final = 1024 * 1024
"""The length above which a log line is passed on in parts. A part exceeds this length by one chunk at most."""

STACKS_MAX: Final = 64 * 1024
"""The maximum number of bytes that are read of a dying engine's stacks."""

LAST_LINES: Final = 200
LAST_LINE_MAX: Final = 2000
"""The maximum length of a log line in a crash report, in bytes. LAST_LINES lines are kept."""


class Death(NamedTuple):
    """How a child ended: by exit code or by signal. Both are None if the child could not be started.

    Fields:
        signal: a name such as `SIGKILL`.
        killed_for: why the supervisor killed the child. None if the supervisor did not kill the child.
    """

    exit_code: int | None
    signal: str | None
    killed_for: str | None = None

    @property
    def description(self) -> str:
        """The death in words, as the beginning of a sentence."""
        if self.killed_for is not None:
            return f"the engine was killed by the supervisor: {self.killed_for}"
        if self.signal is not None:
            return f"the engine was killed by {self.signal}"
        if self.exit_code is not None:
            return f"the engine exited with {self.exit_code}"
        return "the engine could not be started"


class Child:
    """A running engine process.

    Args:
        gen: the generation of the process.
        endpoint: the link's endpoint. The process connects to this endpoint.
        resume_dir: the directory of fast-resume data.
        lock_fds: open descriptors of held locks. The process inherits these descriptors.
        on_death: called once on the loop, when the process has ended and is reaped.
        on_log: called on the loop with each line of the log.
        engine: the module that the process runs.
        python: the command that starts Python. Tests run engines that are not installed.
        sandbox: the mode of the sandbox.
        roots: the directories below which the sandbox allows writes.
    """

    def __init__(
        self,
        *,
        gen: int,
        endpoint: str,
        resume_dir: Path,
        lock_fds: Sequence[int],
        on_death: Callable[[Death], None],
        on_log: Callable[[bytes], None],
        engine: str = ENGINE_MODULE,
        python: Sequence[str] = ISOLATED,
        sandbox: str = "off",
        roots: Sequence[str] = (),
    ) -> None:
        self.gen = gen
        self._on_death = on_death
        self._on_log = on_log
        self._loop = asyncio.get_running_loop()
        self._flight = Flight()
        with contextlib.ExitStack() as lent, contextlib.ExitStack() as own:
            self._flight_fd = _to_close(own, flight.make())
            self._stacks_fd = _to_close(own, os.memfd_create("ouzel-stacks"))
            # The pipe is non-blocking: an engine never waits for a slow or stopped supervisor; lines that do not fit
            # into the pipe are lost.
            log_read, log_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            with contextlib.suppress(OSError):  # the limit for this user's pipes may be smaller
                fcntl.fcntl(log_write, fcntl.F_SETPIPE_SZ, LOG_PIPE_BYTES)
            lifeline_read, self._lifeline = os.pipe2(os.O_CLOEXEC)
            _to_close(own, log_read, self._lifeline)
            _to_close(lent, log_write, lifeline_read)
            given = (lifeline_read, self._flight_fd, self._stacks_fd, *lock_fds)
            inherited = [_to_close(lent, fcntl.fcntl(fd, fcntl.F_DUPFD, _INHERITED_FD_MIN)) for fd in given]
            argv = [*python, "-X", "utf8", "-m", engine, "--endpoint", endpoint, "--gen", str(gen)]
            argv += ["--parent-pid", str(os.getpid()), "--lifeline-fd", str(inherited[0])]
            argv += ["--flight-fd", str(inherited[1]), "--stacks-fd", str(inherited[2])]
            argv += ["--resume-dir", str(resume_dir), "--sandbox", sandbox]
            argv += [f"--root={root}" for root in roots]
            self.pid = os.posix_spawn(
                python[0],
                argv,
                engine_environment(os.environ),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log_write, 1),
                    (os.POSIX_SPAWN_DUP2, log_write, 2),
                ],
                setsid=True,
            )
            own.callback(_end, self.pid)
            self._pidfd = _to_close(own, os.pidfd_open(self.pid))
            self._loop.add_reader(self._pidfd, self._reap)
            own.callback(self._loop.remove_reader, self._pidfd)
            self._loop.add_reader(log_read, self._read_log)
            own.pop_all()
        self._reaped = False
        self._log_fd = log_read
        self._log_rest = b""
        self._last_lines: deque[bytes] = deque(maxlen=LAST_LINES)

    def kill(self) -> None:
        """Sends SIGKILL to the child's process group."""
        os.killpg(self.pid, signal.SIGKILL)

    def flight(self) -> Flight:
        """Reads the flight recorder. If the child is alive, a record may be read while it is being written."""
        return self._flight if self._flight_fd < 0 else flight.read(self._flight_fd)

    def ended(self) -> bool:
        """Whether the child has ended. `on_death` may still have to be called."""
        if self._reaped:
            return True
        try:
            return os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except OSError:
            return False  # unknown; `on_death` will be called in any case

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal to the child, and continues a stopped child. SIGKILL goes to the process group."""
        if number is signal.SIGKILL:
            self.kill()
            return
        signal.pidfd_send_signal(self._pidfd, number)
        signal.pidfd_send_signal(self._pidfd, signal.SIGCONT)

    def stacks(self) -> str:
        """The stacks of the child's threads, if the child wrote its stacks. Call `stacks` before `on_death` returns."""
        try:
            return os.pread(self._stacks_fd, STACKS_MAX, 0).decode("utf-8", "replace")
        except OSError as error:
            return f"they cannot be read: {error}"

    def last_lines(self) -> list[str]:
        """The last lines of the child's log, truncated to LAST_LINE_MAX bytes each."""
        return [line.decode("utf-8", "replace") for line in self._last_lines]

    def _reap(self) -> None:
        status = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        if status is None:
            return
        self._reaped = True
        self._loop.remove_reader(self._pidfd)
        self._flight = self.flight()
        flight_fd, self._flight_fd = self._flight_fd, -1
        if status.si_code == os.CLD_EXITED:
            death = Death(exit_code=status.si_status, signal=None)
        else:
            death = Death(exit_code=None, signal=_signal_name(status.si_status))
        with contextlib.ExitStack() as last:  # `on_death` is called even if reading the log fails
            last.callback(os.close, self._stacks_fd)
            last.callback(self._on_death, death)
            _to_close(last, self._pidfd, self._lifeline, flight_fd)
            last.callback(self._close_log)
            self._read_log()

    def _read_log(self) -> None:
        for _ in range(LOG_CHUNKS_PER_TURN):
            if self._log_fd < 0:
                return
            try:
                chunk = os.read(self._log_fd, 65_536)
            except BlockingIOError:
                return
            if not chunk:
                self._close_log()
                return
            *lines, self._log_rest = (self._log_rest + chunk).split(b"\n")
            if len(self._log_rest) > LOG_LINE_MAX:
                lines, self._log_rest = [*lines, self._log_rest], b""
            for line in lines:
                self._tell(line)

    def _close_log(self) -> None:
        if self._log_fd < 0:
            return
        self._loop.remove_reader(self._log_fd)
        os.close(self._log_fd)
        self._log_fd = -1
        if self._log_rest:
            self._tell(self._log_rest)

    def _tell(self, line: bytes) -> None:
        self._last_lines.append(line[:LAST_LINE_MAX])
        self._on_log(line)


def _to_close(stack: contextlib.ExitStack, *fds: int) -> int:
    """Registers descriptors that the stack closes. Returns the first descriptor."""
    for fd in fds:
        stack.callback(os.close, fd)
    return fds[0]


def _end(pid: int) -> None:
    """Kills a child that cannot be watched, and reaps it."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _signal_name(number: int) -> str:
    """The name of a signal, such as `SIGKILL`, or `SIGRTMIN+N` for real-time signals without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
