"""Makes resume data as another libtorrent client does: with the pieces on disk, and the client's settings."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import libtorrent

lt: Any = libtorrent  # the type stubs lack what the binding accepts

BLOCK: Final = 16 * 1024


def make(
    metainfo: bytes,
    have: Collection[int],
    *,
    save_path: Path | str = "/elsewhere",
    blocks: Mapping[int, Collection[int]] | None = None,
    renamed: Mapping[int, str] | None = None,
    priorities: Collection[int] = (),
    trackers: Collection[str] = (),
    uploaded: int = 0,
) -> bytes:
    """Returns resume data that claims these pieces, and these blocks of other pieces.

    The torrent is paused, with limits.
    """
    params = lt.load_torrent_buffer(metainfo)
    info = params.ti
    params.save_path = str(save_path)
    params.have_pieces = [piece in have for piece in range(info.num_pieces())]
    params.unfinished_pieces = {
        piece: [block in held for block in range(-(-info.piece_size(piece) // BLOCK))]
        for piece, held in (blocks or {}).items()
    }
    params.renamed_files = dict(renamed or {})
    params.file_priorities = list(priorities)
    params.trackers, params.tracker_tiers = list(trackers), list(range(len(trackers)))
    params.download_limit = params.upload_limit = 1000
    params.max_connections = params.max_uploads = 2
    params.flags |= lt.torrent_flags.paused | lt.torrent_flags.sequential_download
    params.total_uploaded = uploaded
    params.ti = None  # qBittorrent stores the info dictionary beside the resume data
    return bytes(lt.write_resume_data_buf(params))


def index_of(metainfo: bytes, path: str) -> int:
    """The index of a file. Files are in the order in which the file system has listed them."""
    storage = lt.load_torrent_buffer(metainfo).ti.layout()
    return [storage.file_path(index) for index in range(storage.num_files())].index(path)


def piece_hashes(metainfo: bytes) -> list[bytes]:
    """The SHA-1 of each piece of a v1 torrent."""
    info = lt.load_torrent_buffer(metainfo).ti
    return [bytes(info.hash_for_piece(piece)) for piece in range(info.num_pieces())]


def private(metainfo: bytes) -> bytes:
    """The metainfo, changed to a private torrent. The info-hash changes, too."""
    decoded = lt.bdecode(metainfo)
    decoded[b"info"][b"private"] = 1
    return bytes(lt.bencode(decoded))
