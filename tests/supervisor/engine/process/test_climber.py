import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from supervisor.engine.process import climber as climber_module
from supervisor.engine.process import kill_ladder
from supervisor.engine.process.child import Child, Death
from supervisor.engine.process.climber import Climber
from supervisor.engine.process.kill_ladder import Manner

pytestmark = pytest.mark.process

BEARS_ALL = """
import os, signal
for each in (signal.SIGTERM, signal.SIGABRT):
    signal.signal(each, lambda number, _: os.write(1, b"got %d\\n" % number))
os.write(1, b"up\\n")
while True:
    signal.pause()
"""


@asynccontextmanager
async def child(directory: Path, script: str) -> AsyncIterator[tuple[Child, "asyncio.Future[Death]", list[bytes]]]:
    """A real process that runs a script as its engine, with its death and its output; it is ended with the test."""
    (directory / "engine_proc.py").write_text(script)
    death: asyncio.Future[Death] = asyncio.get_running_loop().create_future()
    up = asyncio.Event()
    lines: list[bytes] = []

    def told(line: bytes) -> None:
        lines.append(line)
        up.set()

    made = Child(
        gen=1,
        endpoint="ipc://none",
        resume_dir=directory,
        lock_fds=[],
        on_death=death.set_result,
        on_log=told,
        python=(sys.executable,),  # finds the script in the current directory
    )
    await up.wait()
    try:
        yield made, death, lines
    finally:
        if not death.done():
            made.kill()
            await death


@pytest.fixture
def climber(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Climber:
    """A climber with short delays."""
    monkeypatch.chdir(tmp_path)
    rungs = tuple(rung._replace(wait_s=0.1) for rung in kill_ladder.LADDER)
    monkeypatch.setattr(kill_ladder, "LADDER", rungs)
    return Climber(
        structlog.wrap_logger(
            structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50), processors=[]
        )
    )


async def test_an_engine_that_bears_all_is_killed_in_the_end(tmp_path: Path, climber: Climber) -> None:
    """It got every signal in between, and no timer remains."""
    async with child(tmp_path, BEARS_ALL) as (made, death, lines):
        climber.end(made, Manner.OVERDUE, "does not leave")
        climber.end(made, Manner.OVERDUE, "something else")
        assert (climber.manner, climber.reason) == (Manner.OVERDUE, "does not leave")
        assert (await death).signal == "SIGKILL"
        climber.gone()
        assert (climber.manner, climber.reason, climber._timer) == (None, None, None)
        assert lines == [b"up", b"got %d" % signal.SIGTERM, b"got %d" % signal.SIGABRT]


async def test_a_signal_that_cannot_be_sent_does_not_end_the_climb(
    tmp_path: Path, climber: Climber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is sent, and the last one is repeated."""
    monkeypatch.setattr(climber_module, "AGAIN_S", 0.01)
    async with child(tmp_path, BEARS_ALL) as (made, death, lines):
        refused: list[signal.Signals] = []
        send = made.send_signal

        def refuse(number: signal.Signals) -> None:
            if refused.count(number) < 2:
                refused.append(number)
                raise OSError(errno.EPERM, "not permitted")
            send(number)

        monkeypatch.setattr(made, "send_signal", refuse)
        climber.end(made, Manner.FAULTY, "does not answer")
        assert (await death).signal == "SIGKILL"
        assert refused == [signal.SIGABRT, signal.SIGKILL, signal.SIGKILL]
        assert lines == [b"up"]


async def test_an_engine_that_heeds_the_first_signal_gets_no_other(tmp_path: Path, climber: Climber) -> None:
    """It has time to exit."""
    script = BEARS_ALL.replace('b"got %d\\n" % number)', 'b"x") and os._exit(4)')
    async with child(tmp_path, script) as (made, death, _):
        climber.end(made, Manner.OVERDUE, None)
        assert await death == Death(exit_code=4, signal=None)
        climber.gone()


async def test_a_stopped_engine_heeds_an_abort(tmp_path: Path, climber: Climber) -> None:
    """It is continued so that it can die."""
    async with child(tmp_path, "import os, signal; os.write(1, b'up\\n'); signal.pause()") as (made, death, _):
        os.kill(made.pid, signal.SIGSTOP)
        climber.end(made, Manner.FAULTY, "hangs")
        assert (await death).signal == "SIGABRT"
        climber.gone()
