"""The results of the commands that export and create torrents."""

from enum import StrEnum

import msgspec


class TorrentExport(msgspec.Struct, frozen=True, kw_only=True):
    """A torrent that can be given to others.

    Fields:
        metainfo: the content of the .torrent file. Null while the metadata of a magnet link is not on disk. Metadata
            from peers is stored within seconds.
        magnet: the magnet link, with all info-hashes, the name, the trackers and the web seeds.
    """

    metainfo: bytes | None
    magnet: str


class JobAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A job, or the cancellation of a job, was accepted.

    Fields:
        job: the job's id.
    """

    job: str


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job that makes a torrent.

    Fields:
        job: the job's id.
        path: the file or folder of which the torrent is made.
        state: `queued` until earlier jobs have ended, then `running`. At the end `finished`, `failed` or `cancelled`.
        bytes_done: how many bytes of the payload are hashed.
        bytes_total: the size of the payload in bytes; 0 until it is known.
        created_us: when the job was accepted, microseconds since 1970.
        ended_us: when the job ended, microseconds since 1970; null before.
        torrent: the id of the created torrent; null until it is known.
        output: the path of the .torrent file; null if none is written. The file exists once the job is `finished`.
        problem: why the job is `failed` or `cancelled`; null otherwise.
    """

    job: str
    path: str
    state: JobState
    bytes_done: int = 0
    bytes_total: int = 0
    created_us: int
    ended_us: int | None = None
    torrent: str | None = None
    output: str | None = None
    problem: str | None = None


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs since the daemon started.

    Fields:
        jobs: the jobs in the order in which they were accepted. Of the ended jobs, only the latest 100 are listed.
    """

    jobs: list[JobRow]
