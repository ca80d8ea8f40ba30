"""Parts of files that are wanted by a time, as requested from a seed that sends slowly."""

from pathlib import Path
from typing import Final

import pytest

import ouzel
from ouzel.cli.main import run
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.hostile.raw_seed import RawSeed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

PIECE: Final = 16 * 1024
UNDER_WAY: Final = 10
"""Pieces that may be requested meanwhile: libtorrent applies deadlines once a second."""
SIZES: Final = {"a.bin": 100 * PIECE, "b.bin": 200 * PIECE + 5, "c.bin": PIECE}


def endpoint(daemon: Daemon) -> str:
    """Where the engine listens."""
    return f"127.0.0.1:{until(lambda: daemon.client.stats().session.listen_port, 'it listens')}"


def check_order(seed: RawSeed, wanted: set[int], due: set[int]) -> None:
    """Waits until pieces were requested, and checks that few others were requested before the last of them."""
    before = len(seed.asked)
    seed.serve(lambda: wanted <= set(seed.asked), blocks_per_s=50)
    since = seed.asked[before:]
    assert len(set(since) - due) <= UNDER_WAY, since


def test_a_part_is_requested_before_all_others(root: Path, daemon: Daemon) -> None:
    """Also by the next engine, while it is still due; and invalid parts are refused."""
    made = payload.make(root / "seed", "set", SIZES, piece_size=PIECE)
    torrent, client = made.torrent, daemon.client
    files = [made.root / "set" / name for name in SIZES]
    client.add_torrent(metainfo=made.metainfo, exclude=["c.bin"], wait="applied")
    first = endpoint(daemon)
    with RawSeed(first, torrent, files, PIECE) as seed:
        seed.serve(lambda: len(seed.asked) >= 10, blocks_per_s=50)
        client.set_piece_deadlines(torrent, 1, 20 * PIECE + 7, 9 * PIECE, 60_000)
        due = set(range(120, 130))
        check_order(seed, due - set(seed.asked), due)
    argv = ["deadline", torrent, "1", "--offset", str(150 * PIECE), "--length", str(10 * PIECE), "--within", "60"]
    assert run(["--runtime-dir", str(daemon.runtime_dir), *argv]) == 0
    daemon.kill_engine()
    until(lambda: endpoint(daemon) != first, "the next engine listens")
    client.update_options(torrent, name="loaded", wait="applied")
    later = set(range(250, 260))
    wanted = later - set(seed.asked)
    with RawSeed(endpoint(daemon), torrent, files, PIECE) as seed:
        check_order(seed, wanted, due | later)
    refused = {
        "args.file: the torrent has no file 3": (3, 0, 1),
        "args.file: file 2 is not selected": (2, 0, 1),
        "args.offset": (0, 100 * PIECE, 1),
        "args.length": (0, 1, 100 * PIECE),
    }
    for problem, (file, offset, length) in refused.items():
        with pytest.raises(ouzel.Refused, match=problem):
            client.set_piece_deadlines(torrent, file, offset, length, 1)
    client.pause(torrent)
    with pytest.raises(ouzel.Refused, match="paused"):
        client.set_piece_deadlines(torrent, 0, 0, 1, 1)
