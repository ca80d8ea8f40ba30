"""The results of commands that have no row or report of their own in `protocol.wire.rows`, `reports` and `crashes`.

Like all of the wire they grow by additions: a client ignores unknown members.
"""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from protocol.wire.crashes import CrashSummary
from protocol.wire.envelope import EventFrame
from protocol.wire.reports import HealthReport, SettingsReport
from protocol.wire.rows import FileRow, TorrentRow, TrackerRow


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The server's name, versions and limits.

    Fields:
        server: `ouzel`.
        version: Ouzel's.
        protocol: the version of this protocol that it speaks.
        libtorrent: the engine's version of libtorrent; empty until the first engine accepts commands.
        ops: every command that it supports.
        max_frame_bytes: the maximum size of a request.
    """

    server: str
    version: str
    protocol: int
    libtorrent: str
    ops: list[str]
    max_frame_bytes: int


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """An empty map: the reply itself is the confirmation."""


class SnapshotPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the whole observed state.

    Fields:
        health: how the service is.
        settings: the session's limits.
        torrents: the page's rows, in the order of their ids.
        cursor: asks for the next page; null on the last.
    """

    health: HealthReport
    settings: SettingsReport
    torrents: list[TorrentRow]
    cursor: str | None


class TorrentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list of torrents.

    Fields:
        torrents: the page's rows, in the order of their ids; with `fields` in the request, only `torrent` and those
            fields.
        cursor: asks for the next page; null on the last.
    """

    torrents: list[TorrentRow]
    cursor: str | None


if TYPE_CHECKING:

    class CutRow(msgspec.Struct, frozen=True, kw_only=True):
        """What a type checker knows of the class below: its members are chosen by a client."""

        torrent: str

        def __init__(self, **members: Any) -> None: ...
else:
    CutRow = msgspec.defstruct(
        "CutRow",
        [
            (field.name, field.type)
            if field.name == "torrent"
            else (field.name, field.type | msgspec.UnsetType, msgspec.UNSET)
            for field in msgspec.structs.fields(TorrentRow)
        ],
        frozen=True,
        kw_only=True,
    )


class CutPage(msgspec.Struct, frozen=True, kw_only=True):
    """`TorrentPage` where `fields` were given.

    Fields:
        torrents: rows with `torrent` and those fields.
        cursor: asks for the next page; null on the last.
    """

    torrents: list[CutRow]
    cursor: str | None


class FilePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the files of a torrent.

    Fields:
        files: in the order of their index.
        cursor: asks for the next page; null on the last.
        age_ms: the age of `bytes_done` as reported by an engine; null if none has reported.
    """

    files: list[FileRow]
    cursor: str | None
    age_ms: int | None


class TrackerList(msgspec.Struct, frozen=True, kw_only=True):
    """The trackers of a torrent.

    Fields:
        trackers: by tier.
        age_ms: the age of the figures as reported by an engine; null if none has reported. Status and message may be
            newer.
    """

    trackers: list[TrackerRow]
    age_ms: int | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were published before.

    Fields:
        events: the maps of lifecycle events as they were published, in order of `seq`, without a gap after `after_seq`.
        head: the number of the latest event; ask again until it is reached.
    """

    events: list[EventFrame]
    head: int


class CrashList(msgspec.Struct, frozen=True, kw_only=True):
    """The crash reports that are kept.

    Fields:
        crashes: the latest first.
    """

    crashes: list[CrashSummary]


DamagedKind = Literal["record", "session", "metainfo", "resume_data", "other"]
"""What a file in `damaged/` was: `<id>.json`, `session.json`, `<id>.torrent`, `<id>.fastresume`, or none of these."""


class DamagedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was put aside.

    Fields:
        name: its name in `damaged/`.
        torrent: the torrent that it belongs to; null if to none.
        kind: what it was: a torrent's `record`, its `metainfo` or `resume_data`, the `session`'s settings, or `other`.
        size: in bytes.
        put_aside_us: when it was moved there, microseconds since 1970.
        problem: why it cannot be restored in its present state; null if it can.
    """

    name: str
    torrent: str | None
    kind: DamagedKind
    size: int
    put_aside_us: int
    problem: str | None


class DamagedList(msgspec.Struct, frozen=True, kw_only=True):
    """The files that were put aside.

    Fields:
        files: by name.
    """

    files: list[DamagedReport]


class DamagedRestored(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was put aside is in force again.

    Fields:
        torrent: the torrent that it belongs to; null for the session's.
        files: the names in `damaged/` of all restored files: a record with the files that belong to it.
    """

    torrent: str | None
    files: list[str]


class TorrentAccepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change of a torrent was accepted."""

    torrent: str


class AddAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """A torrent was accepted.

    Fields:
        duplicate: the torrent existed already, and was not changed; but a magnet link without metadata got that of the
            given metainfo.
        shares_files_with: ids of torrents that have a file at the same path; the last writer wins. Known only for
            metainfo, and of torrents whose files are known.
    """

    duplicate: bool
    shares_files_with: list[str] = []


class SequentialAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """The order of pieces was accepted.

    Fields:
        sequential: the value in force.
    """

    sequential: bool


class PeersAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """Peers were accepted.

    Fields:
        added: the number of given peers.
    """

    added: int
