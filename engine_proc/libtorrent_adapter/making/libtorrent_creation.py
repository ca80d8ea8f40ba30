"""Makes the .torrent file of a payload: lists the files, hashes them, and detects changes during hashing."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.files import announce_list, payload, piece_length
from engine_proc.files.payload import PayloadFile, Unusable
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hash_of
from engine_proc.libtorrent_adapter.parsing.libtorrent_sources import METAINFO_LIMITS
from protocol.internal.making import Created, CreationOrder, TorrentFormat
from protocol.wire.desired import TIER_MAX

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

_FLAGS: Final = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}
_HASH_BYTES: Final = {"v1": 20, "v2": 32, "hybrid": 52}
"""The number of bytes of hashes for each piece."""


def create(order: CreationOrder, progress: Callable[[int, int], None]) -> Created:
    """Makes a torrent. Raises Unusable.

    Args:
        progress: called after each piece with the number of hashed bytes and the size of the payload.
    """
    files = payload.listed(order.path, order.exclude, order.output)
    total = sum(file.size for file in files)
    length = order.piece_length or piece_length.automatic(total)
    _check_amount(-(-total // length), order)
    _check_names([file.path for file in files], order.format)
    entries = [lt.create_file_entry(file.path, file.size) for file in files]
    maker = lt.create_torrent(entries, length, _FLAGS[order.format])
    maker.set_creation_date(int(time.time()))
    maker.set_creator(order.created_by)
    maker.set_comment(order.comment)
    maker.set_priv(order.private)
    for url in order.web_seeds:
        maker.add_url_seed(url)
    pieces = maker.num_pieces()  # of v2 torrents, each file has pieces of its own, which may be short
    _hash(maker, order, files, lambda done: progress(total * done // pieces, total))
    entry = maker.generate()
    if order.source:
        entry[b"info"][b"source"] = order.source.encode()
    entry |= announce_list.members(
        (url, min(tier, TIER_MAX)) for tier, urls in enumerate(order.trackers) for url in urls
    )
    metainfo = bytes(lt.bencode(entry))
    if len(metainfo) > METAINFO_LIMITS["max_buffer_size"]:
        raise Unusable(f"the .torrent file would have {len(metainfo)} bytes, too many to be added; use longer pieces")
    return Created(torrent=hash_of(lt.load_torrent_buffer(metainfo, METAINFO_LIMITS).info_hashes), metainfo=metainfo)


def _check_amount(pieces: int, order: CreationOrder) -> None:
    """Raises Unusable if a torrent has too many pieces for any client."""
    most = min(METAINFO_LIMITS["max_pieces"], METAINFO_LIMITS["max_buffer_size"] // _HASH_BYTES[order.format])
    if pieces > most:
        raise Unusable(f"there would be {pieces} pieces, and {most} are possible; use a longer `piece_length`")


def _check_names(paths: Sequence[str], version: TorrentFormat) -> None:
    """Raises Unusable if clients would store a file under another name. Then the file could not be seeded.

    libtorrent replaces characters that some operating systems forbid. If names differ only in case, libtorrent renames
    a file. If a v2 torrent has one file in a folder, libtorrent ignores the folder.
    """
    if version == "v2" and len(paths) == 1 and paths[0].count("/") == 1:
        name = paths[0].partition("/")[2]
        raise Unusable(f"clients would store {paths[0]!r} as {name!r}; give the path of the file, or make a hybrid")
    length = piece_length.LONGEST
    trial = lt.create_torrent([lt.create_file_entry(path, 1) for path in paths], length, lt.create_torrent.v1_only)
    for piece in range(trial.num_pieces()):
        trial.set_hash(piece, b"x" * 20)
    try:
        params = lt.load_torrent_buffer(lt.bencode(trial.generate()), METAINFO_LIMITS)
    except RuntimeError as error:
        raise Unusable(f"{paths[0].partition('/')[0]!r} is no name for a torrent: {error}") from error
    storage = params.ti.layout()
    stored = [params.renamed_files.get(index) or storage.file_path(index) for index in range(storage.num_files())]
    for path, other in zip(paths, stored, strict=True):
        if path != other:
            raise Unusable(f"clients would store {path!r} as {other!r}; rename or exclude it")


def _hash(maker: Any, order: CreationOrder, files: Sequence[PayloadFile], progress: Callable[[int], None]) -> None:
    """Hashes the files. Raises Unusable if a file cannot be read, or has changed."""
    done = 0

    def hashed(_: int) -> None:
        nonlocal done
        done += 1
        progress(done)

    parent = order.path.rpartition("/")[0] or "/"
    problem = None
    try:
        lt.set_piece_hashes(maker, parent, hashed)
    except RuntimeError as error:
        problem = str(error)
    try:
        now = payload.listed(order.path, order.exclude, order.output)
    except Unusable as error:
        raise Unusable(f"the files have changed while they were hashed: {error}") from error
    if (path := payload.changed(list(files), now)) is not None:
        raise Unusable(f"{path!r} has changed while the files were hashed")
    if problem is not None:
        raise Unusable(f"the files cannot be hashed: {problem}")


def is_same(content: bytes, metainfo: bytes) -> bool:
    """Whether two .torrent files are of the same torrent. Trackers, web seeds and comments may differ."""
    try:
        one, other = (lt.load_torrent_buffer(each, METAINFO_LIMITS).info_hashes for each in (content, metainfo))
    except RuntimeError:
        return False
    return bool(one == other)
