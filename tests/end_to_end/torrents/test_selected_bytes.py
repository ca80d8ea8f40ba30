"""A selection by rules, measured at the seed: which bytes of a torrent are downloaded."""

from pathlib import Path
from typing import Any, Final

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE: Final = 64 * 1024
BLOCK: Final = 16 * 1024
FILES: Final = {
    "a.mkv": MIB + 1,
    "b.nfo": 100,
    "c.mkv": 2 * MIB - 7,
    "d/e.mkv": 3 * PIECE,
    "d/f sample.mkv": MIB // 2,
    "d/g.iso": 2 * MIB,
    "h.mkv": 5,
}
WANTED: Final = {"a.mkv", "c.mkv", "d/e.mkv", "h.mkv"}


def pieces_of_wanted(made: Torrent) -> int:
    """The bytes of all pieces (v1) that have a byte of a wanted file."""
    metainfo: Any = bencode.decode(made.metainfo)
    pieces: set[int] = set()
    at = 0
    for entry in metainfo[b"info"][b"files"]:
        end = at + entry[b"length"]
        if b"/".join(entry[b"path"]).decode() in WANTED:
            pieces.update(range(at // PIECE, -(-end // PIECE)))
        at = end
    return sum(min(PIECE, at - piece * PIECE) for piece in pieces)


def test_rules_on_a_magnet_link_keep_the_other_files_from_being_downloaded(root: Path, daemon: Daemon) -> None:
    """In v1 only the pieces with selected bytes are downloaded; in v2 only these bytes, as no piece is of two files.

    In a hybrid torrent each file ends with padding up to the next piece, of which a block may be downloaded.
    """
    selected = sum(FILES[path] for path in WANTED)
    for version in ("v1", "v2", "hybrid"):
        made = payload.make(root / "seed", version, FILES, piece_size=PIECE, version=version)
        with Seed() as seed:
            seed.add(made.metainfo, made.root)
            daemon.client.add_torrent(
                magnet=made.magnet, include=["*.mkv"], exclude=["*sample*"], peers=[seed.endpoint]
            )
            row = daemon.until_state(made.torrent, TorrentState.FINISHED)
            sent = seed.uploaded()
        assert row.bytes_done == selected
        match version:
            case "v1":
                assert sent == pieces_of_wanted(made) < selected + PIECE * 2 * len(WANTED)
            case "v2":
                assert sent == selected
            case _:
                assert selected <= sent < selected + BLOCK * len(WANTED)
        stored = daemon.downloads / version
        assert {str(path.relative_to(stored)) for path in stored.rglob("*.*")} == WANTED
        for path in WANTED:
            assert payload.sha1(stored / path) == payload.sha1(made.root / version / path)
