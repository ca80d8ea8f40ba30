"""The hasher: makes torrents of files on disk. A separate process with a low priority hashes the files."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from protocol.internal.making import LENGTH_BYTES, AnyReport, Created, CreationOrder, Hashed, NotCreated
from supervisor.engine.process import helper

MODULE: Final = "engine_proc.create"
REPORT_MAX_BYTES: Final = 17 << 20
"""The maximum size of a report. A process with a longer report is killed. The longest report has a .torrent file that
fits into a frame.
"""
LAST_BYTES: Final = 4096
"""The number of bytes that are kept of a process's standard error."""
_LINE_MAX: Final = 500

_REPORT: Final[msgspec.msgpack.Decoder[AnyReport]] = msgspec.msgpack.Decoder(AnyReport)


class HashingFailed(Exception):
    """No torrent was made. The message is for people."""


class Hasher:
    """Runs creating processes.

    Args:
        resume_dir: the resume directory.
        sandbox: the mode of the process's sandbox. It equals the engine's mode.
        roots: returns the download roots. A process may access only these directories.
    """

    def __init__(self, resume_dir: Path, sandbox: str, roots: Callable[[], Sequence[str]]) -> None:
        self._resume_dir = resume_dir
        self._sandbox = sandbox
        self._roots = roots

    async def run(self, order: CreationOrder, on_progress: Callable[[Hashed], None]) -> Created:
        """Makes a torrent. If the task is cancelled, the process is killed. Raises HashingFailed."""
        roots = [f"--root={root}" for root in self._roots()]
        writable = ["--writable"] if order.output is not None else []
        try:
            process = await helper.start(
                helper.command(MODULE, self._resume_dir, self._sandbox, *writable, *roots), asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise HashingFailed(f"the hashing process cannot be started: {error.strerror}") from error
        last = bytearray()
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(_keep_last(process.stderr, last))
                outcome = await _outcome(process, order, on_progress)
                if outcome is None:
                    await process.wait()
                    await listening
                listening.cancel()
        finally:
            await helper.end(process)
        match outcome:
            case Created():
                return outcome
            case NotCreated():
                raise HashingFailed(outcome.problem)
            case None:
                raise HashingFailed(_death(process.returncode or 0, bytes(last)))


async def _outcome(
    process: asyncio.subprocess.Process, order: CreationOrder, on_progress: Callable[[Hashed], None]
) -> Created | NotCreated | None:
    """The last report of a process. None if the process sent no report, or sent something else."""
    assert process.stdin is not None
    assert process.stdout is not None
    content = msgspec.msgpack.encode(order)
    with contextlib.suppress(OSError):  # it has died: its output ends, too
        process.stdin.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)
        await process.stdin.drain()
    while True:
        try:
            length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
            if length > REPORT_MAX_BYTES:
                return NotCreated(problem="the hashing process sent a report that is too long")
            report = _REPORT.decode(await process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            return None
        except msgspec.MsgspecError as error:
            return NotCreated(problem=f"the hashing process sent an invalid report: {error}")
        if not isinstance(report, Hashed):
            return report
        on_progress(report)


async def _keep_last(stream: asyncio.StreamReader | None, last: bytearray) -> None:
    """Reads a stream to its end, and keeps the last bytes."""
    assert stream is not None
    while chunk := await stream.read(LAST_BYTES):
        last += chunk
        del last[:-LAST_BYTES]


def _death(returncode: int, last: bytes) -> str:
    """The end of a process in words, with the last line of its standard error."""
    how = f"was killed by {_signal_name(-returncode)}" if returncode < 0 else f"exited with {returncode}"
    lines = last.decode(errors="replace").strip().splitlines()
    said = f": {lines[-1][:_LINE_MAX]}" if lines and returncode >= 0 else ""
    return f"the hashing process {how}{said}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
