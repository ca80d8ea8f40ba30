"""A child: one engine process, started from an argv and watched through a pidfd.

The child gets nothing from this process but its argv, a few variables of the environment, the write ends of its log,
one end of the lifeline, the memory of its flight recorder and for its stacks, and the locks on the directories, which
stay locked for as long as either process lives. It leads a session and a process group of its own. Its modules come
only from where Ouzel is installed: without `-I`, Python would look for them in the current directory first.
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
"""Python without the current directory, the user's own modules and `PYTHON*` variables."""

_INHERITED_FD_MIN: Final = 100
"""Descriptors that the child inherits are numbered from here, clear of 0, 1 and 2, which are replaced in it."""


LOG_CHUNKS_PER_TURN: Final = 8
"""What is read of a talkative child before others get their turn, in pieces of 64 KiB."""


LOG_PIPE_BYTES: Final = 256 * 1024
"""What a child may write until it is read: no more than one turn reads, so that all is read at its death."""

LOG_LINE_MAX: Final = 1024 * 1024
"""A line that is longer, give or take a chunk, is handed on in parts."""

STACKS_MAX: Final = 64 * 1024
"""Bytes that are read of what a dying engine wrote of its stacks."""

LAST_LINES: Final = 200
LAST_LINE_MAX: Final = 2000
"""What is kept of the log for a report: so many lines, so many bytes of each."""


class Death(NamedTuple):
    """How a child ended: one of the first two is set. `signal` is a name such as `SIGKILL`.

    Fields:
        killed_for: why the supervisor ended it, in words; None where it did not.
    """

    exit_code: int | None
    signal: str | None
    killed_for: str | None = None

    @property
    def description(self) -> str:
        """In words, as the beginning of a sentence."""
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
        gen: its generation.
        endpoint: the link's endpoint, which it connects to.
        resume_dir: where it keeps fast-resume data.
        lock_fds: open descriptors of held locks, which it inherits.
        on_death: called on the loop, once, when it is gone and reaped.
        on_log: called on the loop with each line it wrote.
        engine: the module that it runs.
        python: how Python is started; tests have engines that are not installed.
        sandbox: the mode of its sandbox.
        roots: below which its sandbox lets it write.
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
            # An engine never waits for this process, which may be slow or stopped: what does not fit in is lost.
            log_read, log_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            with contextlib.suppress(OSError):  # the limit for this user's pipes is reached: a smaller one will do
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
        """SIGKILL to the child and to what it may have started."""
        os.killpg(self.pid, signal.SIGKILL)

    def flight(self) -> Flight:
        """What it was doing when it died. Of one that is alive, a record that it is writing may be half another one."""
        return self._flight if self._flight_fd < 0 else flight.read(self._flight_fd)

    def ended(self) -> bool:
        """Whether it is gone, told or not."""
        if self._reaped:
            return True
        try:
            return os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except OSError:
            return False  # nobody can say; its death is told all the same

    def send_signal(self, number: signal.Signals) -> None:
        """A signal to the child, also where it was stopped; SIGKILL as `kill` does."""
        if number is signal.SIGKILL:
            self.kill()
            return
        signal.pidfd_send_signal(self._pidfd, number)
        signal.pidfd_send_signal(self._pidfd, signal.SIGCONT)

    def stacks(self) -> str:
        """What the child has written of its threads' stacks; for the last time in `on_death`."""
        try:
            return os.pread(self._stacks_fd, STACKS_MAX, 0).decode("utf-8", "replace")
        except OSError as error:
            return f"they cannot be read: {error}"

    def last_lines(self) -> list[str]:
        """The last lines that the child wrote, long ones cut."""
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
        with contextlib.ExitStack() as last:  # a death is told whatever becomes of the last words
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
    """Has a stack close descriptors; returns the first of them."""
    for fd in fds:
        stack.callback(os.close, fd)
    return fds[0]


def _end(pid: int) -> None:
    """Kills a child that cannot be watched, and reaps it."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _signal_name(number: int) -> str:
    """`SIGKILL` and the like; real-time signals but for the first have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
