"""Helper processes are ended, whatever they do."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from supervisor.engine.process import helper
from tools.rig.waiting import until

pytestmark = pytest.mark.process


class Hung:
    """A process that a disk keeps from ending."""

    returncode = None
    stdout = stderr = None

    def __init__(self) -> None:
        self.pid = 2**22 + 1  # there is no such process

    async def wait(self) -> None:
        """Waits for ever."""
        await asyncio.Event().wait()


async def test_one_that_cannot_be_killed_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it hinders neither the next job nor the end of the supervisor."""
    monkeypatch.setattr(helper, "END_S", 0.05)
    await asyncio.wait_for(helper.end(cast(Any, Hung())), 10)


async def test_its_whole_group_is_killed() -> None:
    """Although a helper of Ouzel's cannot start a process."""
    process = await helper.start(["/bin/sh", "-c", "sleep 60 & echo $!; wait"])
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    await helper.end(process)
    assert process.returncode == -9
    until(lambda: not Path(f"/proc/{child}").exists(), "the other process has ended")


async def test_a_slow_one_is_killed() -> None:
    """Its answer is not waited for."""
    with pytest.raises(TimeoutError):
        await helper.ask(["/bin/sh", "-c", "sleep 60"], b"", patience_s=0.1, answer_max_bytes=10)
    with pytest.raises(OSError, match="too long"):
        await helper.ask(["/bin/sh", "-c", "cat /dev/zero"], b"", patience_s=10, answer_max_bytes=10)
    assert await helper.ask(["/bin/cat"], b"answer", patience_s=10, answer_max_bytes=10) == b"answer"
