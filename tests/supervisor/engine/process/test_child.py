import asyncio
import errno
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import zmq

from protocol.durable.directory_lock import DirectoryLock
from protocol.internal.flight_recorder import Flight
from supervisor.engine.process import child as child_module
from supervisor.engine.process.child import LAST_LINE_MAX, LAST_LINES, Child, Death
from supervisor.engine.process.engine_link import EngineLink
from supervisor.engine.process.engine_socket import EngineSocket
from tests.supervisor.sockets import Sockets

pytestmark = pytest.mark.process

ORPHANED = 3


class Watched:
    """A child, and the reports about it."""

    def __init__(self, directory: Path, *, gen: int = 1, lock_fds: Sequence[int] = (), endpoint: str = "") -> None:
        self.lines: list[bytes] = []
        self.lines_at_death = -1
        self.news = asyncio.Event()
        self.death: asyncio.Future[Death] = asyncio.get_running_loop().create_future()
        self.child = Child(
            gen=gen,
            endpoint=endpoint or f"ipc://{directory / 'none'}",
            resume_dir=directory,
            lock_fds=lock_fds,
            on_death=self._died,
            on_log=self._logged,
            python=(sys.executable,),  # finds the test's module in the current directory
        )

    async def until_line(self, wanted: bytes) -> None:
        while wanted not in self.lines:
            self.news.clear()
            await self.news.wait()

    async def first_line(self) -> bytes:
        while not self.lines:
            self.news.clear()
            await self.news.wait()
        return self.lines[0]

    def _died(self, death: Death) -> None:
        self.lines_at_death = len(self.lines)
        self.death.set_result(death)

    def _logged(self, line: bytes) -> None:
        self.lines.append(line)
        self.news.set()


Played = Callable[[str], None]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """Makes `python -m engine_proc` run a test's script; `args` are its arguments by name."""
    prelude = "import os, sys, time, signal, json\nargs = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n"

    def play(script: str) -> None:
        (tmp_path / "engine_proc.py").write_text(prelude + textwrap.dedent(script))
        monkeypatch.chdir(tmp_path)

    return play


def descriptors() -> int:
    """The number of this process's open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> str:
    """The pids of this process's children, including zombies."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()


def inheritable() -> set[int]:
    """The descriptors that the tests' parent process passes on to every process."""
    links = list(Path("/proc/self/fd").iterdir())
    return {int(link.name) for link in links if link.exists() and os.get_inheritable(int(link.name))}


def assert_reaped(pid: int) -> None:
    """Asserts that not even a zombie is left."""
    with pytest.raises(ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)


def gone(pid: int) -> bool:
    """Waits for the end of a process, also of one that is no child."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([pidfd], [], [], 10)
    os.close(pidfd)
    return bool(ended)


def locked(directory: Path) -> bool:
    """Whether any process holds the lock."""
    with open(directory / ".lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


async def test_a_killed_engine_is_reported_and_reaped(tmp_path: Path) -> None:
    """A real engine over the real link: SIGKILL by name, no zombie, and no open descriptor."""
    before = descriptors()
    with Sockets(tmp_path) as sockets:
        connected = asyncio.Event()
        socket = EngineSocket(sockets.bind(zmq.ROUTER, "link"))
        link = EngineLink(
            socket,
            on_connected=connected.set,
            on_event=lambda _: None,
            on_garbage=lambda _: None,
        )
        link.attach(7)
        watched = Watched(tmp_path, gen=7, endpoint=sockets.endpoint("link"))
        await connected.wait()
        os.kill(watched.child.pid, signal.SIGKILL)
        assert await watched.death == Death(exit_code=None, signal="SIGKILL")
        assert_reaped(watched.child.pid)
        socket.close()
    assert descriptors() == before


async def test_an_engine_leaves_when_its_lifeline_is_cut(tmp_path: Path) -> None:
    """Without a kill: the supervisor's end of the pipe closes when the supervisor dies."""
    with Sockets(tmp_path) as sockets:
        connected = asyncio.Event()
        socket = EngineSocket(sockets.bind(zmq.ROUTER, "link"))
        link = EngineLink(
            socket,
            on_connected=connected.set,
            on_event=lambda _: None,
            on_garbage=lambda _: None,
        )
        link.attach(1)
        watched = Watched(tmp_path, endpoint=sockets.endpoint("link"))
        await connected.wait()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, watched.child._lifeline, inheritable=False)
        os.close(null)
        assert await watched.death == Death(exit_code=0, signal=None)
        assert any(b"supervisor_gone" in line for line in watched.lines)
        socket.close()


