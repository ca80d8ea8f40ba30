"""Requests parts of files by a time. Players that stream files need this."""

import time
from bisect import bisect_left
from typing import Final

from protocol.internal.link_commands import SetDeadline
from protocol.wire.commands.deadline_commands import SetPieceDeadlines
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.results import TorrentAccepted
from supervisor.commands.acceptance import Acceptance
from supervisor.commands.handlers import handles
from supervisor.commands.reads.reads import Reads
from supervisor.engine.engine import Engine
from supervisor.engine.torrents.observed.packed_files import Metadata

KEPT: Final = 1000
"""The number of deadlines that are kept for the next engine. The oldest deadlines are dropped."""


class Streaming:
    """Sends deadlines to the engine. Each later engine gets the deadlines that are still in the future."""

    def __init__(self, *, reads: Reads, engine: Engine) -> None:
        self._reads = reads
        self._engine = engine
        self._kept: dict[tuple[str, int, int, int], float] = {}
        """By torrent, file, offset and length: the due time in monotonic seconds."""

    @handles(SetPieceDeadlines)
    async def set_deadlines(self, command: SetPieceDeadlines, _: float) -> Acceptance:
        """Sends deadlines to the engine."""
        desired = self._reads.find(command.torrent)
        self._check(desired, command)
        now = time.monotonic()
        part = desired.torrent, command.file, command.offset, command.length
        self._kept = {each: due for each, due in self._kept.items() if due > now and each != part}
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[part] = now + command.deadline_ms / 1000
        self._send(part, command.deadline_ms)
        return Acceptance(TorrentAccepted(torrent=desired.torrent), desired.torrent, desired.revision)

    def engine_ready(self) -> None:
        """Sends the deadlines in the future to a new engine.

        The engine applies them once it has loaded the torrents.
        """
        now = time.monotonic()
        for part, due in self._kept.items():
            if due > now:
                self._send(part, int((due - now) * 1000))

    def _send(self, part: tuple[str, int, int, int], due_in_ms: int) -> None:
        torrent, file, offset, length = part
        self._engine.send(SetDeadline(torrent=torrent, file=file, offset=offset, length=length, due_in_ms=due_in_ms))

    def _check(self, desired: DesiredTorrent, command: SetPieceDeadlines) -> None:
        """Raises OuzelError if the torrent does not download, or if the file has no such part."""
        torrent = desired.torrent
        if desired.quarantine is not None:
            raise OuzelError(ErrorKind.QUARANTINED, f"torrent {torrent} is in quarantine, so it does not download")
        if desired.paused:
            raise OuzelError(ErrorKind.TORRENT_PAUSED, f"torrent {torrent} is paused, so it does not download")
        metadata = self._engine.snapshot.of(torrent).metadata
        if metadata is None:
            problem = f"the files of torrent {torrent} are not known yet; nothing was requested"
            raise OuzelError(ErrorKind.NO_METADATA, problem, retry_after_ms=1000)
        file = _file(metadata, command.file)
        if file is None:
            raise _invalid("file", f"the torrent has no file {command.file}")
        if file.priority == 0:
            problem = f"args.file: file {file.index} is not selected; nothing was requested"
            raise OuzelError(ErrorKind.FILE_NOT_SELECTED, problem, field="args.file")
        if command.offset >= file.size:
            raise _invalid("offset", f"the file ends at {file.size}")
        if command.offset + command.length > file.size:
            raise _invalid(
                "length", f"the file ends at {file.size}, {file.size - command.offset} bytes after the offset"
            )


def _file(metadata: Metadata, index: int) -> FileEntry | None:
    """Finds the file with this index.

    The list has no padding files (BEP 47). So a file's place in the list may be less than its index.
    """
    at = bisect_left(range(metadata.count), index, key=lambda place: next(metadata.files(place)).index)
    found = next(metadata.files(at), None)
    return found if found is not None and found.index == index else None


def _invalid(argument: str, problem: str) -> OuzelError:
    return OuzelError(ErrorKind.INVALID_ARGUMENT, f"args.{argument}: {problem}", field=f"args.{argument}")
