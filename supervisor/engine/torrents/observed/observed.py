"""The observed state of one torrent."""

from itertools import islice

from protocol.wire.events.torrent_events import Progress
from protocol.wire.metadata import KnownMetadata
from protocol.wire.rows import FileRow, TorrentState
from supervisor.engine.torrents.observed.packed_files import Metadata


class Observed:
    """The observed state of one torrent. Times are monotonic seconds.

    `refusal` is libtorrent's message if libtorrent refused `applied_revision`.
    """

    __slots__ = (
        "applied_revision",
        "error",
        "error_name",
        "file_bytes",
        "interrupted",
        "known",
        "metadata",
        "progress",
        "quiet_since_us",
        "refusal",
        "stalled",
        "state",
        "storage_problem",
        "told_at",
    )

    def __init__(self) -> None:
        self.state = TorrentState.QUEUED
        self.progress: Progress | None = None
        self.known: KnownMetadata | None = None
        """The metadata that an engine reported, without the files."""
        self.metadata: Metadata | None = None
        """The files. An engine reports them after `known`."""
        self.error: str | None = None
        self.error_name: str | None = None
        """The name of the last error. It is valid only while `error` is set."""
        self.storage_problem: str | None = None
        """The problem of the torrent's file system. It is not mounted, or it is full."""
        self.file_bytes: tuple[float, list[int]] | None = None
        self.told_at: float | None = None
        self.applied_revision = 0
        self.refusal: str | None = None
        self.interrupted = False
        self.quiet_since_us: int | None = None
        """Since when no data has arrived, in microseconds since 1970. Set only while data is missing."""
        self.stalled = False
        """Whether nothing has arrived for long enough to count as stalled."""

    @property
    def stopped(self) -> bool:
        """Whether an error keeps the torrent from its desired state.

        The cause of the error may have been repaired meanwhile.
        """
        stopped = self.state in (TorrentState.ERROR, TorrentState.MISSING_STORAGE)
        return stopped or self.storage_problem is not None or self.refusal is not None

    def file_rows(self, start: int = 0, count: int | None = None) -> list[FileRow] | None:
        """The files from index `start` on. `count` limits their number. None while the files are not known."""
        metadata = self.metadata
        if metadata is None:
            return None
        done = self.file_bytes[1] if self.file_bytes else []
        return [
            FileRow(
                index=file.index,
                path=file.path,
                size=file.size,
                priority=file.priority,
                bytes_done=done[file.index] if file.index < len(done) else 0,
                torrent_path=metadata.torrent_paths.get(str(file.index)),
            )
            for file in islice(metadata.files(start), count)
        ]
