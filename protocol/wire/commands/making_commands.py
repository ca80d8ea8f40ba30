"""The commands that give out the torrents that Ouzel has, and make new ones.

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

    The info section has exactly the bytes that the info-hash is of. Trackers and web seeds are those that the torrent
    has now, with all changes. The reply is made from the files in the resume directory, so no engine is needed.
    """

    torrent: TorrentId


class CreateTorrent(Mutation, frozen=True, kw_only=True, tag="create_torrent"):
    """Makes a torrent of a file or folder in the download roots, and returns the job that does it.

    A process of its own hashes the files; `job_progress` reports its progress, and `job_finished` its end. Jobs run one
    after the other. They need no engine, and go on if an engine dies. If the daemon ends, its jobs end, too, and no
    later daemon knows them: nothing of an unfinished job is on disk.

    A job fails if a file changes while it is hashed, or if other clients could not store a file under its name. It
    follows no symbolic links.

    Fields:
        path: an absolute path in the download roots. Its last name becomes the torrent's name.
        format: the info section of BEP 3 (`v1`), of BEP 52 (`v2`), or both (`hybrid`).
        piece_length: a power of two, in bytes. Null chooses the shortest length with at most 2048 pieces, but 16 MiB up
            to a size of 2 TiB.
        trackers: the trackers' URLs by tier: a list of lists.
        web_seeds: URLs (BEP 19).
        private: peers are found only by the trackers (BEP 27).
        source: a text that private trackers ask for. It changes the info-hash.
        comment: any text.
        exclude: globs as in `update_selection`; files that match one of them are left out.
        output: the path of the .torrent file, in an existing directory in the download roots. Another file is never
            replaced. If the same torrent is there already, it stays. Null if no file is wanted, only with `seed`.
        seed: adds the torrent when it is made, and seeds it without a recheck. If it exists, it is not changed.
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
    """Cancels a job, at once if it is running. A job that has made its torrent is not changed.

    Fields:
        job: a job's id, as in the reply to `create_torrent`.
    """

    job: JobId
