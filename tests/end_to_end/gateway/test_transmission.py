"""Transmission's RPC with a real daemon and a real gateway, called by `transmission-remote` and by a client of ours."""

import base64
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.wire.rows import TorrentState
from tests.end_to_end.gateway.rpc_client import SESSION, RpcClient
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.samples import SampleTorrent, noise, two_files
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.shared]

REMOTE = shutil.which("transmission-remote")
needs_remote = pytest.mark.skipif(REMOTE is None, reason="transmission-remote is not installed")


class Place:
    """A daemon, a gateway beside it, and a client."""

    def __init__(self, daemon: Daemon, gateway: GatewayProcess) -> None:
        self.daemon = daemon
        self.gateway = gateway
        self.rpc = RpcClient(gateway.url)

    def add(self, sample: SampleTorrent, **arguments: object) -> int:
        """Adds a torrent with its data on disk. Returns its id."""
        sample.write(self.daemon.downloads)
        added = self.rpc.call("torrent-add", metainfo=base64.b64encode(sample.metainfo).decode(), **arguments)
        number: int = added["torrent-added"]["id"]
        return number

    def remote(self, *options: str) -> str:
        """Runs `transmission-remote`. Returns its output."""
        assert REMOTE is not None
        argv = [REMOTE, f"{self.gateway.url}/transmission", "-n", f"{USERNAME}:{PASSWORD}", *options]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, (options, done.stdout, done.stderr)
        return done.stdout

    def status(self, number: int) -> int:
        """The status of a torrent."""
        found: int = self.rpc.torrent(number, "status")["status"]
        return found


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """One daemon and one gateway for all tests of this file."""
    root = Path(tempfile.mkdtemp(prefix="ouzel-"))
    web = root / "web"
    web.mkdir()
    (web / "index.html").write_text("the page")
    (root / "secret").write_text("secret")
    (web / "link").symlink_to(root / "secret")
    try:
        with (
            Daemon(root / "d", restart={"budget": 1000, "max_delay_s": 0.5}) as daemon,
            GatewayProcess(root / "d", transmission_webui_dir=str(web), allow_private_urls=True) as gateway,
        ):
            place = Place(daemon, gateway)
            until(lambda: place.rpc.probe(), "the gateway knows the torrents")
            yield place
    finally:
        shutil.rmtree(root)


def test_the_session_id_comes_with_409_for_every_request(place: Place) -> None:
    """GET and POST of any content type are answered with 409, in the header and in the page."""
    for body, kind in ((None, ""), (b"x", "json"), (b"{}", "application/x-www-form-urlencoded")):
        status, headers, page = RpcClient(place.gateway.url).send(body, kind)
        number = headers[SESSION.lower()]
        assert status == 409
        assert f"<code>{SESSION}: {number}</code>" in page.decode()


