"""The describer: reads the stored data of torrents that no engine has loaded, in a separate process.

The describer is used for torrents in quarantine, which no engine may load, and for all torrents while no engine can be
started.
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

import msgspec

from protocol.internal.link import decode_events
from protocol.internal.link_events import EngineEvent
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import OuzelError
from supervisor.engine.process.engine_environment import engine_environment

MODULE: Final = "engine_proc.describe"
ARGUMENTS: Final = ("-I", "-X", "utf8", "-m")
"""Python's options; `-I` loads modules only from Ouzel's installation, as for engines."""
PATIENCE_S: Final = 5.0
"""The time limit for one process, which reads AT_ONCE torrents. A slower process is killed."""
AT_ONCE: Final = 200
ANSWER_MAX_BYTES: Final = 64 << 20
"""A process with a longer answer is killed: the untrusted data that it parses may have taken it over."""
_CHUNK_BYTES: Final = 1 << 16


class Describer:
    """Runs describing processes, one at a time.

    Args:
        resume_dir: the resume directory.
        sandbox: the mode of the process's sandbox, the same as the engine's.
    """

    def __init__(self, resume_dir: Path, sandbox: str) -> None:
        self._resume_dir = resume_dir
        self._sandbox = sandbox
        self._one = asyncio.Lock()

    async def describe(self, torrents: Sequence[DesiredTorrent]) -> list[EngineEvent]:
        """Returns the events that an engine would send about these torrents.

        Torrents whose data cannot be read in time have none.
        """
        async with self._one:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command(self._resume_dir, self._sandbox),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                    env=engine_environment(os.environ),
                )
            except OSError:
                return []
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await _ask(process, msgspec.msgpack.encode(list(torrents)))
                    return decode_events(answer).events
            except (TimeoutError, OuzelError, OSError):
                return []
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await _drain(process)
                await process.wait()


def command(resume_dir: Path, sandbox: str) -> list[str]:
    """The argv of the process. The process enters its sandbox before it reads the question."""
    own = ["--parent-pid", str(os.getpid()), "--resume-dir", str(resume_dir), "--sandbox", sandbox]
    return [sys.executable, *ARGUMENTS, MODULE, *own]


async def _ask(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    """Sends the question, and returns the whole answer. Raises OSError."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question)
    await process.stdin.drain()
    process.stdin.close()
    answer = bytearray()
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        answer += chunk
        if len(answer) > ANSWER_MAX_BYTES:
            raise OSError(errno.EMSGSIZE, "the answer is too long")
    return bytes(answer)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Reads the rest of an ended process's output: some versions of asyncio wait for the end of the pipe."""
    assert process.stdout is not None
    while await process.stdout.read(_CHUNK_BYTES):
        pass
