"""Which keys of links and .torrent files are honoured, by the real parser and a real session."""

from pathlib import Path
from typing import Any

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.parsing import libtorrent_sources
from engine_proc.session.alerts import MetadataReceived, NativeState, PrioritiesSet, ResumeData
from engine_proc.session.session_port import InvalidSource
from protocol.wire.desired import DesiredTorrent, Selection
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig import bencode
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise

lt: Any = libtorrent  # the type stubs do not declare the result

FILES = {"a": noise(2 * PIECE_LENGTH, 1), "b": noise(2 * PIECE_LENGTH, 2)}


def test_keys_of_a_link_that_are_honoured() -> None:
    """Trackers in the order of their tiers, web seeds, peers and DHT nodes."""
    params = libtorrent_sources.parse_magnet(
        f"magnet:?xt=urn:btih:{'ab' * 20}&xt=urn:btmh:1220{'cd' * 32}&dn=n&tr=http%3A%2F%2Fa%2F&tr.1=http://b/"
        "&ws=http://w/&x.pe=127.0.0.1:1&x.pe=[::1]:2&dht=127.0.0.1:3"
    )
    assert (str(params.info_hashes.v1), str(params.info_hashes.v2)) == ("ab" * 20, "cd" * 32)
    assert (params.name, params.trackers, params.url_seeds) == ("n", ["http://a/", "http://b/"], ["http://w/"])
    assert params.tracker_tiers == [0, 1]
    assert params.peers == [("127.0.0.1", 1), ("::1", 2)]
    assert params.dht_nodes == [("127.0.0.1", 3)]


def test_keys_of_a_link_that_are_not() -> None:
    """Another source, keywords, a size and host names are ignored, and none is an error."""
    link = f"magnet:?xt=urn:btih:{'ab' * 20}"
    params = libtorrent_sources.parse_magnet(
        f"{link}&as=http://a/&xs=http://x/t&kt=w&xl=5&x.pe=host:1&mt=http://m/&y=1"
    )
    assert (params.trackers, params.url_seeds, params.peers, params.name) == ([], [], [], "")


@pytest.mark.network
def test_a_links_peers_are_called_and_nothing_is_wanted_before_it_is_selected(tmp_path: Path) -> None:
    """`x.pe` provides the metadata. Nothing in `so` is downloaded before the files are checked."""
    sample = SampleTorrent("linked", FILES)
    with seed(sample, tmp_path / "seed") as other, real_session() as probe:
        magnet = f"{sample.magnet}&x.pe={address(other)}&so=0"
        assert probe.session.inspect(magnet=magnet, metainfo=None).only == "0"
        desired = sample.desired(tmp_path / "leech", source="magnet", magnet=magnet, selection=Selection(only="0"))
        add(probe, sample, desired)
        probe.take(MetadataReceived, sample.torrent)
        layout = probe.session.layout(sample.torrent)
        assert layout is not None
        assert [file.priority for file in layout.files] == [0, 0]
        assert probe.session.set_selection(sample.torrent, desired)
        probe.take(PrioritiesSet, sample.torrent)
        probe.status(sample.torrent, lambda row: row.state is NativeState.FINISHED and row.done == row.wanted > 0)
    assert (tmp_path / "leech/linked/a").read_bytes() == FILES["a"]
    assert not (tmp_path / "leech/linked/b").exists()


def test_keys_of_a_torrent_that_are_honoured_outlive_the_engine(tmp_path: Path) -> None:
    """Trackers with their tiers and web seeds are in the resume data, and `private` is in the info dictionary."""
    sample = SampleTorrent("keys", FILES)
    info: dict[bytes, bencode.Bencodable] = {**sample.info, b"private": 1, b"source": b"somewhere"}
    metainfo = bencode.encode(
        {
            b"info": info,
            b"announce": b"http://127.0.0.1:1/a",
            b"announce-list": [[b"http://127.0.0.1:1/a", b"http://127.0.0.1:1/b"], [b"http://127.0.0.1:1/c"]],
            b"url-list": [b"http://127.0.0.1:1/w/"],
            b"nodes": [[b"127.0.0.1", 5]],
            b"comment": b"c",
            b"created by": b"me",
            b"creation date": 5,
        }
    )
    params = libtorrent_sources.parse_metainfo(metainfo)
    assert params.dht_nodes == [("127.0.0.1", 5)]
    assert params.ti.priv()
    torrent = str(params.info_hashes.v1)
    desired = DesiredTorrent(torrent=torrent, source="metainfo", save_path=str(tmp_path), paused=True)
    with real_session() as probe:
        probe.session.add(desired, metainfo=metainfo, resume=None)
        probe.settle()
        probe.session.save_resume(torrent, only_if_modified=False)
        saved = libtorrent_sources.parse_resume(probe.take(ResumeData, torrent).blob)
    assert set(zip(saved.trackers, saved.tracker_tiers, strict=True)) == {
        ("http://127.0.0.1:1/a", 0),
        ("http://127.0.0.1:1/b", 0),
        ("http://127.0.0.1:1/c", 1),
    }
    assert saved.url_seeds == ["http://127.0.0.1:1/w/"]
    assert saved.ti.priv()
    assert (saved.comment, saved.created_by, saved.creation_date) == ("c", "me", 5)


def test_a_large_torrent_file_has_a_bounded_number_of_files() -> None:
    """Parsing it must not look like a hang of the engine."""
    name = b"x" * 200
    files: list[bencode.Bencodable] = [{b"length": 1, b"path": [name + b"%06d" % number]} for number in range(150_000)]
    info: bencode.Bencodable = {b"name": b"n", b"files": files, b"piece length": 1 << 20, b"pieces": bytes(20)}
    metainfo = bencode.encode({b"info": info})
    assert len(metainfo) > libtorrent_sources.LARGE_BYTES
    with pytest.raises(InvalidSource, match=r"\w"):
        libtorrent_sources.parse_metainfo(metainfo)
