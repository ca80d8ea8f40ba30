"""The claims of resume data: which claims to verify, and how to correct claims."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import libtorrent

from engine_proc.files import selection
from engine_proc.files.selector import Selector
from engine_proc.libtorrent_adapter.parsing import libtorrent_files, libtorrent_params, libtorrent_sources
from engine_proc.resume import foreign, piece_layers
from engine_proc.resume.part_file import PartFile
from engine_proc.resume.pieces import (
    BLOCK,
    ClaimedFile,
    Examined,
    Foreign,
    MissingPiece,
    StoredFile,
    Unverified,
    Verified,
)
from engine_proc.session.session_port import Layout, Metainfo
from protocol.durable import doubted
from protocol.wire.desired import DesiredTorrent

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

_NOTHING: Final = Verified()


def settle_check(params: Any) -> None:
    """Corrects the resume data of an unfinished recheck. Then libtorrent continues the recheck at the right piece.

    libtorrent continues after the last piece in the resume data. But libtorrent hashes several pieces at a time, so
    some earlier pieces may not be hashed yet. Also, the bitmap is read back as whole bytes, and the last byte may have
    padding bits. So only the complete pieces before the first gap are kept, rounded down to whole bytes. libtorrent
    hashes all other pieces again.
    """
    if params.ti is None:
        return
    have, pieces = params.have_pieces, params.ti.num_pieces()
    if len(have) >= pieces:
        return
    found = have.index(False) if False in have else len(have)
    params.have_pieces = have[: found - found % 8]
    params.unfinished_pieces = {}


def claim(params: Any, verified: Verified) -> bool:
    """Corrects the claims by the result of a verification. Returns whether any claim had to be corrected."""
    if verified == _NOTHING:
        return False
    have = list(params.have_pieces)
    if verified.pieces:
        have += [False] * (params.ti.num_pieces() - len(have))
    for piece in verified.pieces:
        have[piece] = True
    for piece in verified.lost:
        have[piece] = False
    params.have_pieces = have
    unfinished = {**params.unfinished_pieces, **verified.blocks}
    params.unfinished_pieces = {
        piece: list(blocks) for piece, blocks in unfinished.items() if piece not in verified.pieces
    }
    return True


def disown(params: Any, short: Mapping[int, int]) -> None:
    """Removes the claims of pieces beyond the present end of files.

    Args:
        short: the sizes on disk of files that are shorter than expected, by file index.
    """
    if not short:
        return
    storage, have, unfinished = params.ti.layout(), list(params.have_pieces), dict(params.unfinished_pieces)
    length = storage.piece_length()
    for index, there in short.items():
        offset, size = storage.file_offset(index), storage.file_size(index)
        if size > there:
            for piece in range((offset + there) // length, (offset + size - 1) // length + 1):
                unfinished.pop(piece, None)
                if piece < len(have):
                    have[piece] = False
    params.have_pieces, params.unfinished_pieces = have, unfinished


def examine(params: Any, parsed: object = None) -> Examined:
    """The claims of the resume data in `params` about selected files. Unselected files are left out.

    The data of unselected files may be in libtorrent's part file. The claims of an unfinished recheck are corrected by
    `settle_check`.
    """
    info = params.ti
    others = [libtorrent_files.part_path(params.save_path, params.part_file_dir, params.info_hashes)]
    if info is None:
        return Examined([], 0, 0, 0, parsed, others)
    storage, pieces, priorities = info.layout(), info.num_pieces(), params.file_priorities
    have = params.have_pieces
    if len(have) < pieces:
        settle_check(params)
        have = [*params.have_pieces, *[False] * pieces][:pieces]
    del have[pieces:]
    # With 10,000 torrents each call of the binding matters.
    length, everything, renamed = storage.piece_length(), all(have), params.renamed_files
    save_path, pad = params.save_path, storage.flag_pad_file
    claimed, done, total = [], 0, 0
    for index in range(storage.num_files()):
        size = storage.file_size(index)
        if size == 0 or storage.file_flags(index) & pad or priorities[index] == selection.UNWANTED:
            continue
        total += size
        if everything:
            ends, held = size, size
        else:
            offset = storage.file_offset(index)
            first, last = offset // length, (offset + size - 1) // length
            there = [piece for piece in range(first, last + 1) if have[piece]]
            ends = min(size, (there[-1] + 1) * length - offset) if there else 0
            held = sum(min(offset + size, (piece + 1) * length) - max(offset, piece * length) for piece in there)
        done += held
        if ends:
            claimed.append(ClaimedFile(index, libtorrent_files.file_path(storage, renamed, save_path, index), ends))
    if len(claimed) < storage.num_files():
        known = {file.number for file in claimed}
        others += libtorrent_files.file_paths(storage, renamed, save_path, known)
    return Examined(claimed, done, total, info.size_on_disk(), parsed, others)


def unverified(
    params: Any, before: Sequence[int], *, complete: bool, metainfo: Metainfo, resume: bytes
) -> Unverified | None:
    """The pieces to verify before the torrent is added; None if there are no such pieces.

    Args:
        params: the parameters, with the desired state applied.
        before: the file priorities at the time when the resume data was saved.
        complete: whether the resume data claims all pieces of the selected files.
        resume: the encoded resume data. The parameters lack some of its details.
    """
    if params.ti is None:
        return None
    priorities, is_foreign, in_doubt = params.file_priorities, foreign.is_marked(resume), _doubted(params, resume)
    selected = selection.UNWANTED not in priorities and selection.UNWANTED not in before
    if complete and not is_foreign and not in_doubt and selected:
        return None
    info, storage = params.ti, params.ti.layout()
    unwanted = {index for index, priority in enumerate(priorities) if priority == selection.UNWANTED}
    reselected = {index for index, priority in enumerate(before) if priority == selection.UNWANTED} - unwanted
    borders, doubtful = _claimed(params, unwanted), _claimed(params, reselected) | in_doubt
    if complete and not is_foreign and not borders and not doubtful:
        return None
    renamed = params.renamed_files
    files = [
        StoredFile(
            path=_stored_path(storage, renamed, index, params.save_path),
            offset=storage.file_offset(index),
            size=storage.file_size(index),
            wanted=index not in unwanted,
        )
        for index in range(storage.num_files())
    ]
    wanted = _pieces(storage, set(range(len(files))) - unwanted)
    claimed = _claimed(params, set(range(len(files))))
    lacking = sorted(wanted - claimed | doubtful)
    if len(params.have_pieces) < info.num_pieces():
        # libtorrent was rechecking all files, or was about to, and continues with that.
        lacking = []
    if params.info_hashes.has_v1():
        missing = _missing_v1(info, lacking)
    else:
        missing = _missing_v2(storage, lacking, _digests(storage, libtorrent_sources.read(metainfo), resume))
    if not missing and not is_foreign and not borders and not doubtful:
        return None
    total = sum(file.size for file in files if file.wanted and file.path is not None)
    lacked = sum(piece.size for piece in missing)
    return Unverified(
        files=files,
        missing=missing,
        bytes_done=max(0, total - lacked),
        bytes_total=total,
        size=info.total_size(),
        part_file=_part_file(params),
        doubtful=frozenset(doubtful),
        borders=sorted(borders),
        unfinished={piece: list(blocks) for piece, blocks in params.unfinished_pieces.items()},
        payload=info.size_on_disk(),
        foreign=_foreign(params, sorted(wanted & claimed - doubtful), resume) if is_foreign else None,
    )


def _doubted(params: Any, resume: bytes) -> set[int]:
    """The claimed pieces of doubted files."""
    files = doubted.doubted(resume)
    return _claimed(params, set(range(params.ti.num_files())) if doubted.ALL in files else files)


def _foreign(params: Any, claimed: list[int], resume: bytes) -> Foreign:
    """The claims of another client. Another thread looks up the digests later, if they are needed."""
    info, storage = params.ti, params.ti.layout()
    if params.info_hashes.has_v1():
        return Foreign(claimed, lambda pieces: _missing_v1(info, pieces))
    return Foreign(claimed, lambda pieces: _missing_v2(storage, pieces, _digests(storage, None, resume)))


def _pieces(storage: Any, files: Collection[int]) -> set[int]:
    """The pieces that reach into these files. Invalid indices and padding are ignored."""
    found: set[int] = set()
    for index in files:
        size = storage.file_size(index) if index < storage.num_files() else 0
        if size and not storage.file_flags(index) & storage.flag_pad_file:
            last = (storage.file_offset(index) + size - 1) // storage.piece_length()
            found.update(range(storage.piece_index_at_file(index), last + 1))
    return found


def _claimed(params: Any, files: Collection[int]) -> set[int]:
    """The pieces that reach into these files and that the resume data claims."""
    if not files:
        return set()
    have = params.have_pieces
    return {piece for piece in _pieces(params.ti.layout(), files) if piece < len(have) and have[piece]}


def _part_file(params: Any) -> PartFile:
    path = Path(params.save_path) / params.part_file_dir / f".{params.info_hashes.get_best()}.parts"
    return PartFile(str(path), params.ti.num_pieces(), params.ti.piece_length())


def _stored_path(storage: Any, renamed: Mapping[int, str], index: int, save_path: str) -> str | None:
    padding = storage.file_flags(index) & storage.flag_pad_file
    return None if padding else libtorrent_files.file_path(storage, renamed, save_path, index)


def _missing_v1(info: Any, lacking: Sequence[int]) -> list[MissingPiece]:
    length = info.piece_length()
    return [
        MissingPiece(piece, piece * length, info.piece_size(piece), info.hash_for_piece(piece), 0) for piece in lacking
    ]


def _digests(storage: Any, metainfo: bytes | None, resume: bytes) -> Callable[[int, bytes, int], piece_layers.Digest]:
    """Returns a function that finds the digests of a file's pieces.

    The arguments of this function are the file's index, merkle root and number of pieces.

    Piece layers are not part of the info dictionary. If the source is a magnet link, only resume data has piece layers.
    """
    if metainfo is not None:
        decoded = _decoded(metainfo)
        return lambda index, root, pieces: piece_layers.of_metainfo(decoded, root)
    decoded = _decoded(resume)
    return lambda index, root, pieces: piece_layers.of_resume(decoded, index, pieces)


def _decoded(bencoded: bytes) -> Any:
    try:
        return lt.bdecode(bencoded)
    except RuntimeError:
        return None


def _missing_v2(
    storage: Any, lacking: Sequence[int], digests: Callable[[int, bytes, int], piece_layers.Digest]
) -> list[MissingPiece]:
    length, wanted = storage.piece_length(), set(lacking)
    missing = []
    for index in range(storage.num_files()):
        size, root = storage.file_size(index), bytes.fromhex(str(storage.root(index)))
        if size == 0 or storage.file_flags(index) & storage.flag_pad_file:
            continue
        first, offset = storage.piece_index_at_file(index), storage.file_offset(index)
        count = -(-size // length)
        if wanted.isdisjoint(range(first, first + count)):
            continue
        digest_of = digests(index, root, count) if count > 1 else lambda number, root=root: root
        for number in range(count):
            piece, start = first + number, number * length
            digest = digest_of(number) if piece in wanted else None
            if digest is not None:
                content = min(length, size - start)
                leaves = length // BLOCK if count > 1 else 1 << (-(-content // BLOCK) - 1).bit_length()
                missing.append(MissingPiece(piece, offset + start, content, digest, leaves))
    return missing


def describe(
    desired: DesiredTorrent, *, metainfo: Metainfo, resume: bytes | None, selector: Selector | None = None
) -> tuple[Layout, Examined] | None:
    """Describes a torrent by its stored data, without a session; see `LibtSession.describe`. Raises InvalidSource.

    If the evaluation of the rules takes long and has no result yet, all files count as selected.
    """
    choose = (selector or Selector(lambda torrent, problem: None)).priorities_at_hand
    params = libtorrent_params.load(desired, metainfo=metainfo, resume=resume, choose=choose)
    if params.ti is None:
        return None
    layout = libtorrent_files.layout(params.ti, params.file_priorities, params.renamed_files, params)
    return layout, examine(params)
