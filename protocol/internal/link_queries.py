"""Queries of the supervisor to the engine, each with the type of its answer.

A `Query` is an engine command that changes nothing. Its `Answer` is an engine event.
"""

from typing import Final, Generic, TypeVar

import msgspec

from protocol.internal.link_messages import CommandMessage, EventMessage
from protocol.wire.desired import ContentLayout
from protocol.wire.metadata import KnownMetadata
from protocol.wire.peer_rows import PeerRow

RESUME_PROBLEM: Final = "the resume data: "
"""The beginning of a `SourceInspected.problem` that is about the resume data."""

AnswerT = TypeVar("AnswerT", bound="Answer")


class Query(CommandMessage, Generic[AnswerT], frozen=True, kw_only=True):
    """The base of all queries. A query changes nothing. It gets one answer, an `AnswerT` with the same token.

    Fields:
        token: identifies the query. The supervisor's side of the link sets it.
    """

    token: int = 0


class Answer(EventMessage, frozen=True, kw_only=True):
    """The base of all answers to queries.

    Fields:
        token: the token of the query.
    """

    token: int


class InspectSource(Query["SourceInspected"], frozen=True, kw_only=True, tag="inspect_source"):
    """Parse and validate a source without adding a torrent. The answer is `SourceInspected`.

    Fields:
        save_path: the torrent's save path, with links resolved. If it is None, the engine does not check the torrent's
            paths.
        list_files: return the torrent's files, and check nothing.
        content_layout: whether the files are in a folder. The paths of the files depend on the layout.
        resume: resume data of another client for this metainfo.
        addresses: return the trackers and web seeds.
    """

    magnet: str | None = None
    metainfo: bytes | None = None
    save_path: str | None = None
    list_files: bool = False
    content_layout: ContentLayout = "original"
    resume: bytes | None = None
    addresses: bool = False


class SourceInspected(Answer, frozen=True, kw_only=True, tag="source_inspected"):
    """The result for a source: the torrent's id and name, or the problem with the source.

    Fields:
        outside: a sentence about the files that would be outside of the download roots.
        metadata: the metadata in the info dictionary; None for a magnet link.
        only: the indices of the files that a magnet link selects, in the same form as `Selection.only`.
        info_hash_v1, info_hash_v2: the info-hashes in the source. Metainfo has all info-hashes of its torrent. A magnet
            link may lack an info-hash.
        places: the paths of the torrent's root folder, or of its only file. Set if a save path was given.
        files: the paths of the torrent's files; set with `list_files`.
        private: whether the metainfo says that the torrent is private (BEP 27).
        trackers: the trackers in the source, each with its tier. Set with `addresses`.
        resume: new resume data with the valid parts of the resume data of another client.
    """

    torrent: str | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    name: str = ""
    problem: str | None = None
    outside: str | None = None
    metadata: KnownMetadata | None = None
    only: str | None = None
    places: list[str] = []
    files: list[str] = []
    private: bool = False
    trackers: list[tuple[str, int]] = []
    web_seeds: list[str] = []
    resume: bytes | None = None


class QueryFiles(Query["FilesQueried"], frozen=True, kw_only=True, tag="query_files"):
    """Ask how many bytes of each file of a torrent are complete. The answer is `FilesQueried`."""

    torrent: str


class FilesQueried(Answer, frozen=True, kw_only=True, tag="files_queried"):
    """How many bytes of each file are complete, by file index. Null if the torrent is not loaded or has no metadata."""

    bytes_done: list[int] | None


class QueryWebSeeds(Query["WebSeedsQueried"], frozen=True, kw_only=True, tag="query_web_seeds"):
    """Request the web seeds of a torrent. The answer is `WebSeedsQueried`."""

    torrent: str


class WebSeedsQueried(Answer, frozen=True, kw_only=True, tag="web_seeds_queried"):
    """The URLs of a torrent's web seeds; null if there is no such torrent."""

    urls: list[str] | None


class QueryPrivate(Query["PrivateQueried"], frozen=True, kw_only=True, tag="query_private"):
    """Ask whether a torrent is private (BEP 27). The answer is `PrivateQueried`."""

    torrent: str


class PrivateQueried(Answer, frozen=True, kw_only=True, tag="private_queried"):
    """Whether a torrent is private. Null if the torrent is not loaded or has no metadata."""

    private: bool | None


class QueryTrackers(Query["TrackersQueried"], frozen=True, kw_only=True, tag="query_trackers"):
    """Request the state of each tracker of a torrent. The answer is `TrackersQueried`."""

    torrent: str


class TrackerReading(msgspec.Struct, frozen=True, array_like=True):
    """The present state of one tracker.

    Fields:
        updating: whether an announce is in progress.
        next_announce_us: the time of the next announce, microseconds since 1970; None if none is planned.
        seeds, leeches, downloads: the numbers in the tracker's last answer. None if the answer lacks them.
        message: the warning that a working tracker has sent; empty if there is none.
    """

    url: str
    tier: int
    updating: bool = False
    next_announce_us: int | None = None
    seeds: int | None = None
    leeches: int | None = None
    downloads: int | None = None
    message: str = ""


class TrackersQueried(Answer, frozen=True, kw_only=True, tag="trackers_queried"):
    """The trackers of a torrent; null if there is no such torrent."""

    trackers: list[TrackerReading] | None


class QueryCounters(Query["CountersQueried"], frozen=True, kw_only=True, tag="query_counters"):
    """Request libtorrent's statistics counters. The answer is `CountersQueried`."""


class CountersQueried(Answer, frozen=True, kw_only=True, tag="counters_queried"):
    """The last values of libtorrent's statistics counters.

    Fields:
        counters: the values by name; null if libtorrent has reported none yet.
        age_ms: the age of the values.
    """

    counters: dict[str, int] | None
    age_ms: int = 0


class QueryPeers(Query["PeersQueried"], frozen=True, kw_only=True, tag="query_peers"):
    """Request the connected peers of a torrent. The answer is `PeersQueried`."""

    torrent: str


class PeersQueried(Answer, frozen=True, kw_only=True, tag="peers_queried"):
    """The connected peers of a torrent.

    Fields:
        peers: a limited number of peers, the fastest first. Null if there is no such torrent.
        connected: the number of all connected peers.
    """

    peers: list[PeerRow] | None
    connected: int = 0


class QueryPieces(Query["PiecesQueried"], frozen=True, kw_only=True, tag="query_pieces"):
    """Request the pieces that a torrent and its peers have. The answer is `PiecesQueried`."""

    torrent: str


class PiecesQueried(Answer, frozen=True, kw_only=True, tag="pieces_queried"):
    """The pieces that a torrent and its peers have, with the meanings of `PieceReport`.

    Fields:
        pieces: the number of pieces; null if the torrent is not loaded or has no metadata.
    """

    pieces: int | None
    have: bytes = b""
    availability: bytes = b""
