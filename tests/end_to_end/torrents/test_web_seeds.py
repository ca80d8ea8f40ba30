"""Web seeds (BEP 19) that clients add and remove: a real HTTP server provides the payload."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents.web_server import WebServer
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

FILES = {"several": {"a.bin": 3 * MIB, "b/c ü.bin": MIB + 17}, "single": {"": 2 * MIB + 5}}


@pytest.fixture
def server(root: Path) -> Iterator[WebServer]:
    """A server of the payload."""
    (root / "web").mkdir()
    with WebServer(root / "web") as running:
        yield running


def with_web_seed(made: Torrent, url: str) -> bytes:
    """The torrent's metainfo with a web seed."""
    metainfo = bencode.decode(made.metainfo)
    assert isinstance(metainfo, dict)
    return bencode.encode({**metainfo, b"url-list": [url.encode()]})


def wait_complete(daemon: Daemon, made: Torrent, name: str, root: Path) -> None:
    """Waits until the payload is complete, and compares it."""
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / name) == payload.sha1(root / "web" / name)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_added_web_seed_provides_the_payload(
    root: Path, daemon: Daemon, server: WebServer, kind: str, slash: str
) -> None:
    """There is no peer. The URL is the directory with the root folder; of a single file, it may be the file itself."""
    made = payload.make(root / "web", kind, FILES[kind])
    url = server.url + (kind if kind == "single" and not slash else "")
    daemon.client.add_torrent(metainfo=made.metainfo)
    daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
    assert daemon.client.list_web_seeds(made.torrent) == []
    daemon.client.update_web_seeds(made.torrent, add=[url if slash else url.removesuffix("/")], wait="applied")
    wait_complete(daemon, made, kind, root)
    [listed] = daemon.client.list_web_seeds(made.torrent)
    assert listed.removesuffix("/") == url.removesuffix("/")
    daemon.client.update_web_seeds(made.torrent, remove=[url], wait="applied")
    assert daemon.client.list_web_seeds(made.torrent) == []


def test_a_removed_web_seed_of_the_source_is_not_used(root: Path, daemon: Daemon, server: WebServer) -> None:
    """Neither by the next engine, nor by the next supervisor, until it is added again, even while no engine runs."""
    made = payload.make(root / "web", "several", FILES["several"])
    daemon.client.add_torrent(metainfo=with_web_seed(made, server.url), paused=True)
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    assert daemon.client.list_web_seeds(made.torrent) == [server.url]
    daemon.client.update_web_seeds(made.torrent, remove=[server.url.removesuffix("/")])
    assert daemon.client.list_web_seeds(made.torrent) == []
    daemon.client.resume(made.torrent, wait="applied")
    for kill in (daemon.kill_engine, daemon.kill):
        gen = daemon.client.health().engine.gen
        kill()
        if kill == daemon.kill:
            daemon.start()
        else:
            until(lambda: daemon.client.health().engine.gen > gen, "the next engine runs")  # noqa: B023
        daemon.client.update_limits(made.torrent, upload_bps=100_000_000 + gen, wait="applied")
        daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
        assert daemon.client.list_web_seeds(made.torrent) == []
    assert server.requests == []
    daemon.kill_engine()
    daemon.client.update_web_seeds(made.torrent, add=[server.url])
    assert daemon.client.list_web_seeds(made.torrent) == [server.url]
    wait_complete(daemon, made, "several", root)
    assert set(server.requests) == {"/several/a.bin", "/several/b/c%20%c3%bc.bin"}


def test_bad_changes_are_refused_whole(root: Path, daemon: Daemon) -> None:
    """The error names the argument, and nothing is changed."""
    made = payload.make(root / "web", "several", FILES["several"])
    url = "http://127.0.0.1:9/"
    torrent = daemon.client.add_torrent(metainfo=made.metainfo, web_seeds=[url], paused=True).torrent
    for args, field in (
        ({"add": ["udp://127.0.0.1/"]}, r"args\.add\[0\]"),
        ({"add": ["http://127.0.0.1:0/"]}, r"args\.add\[0\]"),
        ({"add": ["http://a/"], "remove": ["http://a"]}, r"args\.remove"),
        ({"add": [f"http://a/{each}" for each in range(1001)]}, r"args\.add"),
    ):
        [refused] = daemon.client.request_many([("update_web_seeds", {"torrent": torrent, **args})])
        assert isinstance(refused, ouzel.OuzelError)
        with pytest.raises(ouzel.OuzelError, match=field):
            raise refused
    assert daemon.client.list_web_seeds(torrent) == [url]
    with pytest.raises(ouzel.Refused, match="unknown_torrent"):
        daemon.client.list_web_seeds("0" * 40)