def test_other_people_are_refused_before_the_session_id(place: Place) -> None:
    """Without a password the answer is 401 with a challenge."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{place.gateway.url}/transmission/rpc", timeout=30)
    with caught.value as error:
        assert (error.code, error.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")


def test_requests_that_are_no_json_fail_with_status_200(place: Place) -> None:
    """Content that is not JSON has no method name."""
    place.rpc.call("session-get")
    status, _, content = place.rpc.send(b"\xff{", "json")
    assert (status, json.loads(content)) == (200, {"arguments": {}, "result": "no method name"})


def test_a_torrent_is_added_once(place: Place) -> None:
    """The second add of a torrent is a success with `torrent-duplicate`. Labels, limits and files are set."""
    sample = two_files("added")
    number = place.add(sample, labels=["a", "b"], files_unwanted=[1], peer_limit=7)
    encoded = base64.b64encode(sample.metainfo).decode()
    again = place.rpc.call("torrent-add", metainfo=encoded)["torrent-duplicate"]
    assert again == {"id": number, "name": "added", "hashString": sample.torrent}
    place.daemon.until_state(sample.torrent, TorrentState.FINISHED, TorrentState.SEEDING, patience_s=20)
    row = place.rpc.torrent(number, "labels", "wanted", "peer-limit", "name", "downloadDir", "files")
    assert row["labels"] == ["a", "b"]
    assert row["wanted"] == [1, 0]
    assert row["peer-limit"] == 7
    assert [file["name"] for file in row["files"]] == ["added/a.bin", "added/b.txt"]
    assert Path(row["downloadDir"], row["name"]).is_dir()
    place.rpc.call("torrent-remove", ids=[number], delete_local_data=True)
    until(lambda: not Path(row["downloadDir"], row["name"]).exists(), "the files are deleted")


def test_bad_adds_fail_with_a_text(place: Place) -> None:
    """A path on the server is no source, since a client must not read files there."""
    rpc = place.rpc
    assert rpc.refusal("torrent-add") == "no filename or metainfo specified"
    assert rpc.refusal("torrent-add", filename="/etc/passwd") == "unrecognized info"
    assert rpc.refusal("torrent-add", metainfo="AAAA") != "success"
    assert rpc.refusal("torrent-add", filename="magnet:?xt=urn:btih:bad") != "success"
    assert "absolute" in rpc.refusal("torrent-add", filename="x", download_dir="relative")


def test_a_torrent_is_fetched_with_cookies(place: Place) -> None:
    """The gateway fetches the URL and sends the cookies."""
    sample = SampleTorrent("fetched", {"": noise(20_000, 3)}, single=True)
    seen: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name in the standard library
            seen.append(self.headers["Cookie"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(sample.metainfo)))
            self.end_headers()
            self.wfile.write(sample.metainfo)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in the standard library
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}/a.torrent"
        added = place.rpc.call("torrent-add", filename=url, cookies="k=v", paused=True)["torrent-added"]
    assert (added["hashString"], seen) == (sample.torrent, ["k=v"])
    assert place.status(added["id"]) == 0
    place.rpc.call("torrent-remove", ids=[added["id"]])


def test_json_rpc(place: Place) -> None:
    """The same path has JSON-RPC 2.0 with its version in a header."""
    reply = place.rpc.post(
        {"jsonrpc": "2.0", "method": "session_get", "params": {"fields": ["rpc_version_semver"]}, "id": 1}
    )
    assert reply == {"jsonrpc": "2.0", "result": {"rpc_version_semver": "6.0.0"}, "id": 1}
    status, headers, _ = place.rpc.send(b'{"jsonrpc": "2.0", "method": "session_close"}')
    assert (status, headers["x-transmission-rpc-version"]) == (204, "6.0.0")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("web/", 200),
        ("web/index.html", 200),
        ("web/link", 404),
        ("web/..%2f..%2fsecret", 404),
        ("web/%2e%2e/secret", 404),
    ],
)
def test_files_of_a_web_interface(place: Place, path: str, status: int) -> None:
    """Only files below the directory are served."""
    assert place.rpc.get(f"/transmission/{path}")[0] == status


def test_a_web_interface_may_evaluate_text(place: Place) -> None:
    """The old jQuery of Transmission 3.00's page evaluates scripts. The built-in page must not."""
    policies = [place.rpc.policy(path) for path in ("/transmission/web/", "/")]
    assert ["'unsafe-eval'" in policy for policy in policies] == [True, False]


def test_the_way_to_the_web_interface(place: Place) -> None:
    """Shorter paths are redirected."""
    for path in ("/transmission", "/transmission/", "/transmission/web"):
        status, content = place.rpc.get(path)
        assert (status, content) == (200, b"the page")


