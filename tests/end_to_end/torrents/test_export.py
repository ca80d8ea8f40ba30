"""Exported torrents: another session loads the .torrent file and downloads with it from the daemon."""

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import libtorrent
import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

lt: Any = libtorrent
VERSIONS = ("v1", "v2", "hybrid")


def made(root: Path, version: str) -> Torrent:
    """A torrent of two files, of several pieces each."""
    return payload.make(root / "there", f"ä {version}", {"a.bin": MIB, "b/c.bin": 600_000}, version=version)


def decoded(metainfo: bytes) -> dict[bytes, Any]:
    """The decoded .torrent file."""
    found = bencode.decode(metainfo)
    assert isinstance(found, dict)
    return found


def raw_info(metainfo: bytes) -> bytes:
    """The bytes of the info section, which are those that `bencode` makes of it, since its keys are sorted."""
    info = bencode.encode(decoded(metainfo)[b"info"])
    assert info in metainfo
    return info


def topics(magnet: str) -> dict[str, list[str]]:
    """The parameters of a magnet link."""
    return parse_qs(urlsplit(magnet).query, strict_parsing=True)


def test_what_is_exported_is_the_torrent_with_its_present_trackers(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Of each version, from a .torrent file and from a magnet link, also while no engine runs and after a restart."""
    torrents = [made(root, version) for version in VERSIONS]
    for each in torrents:
        seed.add(each.metainfo, each.root)
        link = len(each.torrent) == 64 or each is torrents[2]
        source: dict[str, Any] = {"magnet": each.magnet, "peers": [seed.endpoint]} if link else {}
        daemon.client.add_torrent(
            **(source or {"metainfo": each.metainfo, "peers": [seed.endpoint]}),
            trackers=["udp://127.0.0.1:1/first"],
            web_seeds=["http://127.0.0.1:1/there/"],
        )
        daemon.client.update_trackers(
            each.torrent,
            add=[("http://127.0.0.1:1/a", 0), ("http://127.0.0.1:1/b", 0), ("http://127.0.0.1:1/c", 7)],
            remove=["udp://127.0.0.1:1/first"],
        )
    for each in torrents:
        daemon.until_state(each.torrent, TorrentState.SEEDING)
        until(lambda: daemon.client.export_torrent(each.torrent).metainfo, "it is stored")  # noqa: B023
    daemon.kill()
    daemon.start()
    daemon.kill_engine()
    for each in torrents:
        exported = daemon.client.export_torrent(each.torrent)
        assert exported.metainfo is not None
        assert raw_info(exported.metainfo) == raw_info(each.metainfo)
        found, before = decoded(exported.metainfo), decoded(each.metainfo)
        assert found.get(b"piece layers") == before.get(b"piece layers")
        tiers = [[b"http://127.0.0.1:1/a", b"http://127.0.0.1:1/b"], [b"http://127.0.0.1:1/c"]]
        assert found[b"announce-list"] == tiers
        assert found[b"url-list"] == b"http://127.0.0.1:1/there/" or found[b"url-list"] == [
            b"http://127.0.0.1:1/there/"
        ]
        link_of = topics(exported.magnet)
        info = raw_info(each.metainfo)
        hashes = [f"urn:btih:{hashlib.sha1(info).hexdigest()}", f"urn:btmh:1220{hashlib.sha256(info).hexdigest()}"]
        assert link_of["xt"] == {"v1": hashes[:1], "v2": hashes[1:], "hybrid": hashes}[each.name.split()[1]]
        assert link_of["dn"] == [each.name]
        assert link_of["tr"] == ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "http://127.0.0.1:1/c"]
        assert link_of["ws"] == ["http://127.0.0.1:1/there/"]
        assert lt.parse_magnet_uri(exported.magnet).info_hashes == lt.load_torrent_buffer(each.metainfo).info_hashes
    for each in torrents:
        daemon.until_state(each.torrent, TorrentState.SEEDING)
        exported = daemon.client.export_torrent(each.torrent)
        assert exported.metainfo is not None
        until(lambda: daemon.client.stats().session.listen_port > 0, "it listens")
        peer = f"127.0.0.1:{daemon.client.stats().session.listen_port}"
        with Seed() as other:
            other.download(exported.metainfo, root / "other", peer=peer)
        assert payload.sha1(root / "other" / each.name) == payload.sha1(each.root / each.name)


def test_a_link_without_metadata_has_only_its_link(
    root: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line says so. Of others it writes a file, and replaces one only with -f."""
    whole, link = made(root, "v1"), "magnet:?xt=urn:btih:" + "a" * 40 + "&dn=far"
    far = daemon.client.add_torrent(magnet=link, trackers=["http://127.0.0.1:1/x"], paused=True).torrent
    daemon.client.add_torrent(metainfo=whole.metainfo, paused=True)
    exported = daemon.client.export_torrent(far)
    assert exported.metainfo is None
    assert topics(exported.magnet) == {"xt": [f"urn:btih:{far}"], "dn": ["far"], "tr": ["http://127.0.0.1:1/x"]}
    with pytest.raises(ouzel.Refused, match="unknown_torrent"):
        daemon.client.export_torrent("0" * 40)

    def does(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return code, *capsys.readouterr()

    monkeypatch.chdir(root)
    assert does("export", far, "--magnet") == (0, f"{exported.magnet}\n", "")
    code, out, err = does("export", far)
    assert (code, out) == (1, "")
    assert "metadata" in err
    assert does("export", whole.torrent) == (0, f"written: {whole.name}.torrent\n", "")
    written = (root / f"{whole.name}.torrent").read_bytes()
    assert raw_info(written) == raw_info(whole.metainfo)
    code, _, err = does("export", whole.torrent)
    assert code == 2
    assert "exists" in err
    assert does("export", whole.torrent, "-f")[0] == 0
    code, out, _ = does("export", whole.torrent, "--json", "-o", "x.torrent")
    assert (root / "x.torrent").read_bytes() == written
    assert json.loads(out)["file"] == "x.torrent"
    stdout = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", stdout)
    assert run(["--runtime-dir", str(daemon.runtime_dir), "export", whole.torrent, "-o", "-"]) == 0
    assert stdout.buffer.getvalue() == written
