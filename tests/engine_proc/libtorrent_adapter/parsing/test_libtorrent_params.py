"""How libtorrent's parameters are made."""

from pathlib import Path
from typing import Any

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.parsing import libtorrent_files, libtorrent_params, libtorrent_sources
from engine_proc.session.session_port import InvalidSource
from protocol.wire.desired import ADDRESSES_MAX, DesiredTorrent, Selection
from tools.rig import bencode, payload
from tools.rig.hostile import hostile
from tools.rig.hostile.hostile import Entry
from tools.rig.samples import SampleTorrent, noise

lt: Any = libtorrent


@pytest.mark.parametrize("kind", ["v1", "v2", "hybrid"])
def test_the_size_is_that_of_the_files_without_padding(tmp_path: Path, kind: str) -> None:
    """However the files are aligned to pieces (BEP 47)."""
    made = payload.make(tmp_path, "set", {"a.bin": 40_000, "b.bin": 50_000}, piece_size=32 * 1024, version=kind)
    params = libtorrent_sources.parse_metainfo(made.metainfo)
    layout = libtorrent_files.layout(params.ti, [], params.renamed_files)
    assert layout.metadata.size == 90_000
    assert sorted((file.path, file.size) for file in layout.files) == [("set/a.bin", 40_000), ("set/b.bin", 50_000)]


def test_files_are_shown_as_they_are_on_the_disk() -> None:
    """Equal names, names in another case, invalid names: each has its name on the disk beside its own. Indices stay."""
    names = [b"A.bin", b"a.bin", b"a.bin", b"d", b"caf\xe9 ", b"plain"]
    made = hostile.v1(b"root", [*(Entry([name], b"x") for name in names), Entry([b"d", b"x"], b"x")])
    params = libtorrent_sources.parse_metainfo(made.metainfo)
    layout = libtorrent_files.layout(params.ti, [], {**params.renamed_files, 5: "/elsewhere/plain"})
    assert {file.index: file.path for file in layout.files} == {
        0: "root/A.bin",
        1: "root/a.1.bin",
        2: "root/a.2.bin",
        3: "root/d.1",
        4: "root/caf_",
        5: "/elsewhere/plain",
        6: "root/d/x",
    }
    assert layout.torrent_paths == {
        "1": "root/a.bin",
        "2": "root/a.bin",
        "3": "root/d",
        "4": "root/caf\ufffd ",
        "5": "root/plain",
    }


def test_globs_match_names_before_they_are_told_apart() -> None:
    """A glob matches both of two files with one name, whatever libtorrent calls the second.

    Renamed files still match.
    """
    made = hostile.v1(b"root", [Entry([name], b"x") for name in (b"a.txt", b"A.txt", b"b.txt")])
    params = libtorrent_sources.parse_metainfo(made.metainfo)
    assert params.renamed_files == {1: "root/A.1.txt"}
    desired = DesiredTorrent(
        torrent=made.torrent, source="metainfo", save_path="/", name="", selection=Selection(exclude=("a.txt",))
    )
    assert libtorrent_files.priorities(params.ti.layout(), desired) == [0, 0, 4]


def test_names_that_libtorrent_gives_hold_where_resume_data_has_no_info_dictionary() -> None:
    """Two files with one name stay two. Names in the resume data have priority."""
    made = hostile.v1(b"root", [Entry([name], b"x") for name in (b"a", b"a", b"A")])
    params = lt.load_torrent_buffer(made.metainfo)
    params.save_path = "/save"
    resume = bencode.decode(lt.write_resume_data_buf(params))
    assert isinstance(resume, dict)
    del resume[b"info"]
    resume[b"mapped_files"] = [b"", b"", b"other"]
    desired = DesiredTorrent(torrent=made.torrent, source="metainfo", save_path="/save", name="")
    found = libtorrent_sources.parse(desired, metainfo=made.metainfo, resume=bencode.encode(resume))
    assert libtorrent_files.paths(found)[1:] == ["/save/root/a", "/save/root/a.1", "/save/other"]


def torrent(extra: dict[bytes, Any], path: list[bytes] | None = None) -> bytes:
    """A .torrent file with one file and a random hash."""
    files: list[Any] = [{b"length": 1, b"path": path or [b"a"]}]
    info: dict[bytes, Any] = {b"name": b"t", b"piece length": 16384, b"pieces": b"x" * 20, b"files": files}
    return bencode.encode({**extra, b"info": info})


