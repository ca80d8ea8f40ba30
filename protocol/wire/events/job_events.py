"""The events about jobs that make torrents."""

from protocol.wire.events.base import Fact


class JobProgress(Fact, frozen=True, kw_only=True, tag="job_progress"):
    """A job has hashed more of its payload. Latest value only, at most four events a second.

    Fields:
        job: the job's id.
        bytes_done: how many bytes of the payload are hashed.
        bytes_total: the size of the payload in bytes.
    """

    job: str
    bytes_done: int
    bytes_total: int


class JobFinished(Fact, frozen=True, kw_only=True, tag="job_finished"):
    """A job has ended.

    Fields:
        job: the job's id.
        torrent: the id of the created torrent; null if none was made.
        output: the path of the .torrent file; null if none was written.
        problem: why the torrent was not made, or not added; null if the job was successful.
        duplicate: true if the job had to add the torrent, and the torrent existed already.
    """

    job: str
    torrent: str | None = None
    output: str | None = None
    problem: str | None = None
    duplicate: bool = False
