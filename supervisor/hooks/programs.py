"""Runs the program of a hook, with a time limit, and keeps the end of its output."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

from protocol.text.scrub import scrub
from supervisor.config.hooks_config import RunHook
from supervisor.config.placeholders import filled
from supervisor.hooks.hook_queues import Delivery

STARTER: Final = ("-I", "-X", "utf8", "-m", "supervisor.hooks.start")

OUTPUT_BYTES: Final = 2000
"""The end of a program's output that is kept for the log."""

TERMINATE_S: Final = 5.0
"""The time from SIGTERM to SIGKILL for a program that has exceeded its time limit."""

DRAIN_S: Final = 1.0
"""The time for the rest of the output after a program's end. Remaining processes of the program may keep the pipe open.
"""

PASSED_ON: Final = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TZ", "USER", "XDG_RUNTIME_DIR")
"""The variables of the supervisor's environment that programs get. All other variables may be secrets of other
programs.
"""


class Ran(NamedTuple):
    """The outcome of a program: why it counts as failed, and the end of its output.

    The reason is None after a success.
    """

    problem: str | None
    output: str


async def run_program(hook: RunHook, delivery: Delivery, environ: Mapping[str, str]) -> Ran:
    """Runs the program of a hook once.

    Args:
        environ: the supervisor's environment.
    """
    values = delivery.values
    command = [hook.command[0], *(filled(each, values) for each in hook.command[1:])]
    reader, writer = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *STARTER,
            str(os.getpid()),
            *(each.replace("\0", "") for each in command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            cwd="/",
            start_new_session=True,
            env=_environment(values, environ),
        )
    except OSError as error:
        os.close(reader)
        return Ran(f"it cannot be started: {error.strerror}", "")
    finally:
        os.close(writer)
    output = _Output()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, os.fdopen(reader, "rb", 0))
    try:
        problem = await _wait(process, hook.time_limit_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await output.ended.wait()
    finally:
        transport.close()
        if process.returncode is None:  # the hook was removed, or the service ends
            _kill(process, signal.SIGTERM)
    return Ran(problem, scrub(bytes(output.kept).decode(errors="replace")).strip())


async def _wait(process: asyncio.subprocess.Process, limit_s: float) -> str | None:
    """Waits for the end of a process. Ends the process at the time limit. Returns why the process counts as failed.
    None if the process has succeeded.
    """
    try:
        async with asyncio.timeout(limit_s):
            code = await process.wait()
    except TimeoutError:
        _kill(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TERMINATE_S):
                await process.wait()
        _kill(process, signal.SIGKILL)  # the whole group, though the program itself may have ended
        await process.wait()
        return f"it ran for longer than {limit_s:g} s, and was killed"
    if code < 0:
        return f"it was killed by {_name_of(-code)}"
    return f"it exited with {code}" if code else None


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals between the first and the last have no names
        return f"signal {number}"


def _kill(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _environment(values: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the program's environment, with the values of the placeholders. In an argument, a name that begins with a
    hyphen could look like an option.
    """
    kept = {name: environ[name] for name in PASSED_ON if name in environ}
    return kept | {f"OUZEL_HOOK_{name.upper()}": value.replace("\0", "") for name, value in values.items()}


class _Output(asyncio.Protocol):
    """Keeps the end of a program's output."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.kept += data
        del self.kept[:-OUTPUT_BYTES]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