def test_an_engine_of_another_parent_does_not_begin(tmp_path: Path) -> None:
    """If the parent died before the first check, the present parent differs from the one in the arguments."""
    reading, writing = os.pipe()
    argv = [sys.executable, "-m", "engine_proc", "--endpoint", f"ipc://{tmp_path}/l", "--gen", "1", "--parent-pid", "1"]
    argv += ["--lifeline-fd", str(reading), "--resume-dir", str(tmp_path)]
    ran = subprocess.run(argv, pass_fds=[reading], capture_output=True, check=False, timeout=60)
    os.close(reading)
    os.close(writing)
    assert ran.returncode == ORPHANED
    assert b"orphaned_at_start" in ran.stderr


def test_a_killed_supervisor_leaves_no_engine(tmp_path: Path) -> None:
    """The kernel ends the real engine of a parent that had no chance to."""
    script = """
        import asyncio, os, sys
        from pathlib import Path
        from supervisor.engine.process.child import Child

        async def main():
            directory = Path(sys.argv[1])
            child = Child(gen=1, endpoint=f"ipc://{directory}/l", resume_dir=directory, lock_fds=[],
                          on_death=print, on_log=print)
            print(child.pid, flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert gone(engine)


async def test_an_end_is_known_before_it_is_told(tmp_path: Path, play: Played) -> None:
    """A caller can check a child before using it; and afterwards, too."""
    play("signal.pause()")
    watched = Watched(tmp_path)
    assert not watched.child.ended()
    os.kill(watched.child.pid, signal.SIGKILL)
    assert gone(watched.child.pid)
    assert not watched.death.done()
    assert (await watched.death).signal == "SIGKILL"
    assert watched.child.ended()


@pytest.mark.parametrize("code", [0, 1, 3, 255])
async def test_an_exit_code_is_told(tmp_path: Path, play: Played, code: int) -> None:
    """It is the engine's exit code."""
    play(f"os._exit({code})")
    watched = Watched(tmp_path)
    assert await watched.death == Death(exit_code=code, signal=None)
    assert_reaped(watched.child.pid)


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGKILL", "SIGTERM"])
async def test_a_signal_is_told_by_name(tmp_path: Path, play: Played, name: str) -> None:
    """With or without a core dump."""
    play(f"import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), signal.{name})")
    watched = Watched(tmp_path)
    assert await watched.death == Death(exit_code=None, signal=name)


async def test_a_signal_without_a_name_is_told_too(tmp_path: Path, play: Played) -> None:
    """Python has no names for real-time signals; the death must be reported all the same."""
    play("os.kill(os.getpid(), signal.SIGRTMIN + 2)")
    watched = Watched(tmp_path)
    async with asyncio.timeout(5):
        death = await watched.death
    assert death.exit_code is None
    assert death.signal is not None
    assert str(signal.SIGRTMIN + 2) in death.signal or "RTMIN" in death.signal


async def test_what_the_engine_writes_is_relayed_line_by_line(tmp_path: Path, play: Played) -> None:
    """From both streams, with long lines complete and the last line without newline, before the death is reported."""
    play(
        """
        os.set_blocking(1, True)
        os.write(1, b"one\\ntwo\\n\\n")
        os.write(2, b"th")
        os.write(2, b"ree\\n" + b"x" * 300_000 + b"\\n\\xff\\x00\\n")
        os.write(1, b"unfinished")
        """
    )
    watched = Watched(tmp_path)
    await watched.death
    assert watched.lines == [b"one", b"two", b"", b"three", b"x" * 300_000, b"\xff\x00", b"unfinished"]
    assert watched.lines_at_death == len(watched.lines)


