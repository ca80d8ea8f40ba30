"""Desired state: what clients asked for. Written by the supervisor, carried out by the engine.

A `DesiredTorrent` is also what `<id>.json` in the resume directory holds, so its fields are only ever added to, each
with a default.
"""

import sys
from typing import Annotated, Final, Literal

import msgspec

from protocol.text import patterns

LIMIT_MAX_BPS: Final = 2**31 - 2
"""libtorrent's limits are 32-bit, and it treats the largest of these numbers as no limit."""

Bps = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MAX_BPS)]
"""Bytes per second; 0 is no limit."""

FilePriority = Annotated[int, msgspec.Meta(ge=0, le=7)]
"""libtorrent's download priority of a file: 0 is not downloaded, 4 the default, 7 first."""

Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
GLOBS_MAX: Final = 1000
"""The maximum number of globs of each kind of a torrent."""

RULES_MAX: Final = 65_536
"""The maximum length of all globs of a torrent together."""

RULES_PATIENCE_S: Final = 60.0
"""The processor time limit for the evaluation of one torrent's globs."""

ADDRESSES_MAX: Final = 10_000
"""The maximum number of trackers of a source, of web seeds, and of peers: 100,000 take libtorrent seconds."""


Indices = Annotated[str, msgspec.Meta(pattern=patterns.FILE_INDICES, max_length=65_536)]
"""File indices in the form of BEP 53, such as `0,2,5-7`."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which files are wanted, by rule. Rules outlive the metadata: a magnet link has them before it has files.

    Fields:
        include: globs, a file must match one of them; none means all files.
        exclude: globs, a file that matches one is not wanted.
        skip_fluff: leave out samples, notes, links and the like (see `engine_proc.files.selection`).
        only: indices of files as BEP 53 has them (`0,2,5-7`, in order and without overlaps), by a magnet link's `so`;
            no other file is wanted. None means all files.
        priorities: priority by file index in decimal; beats the rules.
    """

    include: tuple[Glob, ...] = ()
    exclude: tuple[Glob, ...] = ()
    skip_fluff: bool = False
    priorities: dict[str, FilePriority] = {}
    only: Indices | None = None


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a torrent is not loaded.

    Fields:
        reason: in words, with the remedy.
        since_us: since when, microseconds since 1970.
        crash_report: the name of the report on the crash that convicted it; None if there is none.
    """

    reason: str
    since_us: int
    crash_report: str | None = None


class KnownMetadata(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The metadata in a torrent's info dictionary, stored in its record.

    Fields:
        name: the torrent's.
        size: of all files but padding (BEP 47), in bytes.
        piece_length: in bytes.
        files: their number, without padding.
    """

    name: str
    size: int
    piece_length: int
    files: int


class DesiredTorrent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that clients asked for of one torrent, what it is, and whether it may be loaded.

    Fields:
        torrent: id, the lower-case hex info-hash (v1: 40 digits; v2-only: 64).
        source: `metainfo`, then `<id>.torrent` holds it; or `magnet`, then `magnet` does.
        name: what the source called it, for reads before the metadata is there.
        save_path: absolute directory below which the torrent's files lie.
        mount_point: of the file system that it lay on when the torrent was added; empty where that is not known.
        seed_mode: its adder vouches that all data is there; pieces are checked when first uploaded.
        peers: `host:port` given by clients, tried again after each restart.
        added_us: wall clock of acceptance, microseconds since 1970.
        revision: +1 for every accepted change; the engine names the revision that it has applied.
        removal: set once the torrent shall be gone: what is to become of its files. The record stays until they are.
            `merged` leaves every file alone, also those that libtorrent made beside the torrent's.
        quarantine: set while the torrent is not to be loaded, because it crashes the engine; `release_torrent` ends it.
        metainfo_crc32: of `<id>.torrent`, to know it again by; None in records from before this was kept, and where
            there is no such file. A magnet link has one where its metainfo was added later.
        metadata: what is known of its files; None until that has come, and in records from before this was kept.
        info_hash_v1, info_hash_v2: the torrent's info-hashes, None for one that it does not have or that is not known
            yet. A hybrid torrent has both, and is found by either. A link may name two that do not belong together.
        spared: the numbers of files that are left when the others are deleted, since other torrents use them.
        merged: ids of records of the same torrent that have been made part of this one.
        recheck: the revision in which it was asked that the files be hashed again; None once they were, and resume data
            with what was found is stored.
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
        """Shares equal texts: there may be a hundred thousand records, in few directories."""
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
    """What clients asked for of the whole session; `session.json` holds it.

    Fields:
        download_bps, upload_bps: limits of all torrents together; None where no client has set one and the
            configuration decides.
    """

    download_bps: Bps | None = None
    upload_bps: Bps | None = None
    revision: int = 1
