"""Copies the file of the IP filter into the resume directory. The engine's sandbox allows reading in this directory.

The original file may be unreadable, for example because its disk is not mounted. Meanwhile the copy keeps the rules in
force, even across restarts of the supervisor and the engine.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from protocol.durable import durable
from protocol.durable.resume_dir import ResumeDir
from supervisor.concurrency.threads import in_thread

LOOK_S: Final = 1.0
"""The interval between checks for changes of the file.

A changed file is copied when the next check finds no further change.
"""
PATIENCE_S: Final = 5.0
"""The time limit of the first check, before the first engine is started. The disk of the file may hang."""
BYTES_MAX: Final = 64 * 1024 * 1024

_Mark = tuple[str, int, int, int, int]


class IpFilterCopy:
    """Keeps the copy up to date.

    Args:
        file: returns the configured path of the file; None without a file.
        report: called with the problem of the file, or None.
    """

    def __init__(
        self, resume_dir: ResumeDir, *, file: Callable[[], str | None], report: Callable[[str | None], None]
    ) -> None:
        self._dir = resume_dir
        self._file = file
        self._report = report
        self._copied: _Mark | None = None
        self._changing: _Mark | None = None
        self._absent = False
        """Whether there is no copy, because no file is configured."""

    async def prepare(self) -> None:
        """Copies the file for the first engine. Gives up if the disk does not answer in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._look(settled=False)

    async def run(self) -> None:
        """Copies the file after each change. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look(settled=True)

    async def _look(self, *, settled: bool) -> None:
        file = self._file()
        if file is None and self._absent:
            return
        try:
            await in_thread(partial(self._update, file, settled=settled))
        except OSError as error:
            self._report(f"the IP filter {file} cannot be read: {error.strerror or error}")
        else:
            self._report(None)

    def _update(self, file: str | None, *, settled: bool) -> None:
        """Makes, replaces or deletes the copy if necessary. Raises OSError."""
        copy = self._dir.ip_filter
        if file is None:
            if copy.exists():
                durable.remove(copy)
            self._copied, self._absent = None, True
            return
        self._absent = False
        mark = _mark(file)
        if mark == self._copied and copy.exists():
            return
        if settled and mark not in (self._copied, self._changing):  # somebody may be writing it
            self._changing = mark
            return
        content = _read(file)
        self._dir.check()
        if not copy.exists() or copy.read_bytes() != content:
            durable.write(copy, content)
        self._copied = mark


def _mark(file: str) -> _Mark:
    found = Path(file).stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is no file")
    return file, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(file: str) -> bytes:
    with open(os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as opened:
        content = opened.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise OSError(f"it has more than {BYTES_MAX // 2**20} MiB")
    return content
