"""The messages between the supervisor and the helper processes that export and create torrents."""

from typing import Final, Literal

import msgspec

LENGTH_BYTES: Final = 4
"""The size of a length in bytes. A big-endian length precedes each request, report and result of a creation."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `engine_proc.export`.

    Fields:
        metainfo: the .torrent file; None while the metadata is not on disk.
        magnet: the magnet link; None if none of the torrent's stored data can be read.
        problem: why there is no magnet link; empty if there is one.
    """

    metainfo: bytes | None = None
    magnet: str | None = None
    problem: str = ""


TorrentFormat = Literal["v1", "v2", "hybrid"]
"""The versions of the info section that a created torrent has (BEP 3, BEP 52)."""


class CreationOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The request to `engine_proc.create`.

    Fields:
        path: the file or folder, with links resolved.
        piece_length: None for the automatic length.
        trackers: the URLs of each tier.
        source: a text in the info section. It changes the info-hash.
        exclude: globs of files that are left out.
        output: the path of the .torrent file to be written, with the links of its directory resolved. None for no file.
        created_by: the name of the program.
    """

    path: str
    format: TorrentFormat
    piece_length: int | None
    trackers: list[list[str]]
    web_seeds: list[str]
    private: bool
    source: str
    comment: str
    exclude: list[str]
    output: str | None
    created_by: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The base of the messages that `engine_proc.create` writes."""


class Hashed(Report, frozen=True, kw_only=True, tag="hashed"):
    """Reports how many bytes of the payload are hashed."""

    bytes_done: int
    bytes_total: int


class Created(Report, frozen=True, kw_only=True, tag="created"):
    """The torrent was made. If an output was requested, the .torrent file is written.

    Fields:
        torrent: the torrent's id.
    """

    torrent: str
    metainfo: bytes


class NotCreated(Report, frozen=True, kw_only=True, tag="not_created"):
    """The torrent could not be made, and nothing was written. `problem` is for people."""

    problem: str


AnyReport = Hashed | Created | NotCreated