async def test_a_log_that_is_closed_early_is_no_death(tmp_path: Path, play: Played) -> None:
    """Its lines are relayed, and it lives on."""
    play(
        """
        os.write(1, b"last words")
        os.close(1); os.close(2)
        signal.pause()
        """
    )
    watched = Watched(tmp_path)
    await watched.until_line(b"last words")
    assert not watched.death.done()
    watched.child.kill()
    assert (await watched.death).signal == "SIGKILL"


async def test_a_log_that_somebody_else_holds_does_not_delay_the_death(tmp_path: Path, play: Played) -> None:
    """A grandchild has the same pipe; the engine's end is reported at once all the same."""
    play(
        """
        if os.fork() == 0:
            os.write(1, b"%d\\n" % os.getpid())
            signal.pause()
        time.sleep(0.01)
        os._exit(5)
        """
    )
    watched = Watched(tmp_path)
    grandchild = int(await watched.first_line())
    assert await watched.death == Death(exit_code=5, signal=None)
    os.kill(grandchild, signal.SIGKILL)
    assert gone(grandchild)


async def test_an_engine_that_never_stops_writing_does_not_hold_up_the_loop(tmp_path: Path, play: Played) -> None:
    """Other tasks run, though there is always more to read."""
    play(
        """
        os.set_blocking(1, True)
        while True:
            os.write(1, b"x" * 999 + b"\\n")
        """
    )
    watched = Watched(tmp_path)
    await watched.first_line()
    in_this_turn = longest = 0
    killed = False
    called = asyncio.Event()

    def slow(_: bytes) -> None:
        nonlocal in_this_turn, longest, killed
        called.set()
        in_this_turn += 1
        longest = max(longest, in_this_turn)
        if in_this_turn == 5_000:
            killed = True
            watched.child.kill()  # otherwise this iteration would never end
        elif not killed:
            select.select([watched.child._log_fd], [], [], 1)

    watched.child._on_log = slow
    for _ in range(3):
        in_this_turn = 0
        called.clear()
        if not killed:
            await called.wait()
    if not killed:
        killed = True
        watched.child.kill()
    await watched.death
    assert longest < 2_000


async def test_a_kill_reaches_what_the_engine_started(tmp_path: Path, play: Played) -> None:
    """The whole process group is killed."""
    play(
        """
        import subprocess
        subprocess.Popen(["sleep", "1000"])
        pid = os.fork()
        if pid == 0:
            signal.pause()
        print(pid, flush=True)
        signal.pause()
        """
    )
    watched = Watched(tmp_path)
    grandchild = int(await watched.first_line())
    watched.child.kill()
    assert await watched.death == Death(exit_code=None, signal="SIGKILL")
    assert gone(grandchild)


async def test_what_a_killed_engine_was_doing_is_known(tmp_path: Path, play: Played) -> None:
    """While it runs, and after a SIGKILL."""
    play(
        """
        from mmap import mmap
        from protocol.internal.flight_recorder import FLIGHT_BYTES, FlightRecorder
        recorder = FlightRecorder(mmap(int(args["--flight-fd"]), FLIGHT_BYTES))
        recorder.under_way(b"add", "a" * 40)
        recorder.begin(b"remove", "b" * 40)
        print("recorded", flush=True)
        signal.pause()
        """
    )
    before = descriptors()
    watched = Watched(tmp_path)
    await watched.first_line()
    alive = watched.child.flight()
    watched.child.kill()
    await watched.death
    for found in (alive, watched.child.flight()):
        assert [(each.what, each.torrent) for each in found.in_flight] == [("remove", "b" * 40), ("add", "a" * 40)]
    assert descriptors() == before