@needs_remote
def test_transmission_remote_changes_torrents(place: Place) -> None:
    """Every option about torrents has its effect."""
    sample = two_files("remote")
    file = place.daemon.root / "remote.torrent"
    file.write_bytes(sample.metainfo)
    sample.write(place.daemon.downloads)
    place.remote("-a", str(file))
    place.daemon.until_state(sample.torrent, TorrentState.SEEDING, patience_s=20)
    number = place.rpc.torrent(sample.torrent, "id")["id"]

    def change(*options: str) -> None:
        assert "success" in place.remote("-t", str(number), *options), options

    def values(*fields: str) -> list[object]:
        row = place.rpc.torrent(number, *fields)
        return [row[name] for name in fields]

    change("-S")
    assert values("status") == [0]
    change("-s")
    place.daemon.until_state(sample.torrent, TorrentState.SEEDING, patience_s=20)
    change("-v")
    change("--reannounce")
    change("-L", "x,y")
    change("-pr", "33")
    change("-d", "100")
    change("-u", "50")
    change("-sr", "1.5")
    assert values("labels", "peer-limit", "downloadLimit", "downloadLimited", "uploadLimit", "uploadLimited") == [
        ["x", "y"],
        33,
        100,
        True,
        50,
        True,
    ]
    assert values("seedRatioLimit", "seedRatioMode") == [1.5, 1]
    for option in ("-D", "-U", "-SR", "-Bh", "-hl"):
        change(option)
    assert values("downloadLimited", "uploadLimited", "seedRatioMode", "bandwidthPriority") == [False, False, 2, 0]
    change("-G", "1")
    change("-ph", "0")
    assert values("wanted", "priorities") == [[1, 0], [1, 0]]
    change("-g", "all")
    change("-pl", "all")
    assert values("wanted", "priorities") == [[1, 1], [-1, -1]]
    change("-pn", "all")
    change("-td", "http://127.0.0.1:1/announce")
    [tracker] = place.rpc.torrent(number, "trackers")["trackers"]
    assert tracker["announce"] == "http://127.0.0.1:1/announce"
    assert "127.0.0.1:1" in place.remote("-t", str(number), "-it")
    change("-tr", str(tracker["id"]))
    assert values("trackers") == [[]]
    for option in ("-i", "-if", "-ip", "-ic", "-it"):
        place.remote("-t", str(number), option)
    assert "remote" in place.remote("-l")
    moved = place.daemon.downloads / "moved"
    change("--move", str(moved))
    until(lambda: (moved / "remote" / "a.bin").exists(), "the files are moved")
    until(lambda: values("downloadDir") == [str(moved)], "the directory has changed")
    change("-rad")
    assert "remote" not in place.remote("-l")


@needs_remote
def test_transmission_remote_changes_the_session(place: Place) -> None:
    """Every option about the session has its effect."""

    def change(*options: str) -> None:
        assert "success" in place.remote(*options), options

    def values(*names: str) -> list[object]:
        found = place.rpc.call("session-get", fields=list(names))
        return [found[name] for name in names]

    for options in (["-d", "100"], ["-u", "50"], ["-asd", "70"], ["-asu", "30"], ["-as"], ["-gsr", "3"], ["-er"]):
        change(*options)
    assert values("speed-limit-down", "speed-limit-down-enabled", "speed-limit-up") == [100, True, 50]
    assert values("alt-speed-down", "alt-speed-up", "alt-speed-enabled") == [70, 30, True]
    assert values("seedRatioLimit", "seedRatioLimited", "encryption") == [3.0, True, "required"]
    for option in ("-D", "-U", "-AS", "-GSR", "-ep", "-et", "-m", "-M", "-o", "-O", "-y", "-Y", "-x", "-X"):
        change(option)
    assert values("speed-limit-down", "speed-limit-down-enabled", "alt-speed-enabled") == [100, False, False]
    assert values("seedRatioLimit", "seedRatioLimited", "dht-enabled", "encryption") == [3.0, False, False, "tolerated"]
    change("--alt-speed-time-begin", "0100")
    change("--alt-speed-time-end", "0230")
    change("--alt-speed-days", "1-3")
    change("-asc")
    assert values("alt-speed-time-begin", "alt-speed-time-end", "alt-speed-time-day") == [60, 150, 14]
    assert values("alt-speed-time-enabled") == [True]
    change("-ASC")
    change("--blocklist-update")
    change("-w", str(place.daemon.downloads / "chosen"))
    assert values("download-dir") == [str(place.daemon.downloads / "chosen")]
    change("-w", str(place.daemon.downloads))
    for option in ("-si", "-st"):
        place.remote(option)


def test_files_are_renamed(place: Place) -> None:
    """A file keeps its folder, and the root folder is the new name of the torrent."""
    number = place.add(two_files("renamed"))
    rpc = place.rpc
    until(lambda: rpc.torrent(number, "percentDone")["percentDone"] == 1.0, "the torrent is complete")
    rpc.call("torrent-rename-path", ids=[number], path="renamed/b.txt", name="c.txt")
    assert rpc.call("torrent-rename-path", ids=[number], path="renamed", name="other") == {
        "path": "renamed",
        "name": "other",
        "id": number,
    }
    until(lambda: rpc.torrent(number, "name")["name"] == "other", "the name has changed")
    files = until(lambda: [file["name"] for file in rpc.torrent(number, "files")["files"]], "the files are known")
    assert files == ["other/a.bin", "other/c.txt"]
    assert rpc.refusal("torrent-rename-path", ids=[number], path="none", name="x") == "No such file or directory"
    rpc.call("torrent-remove", ids=[number], delete_local_data=True)


