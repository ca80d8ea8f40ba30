"""The results of commands, except for the types in `protocol.wire.rows`, `reports` and `crashes`.

Later versions may add members. Clients ignore unknown members.
"""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from protocol.wire.crashes import CrashSummary
from protocol.wire.envelope import EventFrame
from protocol.wire.peer_rows import PeerRow, TrackerRow, WebSeedRow
from protocol.wire.reports import HealthReport, SettingReport, SettingsReport
from protocol.wire.rows import FileRow, TorrentDetail, TorrentRow


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The server's name, versions and limits.

    Fields:
        server: the name `ouzel`.
        version: Ouzel's version.
        protocol: the protocol version that the server supports.
        libtorrent: the version of libtorrent that the engine uses. Empty until the first engine accepts commands.
        ops: the commands that the server supports.
        max_frame_bytes: the maximum size of a request in bytes.
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
    """One page of the whole observed state.

    Fields:
        health: the health of the service.
        settings: the session's limits.
        torrents: the page's rows, sorted by torrent id.
        cursor: the value for the request of the next page. Null on the last page.
    """

    health: HealthReport
    settings: SettingsReport
    torrents: list[TorrentRow]
    cursor: str | None


class TorrentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list of torrents.

    Fields:
        torrents: the page's rows, sorted by torrent id. If the request has `fields`, the rows have only `torrent` and
            those fields.
        cursor: the value for the request of the next page. Null on the last page.
    """

    torrents: list[TorrentRow]
    cursor: str | None


if TYPE_CHECKING:

    class CutRow(msgspec.Struct, frozen=True, kw_only=True):
        """A type checker sees only this class. A client chooses the members of the class below."""

        torrent: str

        def __init__(self, **members: Any) -> None: ...
else:
    CutRow = msgspec.defstruct(
        "CutRow",
        [
            (field.name, field.type)
            if field.name == "torrent"
            else (field.name, field.type | msgspec.UnsetType, msgspec.UNSET)
            for field in msgspec.structs.fields(TorrentDetail)
        ],
        frozen=True,
        kw_only=True,
    )


class CutPage(msgspec.Struct, frozen=True, kw_only=True):
    """A `TorrentPage` for a request with `fields`.

    Fields:
        torrents: the page's rows, with only `torrent` and the requested fields.
        cursor: the value for the request of the next page. Null on the last page.
    """

    torrents: list[CutRow]
    cursor: str | None


class FilePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the files of a torrent.

    Fields:
        files: the page's files, sorted by index.
        cursor: the value for the request of the next page. Null on the last page.
        age_ms: the time since an engine reported `bytes_done`. Null if none has reported it.
    """

    files: list[FileRow]
    cursor: str | None
    age_ms: int | None


class WebSeedList(msgspec.Struct, frozen=True, kw_only=True):
    """The web seeds of a torrent.

    Fields:
        web_seeds: the web seeds, in no particular order.
    """

    web_seeds: list[WebSeedRow]


class TrackerList(msgspec.Struct, frozen=True, kw_only=True):
    """The trackers of a torrent.

    Fields:
        trackers: the trackers, sorted by tier.
        age_ms: the time since an engine reported the figures. Null if none has reported them. Status and message may be
            newer.
    """

    trackers: list[TrackerRow]
    age_ms: int | None


class PeerList(msgspec.Struct, frozen=True, kw_only=True):
    """The connected peers of a torrent.

    Fields:
        peers: at most 1000 peers, sorted by the sum of their rates, the fastest first.
        connected: the number of connected peers. It may be greater than the number of rows.
        age_ms: the time since an engine reported the peers. Null if none has reported them.
    """

    peers: list[PeerRow]
    connected: int
    age_ms: int | None


class PieceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The pieces of a torrent.

    Fields:
        pieces: the number of pieces.
        have: a bit for each piece, as in the bitfield of BEP 3. The high bit of the first byte is piece 0. The spare
            bits of the last byte are 0. A bit is 1 if the piece has passed the hash check. In seed mode all bits are 1,
            also for unchecked pieces.
        availability: a byte for each piece. It is the number of connected peers that have the piece, 255 at the most.
            Empty if the torrent has all pieces, because libtorrent does not count the peers then.
        age_ms: the time since an engine reported the pieces.
    """

    pieces: int
    have: bytes
    availability: bytes
    age_ms: int


class BanList(msgspec.Struct, frozen=True, kw_only=True):
    """The banned addresses.

    Fields:
        addresses: the IP addresses, in the order in which they were banned.
    """

    addresses: list[str]


class BanAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A ban was accepted, or was lifted.

    Fields:
        address: the IP address in its normal form, as in `list_bans`.
    """

    address: str


class CategoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """A category.

    Fields:
        name: the category's name.
        save_path: the directory for torrents that are added with this category and without a save path. Null means the
            first root.
    """

    name: str
    save_path: str | None


class CategoryList(msgspec.Struct, frozen=True, kw_only=True):
    """The categories.

    Fields:
        categories: the categories, sorted by name.
    """

    categories: list[CategoryReport]


class CategoryRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A category was removed.

    Fields:
        name: the category's name.
    """

    name: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Events that were published earlier.

    Fields:
        events: the maps of lifecycle events as they were published, sorted by `seq`. There is no gap after `after_seq`.
        head: the number of the latest event. Repeat the request until you have this event.
    """

    events: list[EventFrame]
    head: int


class SettingList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings of libtorrent.

    Fields:
        settings: the settings by name, sorted.
        limits: the session's rate limits, in the reply to `get_settings`.
    """

    settings: dict[str, SettingReport]
    limits: SettingsReport | None = None


class CrashList(msgspec.Struct, frozen=True, kw_only=True):
    """The stored crash reports.

    Fields:
        crashes: the crash reports, the latest first.
    """

    crashes: list[CrashSummary]


DamagedKind = Literal["record", "session", "metainfo", "resume_data", "other"]
"""The kinds of files in `damaged/`.

The kinds stand for `<id>.json`, `session.json`, `<id>.torrent`, `<id>.fastresume` and all other names, in this order.
"""


class DamagedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A damaged file that was put aside.

    Fields:
        name: the file's name in `damaged/`.
        torrent: the torrent that the file belongs to; null if none.
        kind: the file's former purpose: a torrent's `record`, `metainfo` or `resume_data`, the `session`'s settings, or
            `other`.
        size: the file's size in bytes.
        put_aside_us: when the file was put aside, microseconds since 1970.
        problem: why the file cannot be restored in its present state. Null if it can be restored.
    """

    name: str
    torrent: str | None
    kind: DamagedKind
    size: int
    put_aside_us: int
    problem: str | None


class DamagedList(msgspec.Struct, frozen=True, kw_only=True):
    """The damaged files that were put aside.

    Fields:
        files: the files, sorted by name.
    """

    files: list[DamagedReport]


class DamagedRestored(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was put aside has been restored and is in use again.

    Fields:
        torrent: the torrent that the file belongs to; null for the session's settings.
        files: the names in `damaged/` of all restored files. A record's metainfo and resume data may have been
            restored, too.
    """

    torrent: str | None
    files: list[str]


class TorrentAccepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change of a torrent was accepted."""

    torrent: str


class StorageRelocated(TorrentAccepted, frozen=True, kw_only=True):
    """A torrent's save path was changed, or would be changed.

    Fields:
        save_path: the new save path, with symbolic links resolved.
        files: the number of files that were looked for; 0 while the torrent's files are not known.
        missing: the paths of missing files, relative to the save path; at most 20.
    """

    save_path: str
    files: int
    missing: list[str]


class AddAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """A torrent was accepted.

    Fields:
        duplicate: the torrent existed already and was not changed. There is one exception. If the torrent had no
            metadata, it got the metadata in the given metainfo.
        shares_files_with: the ids of torrents that have a file at the same path. These torrents overwrite each other's
            data. The list has only torrents with known files, and is complete only for metainfo.
        merged: the outcome of `merge` for a duplicate; null otherwise. `merged`: trackers or web seeds were added.
            `nothing_new`: the torrent has them all. `private`: the torrent is private. `unknown`: no engine could say
            whether the torrent is private.
    """

    duplicate: bool
    shares_files_with: list[str] = []
    merged: Literal["merged", "nothing_new", "private", "unknown"] | None = None


class PartAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an upload was received.

    Fields:
        upload: the id of the upload.
        size: the size of the upload so far, in bytes.
    """

    upload: str
    size: int


class QueueMoved(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `move_in_queue`.

    Fields:
        torrents: the ids of the given torrents, in the order of the queue.
    """

    torrents: list[str]


class SequentialAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """The download order of pieces was accepted.

    Fields:
        sequential: the value in force.
    """

    sequential: bool


class PeersAccepted(TorrentAccepted, frozen=True, kw_only=True):
    """Peers were accepted.

    Fields:
        added: the number of peers in the request.
    """

    added: int
