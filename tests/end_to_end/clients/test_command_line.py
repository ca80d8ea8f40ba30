"""The command line with a real daemon: each command has its effect."""

import base64
import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ouzel.cli.main import run
from tools.rig import bencode, payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = pytest.mark.process


class Files(SimpleHTTPRequestHandler):
    """Serves a directory over http, without logging."""

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""


@pytest.fixture
def web(root: Path) -> Iterator[str]:
    """The address of a server for `root / web`."""
    directory = root / "web"
    directory.mkdir()
    with ThreadingHTTPServer(
        ("127.0.0.1", 0),
        lambda *args: Files(*args, directory=str(directory)),
    ) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def metainfo(name: str) -> bytes:
    """A small .torrent file without peers."""
    pieces = (name.encode() * 20)[:20]
    info: bencode.Bencodable = {b"length": 1000, b"name": name.encode(), b"piece length": 16384, b"pieces": pieces}
    return bencode.encode({b"info": info})


def test_a_ping_names_the_server(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """And measures a round trip, also while there is no engine."""
    until(lambda: daemon.client.hello().libtorrent, "the engine has reported its version")
    assert run(["--runtime-dir", str(daemon.runtime_dir), "ping", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    server = daemon.client.hello()
    assert (told["version"], told["protocol"], told["libtorrent"]) == (server.version, 1, server.libtorrent)
    assert 0 < told["ms"] < 60_000
    daemon.kill_engine()
    assert run(["--runtime-dir", str(daemon.runtime_dir), "ping"]) == 0
    assert capsys.readouterr().out.startswith(f"ouzeld {server.version}, protocol 1")


def test_peers_and_the_order_of_pieces(
    root: Path, daemon: Daemon, seed: Seed, capsys: pytest.CaptureFixture[str]
) -> None:
    """A download begins with the peer that is named; its pieces arrive in order."""
    made = payload.make(root / "data", "real", {"": 100_000}, piece_size=16384)
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo)
    at = ["--runtime-dir", str(daemon.runtime_dir)]
    assert run([*at, "files", made.torrent, "--sequential"]) == 0
    assert daemon.row(made.torrent).sequential
    assert run([*at, "files", made.torrent, "--no-sequential"]) == 0
    assert not daemon.row(made.torrent).sequential
    assert run([*at, "peers", made.torrent, "--add", seed.endpoint]) == 0
    until(lambda: daemon.row(made.torrent).progress == 1.0, "complete")
    capsys.readouterr()
    assert run([*at, "ls", "--name", "REA", "--column", "hash", "--column", "path"]) == 0
    out = capsys.readouterr().out
    assert made.torrent in out
    assert str(daemon.downloads) in out


def test_many_sources_in_one_call_and_what_is_done_with_all_of_them(
    daemon: Daemon, root: Path, web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files, a directory, URLs, links in capitals, hashes in three forms, and lines; a bad source does not stop the
    others.
    """
    monkeypatch.setenv("no_proxy", "*")

    def ouzel(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return (code, *capsys.readouterr())

    made = payload.make(root / "data", "real", {"": 30_000}, piece_size=16384)
    (root / "web" / "x y.torrent").write_bytes(made.metainfo)
    directory = root / "several"
    directory.mkdir()
    for name in ("one", "two"):
        (directory / f"{name}.torrent").write_bytes(metainfo(name))
    (directory / "links.magnet").write_text(f"magnet:?xt=urn:btih:{'1' * 40}\n")
    (directory / "bad.torrent").write_bytes(b"no torrent")
    base32 = base64.b32encode(bytes.fromhex("3" * 40)).decode()
    code, out, err = ouzel(
        "add",
        str(directory),
        f"{web}/x y.torrent",
        f"{web}/missing.torrent",
        f" MAGNET:?XT=URN:BTIH:{'2' * 40}\n",
        base32.lower(),
        "4" * 64,
        "--paused",
        "--json",
    )
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [each["error"]["name"] for each in told if "error" in each] == ["invalid_metainfo", "not_fetched"]
    assert len(err.splitlines()) == 2
    added = {each["torrent"] for each in told if "error" not in each}
    assert {made.torrent, "1" * 40, "2" * 40, "3" * 40, "4" * 64} < added
    assert {row.torrent for row in daemon.client.list_torrents()} == added
    assert len(added) == 7

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{'2' * 40}\n{'5' * 40}\n".encode())))
    code, out, err = ouzel("add", "-", "--label", "mine", "--paused")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == ["already there", "added"]
    assert err == f"warning: {'2' * 40} was there already; --paused, --label have no effect\n"

    assert ouzel("resume", "real", "one")[0] == 0
    until(lambda: daemon.client.get_torrent(made.torrent).state != "paused", "the torrent that is called so runs")
    assert ouzel("pause", "--all")[:2] == (0, "paused: 8 torrents\n")
    until(lambda: {row.state for row in daemon.client.list_torrents()} == {"paused"}, "all are paused again")
    assert ouzel("rm", "--label", "mine", "--yes")[:2] == (0, "removed: 1 torrent\n")
    listed = ouzel("ls", "--sort", "name", "--state", "paused")[1].splitlines()
    assert [line.split()[1] for line in listed[-4:-1]] == ["one", "real", "two"]
    assert listed[-1].startswith("7 torrents: 7 paused; 0 B of 32.0 kB")
    assert ouzel("rm", "--all", "--delete-files", "--yes")[0] == 0
    assert list(daemon.client.list_torrents()) == []
