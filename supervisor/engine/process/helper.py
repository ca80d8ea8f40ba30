"""Runs helper processes. A helper is a short-lived process in its own process group, started from an argv.

A helper gets the environment of an engine. The helper leads its own session, and ends with the supervisor.
"""

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from supervisor.engine.process.engine_environment import engine_environment

ARGUMENTS: Final = ("-I", "-X", "utf8", "-m")
"""Python's options. With `-I`, Python loads modules only from Ouzel's installation."""
END_S: Final = 5.0
"""The time limit for the end of a killed helper, and for reading the rest of its output."""
_CHUNK_BYTES: Final = 1 << 16


def command(module: str, resume_dir: Path, sandbox: str, *more: str) -> list[str]:
    """The argv of a helper. The helper enters its sandbox before it reads the request."""
    own = ["--parent-pid", str(os.getpid()), "--resume-dir", str(resume_dir), "--sandbox", sandbox]
    return [sys.executable, *ARGUMENTS, module, *own, *more]


async def start(argv: Sequence[str], stderr: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    """Starts a helper. Raises OSError."""
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        env=engine_environment(os.environ),
    )


async def ask(argv: Sequence[str], question: bytes, *, patience_s: float, answer_max_bytes: int) -> bytes:
    """Starts a helper, sends a question to the helper, ends the helper, and returns the whole answer.

    Args:
        patience_s: the time limit. A slower helper is killed.
        answer_max_bytes: the maximum size of the answer. A helper with a longer answer is killed, because untrusted
            data may control it.

    Raises:
        OSError: the helper could not be started, or its answer is too long.
        TimeoutError: the time limit was exceeded.
    """
    process = await start(argv)
    try:
        async with asyncio.timeout(patience_s):
            return await _ask(process, question, answer_max_bytes)
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Reaps a helper. If the helper has not ended, first kills the helper's process group.

    A hung disk can keep a killed helper alive until the disk answers. So the wait for the helper's end is bounded.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await _drain(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await process.wait()


async def _ask(process: asyncio.subprocess.Process, question: bytes, answer_max_bytes: int) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question)
    await process.stdin.drain()
    process.stdin.close()
    answer = bytearray()
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        answer += chunk
        if len(answer) > answer_max_bytes:
            raise OSError(errno.EMSGSIZE, "the answer is too long")
    return bytes(answer)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Reads the rest of an ended process's output, because some versions of asyncio wait for the end of the output."""
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(_CHUNK_BYTES):
            pass
