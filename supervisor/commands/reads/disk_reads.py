"""Reads that access a disk, in threads or in helper processes.

They read crash reports, damaged files, and exported torrents.
"""

from typing import Any, Final

from protocol.wire import codec
from protocol.wire.commands.kinds import DiskRead
from protocol.wire.commands.making_commands import ExportTorrent
from protocol.wire.commands.session_commands import GetCrash, ListCrashes, ListDamaged
from protocol.wire.crashes import CrashReport
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.making_results import TorrentExport
from protocol.wire.results import CrashList, DamagedList
from supervisor.commands.handlers import check_complete, handlers_of, handles
from supervisor.commands.reads.reads import Reads
from supervisor.engine.process.crash_reports import CrashReports
from supervisor.engine.process.exporter import Exporter
from supervisor.store.damaged_shelf import DamagedShelf

REPLY_BYTES: Final = 1024
"""The maximum size of the rest of a reply to `export_torrent`. The .torrent file and the magnet link do not count."""


class DiskReads:
    """Answers disk reads.

    Args:
        crashes: the crash reports.
        shelf: the damaged files that were put aside.
        reads: finds torrents.
        exporter: reads the stored data of torrents.
    """

    def __init__(self, crashes: CrashReports, shelf: DamagedShelf, reads: Reads, exporter: Exporter) -> None:
        self._crashes = crashes
        self._shelf = shelf
        self._reads = reads
        self._exporter = exporter
        self._handlers = handlers_of(self)
        check_complete(DiskRead, self._handlers)

    async def answer(self, command: DiskRead) -> Any:
        """Returns the result of a read. Waits until the disk has answered. Raises OuzelError."""
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

    @handles(ExportTorrent)
    async def _export(self, command: ExportTorrent) -> TorrentExport:
        found = await self._exporter.export(self._reads.find(command.torrent))
        if found.magnet is None:
            problem = f"none of the torrent's stored data can be read: {found.problem}"
            raise OuzelError(ErrorKind.STORAGE_UNAVAILABLE, problem, retry_after_ms=1000)
        size = len(found.metainfo or b"") + len(found.magnet.encode())
        if size > codec.MAX_FRAME_BYTES - REPLY_BYTES:
            problem = f"the .torrent file and the magnet link have {size} bytes, and a frame {codec.MAX_FRAME_BYTES}"
            raise OuzelError(ErrorKind.METAINFO_TOO_LARGE, f"{problem} at the most")
        return TorrentExport(metainfo=found.metainfo, magnet=found.magnet)
