"""Watches one folder, and adds its files."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from protocol.text.scrub import scrub
from protocol.wire.commands.kinds import Mutation
from protocol.wire.commands.torrent_commands import AddTorrent
from protocol.wire.errors import OuzelError
from supervisor.commands.acceptance import Acceptance
from supervisor.concurrency.threads import in_thread
from supervisor.config.watch_config import WatchFolder
from supervisor.host.file_changes import examinations
from supervisor.log import logs
from supervisor.watch_folders import folder_files
from supervisor.watch_folders.folder_files import ADDED, INVALID, Unusable
from supervisor.watch_folders.pending_files import PendingFiles

ACCEPT_S: Final = 30.0
"""The time limit for one add."""

LINK_SHOWN: Final = 100
"""The characters of a refused link that the reason shows."""

_OF_FOLDER: Final = ("args.save_path", "args.category")
"""Arguments from the configuration. If such an argument is refused, the file is not the cause."""

Accept = Callable[[Mutation, float], Awaitable[Acceptance]]


class FolderWatch:
    """Adds the files of one folder.

    Args:
        accept: executes a mutation, up to a deadline in the loop's time. Raises OuzelError.
        report: called with the folder's problem, or None.
    """

    def __init__(
        self, folder: WatchFolder, *, accept: Accept, report: Callable[[str | None], None], log: logs.Logger
    ) -> None:
        self._folder = folder
        self._path = Path(folder.path)
        self._accept = accept
        self._report = report
        self._log = log
        self._files = PendingFiles()
        self._scanned = asyncio.Event()
        self._unreadable: str | None = None
        self._failed: dict[str, str] = {}
        """By file: why the file could not be added or renamed. The failure is temporary."""

    async def run(self) -> None:
        """Adds files. Runs until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scan())
            while True:
                for name in self._files.due(time.monotonic()):
                    await self._try(name)
                self._report(self._unreadable or next(iter(self._failed.values()), None))
                due = self._files.next_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                        await self._scanned.wait()
                self._scanned.clear()

    async def _scan(self) -> None:
        async for found in examinations([self._path], partial(folder_files.scan, self._path)):
            self._unreadable = found if isinstance(found, str) else None
            stamps = {} if isinstance(found, str) else found
            self._files.scanned(stamps, time.monotonic())
            self._failed = {name: problem for name, problem in self._failed.items() if name in stamps}
            self._scanned.set()

    async def _try(self, name: str) -> None:
        """Adds and renames a file. After a temporary failure, schedules another attempt."""
        stamp = self._files.stamp(name)
        if stamp is None:
            return  # it has gone while another file was added
        try:
            await self._add(name)
            suffix, reason = ADDED, None
        except Unusable as error:
            if not self._files.is_final(name, time.monotonic()):
                self._files.again(name, time.monotonic())
                return
            suffix, reason = INVALID, str(error)
            self._log.warning("watch_file_invalid", file=str(self._path / name), problem=reason)
        except (OuzelError, OSError) as error:
            self._fail(name, error.message if isinstance(error, OuzelError) else error.strerror or str(error))
            self._files.again(name, time.monotonic())
            return
        self._failed.pop(name, None)
        try:
            if not await in_thread(partial(folder_files.mark, self._path / name, stamp, suffix, reason)):
                return  # the next scan finds what has taken its place
        except OSError as error:
            self._fail(name, f"it cannot be renamed: {error.strerror}")
        self._files.done(name)

    def _fail(self, name: str, problem: str) -> None:
        if self._files.stamp(name) is not None:
            self._failed[name] = f"{scrub(name)}: {problem}"

    async def _add(self, name: str) -> None:
        """Adds the content of a file.

        Adds all usable links of a .magnet file. Raises Unusable, OuzelError or OSError.
        """
        content = await in_thread(partial(folder_files.read, self._path / name))
        if isinstance(content, bytes):
            await self._accept_one(name, self._command(metainfo=content))
            return
        problems = []
        for link in content:
            try:
                await self._accept_one(name, self._command(magnet=link))
            except Unusable as error:
                problems.append(f"{link[:LINK_SHOWN]}: {error}")
        if problems:
            raise Unusable("\n".join(problems))

    async def _accept_one(self, name: str, command: AddTorrent) -> None:
        try:
            accepted = await self._accept(command, asyncio.get_running_loop().time() + ACCEPT_S)
        except OuzelError as error:
            if error.kind.retry == "never" and error.field not in _OF_FOLDER:
                raise Unusable(error.message) from error
            raise
        self._log.info("watch_file_added", file=str(self._path / name), torrent=accepted.subject)

    def _command(self, *, metainfo: bytes | None = None, magnet: str | None = None) -> AddTorrent:
        folder = self._folder
        return AddTorrent(
            metainfo=metainfo,
            magnet=magnet,
            save_path=folder.save_path,
            labels=folder.labels,
            paused=folder.paused,
            category=folder.category,
        )
