"""The Python clients with a real daemon: `completed` and the row agree, and `wait` returns that row."""

from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed

pytestmark = [pytest.mark.process, pytest.mark.network]

COMPLETE = {TorrentState.FINISHED, TorrentState.SEEDING}


def test_completed_and_the_row_agree(daemon: Daemon, seed: Seed, root: Path) -> None:
    """A client that reads the row as soon as the event comes sees a complete torrent, also with many small torrents at
    once.
    """
    made = {}
    for number in range(60):
        directory = root / "seed" / str(number)
        sizes = {"a.bin": 1 + 20_000 * (number % 4), "b.txt": number, "c.nfo": 70_000 * (number % 2)}
        version = ("v1", "v2", "hybrid")[number % 3]
        torrent = payload.make(directory, f"t{number}", sizes, piece_size=32 * 1024, version=version)
        made[torrent.torrent] = torrent
        seed.add(torrent.metainfo, directory)
    wrong: list[object] = []
    with daemon.client.events(progress=True) as events, ouzel.Client(daemon.runtime_dir) as asking:
        for number, torrent in enumerate(made.values()):
            # A third has a selection, and every fourth begins without metadata.
            exclude = ["*.nfo"] if number % 3 == 1 else []
            if number % 4:
                daemon.client.add_torrent(metainfo=torrent.metainfo, peers=[seed.endpoint], exclude=exclude)
            else:
                daemon.client.add_torrent(magnet=torrent.magnet, peers=[seed.endpoint], exclude=exclude)
        left = set(made)
        while left:
            item = events.get(60)
            assert isinstance(item, ouzel.Event)
            if item.type == "completed" or (item.type == "state_changed" and item.data["state"] in COMPLETE):
                row = asking.get_torrent(item.torrent or "")
                if row.state not in COMPLETE or row.progress != 1.0 or row.bytes_done != row.bytes_total:
                    wrong.append((item, row))
            if item.type == "completed":
                left.discard(item.torrent or "")
    assert not wrong
    some = next(iter(made))
    assert daemon.client.wait(some, timeout_s=10).progress == 1.0
