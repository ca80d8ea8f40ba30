"""Desired state: what clients requested. The supervisor stores it, the engine applies it.

`<id>.json` in the resume directory holds a `DesiredTorrent`. So fields are only ever added, each with a default.
"""

import sys
from typing import Annotated, Final, Literal

import msgspec

from protocol.text import patterns

LIMIT_MAX_BPS: Final = 2**31 - 2
"""libtorrent's limits are 32-bit integers, and it treats the largest one as no limit."""

Bps = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MAX_BPS)]
"""Bytes per second; 0 means no limit."""

SettingValue = int | str | bool
"""The value of a setting of libtorrent. Numbers are 32-bit integers."""

FilePriority = Annotated[int, msgspec.Meta(ge=0, le=7)]
"""libtorrent's download priority of a file: 0 excludes the file, 4 is the default, 7 is downloaded first."""

Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
GLOBS_MAX: Final = 1000
"""The maximum number of globs of each kind of a torrent."""

RULES_MAX: Final = 65_536
"""The maximum total length of a torrent's globs."""

RULES_PATIENCE_S: Final = 60.0
"""The limit of CPU time for the evaluation of one torrent's globs, in seconds."""

ADDRESSES_MAX: Final = 10_000
"""The maximum number of trackers, of web seeds and of peers of a torrent. libtorrent needs seconds for 100,000."""

BANS_MAX: Final = 10_000
"""The maximum number of banned addresses. The engine gets all of them at each change of the session's settings."""

Indices = Annotated[str, msgspec.Meta(pattern=patterns.FILE_INDICES, max_length=65_536)]
"""File indices in the form of BEP 53, such as `0,2,5-7`."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rules and priorities that select a torrent's files. A magnet link has rules before its files are known.

    Fields:
        include: globs, of which a selected file must match at least one; an empty list means all files.
        exclude: globs; a file that matches one of them is not selected.
        skip_fluff: do not select samples, notes, links and the like (see `engine_proc.files.selection`).
        only: the file indices in a magnet link's `so` (BEP 53: `0,2,5-7`, in order and without overlaps). No other file
            is selected. None means all files.
        priorities: priorities by file index in decimal; they override the rules.
    """

    include: tuple[Glob, ...] = ()
    exclude: tuple[Glob, ...] = ()
    skip_fluff: bool = False
    priorities: dict[str, FilePriority] = {}
    only: Indices | None = None


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a torrent is in quarantine.

    Fields:
        reason: a sentence for people, with the remedy.
        since_us: since when, microseconds since 1970.
        crash_report: the name of the report on the crash that led to the quarantine; None if there is none.
    """

    reason: str
    since_us: int
    crash_report: str | None = None


class KnownMetadata(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The metadata in a torrent's info dictionary, stored in its record.

    Fields:
        name: the torrent's name.
        size: the size of all files but padding (BEP 47), in bytes.
        piece_length: the size of a piece in bytes.
        files: the number of files, without padding.
    """

    name: str
    size: int
    piece_length: int
    files: int


class DesiredTorrent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that clients requested of one torrent, and what is known of its content.

    Fields:
        torrent: the id: the info-hash in lower-case hex (v1: 40 digits; v2-only: 64).
        source: `metainfo` if `<id>.torrent` holds the source, or `magnet` if the field `magnet` does.
        name: the name in the source, which reads show until the metadata is known.
        save_path: the absolute path of the directory below which the torrent's files are stored.
        mount_point: the mount point that `save_path` was on when the torrent was added; empty if unknown.
        seed_mode: the client guarantees that all data is on disk; a piece is checked when it is first uploaded.
        peers: peers that clients gave, as `host:port`. The torrent is connected to them again after each restart.
        added_us: when the torrent was accepted, microseconds since 1970.
        revision: incremented with every accepted change; the engine reports the revision that it has applied.
        removal: what happens to the torrent's files; set once the torrent is being removed. The record is kept until
            the removal is complete. The value `merged` keeps every file, including those that libtorrent created beside
            the torrent's.
        quarantine: set while the torrent must not be loaded because it crashes the engine. `release_torrent` ends it.
        metainfo_crc32: the checksum of `<id>.torrent`; None if there is no such file, and in records of versions that
            did not store it. A torrent from a magnet link has a checksum if its metainfo was added later.
        metadata: facts in the info dictionary; None while they are unknown, and in records of versions that did not
            store them.
        info_hash_v1, info_hash_v2: the torrent's info-hashes; None for an info-hash that it does not have or that is
            not known yet. A hybrid torrent has both, and is found by either. A magnet link may name two info-hashes
            that belong to different torrents.
        spared: the indices of files that a removal does not delete, since other torrents use them.
        merged: the ids of other records of the same torrent that were merged into this one.
        recheck: the revision in which a recheck was requested; None once the recheck is complete and its result is
            stored in resume data.
    """

    torrent: str
    source: Literal["metainfo", "magnet"]
    magnet: str | None = None
    name: str = ""
    save_path: str
    paused: bool = False
    sequential: bool = False
    selection: Selection = Selection()
    download_bps: Bps = 0
    upload_bps: Bps = 0
    trackers: tuple[str, ...] = ()
    web_seeds: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    seed_mode: bool = False
    peers: tuple[str, ...] = ()
    added_us: int = 0
    revision: int = 1
    removal: Literal["keep_files", "delete_files", "merged"] | None = None
    metainfo_crc32: int | None = None
    mount_point: str = ""
    quarantine: Quarantine | None = None
    metadata: KnownMetadata | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    merged: tuple[str, ...] = ()
    spared: tuple[int, ...] = ()
    recheck: int | None = None

    def __post_init__(self) -> None:
        """Interns texts that many of possibly 100,000 records have in common, such as save paths."""
        share = msgspec.structs.force_setattr
        share(self, "save_path", sys.intern(self.save_path))
        share(self, "mount_point", sys.intern(self.mount_point))
        if self.info_hash_v1 == self.torrent:
            share(self, "info_hash_v1", self.torrent)
        if self.info_hash_v2 == self.torrent:
            share(self, "info_hash_v2", self.torrent)
        if self.metadata is not None and self.metadata.name == self.name:
            share(self, "name", self.metadata.name)


class DesiredSession(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What clients requested for the whole session. Stored in `session.json`.

    Fields:
        download_bps, upload_bps: limits for all torrents together. If no client has set a limit, it is None, and the
            limit in the configuration applies.
        settings: libtorrent's settings that clients have set, by libtorrent's names; they override the configuration.
        banned: the IP addresses of banned peers, in their normal form.
    """

    download_bps: Bps | None = None
    upload_bps: Bps | None = None
    revision: int = 1
    settings: dict[str, SettingValue] = {}
    banned: tuple[str, ...] = ()
