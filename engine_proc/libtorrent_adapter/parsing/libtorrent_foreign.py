"""Adopts resume data of another client, without that client's settings."""

from typing import Any, Final

import libtorrent

from engine_proc.libtorrent_adapter.parsing import libtorrent_sources
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import hashes
from engine_proc.resume import foreign
from engine_proc.resume.pieces import BLOCK
from engine_proc.session.session_port import InvalidSource

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

PEERS_MAX: Final = 200

_TOTALS: Final = (
    "total_uploaded",
    "total_downloaded",
    "active_time",
    "seeding_time",
    "finished_time",
    "completed_time",
    "last_seen_complete",
    "last_upload",
    "last_download",
)


def adopt(params: Any, resume: bytes) -> bytes:
    """Copies values of another client's resume data to the parameters of a .torrent file.

    Returns the parameters as marked resume data.

    The new parameters have these values of the resume data:

    - complete pieces, and blocks of incomplete pieces;
    - names and priorities of files;
    - trackers, web seeds and peers;
    - totals.

    The save path, limits and flags do not change.

    Raises:
        InvalidSource: the data cannot be parsed, or is of another torrent.
    """
    try:
        given = libtorrent_sources.parse_resume(resume)
    except InvalidSource as error:
        raise InvalidSource(f"the resume data: {error}") from error
    if not hashes(given.info_hashes).known() & hashes(params.info_hashes).known():
        raise InvalidSource("the resume data: it is of another torrent")
    libtorrent_sources.check_amounts(given)
    info, storage = params.ti, params.ti.layout()
    pieces, files = info.num_pieces(), storage.num_files()
    have = [*given.have_pieces[:pieces], *[False] * pieces][:pieces]  # without all pieces, libtorrent hashes them all
    params.have_pieces = have
    params.unfinished_pieces = {
        piece: list(blocks)[: -(-info.piece_size(piece) // BLOCK)]
        for piece, blocks in given.unfinished_pieces.items()
        if 0 <= piece < pieces and not have[piece]
    }
    params.renamed_files = dict(params.renamed_files) | {
        index: path for index, path in given.renamed_files.items() if 0 <= index < files and path
    }
    params.file_priorities = given.file_priorities[:files]
    if trackers := libtorrent_sources.trackers_of(given):
        libtorrent_sources.give_trackers(params, trackers)
    if given.url_seeds:
        params.url_seeds = given.url_seeds
    params.peers = given.peers[:PEERS_MAX]
    for name in _TOTALS:
        setattr(params, name, max(0, getattr(given, name)))
    return foreign.mark(lt.write_resume_data_buf(params))
