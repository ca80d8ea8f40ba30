"""One torrent with two info-hashes, and one file that two torrents use."""

import json
from pathlib import Path

import libtorrent
import pytest

import ouzel
from protocol.wire.rows import TorrentRow, TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.samples import SampleTorrent, noise
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


class Hybrid:
    """A hybrid torrent with its data at `root`, and both its ids."""

    def __init__(self, root: Path, name: str) -> None:
        made = payload.make(root, name, {"a": 40_000, "b": 20_000}, piece_size=16384, version="hybrid")
        self.v2 = str(libtorrent.load_torrent_buffer(made.metainfo).info_hashes.v2)
        self.v1, self.metainfo, self.root = made.torrent, made.metainfo, root
        self.v1_link, self.v2_link = f"magnet:?xt=urn:btih:{self.v1}", f"magnet:?xt=urn:btmh:1220{self.v2}"


def the_one(daemon: Daemon) -> TorrentRow:
    """The only torrent, once it is loaded again and seeds."""

    def seeding() -> TorrentRow | None:
        rows = list(daemon.client.list_torrents())
        return rows[0] if len(rows) == 1 and rows[0].state is TorrentState.SEEDING else None

    row = until(seeding, f"one torrent seeds; the daemon's log is {daemon.log}")
    until(lambda: (restore := daemon.client.health().restore).done == restore.total, "all is restored")
    return row


def test_links_and_metainfo_of_a_hybrid_torrent_are_one(root: Path, daemon: Daemon, seed: Seed) -> None:
    """In any order, through an engine's death and a restart. Either hash finds it, and it keeps its first id."""
    hybrid = Hybrid(root / "seed", "hy")
    seed.add(hybrid.metainfo, hybrid.root)
    # Two links, which only the metadata shows to be one torrent.
    daemon.client.add_torrent(magnet=hybrid.v1_link, labels=["one"])
    daemon.client.add_torrent(magnet=hybrid.v2_link, labels=["two"], peers=[seed.endpoint])
    row = the_one(daemon)
    assert sorted(row.labels) == ["one", "two"]
    assert (row.info_hash_v1, row.info_hash_v2) == (hybrid.v1, hybrid.v2)
    daemon.kill_engine()
    assert the_one(daemon).torrent == row.torrent
    assert daemon.stop() == 0
    daemon.start()
    assert the_one(daemon).torrent == row.torrent
    again = [
        daemon.client.add_torrent(magnet=hybrid.v1_link),
        daemon.client.add_torrent(magnet=hybrid.v2_link),
        daemon.client.add_torrent(metainfo=hybrid.metainfo),
    ]
    assert {(added.torrent, added.duplicate) for added in again} == {(row.torrent, True)}
    for either in (hybrid.v1, hybrid.v2):
        assert daemon.client.get_torrent(either).torrent == row.torrent
    daemon.client.remove_torrent(
        hybrid.v2 if row.torrent == hybrid.v1 else hybrid.v1, delete_files=True, wait="applied"
    )
    assert not list((daemon.downloads).iterdir())
    # A link without peers, which gets its metadata from metainfo that is added later.
    link = daemon.client.add_torrent(magnet=hybrid.v2_link)
    added = daemon.client.add_torrent(metainfo=hybrid.metainfo, save_path=str(daemon.downloads), paused=True)
    assert (added.torrent, added.duplicate) == (link.torrent, True)
    daemon.client.add_peers(hybrid.v1, [seed.endpoint])
    assert the_one(daemon).torrent == hybrid.v2
    assert (daemon.resume_dir / f"{hybrid.v2}.torrent").read_bytes() == hybrid.metainfo


