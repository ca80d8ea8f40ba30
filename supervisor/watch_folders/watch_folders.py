"""Watches all configured folders, and follows the configuration."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from supervisor.config.watch_config import WatchConfig, WatchFolder
from supervisor.log import logs
from supervisor.watch_folders.folder_watch import Accept, FolderWatch


class WatchFolders:
    """Watches all configured folders, and adds their files.

    Args:
        accept: executes a mutation, up to a deadline in the loop's time. Raises OuzelError.
        report: called with a folder's path and its problem, or None.
    """

    def __init__(
        self, watch: WatchConfig, *, accept: Accept, report: Callable[[str, str | None], None], log: logs.Logger
    ) -> None:
        self._accept = accept
        self._report = report
        self._log = log
        self._folders: dict[bytes, WatchFolder] = {}
        self._changed = asyncio.Event()
        self._problems: dict[str, str] = {}
        self.follow(watch)

    def follow(self, watch: WatchConfig) -> None:
        """Replaces the folders."""
        self._folders = {msgspec.json.encode(folder): folder for folder in watch.folders}
        self._changed.set()

    async def run(self) -> None:
        """Watches the folders for ever."""
        watching: dict[bytes, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for key in watching.keys() - self._folders.keys():
                    watching.pop(key).cancel()
                for key, folder in self._folders.items():
                    if key not in watching:
                        told = partial(self._tell, folder.path)
                        watch = FolderWatch(folder, accept=self._accept, report=told, log=self._log)
                        watching[key] = group.create_task(watch.run())
                for path in self._problems.keys() - {folder.path for folder in self._folders.values()}:
                    self._tell(path, None)
                self._changed.clear()
                await self._changed.wait()

    def _tell(self, path: str, problem: str | None) -> None:
        if problem == self._problems.get(path):
            return
        if problem is None:
            del self._problems[path]
        else:
            self._problems[path] = problem
        self._report(path, problem)
