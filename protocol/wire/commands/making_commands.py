"""The commands that export torrents and create new torrents.

As in `protocol.wire.commands`, a Struct's tag is the `op`.
"""

from typing import Annotated, Final, Literal

import msgspec

from protocol.wire.commands.kinds import (
    MAX_URLS,
    DiskRead,
    Globs,
    InstantRead,
    Mutation,
    SavePath,
    TorrentId,
    Url,
    WebSeedUrl,
)

PIECE_LENGTH_MIN: Final = 16 * 1024
PIECE_LENGTH_MAX: Final = 128 * 1024 * 1024
JobId = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class ExportTorrent(DiskRead, frozen=True, kw_only=True, tag="export_torrent"):
    """Returns the .torrent file of a torrent, and its magnet link.

    The info section is copied unchanged, so the info-hash is the same. The result has the present trackers and web
    seeds of the torrent. The reply is made from the files in the resume directory, so no engine is needed.
    """

    torrent: TorrentId


class CreateTorrent(Mutation, frozen=True, kw_only=True, tag="create_torrent"):
    """Starts a job that makes a torrent from a file or folder in the download roots. Returns the job's id.

    A separate process hashes the files. `job_progress` reports the job's progress, and `job_finished` its end. Jobs run
    one after the other. Hashing needs no engine, and continues if an engine dies. If the daemon ends, its jobs end,
    too. An unfinished job leaves nothing on disk, so a later daemon does not know the job.

    A job fails if a file changes during hashing. It fails if other clients could not store a file under its name. It
    also fails if `path` contains anything except files and folders, for example a symbolic link. Entries that a glob of
    `exclude` matches do not count.

    Fields:
        path: an absolute path in the download roots. Its last name becomes the torrent's name.
        format: the info section of BEP 3 (`v1`), of BEP 52 (`v2`), or both (`hybrid`).
        piece_length: a power of two, in bytes. Null chooses the shortest length with at most 2048 pieces, up to 16 MiB.
            If the files have more than 2 TiB, null chooses a longer length.
        trackers: the trackers' URLs by tier, as a list of lists.
        web_seeds: URLs (BEP 19).
        private: whether clients of the torrent get peers only from its trackers (BEP 27).
        source: a text that private trackers require. It changes the info-hash.
        comment: any text.
        exclude: globs, in the form of `update_selection`. Files that match one of them are left out.
        output: the path of the .torrent file, in an existing directory in the download roots. If a .torrent file with
            the same info-hash exists there, it is kept. The trackers, web seeds and comment of that file may differ. If
            anything else exists there, the job fails. Null means that no file is written; then `seed` must be true.
        seed: whether the finished torrent is added and seeded without a recheck. This needs an engine. A torrent that
            exists already is not changed.
    """

    path: SavePath
    format: Literal["v1", "v2", "hybrid"] = "hybrid"
    piece_length: Annotated[int, msgspec.Meta(ge=PIECE_LENGTH_MIN, le=PIECE_LENGTH_MAX)] | None = None
    trackers: Annotated[
        list[Annotated[list[Url], msgspec.Meta(min_length=1, max_length=MAX_URLS)]], msgspec.Meta(max_length=256)
    ] = []
    web_seeds: Annotated[list[WebSeedUrl], msgspec.Meta(max_length=MAX_URLS)] = []
    private: bool = False
    source: Annotated[str, msgspec.Meta(max_length=200)] = ""
    comment: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    exclude: Globs = []
    output: SavePath | None = None
    seed: bool = False


class ListJobs(InstantRead, frozen=True, kw_only=True, tag="list_jobs"):
    """Returns the jobs that make torrents, with their progress."""


class CancelJob(Mutation, frozen=True, kw_only=True, tag="cancel_job"):
    """Cancels a job that waits or runs. A job that has made its torrent or has ended is not changed.

    Fields:
        job: a job's id, as in the reply to `create_torrent`.
    """

    job: JobId