def test_queues(place: Place) -> None:
    """A queue that is switched on manages all torrents, and their places can be changed."""
    rpc = place.rpc
    rpc.call("session-set", download_queue_enabled=True, download_queue_size=1)
    names = [f"queued {number}" for number in range(3)]
    samples = [SampleTorrent(name, {"": noise(20_000, 50 + index)}, single=True) for index, name in enumerate(names)]
    numbers = [
        rpc.call("torrent-add", metainfo=base64.b64encode(sample.metainfo).decode())["torrent-added"]["id"]
        for sample in samples
    ]
    until(lambda: sorted(map(place.status, numbers)) == [3, 3, 4], "one of three downloads", patience_s=20)
    rpc.call("queue-move-top", ids=[numbers[2]])
    until(lambda: rpc.torrent(numbers[2], "queuePosition")["queuePosition"] == 0, "the last one is first")
    rpc.call("torrent-remove", ids=numbers, delete_local_data=True)
    rpc.call("session-set", download_queue_enabled=False)
    assert rpc.call("session-get", fields=["download-queue-enabled"]) == {"download-queue-enabled": False}


def test_bandwidth_groups(place: Place) -> None:
    """They are Ouzel's. A torrent creates its group, and limits that are off keep their values."""
    rpc, client = place.rpc, place.daemon.client

    def groups(**arguments: object) -> list[dict[str, object]]:
        return list(rpc.call("group-get", **arguments)["group"])

    shown = {
        "name": "night",
        "honorsSessionLimits": True,
        "speed-limit-down": 100,
        "speed-limit-down-enabled": True,
        "speed-limit-up": 0,
        "speed-limit-up-enabled": False,
    }
    limits = {"speed-limit-down": 100, "speed-limit-down-enabled": True, "honorsSessionLimits": False}
    rpc.call("group-set", name=" night ", **limits)
    assert groups() == groups(group="night") == groups(group=["night", "day"]) == [shown]
    assert groups(group="day") == groups(group=[]) == []
    assert [(each.name, each.download_bps) for each in client.list_groups()] == [("night", 100_000)]
    rpc.call("group-set", name="night", **{"speed-limit-down-enabled": False, "speed-limit-up": 7})
    shown |= {"speed-limit-down-enabled": False, "speed-limit-up": 7}
    assert groups() == [shown]
    assert client.list_groups()[0].download_bps == 0
    rpc.call("group-set", name="night", **{"speed-limit-down-enabled": True, "speed-limit-up-enabled": True})
    assert (client.list_groups()[0].download_bps, client.list_groups()[0].upload_bps) == (100_000, 7000)
    rpc.call("group-set", name="night", **{"speed-limit-up": 0})
    assert client.list_groups()[0].upload_bps == 1000
    number = place.add(two_files("grouped"))
    for group in ("night", "new one", ""):
        rpc.call("torrent-set", ids=[number], group=group)
        assert rpc.torrent(number, "group")["group"] == group
    assert [each["name"] for each in groups()] == ["new one", "night"]
    assert rpc.refusal("group-set", name=" ") == "No group name given"
    assert "args.name" in rpc.refusal("torrent-set", ids=[number], group="x" * 201)


def test_free_space(place: Place) -> None:
    """Only the space below download roots is told."""
    found = place.rpc.call("free-space", path=str(place.daemon.downloads))
    assert 0 < found["size-bytes"] <= found["total_size"]
    assert place.rpc.refusal("free-space", path="/etc") != "success"


def test_reads_go_on_while_the_daemon_is_away(place: Place) -> None:
    """The list stays complete through the death of both processes, and changes are answered with 503."""
    number = place.add(two_files("steady"))
    place.daemon.kill()
    row = place.rpc.torrent(number, "name", "files", "peers", "trackerStats")
    assert row["name"] == "steady"
    assert place.rpc.call("session-get")["version"].startswith("4.0.6")
    body = {"method": "torrent-stop", "arguments": {"ids": [number]}}
    status, headers, _ = place.rpc.send(json.dumps(body).encode())
    assert (status, "retry-after" in headers) == (503, True)
    place.daemon.start()
    until(lambda: place.rpc.send(json.dumps(body).encode())[0] == 200, "changes are accepted again", patience_s=20)
    assert place.rpc.torrent(number, "name")["name"] == "steady"
