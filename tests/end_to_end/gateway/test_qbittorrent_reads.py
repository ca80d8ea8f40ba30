"""Reads of the qBittorrent API, with a real daemon and a real gateway."""

import json
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.seed import Seed
from tools.rig.waiting import until

TRACKER = "http://127.0.0.1:1/announce"  # nobody listens there

pytestmark = [pytest.mark.process, pytest.mark.network, pytest.mark.shared]


class Api:
    """A client of the API, which keeps its cookie.

    Fields:
        daemon: the daemon, with one complete torrent.
        made: the torrent's payload.
    """

    def __init__(self, daemon: Daemon, gateway: GatewayProcess, made: payload.Torrent) -> None:
        self.daemon = daemon
        self.made = made
        self._url = f"{gateway.url}/api/v2"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def ask(self, path: str, *, post: bool = False, **fields: str | int) -> tuple[int, Any]:
        """Returns the status and the body."""
        form = urllib.parse.urlencode(fields)
        url = f"{self._url}/{path}" + (f"?{form}" if form and not post else "")
        try:
            with self._opener.open(url, form.encode() if post else None, timeout=30) as response:
                body = response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        return 200, json.loads(body) if body[:1] in ("[", "{") else body

    def info(self, **fields: Any) -> dict[str, Any]:
        """The row of the torrent."""
        status, rows = self.ask("torrents/info", **fields)
        assert (status, len(rows)) == (200, 1)
        found: dict[str, Any] = rows[0]
        return found


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A gateway beside a daemon that has downloaded a torrent."""
    root = Path(tempfile.mkdtemp(prefix="ouzel-"))
    try:
        with Daemon(root / "d") as daemon, Seed() as seed, GatewayProcess(root / "d") as gateway:
            made = payload.make(root / "seed", "folder", {"a.bin": 40_000, "b.bin": 30_000})
            seed.add(made.metainfo, made.root)
            daemon.client.add_torrent(
                metainfo=made.metainfo, peers=[seed.endpoint], labels=["one", "two"], trackers=[TRACKER]
            )
            daemon.client.update_options(made.torrent, name="another name")
            daemon.until_state(made.torrent, TorrentState.SEEDING)
            found = Api(daemon, gateway, made)
            found.ask("auth/login", post=True, username=USERNAME, password=PASSWORD)

            def complete() -> bool:
                row = found.info()
                told = (row["name"], row["trackers_count"], row["progress"]) == ("another name", 1, 1)
                return told and row["state"] in ("stalledUP", "uploading")

            until(complete, "it is complete")
            until(lambda: found.ask("sync/maindata")[0] == 200, "the service is known")
            yield found
    finally:
        shutil.rmtree(root)


def test_a_row(api: Api) -> None:
    """The content path is that of the files. The name is another one."""
    row = api.info()
    folder = f"{api.daemon.downloads}/folder"
    assert (row["content_path"], row["root_path"], row["save_path"]) == (folder, folder, str(api.daemon.downloads))
    assert (row["name"], row["tracker"]) == ("another name", TRACKER)
    assert (row["hash"], row["size"], row["amount_left"], row["tags"]) == (api.made.torrent, 70_000, 0, "one, two")
    assert (row["eta"], row["ratio_limit"], row["has_metadata"], row["private"]) == (8_640_000, -2, True, False)
    assert len(row) == 57
    assert api.info(filter="completed", category="", tag="two", hashes=api.made.torrent)["hash"] == row["hash"]


def test_details(api: Api) -> None:
    """Files, trackers, pieces and properties."""
    fields: dict[str, Any] = {"hash": api.made.torrent}
    files = api.ask("torrents/files", **fields)[1]
    assert {each["name"]: each["size"] for each in files} == {"folder/a.bin": 40_000, "folder/b.bin": 30_000}
    assert {each["progress"] for each in files} == {1}
    trackers = api.ask("torrents/trackers", post=True, **fields)[1]
    assert [each["url"] for each in trackers] == ["** [DHT] **", "** [PeX] **", "** [LSD] **", TRACKER]
    states, hashes = api.ask("torrents/pieceStates", **fields)[1], api.ask("torrents/pieceHashes", **fields)[1]
    assert set(states) == {2}
    assert len(states) == len(hashes)
    properties = api.ask("torrents/properties", **fields)[1]
    assert (properties["pieces_num"], properties["pieces_have"]) == (len(states), len(states))
    assert api.ask("torrents/webseeds", **fields) == (200, [])
    assert api.ask("sync/torrentPeers", **fields)[1]["full_update"] is True


def test_maindata_shows_a_change_and_nothing_else(api: Api) -> None:
    """Another session gets everything."""
    full = api.ask("sync/maindata")[1]
    assert full["trackers"] == {TRACKER: [api.made.torrent]}
    rid = full["rid"]
    api.daemon.client.update_limits(api.made.torrent, upload_bps=5000)

    def changed() -> Any:
        nonlocal rid
        found = api.ask("sync/maindata", rid=rid)[1]
        rid = found["rid"]
        assert "full_update" not in found
        return found.get("torrents", {}).get(api.made.torrent, {}).get("up_limit") and found

    found = until(changed, "the limit is sent")
    assert "name" not in found["torrents"][api.made.torrent]
    assert api.ask("sync/maindata", rid=rid + 50)[1]["full_update"] is True


def test_the_list_is_whole_while_the_engine_and_the_daemon_are_away(api: Api) -> None:
    """So is the list of files, from the last answer."""
    files = api.ask("torrents/files", hash=api.made.torrent)
    api.daemon.kill_engine()
    assert api.info()["hash"] == api.made.torrent
    api.daemon.kill()
    try:
        assert api.info(filter="completed")["hash"] == api.made.torrent
        status, found = api.ask("sync/maindata")
        assert (status, list(found["torrents"])) == (200, [api.made.torrent])
    finally:
        api.daemon.start()
    until(lambda: api.ask("torrents/files", hash=api.made.torrent) == files, "the daemon is back")
