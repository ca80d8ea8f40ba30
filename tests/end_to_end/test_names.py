"""Names on the disk are the torrent's, whatever the locale that the daemon was started in."""

from pathlib import Path

import pytest

from protocol.rows import TorrentState
from tests.engine_proc.samples import SampleTorrent, noise
from tests.rig.daemon import Daemon
from tests.rig.hostile import tree
from tests.rig.locales import make_latin
from tests.rig.seed import Seed

pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.mark.parametrize("lc_all", ["C", "Latin-1"])
def test_names_are_the_torrents_own_in_any_locale(root: Path, seed: Seed, lc_all: str) -> None:
    """A folder of two letters is not `..`, a save path of one not its parent, and two files do not become one."""
    (root / "locales").mkdir()
    environment = {"LC_ALL": "C"} if lc_all == "C" else make_latin(root / "locales")
    contents = {"日本.txt": noise(20_000, 1), "中国.txt": noise(20_000, 2), "\U0001f426": noise(3, 3)}
    sample = SampleTorrent("中国", contents)
    sample.write(root / "seed")
    seed.add(sample.metainfo, root / "seed")
    with Daemon(root / "d", environment=environment) as daemon:
        save_path = daemon.downloads / "é"
        daemon.client.add_torrent(metainfo=sample.metainfo, save_path=str(save_path), peers=[seed.endpoint])
        daemon.until_state(sample.torrent, TorrentState.SEEDING)
        assert tree(daemon.downloads) == {"é": "/", "é/中国": "/"} | {
            f"é/{path}": content for path, content in sample.contents.items()
        }
        assert {file.path for file in daemon.client.list_files(torrent=sample.torrent)} == set(sample.contents)
        assert {path.name for path in daemon.root.iterdir()} == {
            "downloads",
            "log",
            "ouzel.toml",
            "resume",
            "run",
            "state",
        }
        daemon.client.remove_torrent(sample.torrent, delete_files=True, wait="applied")
        assert [path for path in daemon.downloads.rglob("*") if path.is_file()] == []
