"""Adds: addresses merged into an existing torrent, and .torrent files larger than a frame."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import ouzel
from ouzel.client.special.adding_calls import PART_BYTES
from protocol.wire.codec import MAX_FRAME_BYTES
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents.web_server import WebServer
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.migration import foreign_resume
from tools.rig.payload import MIB
from tools.rig.samples import SampleTorrent, noise
from tools.rig.tracker import Tracker
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A tracker."""
    with Tracker() as running:
        yield running


def listed(daemon: Daemon, torrent: str) -> list[tuple[str, int]]:
    """The torrent's trackers with their tiers."""
    return [(row.url, row.tier) for row in daemon.client.list_trackers(torrent)]


def test_a_duplicate_brings_its_addresses_along(root: Path, daemon: Daemon, tracker: Tracker) -> None:
    """A real tracker hears of the torrent, and a real web server provides it. They stay, and no tier changes."""
    (root / "web").mkdir()
    client = daemon.client
    with WebServer(root / "web") as server, Tracker() as own:
        made = payload.make(root / "web", "set", {"a.bin": 300_000})
        first = bencode.decode(made.metainfo)
        assert isinstance(first, dict)
        metainfo = bencode.encode({**first, b"announce": own.http.encode()})
        client.add_torrent(metainfo=metainfo)
        until(lambda: own.announces, "its tracker has heard of it")
        link = f"{made.magnet}&tr={tracker.http}&tr={own.http}&ws={server.url}"
        unchanged = client.add_torrent(magnet=link)
        assert (unchanged.duplicate, unchanged.merged) == (True, None)
        assert listed(daemon, made.torrent) == [(own.http, 0)]
        merged = client.add_torrent(magnet=link, merge=True)
        assert (merged.duplicate, merged.merged) == (True, "merged")
        assert listed(daemon, made.torrent) == [(own.http, 0), (tracker.http, 1)]
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert client.add_torrent(magnet=link, merge=True).merged == "nothing_new"
        daemon.kill()
        daemon.start()
        daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert listed(daemon, made.torrent) == [(own.http, 0), (tracker.http, 1)]
        own.refusal = "gone"
        daemon.client.reannounce(made.torrent)
        until(lambda: tracker.announces, "the next tier hears of it")


def test_a_private_torrent_is_not_merged(daemon: Daemon) -> None:
    """Whichever source says that it is private."""
    sample = SampleTorrent("sample", {"": noise(40_000)}, single=True)
    metainfo = foreign_resume.private(sample.metainfo)
    torrent = daemon.client.add_torrent(metainfo=metainfo, trackers=["http://127.0.0.1:1/a"]).torrent
    daemon.until_state(torrent, TorrentState.DOWNLOADING)
    for source in ({"metainfo": metainfo}, {"magnet": f"magnet:?xt=urn:btih:{torrent}"}):
        added = daemon.client.request("add_torrent", {**source, "merge": True, "trackers": ["http://127.0.0.1:1/b"]})
        assert (added["duplicate"], added["merged"]) == (True, "private")
    assert listed(daemon, torrent) == [("http://127.0.0.1:1/a", 0)]


LARGE: Final = MAX_FRAME_BYTES // 20 + 1
"""The number of pieces whose hashes are larger than a frame."""


def large_metainfo() -> bytes:
    """Metainfo that is larger than a frame."""
    info: bencode.Bencodable = {
        b"name": b"large",
        b"length": LARGE * 16 * 1024,
        b"piece length": 16 * 1024,
        b"pieces": os.urandom(20 * LARGE),
    }
    return bencode.encode({b"info": info})


def test_a_torrent_file_larger_than_a_frame(daemon: Daemon) -> None:
    """The clients upload it in parts. It is there after the loss of both processes, and can be added once only."""
    metainfo = large_metainfo()
    assert len(metainfo) > MAX_FRAME_BYTES
    client = daemon.client
    with pytest.raises(ouzel.OuzelError, match="frame_too_large"):
        client.request("add_torrent", {"metainfo": metainfo})
    added = client.add_torrent(metainfo=metainfo, paused=True)
    assert client.add_torrent(metainfo=metainfo).duplicate
    daemon.kill()
    daemon.start()
    daemon.until_state(added.torrent, TorrentState.PAUSED)
    assert daemon.client.get_torrent(added.torrent).size == LARGE * 16 * 1024
    assert daemon.client.health().engine.restarts == 0


def test_parts_are_taken_in_order_and_within_bounds(daemon: Daemon) -> None:
    """Each client has its own uploads, which are bounded; a part may be repeated."""
    sample = SampleTorrent("sample", {"": noise(40_000)}, single=True)
    client, cut = daemon.client, 100
    assert client.upload_part("u", 0, sample.metainfo[:cut]) == cut
    assert client.upload_part("u", 0, sample.metainfo[:cut]) == cut
    for part, kind in (
        (("u", cut + 1, b"x"), ouzel.ErrorKind.UPLOAD_OUT_OF_ORDER),
        (("u", 0, b"other"), ouzel.ErrorKind.UPLOAD_OUT_OF_ORDER),
        (("u", 64 * MIB, b"x"), ouzel.ErrorKind.UPLOAD_TOO_LARGE),
        (("v", 1, b"x"), ouzel.ErrorKind.UPLOAD_OUT_OF_ORDER),
    ):
        with pytest.raises(ouzel.Refused) as caught:
            client.upload_part(*part)
        assert caught.value.kind is kind
    with ouzel.Client(daemon.runtime_dir) as other, pytest.raises(ouzel.Refused, match="unknown_upload"):
        other.request("add_torrent", {"upload": "u"})
    assert client.upload_part("u", cut, sample.metainfo[cut:]) == len(sample.metainfo)
    with pytest.raises(ouzel.Refused, match="exactly one"):
        client.request("add_torrent", {"upload": "u", "magnet": f"magnet:?xt=urn:btih:{sample.torrent}"})
    assert client.request("add_torrent", {"upload": "u"})["torrent"] == sample.torrent
    with pytest.raises(ouzel.Refused, match="unknown_upload"):
        client.request("add_torrent", {"upload": "u"})
    for number in range(17):  # beyond 64 MiB the oldest uploads of the client are dropped
        client.upload_part(f"full{number}", 0, bytes(PART_BYTES))
    with pytest.raises(ouzel.Refused, match="unknown_upload"):
        client.request("add_torrent", {"upload": "full0"})
    with pytest.raises(ouzel.Refused, match="invalid_metainfo"):
        client.request("add_torrent", {"upload": "full16"})