def test_two_records_of_today_become_one(root: Path, daemon: Daemon, seed: Seed) -> None:
    """The record with data stays, whichever is loaded first.

    No file is touched, and the other id still finds the torrent.
    """
    hybrid = Hybrid(root / "seed", "hy")
    seed.add(hybrid.metainfo, hybrid.root)
    (daemon.downloads / "one").mkdir()
    daemon.client.add_torrent(magnet=hybrid.v2_link, peers=[seed.endpoint], save_path=str(daemon.downloads / "one"))
    the_one(daemon)
    assert daemon.stop() == 0
    record = json.loads((daemon.resume_dir / f"{hybrid.v2}.json").read_text())
    for name in ("checksum", "info_hash_v1", "info_hash_v2", "merged", "spared"):
        record.pop(name, None)
    other = {**record, "torrent": hybrid.v1, "source": "metainfo", "magnet": None, "labels": ["other"]}
    other |= {"save_path": str(daemon.downloads / "two"), "added_us": record["added_us"] + 1}
    (daemon.downloads / "two" / "hy").mkdir(parents=True)
    (daemon.downloads / "two" / "hy" / "a").write_bytes(b"somebody's")
    (daemon.resume_dir / f"{hybrid.v2}.json").write_text(json.dumps(record))
    (daemon.resume_dir / f"{hybrid.v1}.json").write_text(json.dumps(other))
    (daemon.resume_dir / f"{hybrid.v1}.torrent").write_bytes(hybrid.metainfo)
    daemon.start()
    row = the_one(daemon)
    assert (row.torrent, row.labels) == (hybrid.v2, ["other"])
    assert row.save_path == str(daemon.downloads / "one")
    assert (daemon.downloads / "two" / "hy" / "a").read_bytes()[:10] == b"somebody's"
    assert payload.sha1(daemon.downloads / "one" / "hy") == payload.sha1(hybrid.root / "hy")
    assert daemon.client.get_torrent(hybrid.v1).torrent == hybrid.v2
    until(lambda: not (daemon.resume_dir / f"{hybrid.v1}.json").exists(), "the other record is gone")


def test_hashes_that_do_not_belong_together_harm_nobody(root: Path, daemon: Daemon) -> None:
    """A link to two torrents, and a link to a truncated hash, are refused."""
    one, two = Hybrid(daemon.downloads, "one"), Hybrid(daemon.downloads, "two")
    for hybrid in (one, two):
        daemon.client.add_torrent(metainfo=hybrid.metainfo)
        daemon.until_state(hybrid.v1, TorrentState.SEEDING)
    for link in (f"{one.v1_link}&xt=urn:btmh:1220{two.v2}", f"magnet:?xt=urn:btih:{one.v2[:40]}"):
        with pytest.raises(ouzel.Refused, match="invalid_magnet"):
            daemon.client.add_torrent(magnet=link)
    daemon.kill_engine()
    for hybrid in (one, two):
        daemon.until_state(hybrid.v2, TorrentState.SEEDING)


def test_a_file_of_two_torrents(root: Path, daemon: Daemon, seed: Seed) -> None:
    """The add reports it, a removal of one spares the file, and a seed detects that its file was overwritten."""
    shared, other = noise(40_000, 1), noise(40_000, 2)
    first = SampleTorrent("dir", {"shared": shared, "a": noise(10, 3)})
    second = SampleTorrent("dir", {"shared": shared, "sub/b": noise(20_000, 4)})
    third = SampleTorrent("dir", {"shared": other})
    for sample in (first, second):
        sample.write(daemon.downloads)
    assert daemon.client.add_torrent(metainfo=first.metainfo).shares_files_with == []
    daemon.until_state(first.torrent, TorrentState.SEEDING)
    assert daemon.client.add_torrent(metainfo=second.metainfo).shares_files_with == [first.torrent]
    daemon.until_state(second.torrent, TorrentState.SEEDING)
    with daemon.client.events() as events:
        daemon.client.remove_torrent(second.torrent, delete_files=True, wait="applied")
        told = next(event for event in events if isinstance(event, ouzel.Event) and event.type == "session_error")
    assert told.data["name"] == "files_not_deleted"
    assert sorted(path.name for path in (daemon.downloads / "dir").iterdir()) == ["a", "shared"]
    third.write(root / "seed")
    seed.add(third.metainfo, root / "seed")
    added = daemon.client.add_torrent(metainfo=third.metainfo, peers=[seed.endpoint])
    assert added.shares_files_with == [first.torrent]
    daemon.until_state(third.torrent, TorrentState.SEEDING)
    row = daemon.until_state(first.torrent, TorrentState.ERROR)
    assert row.error is not None
    assert third.torrent in row.error
    assert (daemon.downloads / "dir" / "shared").read_bytes() == other
