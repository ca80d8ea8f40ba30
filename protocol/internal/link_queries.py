"""Questions of the supervisor to the engine, each with its answer.

A `Query` changes nothing, and is an engine command; its `Answer` is an engine event.
"""

from typing import Generic, TypeVar

import msgspec

from protocol.internal.link_messages import CommandMessage, EventMessage
from protocol.wire.desired import KnownMetadata

AnswerT = TypeVar("AnswerT", bound="Answer")


class Query(CommandMessage, Generic[AnswerT], frozen=True, kw_only=True):
    """What all questions share. A question changes nothing, and is answered once, by an `AnswerT` with its token.

    Fields:
        token: given by the link that asks.
    """

    token: int = 0


class Answer(EventMessage, frozen=True, kw_only=True):
    """What all answers to questions share.

    Fields:
        token: the question's.
    """

    token: int


class InspectSource(Query["SourceInspected"], frozen=True, kw_only=True, tag="inspect_source"):
    """Parse and validate a source; nothing is added. Answered by `SourceInspected`.

    Fields:
        save_path: where it would be stored, resolved; None if its paths are not to be checked.
        list_files: return its files, and check nothing.
    """

    magnet: str | None = None
    metainfo: bytes | None = None
    save_path: str | None = None
    list_files: bool = False


class SourceInspected(Answer, frozen=True, kw_only=True, tag="source_inspected"):
    """The outcome for a source: the torrent's id and name, or its problem.

    Fields:
        outside: the files that would be outside of the download roots, in words.
        metadata: from its info dictionary; None for a magnet link.
        only: the indices of files that a magnet link selects, as in `Selection`.
        info_hash_v1, info_hash_v2: those in the source; metainfo has no others.
        places: where its root folder, or its one file, would be; set if a save path was given.
        files: the paths of its files; set with `list_files`.
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


class QueryFiles(Query["FilesQueried"], frozen=True, kw_only=True, tag="query_files"):
    """Bytes done of each file. Answered by `FilesQueried`."""

    torrent: str


class FilesQueried(Answer, frozen=True, kw_only=True, tag="files_queried"):
    """Bytes done by file index; null without the torrent or its metadata."""

    bytes_done: list[int] | None


class QueryTrackers(Query["TrackersQueried"], frozen=True, kw_only=True, tag="query_trackers"):
    """The state of each tracker of a torrent. Answered by `TrackersQueried`."""

    torrent: str


class TrackerReading(msgspec.Struct, frozen=True, array_like=True):
    """The present state of one tracker.

    Fields:
        updating: an announce is in progress.
        next_announce_us: the time of the next announce, microseconds since 1970; None if none is planned.
        seeds, leeches, downloads: from its last answer; None if it had none.
        message: its warning while it works.
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