def test_trackers_beyond_the_last_tier_share_it() -> None:
    """A tier has 8 bits. No tracker is lost, and the order stays."""
    tiers: list[Any] = [[f"http://127.0.0.1/{number}".encode()] for number in range(300)]
    taken = libtorrent_sources.take_trackers(libtorrent_sources.parse_metainfo(torrent({b"announce-list": tiers})))
    assert [url for url, _ in taken] == [f"http://127.0.0.1/{number}" for number in range(300)]
    assert [tier for _, tier in taken] == [min(number, 255) for number in range(300)]


@pytest.mark.parametrize("magnet", ["magnet:?xt=urn:btih:" + "0" * 40, "magnet:?xt=urn:btmh:1220" + "0" * 64])
def test_a_hash_of_zeros_is_none(magnet: str) -> None:
    """libtorrent parses it, but could never add it."""
    with pytest.raises(InvalidSource, match="zero"):
        libtorrent_sources.parse_magnet(magnet)


@pytest.mark.parametrize(("member", "what"), [(b"announce-list", "trackers"), (b"url-list", "web seeds")])
def test_a_source_has_so_many_addresses_and_no_more(member: bytes, what: str) -> None:
    """Each address alone is valid."""
    urls = [f"http://127.0.0.1/{number}".encode() for number in range(ADDRESSES_MAX + 1)]
    listed: list[Any] = [[url] for url in urls] if member == b"announce-list" else list(urls)
    libtorrent_sources.parse_metainfo(torrent({member: listed[:-1]}))
    with pytest.raises(InvalidSource, match=what):
        libtorrent_sources.parse_metainfo(torrent({member: listed}))


def test_web_seeds_that_are_not_http_are_left_out() -> None:
    """The torrent works without them."""
    params = libtorrent_sources.parse_magnet(f"magnet:?xt=urn:btih:{1:040x}&ws=ftp://x&ws=foo&ws=&ws=HTTPS://h/x")
    assert params.url_seeds == ["HTTPS://h/x"]


def test_an_ssl_torrent_is_refused_and_one_that_was_added_is_not_judged_anew() -> None:
    """Its peers talk to nobody without a certificate, which nobody can give here."""
    info: dict[bytes, Any] = {b"name": b"t", b"piece length": 16384, b"pieces": b"x" * 20, b"length": 1}
    metainfo = bencode.encode({b"info": info | {b"ssl-cert": b"garbage"}})
    with pytest.raises(InvalidSource, match="SSL"):
        libtorrent_params.inspect(None, metainfo, None)
    libtorrent_sources.parse_metainfo(metainfo)


def test_paths_that_no_disk_can_hold_are_refused() -> None:
    """The limit counts bytes, not characters."""
    libtorrent_files.check_paths(["/" + "é" * 2047])
    with pytest.raises(InvalidSource, match="longer than 4095 bytes"):
        libtorrent_files.check_paths(["/a", "/" + "é" * 2048])


def test_the_metadata_has_the_texts_of_the_file_cut_and_the_content_path_as_on_disk() -> None:
    """The layout does not change what an engine that loads the torrent reports, so nothing is written twice."""
    sample = SampleTorrent("set", {"a": noise(9), "b": noise(20_000)}, private=True)
    extra: dict[bytes, Any] = {b"comment": b"c" * 2000, b"created by": b"p", b"creation date": 1_700_000_000}
    metainfo = sample.metainfo_with(extra)
    for layout, content in (("original", "set"), ("no_subfolder", "")):
        inspected = libtorrent_params.inspect(None, metainfo, "/downloads", layout).metadata  # type: ignore[arg-type]  # literals
        assert inspected is not None
        assert (inspected.content, inspected.pieces, inspected.private) == (content, 2, True)
        assert (inspected.comment, inspected.created_by) == ("c" * 1000, "p")
        assert inspected.created_us == 1_700_000_000_000_000
        params = libtorrent_params.load(sample.desired(content_layout=layout), metainfo=metainfo, resume=None)
        assert libtorrent_files.layout(params.ti, [], params.renamed_files, params).metadata == inspected
        kept = lt.read_resume_data(lt.write_resume_data_buf(params))
        assert libtorrent_files.layout(kept.ti, [], kept.renamed_files, kept).metadata == inspected


@pytest.mark.parametrize("date", [0, -5, 2**62])
def test_impossible_dates_and_texts_that_are_not_utf8_count_as_absent(date: int) -> None:
    """They do no harm, as the torrent works without them."""
    sample = SampleTorrent("a.bin", {"": noise(9)}, single=True)
    metainfo = sample.metainfo_with({b"comment": b"\xff\xfe", b"creation date": date})
    found = libtorrent_params.inspect(None, metainfo, "/downloads").metadata
    assert found is not None
    assert (found.created_us, found.created_by, found.content) == (None, "", "a.bin")