@pytest.mark.parametrize("call", ["pidfd_open", "posix_spawn", "pipe2"])
async def test_one_that_cannot_be_watched_is_not_left_running(
    tmp_path: Path, play: Played, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Nothing of it is left, whatever could not be obtained."""
    play("signal.pause()")
    before, offspring = descriptors(), children()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(OSError, match="too many"):
        Watched(tmp_path)
    assert descriptors() == before
    assert children() == offspring


async def test_an_engine_never_waits_for_its_log(tmp_path: Path, play: Played) -> None:
    """The pipe is not read during this test; lines that do not fit are lost."""
    play(
        """
        try:
            while True:
                os.write(2, b"x" * 999 + b"\\n")
        except BlockingIOError:
            os._exit(7)
        """
    )
    watched = Watched(tmp_path)
    assert gone(watched.child.pid)
    assert (await watched.death).exit_code == 7
    assert set(watched.lines) == {b"x" * 999}
    assert len(watched.lines) > 100


async def test_a_line_without_an_end_is_not_kept_for_ever(
    tmp_path: Path, play: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is passed on in parts."""
    monkeypatch.setattr(child_module, "LOG_LINE_MAX", 1000)
    play("os.write(1, b'x' * 5000); signal.pause()")
    watched = Watched(tmp_path)
    assert set(await watched.first_line()) == {ord("x")}
    watched.child.kill()
    await watched.death
    assert b"".join(watched.lines) == b"x" * 5000


async def test_nothing_is_known_of_an_engine_that_recorded_nothing(tmp_path: Path, play: Played) -> None:
    """It died before its first record."""
    play("os._exit(1)")
    watched = Watched(tmp_path)
    await watched.death
    assert watched.child.flight() == Flight()


async def test_a_kill_is_no_error_when_it_comes_twice(tmp_path: Path, play: Played) -> None:
    """An engine can be killed between its end and its reaping."""
    play("signal.pause()")
    watched = Watched(tmp_path)
    for _ in range(3):
        watched.child.kill()
    select.select([watched.child._pidfd], [], [], 10)
    watched.child.kill()
    assert (await watched.death).signal == "SIGKILL"


async def test_the_engine_gets_what_it_needs_and_nothing_else(tmp_path: Path, play: Played) -> None:
    """Arguments, an empty stdin, log, lifeline, flight recorder, memory for stacks, locks, and a session of its own."""
    play(
        """
        fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))
        print(json.dumps({"args": args, "fds": fds, "stdin": os.readlink("/proc/self/fd/0"), "read": sys.stdin.read(),
                          "pid": os.getpid(), "sid": os.getsid(0), "pgid": os.getpgid(0), "ppid": os.getppid()}))
        """
    )
    (tmp_path / "locked").mkdir()
    lock = DirectoryLock(tmp_path / "locked")
    stray = os.open(os.devnull, os.O_RDONLY)
    strangers = inheritable() - {0, 1, 2}
    watched = Watched(tmp_path, gen=12, lock_fds=[lock.fd], endpoint="ipc:///x")
    told: dict[str, Any] = json.loads(await watched.first_line())
    await watched.death
    lock.close()
    os.close(stray)
    names = ("--lifeline-fd", "--flight-fd", "--stacks-fd")
    lifeline, recorder, stacks = (int(told["args"].pop(name)) for name in names)
    assert told["args"] == {
        "--endpoint": "ipc:///x",
        "--gen": "12",
        "--parent-pid": str(os.getpid()),
        "--resume-dir": str(tmp_path),
        "--sandbox": "off",
    }
    own = set(told["fds"]) - strangers
    assert {0, 1, 2, lifeline, recorder, stacks} < own
    assert len(own) == 7
    assert (told["stdin"], told["read"]) == (os.devnull, "")
    assert told["pid"] == told["sid"] == told["pgid"] == watched.child.pid
    assert told["ppid"] == os.getpid()


async def test_the_locks_stay_held_as_long_as_the_engine_lives(tmp_path: Path, play: Played) -> None:
    """Even after the supervisor has closed its own descriptor."""
    play("print('up', flush=True); signal.pause()")
    (tmp_path / "locked").mkdir()
    lock = DirectoryLock(tmp_path / "locked")
    watched = Watched(tmp_path, lock_fds=[lock.fd])
    await watched.until_line(b"up")
    lock.close()
    assert locked(tmp_path / "locked")
    watched.child.kill()
    await watched.death
    assert not locked(tmp_path / "locked")


async def test_the_last_lines_are_kept(tmp_path: Path, play: Played) -> None:
    """A bounded number of them, each of bounded length, also after the death."""
    play(
        """
        for number in range(300):
            os.write(1, b"%d\\n" % number)
        os.write(1, b"x" * 10_000 + b"\\n\\xff")
        """
    )
    watched = Watched(tmp_path)
    await watched.death
    kept = watched.child.last_lines()
    assert len(kept) == LAST_LINES
    assert kept[-3:] == ["299", "x" * LAST_LINE_MAX, "\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("stopped", [False, True])
async def test_an_abort_leaves_the_stacks_of_all_threads(tmp_path: Path, play: Played, stopped: bool) -> None:
    """Even if it holds the interpreter lock or was stopped; they can be read when its death is reported."""
    play(
        """
        import ctypes, faulthandler, threading
        faulthandler.enable(int(args["--stacks-fd"]), all_threads=True)
        def beside():
            signal.sigwait([signal.SIGUSR1])
        threading.Thread(target=beside, daemon=True).start()
        os.write(1, b"up\\n")
        ctypes.PyDLL(None).sleep(1000)
        """
    )
    watched = Watched(tmp_path)
    await watched.until_line(b"up")
    died = watched.child._on_death
    stacks: list[str] = []

    def read(death: Death) -> None:
        stacks.append(watched.child.stacks())
        died(death)

    watched.child._on_death = read
    if stopped:
        os.kill(watched.child.pid, signal.SIGSTOP)
    watched.child.send_signal(signal.SIGABRT)
    assert (await watched.death).signal == "SIGABRT"
    assert "Fatal Python error: Aborted" in stacks[0]
    assert "in beside" in stacks[0]
    assert "in <module>" in stacks[0]


async def test_many_generations_leave_nothing(tmp_path: Path, play: Played) -> None:
    """No descriptors and no zombies, however often engines die."""
    play("print('up')")
    before = descriptors()
    for gen in range(1, 11):
        watched = Watched(tmp_path, gen=gen)
        assert (await watched.death).exit_code == 0
        assert_reaped(watched.child.pid)
    assert descriptors() == before


async def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Its pipes are closed."""
    before = descriptors()
    for _ in range(3):
        with pytest.raises(ValueError, match="null"):
            Watched(tmp_path, endpoint="ipc://\0")
    assert descriptors() == before


async def test_a_reader_of_the_log_that_fails_does_not_hide_the_death(tmp_path: Path, play: Played) -> None:
    """The end is reported, whatever is wrong with the last lines."""
    asyncio.get_running_loop().set_exception_handler(lambda _, __: None)
    play(
        """
        pid = os.fork()
        if pid == 0:
            signal.pause()
        os.write(1, b"%d\\nlast words" % pid)
        os._exit(5)
        """
    )
    watched = Watched(tmp_path)
    logged = watched.child._on_log

    def fail(line: bytes) -> None:
        logged(line)
        if line == b"last words":
            raise ValueError("cannot be read")

    watched.child._on_log = fail
    grandchild = int(await watched.first_line())
    try:
        async with asyncio.timeout(5):
            assert await watched.death == Death(exit_code=5, signal=None)
    finally:
        os.kill(grandchild, signal.SIGKILL)
        assert gone(grandchild)
