"""Reads that access a disk, in threads: crash reports, and damaged files that were put aside."""

from typing import Any

from protocol.wire.commands.kinds import DiskRead
from protocol.wire.commands.session_commands import GetCrash, ListCrashes, ListDamaged
from protocol.wire.crashes import CrashReport
from protocol.wire.results import CrashList, DamagedList
from supervisor.commands.handlers import check_complete, handlers_of, handles
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.store.damaged_shelf import DamagedShelf


class DiskReads:
    """Answers disk reads.

    Args:
        crashes: the crash reports.
        shelf: the damaged files that were put aside.
    """

    def __init__(self, crashes: CrashReports, shelf: DamagedShelf) -> None:
        self._crashes = crashes
        self._shelf = shelf
        self._handlers = handlers_of(self)
        check_complete(DiskRead, self._handlers)

    async def answer(self, command: DiskRead) -> Any:
        """Returns the result of a read, once the disk has answered. Raises OuzelError."""
        return await self._handlers[type(command)](command)

    @handles(ListCrashes)
    async def _crash_list(self, _: ListCrashes) -> CrashList:
        return CrashList(crashes=await self._crashes.summaries())

    @handles(GetCrash)
    async def _crash(self, command: GetCrash) -> CrashReport:
        return await self._crashes.get(command.name)

    @handles(ListDamaged)
    async def _damaged(self, _: ListDamaged) -> DamagedList:
        return await self._shelf.list()
