"""The calls that add torrents. Pure."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from ouzel.client.call import Call, call_of, whole
from ouzel.requests import result_of
from protocol.wire.commands import torrent_commands, upload_commands
from protocol.wire.desired import DEFAULT_OPTIONS, ContentLayout, TorrentOptions
from protocol.wire.envelope import Wait

DIRECT_BYTES: Final = 12 * 1024 * 1024
"""The maximum size of metainfo and resume data in one request with all other arguments."""

PART_BYTES: Final = 4 * 1024 * 1024


class Added(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of `add_torrent`: the torrent's id, whether it existed, and torrents that share files with it.

    Fields:
        merged: with `merge`, for a torrent that existed: `merged`, `nothing_new`, `private` or `unknown`.
    """

    torrent: str
    duplicate: bool
    shares_files_with: list[str] = []
    merged: str | None = None


def add_torrent(
    *,
    magnet: str | None = None,
    metainfo: bytes | None = None,
    save_path: str | None = None,
    paused: bool = False,
    sequential: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    skip_fluff: bool = False,
    priorities: Mapping[int, int] | None = None,
    download_bps: int = 0,
    upload_bps: int = 0,
    trackers: Sequence[str] = (),
    web_seeds: Sequence[str] = (),
    labels: Sequence[str] = (),
    seed_mode: bool = False,
    peers: Sequence[str] = (),
    resume: bytes | None = None,
    content_layout: ContentLayout = "original",
    merge: bool = False,
    added_us: int | None = None,
    category: str | None = None,
    options: TorrentOptions = DEFAULT_OPTIONS,
    queue_position: int | None = None,
    wait: Wait = "durable",
) -> Call[Added]:
    """Adds a torrent from exactly one of `magnet` and `metainfo`. A torrent that exists already is not changed.

    If metainfo is too large for one request, it is uploaded in parts first.

    Args:
        magnet: a magnet link.
        metainfo: the bytes of a .torrent file.
        save_path: an absolute path inside the daemon's download roots. The default is the save path of the category, or
            the first root.
        include: globs. A selected file must match at least one of them. By default all files are selected.
        exclude: globs. A file that matches one of them is not selected.
        skip_fluff: do not select samples, notes and the like.
        priorities: priorities 0..7 by file index. They override the globs.
        download_bps, upload_bps: limits in bytes per second; 0 means no limit.
        seed_mode: the caller guarantees that all data is on disk.
        peers: peers as `address:port`.
        resume: resume data of another client in libtorrent's format. Doubtful claims are hashed.
        content_layout: whether the files are in a root folder: as in the torrent (`original`), always (`subfolder`), or
            never (`no_subfolder`).
        merge: if the torrent exists already, add the trackers and web seeds of the source to it.
        added_us: when the torrent was added, microseconds since 1970; None for now.
        category: the name of an existing category.
        options: options that are in force from the start. `update_options` can change them later.
        queue_position: the place in libtorrent's queue; 0 is the first. It needs the option `auto_managed`.
    """
    uploading: list[Call[Any]] = []
    if metainfo is not None and len(metainfo) + len(resume or b"") > DIRECT_BYTES:
        upload = secrets.token_hex(16)
        uploading = _parts(upload, metainfo)
        metainfo = None
    else:
        upload = None
    command = torrent_commands.AddTorrent(
        magnet=magnet,
        metainfo=metainfo,
        upload=upload,
        save_path=save_path,
        paused=paused,
        sequential=sequential,
        rules=torrent_commands.AddTorrent.Rules(include=list(include), exclude=list(exclude), skip_fluff=skip_fluff),
        priorities={str(index): priority for index, priority in (priorities or {}).items()},
        download_bps=download_bps,
        upload_bps=upload_bps,
        trackers=list(trackers),
        web_seeds=list(web_seeds),
        labels=list(labels),
        seed_mode=seed_mode,
        peers=list(peers),
        resume=resume,
        content_layout=content_layout,
        merge=merge,
        added_us=added_us,
        category=category,
        options=options,
        queue_position=queue_position,
    )
    return replace(call_of(command, whole(Added), wait), before=tuple(uploading))


def _parts(upload: str, metainfo: bytes) -> list[Call[Any]]:
    return [upload_part(upload, at, metainfo[at : at + PART_BYTES]) for at in range(0, len(metainfo), PART_BYTES)]


def upload_part(upload: str, offset: int, data: bytes, *, wait: Wait = "durable") -> Call[int]:
    """Uploads a part of a large .torrent file. Returns the size of the upload.

    `add_torrent` calls this for large files.
    """
    command = upload_commands.UploadPart(upload=upload, offset=offset, data=data)
    return call_of(command, lambda reply: int(result_of(reply)["size"]), wait)
