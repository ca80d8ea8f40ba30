"""Mutations of the qBittorrent face, with a real daemon and a real gateway."""

import hashlib
import http.client
import json
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentRow
from tests.end_to_end.gateway.rpc_client import RpcClient
from tools.rig import bencode
from tools.rig.bencode import Bencodable
from tools.rig.daemon import Daemon
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess
from tools.rig.samples import SampleTorrent, two_files
from tools.rig.waiting import until

Answer = tuple[int, str]
UNKNOWN = "f" * 40


class Face:
    """The API of a gateway beside a daemon."""

    def __init__(self, daemon: Daemon, port: int) -> None:
        self.daemon = daemon
        self.port = port
        self._session: dict[str, str] = {}

    def login(self) -> None:
        """Keeps the cookie of a session."""
        form = urllib.parse.urlencode({"username": USERNAME, "password": PASSWORD})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        kind = "application/x-www-form-urlencoded"
        connection.request("POST", "/api/v2/auth/login", form, {"Content-Type": kind})
        response = connection.getresponse()
        response.read()
        self._session = {"Cookie": response.headers.get("Set-Cookie", "").partition(";")[0]}
        connection.close()

    def post(
        self, path: str, files: Sequence[tuple[str, bytes]] | None = None, /, **fields: str | int | float
    ) -> Answer:
        """POSTs a form, with files as multipart."""
        if files is None:
            return self.ask("POST", path, urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded")
        parts = [(f'name="{name}"', str(value).encode()) for name, value in fields.items()]
        parts += [(f'name="torrents"; filename="{name}"', content) for name, content in files]
        body = b"".join(b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (h.encode(), c) for h, c in parts)
        return self.ask("POST", path, body + b"--x--\r\n", "multipart/form-data; boundary=x")

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        """Sends one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, f"/api/v2/{path}", body, {**self._session, "Content-Type": kind})
        response = connection.getresponse()
        answer = response.status, response.read().decode(errors="replace")
        connection.close()
        return answer

    def get(self, path: str) -> Any:
        """The JSON of a read."""
        status, text = self.ask("GET", path)
        assert status == 200, text
        return json.loads(text)

    def add(self, name: str, **fields: str | int | float) -> SampleTorrent:
        """Adds a torrent with files, stopped."""
        sample = two_files(name)
        assert self.post("torrents/add", [(f"{name}.torrent", sample.metainfo)], **{"stopped": "true", **fields}) == (
            200,
            "Ok.",
        )
        return sample

    def info(self, sample: SampleTorrent) -> dict[str, Any]:
        """The row in `torrents/info`."""
        [found] = self.get(f"torrents/info?hashes={sample.torrent}")
        assert isinstance(found, dict)
        return found

    def row(self, sample: SampleTorrent) -> TorrentRow:
        """The daemon's row."""
        return self.daemon.row(sample.torrent)

    def option(self, sample: SampleTorrent, name: str) -> Any:
        """One of the torrent's options."""
        return getattr(self.daemon.client.get_torrent(sample.torrent).options, name)


@pytest.fixture(scope="module")
def face() -> Iterator[Face]:
    """One daemon and one gateway for all tests of this file."""
    with (
        tempfile.TemporaryDirectory(prefix="ouzel-") as root,
        Daemon(Path(root)) as daemon,
        GatewayProcess(Path(root)) as gateway,
    ):
        found = Face(daemon, gateway.port)
        found.login()
        until(lambda: found.ask("GET", "torrents/tags")[0] == 200, "the gateway knows the torrents")
        yield found


def test_add_gives_every_option_to_the_daemon(face: Face) -> None:
    """Paths, category, tags, limits, goals and order arrive; the answer is `Ok.` as plain text."""
    sample = face.add(
        "options",
        category="films/new",
        tags="a, b",
        savepath="sub",
        rename="Shown",
        sequentialDownload="true",
        firstLastPiecePrio="true",
        dlLimit=1000,
        upLimit=2000,
        ratioLimit="1.5",
        seedingTimeLimit=10,
        inactiveSeedingTimeLimit=-1,
    )
    row = face.row(sample)
    assert (row.save_path, row.category, row.labels) == (f"{face.daemon.downloads}/sub", "films/new", ["a", "b"])
    assert (row.name, row.paused, row.sequential) == ("Shown", True, True)
    assert (row.download_limit_bps, row.upload_limit_bps) == (1000, 2000)
    options = face.daemon.client.get_torrent(sample.torrent).options
    assert options.first_last_piece_first
    assert (options.ratio_goal, options.seeding_time_goal_s, options.inactive_time_goal_s) == (1.5, 600, None)


def test_an_unknown_category_is_created(face: Face) -> None:
    """As in the real program, with the default path."""
    face.add("created", category="tv-sonarr")
    assert face.get("torrents/categories")["tv-sonarr"] == {"name": "tv-sonarr", "savePath": ""}


def test_a_duplicate_add_is_ok_with_the_same_or_no_category_and_fails_otherwise(face: Face) -> None:
    """A torrent without a category gets that of the request."""
    sample = face.add("duplicate")
    files = [("x.torrent", sample.metainfo)]
    assert face.post("torrents/add", files, category="dup") == (200, "Ok.")
    assert face.row(sample).category == "dup"
    assert face.post("torrents/add", files, category="dup") == (200, "Ok.")
    assert face.post("torrents/add", files, category="other") == (200, "Fails.")
    assert face.post("torrents/add", files) == (200, "Fails.")
    assert face.row(sample).category == "dup"


def test_the_same_torrent_is_added_by_several_requests_at_once(face: Face) -> None:
    """Each of them has the category that the torrent has, so none fails."""
    file = [("twin.torrent", two_files("twin").metainfo)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: face.post("torrents/add", file, category="twins", stopped="true"), range(6)))
    assert answers == [(200, "Ok.")] * 6


def test_add_takes_links_and_hashes_by_lines(face: Face) -> None:
    """Without any torrent the answer is `Fails.`."""
    urls = f"magnet:?xt=urn:btih:{'1' * 40}\n\n{'2' * 40}\n{'3' * 32}\nnonsense"
    assert face.post("torrents/add", urls=urls, paused="true") == (200, "Ok.")
    assert {"1" * 40, "2" * 40} <= {each.torrent for each in face.daemon.client.list_torrents()}
    for fields in ({}, {"urls": ""}, {"urls": "nonsense"}, {"urls": "file:///etc/passwd"}):
        assert face.post("torrents/add", None, **fields) == (200, "Fails.")


def test_a_url_with_a_private_address_is_not_fetched(face: Face) -> None:
    """The gateway's own port would answer."""
    assert face.post("torrents/add", urls=f"http://127.0.0.1:{face.port}/x.torrent") == (200, "Fails.")
    assert face.post("torrents/add", urls=f"http://localhost:{face.port}/x.torrent") == (200, "Fails.")


def test_a_bad_file_is_415(face: Face) -> None:
    """With the name of the file."""
    answer = face.post("torrents/add", [("bad.torrent", b"garbage")])
    assert answer == (415, "Error: 'bad.torrent' is not a valid torrent file.")


def test_delete_without_delete_files_keeps_them(face: Face) -> None:
    """Sonarr leaves `deleteFiles` out."""
    sample = face.add("deleted")
    sample.write(face.daemon.downloads)
    assert face.post("torrents/delete", hashes=f"{sample.torrent.upper()}|{UNKNOWN}") == (200, "")
    assert (face.daemon.downloads / "deleted" / "a.bin").exists()
    assert sample.torrent not in {each.torrent for each in face.daemon.client.list_torrents()}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("stop", {}),
        ("start", {}),
        ("pause", {}),
        ("resume", {}),
        ("recheck", {}),
        ("reannounce", {}),
        ("delete", {}),
        ("toggleSequentialDownload", {}),
        ("setForceStart", {"value": "true"}),
        ("setCategory", {"category": ""}),
        ("addTags", {"tags": "t"}),
        ("setLocation", {"location": "there"}),
        ("setShareLimits", {"ratioLimit": 1, "seedingTimeLimit": 1, "inactiveSeedingTimeLimit": 1}),
    ],
)
def test_unknown_hashes_are_skipped_and_missing_parameters_refused(
    face: Face, path: str, fields: Mapping[str, Any]
) -> None:
    """200, 400 and, for a GET, 405."""
    assert face.post(f"torrents/{path}", None, hashes=UNKNOWN, **fields) == (200, "")
    assert face.post(f"torrents/{path}", None, **fields)[0] == 400
    assert face.ask("GET", f"torrents/{path}?hashes={UNKNOWN}")[0] == 405


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("filePrio", {"id": 0, "priority": 1}),
        ("rename", {"name": "x"}),
        ("renameFile", {"oldPath": "a", "newPath": "b"}),
        ("renameFolder", {"oldPath": "a", "newPath": "b"}),
        ("export", {}),
        ("addTrackers", {"urls": "http://a/b"}),
        ("editTracker", {"origUrl": "http://a/b", "newUrl": "http://c/d"}),
        ("removeTrackers", {"urls": "http://a/b"}),
        ("addWebSeeds", {"urls": "http://a/b"}),
    ],
)
def test_one_unknown_hash_is_404(face: Face, path: str, fields: Mapping[str, Any]) -> None:
    """Endpoints of one torrent do not skip it."""
    assert face.post(f"torrents/{path}", None, hash=UNKNOWN, **fields)[0] == 404


def test_stop_and_start_have_their_old_names(face: Face) -> None:
    """`pause` and `resume` do the same."""
    sample = face.add("running")
    for path, paused in (("start", False), ("stop", True), ("resume", False), ("pause", True)):
        assert face.post(f"torrents/{path}", hashes=sample.torrent) == (200, "")
        assert face.row(sample).paused is paused
    face.post("torrents/setForceStart", hashes=sample.torrent, value="true")
    assert face.option(sample, "force_start")
    face.post("torrents/start", hashes=sample.torrent)
    assert not face.option(sample, "force_start")


def test_toggles_are_not_idempotent(face: Face) -> None:
    """Each request reverses the one before."""
    sample = face.add("toggled")
    for wanted in (True, False):
        face.post("torrents/toggleSequentialDownload", hashes=sample.torrent)
        face.post("torrents/toggleFirstLastPiecePrio", hashes=sample.torrent)
        assert face.row(sample).sequential is wanted
        assert face.option(sample, "first_last_piece_first") is wanted


def test_the_queue_is_409_while_it_is_off(face: Face) -> None:
    """Sonarr forgives only this status."""
    assert face.post("torrents/topPrio", hashes="all") == (409, "Torrent queueing must be enabled")


def test_both_interfaces_switch_the_same_queue(face: Face) -> None:
    """What one of them switches on or off, the other shows, and obeys for torrents that it adds."""
    rpc = RpcClient(f"http://127.0.0.1:{face.port}")
    rpc.call("session-set", download_queue_enabled=True)
    assert face.get("app/preferences")["queueing_enabled"] is True
    sample = face.add("in the queue")
    assert face.post("torrents/topPrio", hashes=sample.torrent)[0] == 200
    assert face.post("app/setPreferences", json='{"queueing_enabled": false}')[0] == 200
    assert rpc.call("session-get", fields=["download-queue-enabled"]) == {"download-queue-enabled": False}
    assert face.post("torrents/topPrio", hashes=sample.torrent)[0] == 409


def test_both_interfaces_show_one_limit_at_once(face: Face) -> None:
    """A read after the change shows it, whichever interface made it."""
    rpc = RpcClient(f"http://127.0.0.1:{face.port}")
    rpc.call("session-set", speed_limit_down=50, speed_limit_down_enabled=True)
    assert face.ask("GET", "transfer/downloadLimit") == (200, "50000")
    assert face.post("transfer/setDownloadLimit", limit=0) == (200, "")
    assert rpc.call("session-get", fields=["speed-limit-down-enabled"]) == {"speed-limit-down-enabled": False}


def test_limits(face: Face) -> None:
    """Rates in bytes; goals with -2 for the global ones and -1 for none."""
    sample = face.add("limited")
    face.post("torrents/setDownloadLimit", hashes=sample.torrent, limit=1000)
    face.post("torrents/setUploadLimit", hashes=sample.torrent, limit=-1)
    found = face.get(f"torrents/downloadLimit?hashes={sample.torrent}|{UNKNOWN}")
    assert found == {sample.torrent: 1000, UNKNOWN: -1}
    assert face.get(f"torrents/uploadLimit?hashes={sample.torrent}") == {sample.torrent: 0}
    goals = {"ratioLimit": -1, "seedingTimeLimit": -2, "inactiveSeedingTimeLimit": 3}
    assert face.post("torrents/setShareLimits", None, hashes=sample.torrent, **goals) == (200, "")
    assert face.option(sample, "ratio_goal") is None
    assert face.option(sample, "seeding_time_goal_s") == "global"
    assert face.option(sample, "inactive_time_goal_s") == 180
    goals.pop("inactiveSeedingTimeLimit")
    assert face.post("torrents/setShareLimits", None, hashes=sample.torrent, **goals)[0] == 400


def test_sonarr_removes_a_torrent_once_its_limit_has_stopped_it(face: Face) -> None:
    """A complete torrent is `stalledUP` until the limit is reached, and `stoppedUP` then. A start makes it seed on."""
    sample = two_files("seeded")
    sample.write(face.daemon.downloads)
    assert face.post("torrents/add", [("seeded.torrent", sample.metainfo)], category="tv") == (200, "Ok.")
    until(lambda: face.info(sample)["state"] == "stalledUP", "it seeds")
    assert face.info(sample)["content_path"] == str(face.daemon.downloads / "seeded")
    limits = {"ratioLimit": 0, "seedingTimeLimit": -2, "inactiveSeedingTimeLimit": -2}
    assert face.post("torrents/setShareLimits", None, hashes=sample.torrent, **limits)[0] == 200
    until(lambda: face.info(sample)["state"] == "stoppedUP", "the limit has stopped it")
    row = face.info(sample)
    assert (row["ratio"], row["ratio_limit"], row["max_ratio"], row["progress"]) == (0, 0, 0, 1)
    assert face.post("torrents/start", hashes=sample.torrent)[0] == 200
    until(lambda: face.info(sample)["state"] == "stalledUP", "it seeds beyond the limit")


def test_a_category_is_set_though_the_mirror_has_it_already(face: Face) -> None:
    """Another client's change of the category is no event, so the mirror may be old."""
    sample = face.add("twice", category="first")
    face.post("torrents/createCategory", category="second")
    face.daemon.client.update_options(sample.torrent, category="second")
    assert face.post("torrents/setCategory", None, hashes=sample.torrent, category="first") == (200, "")
    assert face.row(sample).category == "first"


def test_a_new_torrent_is_changed_at_once(face: Face) -> None:
    """Programs send all changes right after the add, and read once. What was removed leaves nothing behind."""
    sample = face.add("prompt", category="first", tags="a b, ü/x")
    one = {"hashes": sample.torrent}
    face.post("torrents/createCategory", category="tv/ünï, co")
    assert face.post("torrents/setCategory", None, **one, category="tv/ünï, co") == (200, "")
    limits = {"ratioLimit": 1.5, "seedingTimeLimit": 90, "inactiveSeedingTimeLimit": -1}
    assert face.post("torrents/setShareLimits", None, **one, **limits) == (200, "")
    assert face.post("torrents/rename", hash=sample.torrent, name="another, name") == (200, "")
    row = face.info(sample)
    assert (row["category"], row["tags"], row["name"]) == ("tv/ünï, co", "a b, ü/x", "another, name")
    found = [row[name] for name in ("ratio_limit", "seeding_time_limit", "inactive_seeding_time_limit")]
    assert found == [1.5, 90, -1]
    assert row["content_path"] == str(face.daemon.downloads / "prompt")

    face.post("torrents/delete", None, **one)
    assert face.get(f"torrents/info?hashes={sample.torrent}") == []
    face.add("prompt")
    row = face.info(sample)
    assert (row["category"], row["tags"], row["name"], row["ratio_limit"]) == ("", "", "prompt", -2)


def test_a_link_gets_its_metadata(face: Face) -> None:
    """Before that, there is no path and no file. The name in the link is not the name on disk."""
    sample = two_files("on disk")
    link = f"magnet:?xt=urn:btih:{sample.torrent.upper()}&dn=in+the+link"
    assert face.post("torrents/add", urls=link, category="links", stopped="true") == (200, "Ok.")
    row = face.info(sample)
    assert (row["name"], row["content_path"], row["has_metadata"]) == ("in the link", "", False)
    assert (row["size"], row["total_size"], row["progress"], row["eta"]) == (0, -1, 0, 8_640_000)
    assert face.get(f"torrents/files?hash={sample.torrent}") == []
    face.post("torrents/add", [("x.torrent", sample.metainfo)], category="links")
    row = until(lambda: (found := face.info(sample))["has_metadata"] and found, "the metadata is known")
    assert (row["name"], row["content_path"]) == ("on disk", str(face.daemon.downloads / "on disk"))
    assert (row["size"], row["amount_left"]) == (sample.size, sample.size)


def test_tags_are_added_to_the_labels_that_the_daemon_has(face: Face) -> None:
    """Another client's change of labels is no event, so the mirror may be old."""
    sample = face.add("labelled", tags="first")
    face.daemon.client.update_options(sample.torrent, labels=["other"])
    face.post("torrents/addTags", hashes=sample.torrent, tags="second")
    assert set(face.row(sample).labels) == {"other", "second"}
    face.daemon.client.update_options(sample.torrent, labels=["other", "second", "third"])
    face.post("torrents/removeTags", hashes=sample.torrent, tags="second")
    assert set(face.row(sample).labels) == {"other", "third"}


def test_tags(face: Face) -> None:
    """Tags without torrents stay; `removeTags` without tags removes all; `deleteTags` deletes them everywhere."""
    sample = face.add("tagged", tags="x")
    face.post("torrents/createTags", tags="lonely, ,other")
    assert {"lonely", "other", "x"} <= set(face.get("torrents/tags"))
    face.post("torrents/addTags", hashes=sample.torrent, tags="y,z")
    assert face.row(sample).labels == ["x", "y", "z"]
    face.post("torrents/removeTags", hashes=sample.torrent, tags="y")
    assert face.row(sample).labels == ["x", "z"]
    face.post("torrents/removeTags", hashes=sample.torrent)
    assert face.row(sample).labels == []
    face.post("torrents/setTags", hashes=sample.torrent, tags="lonely,p")
    assert face.row(sample).labels == ["lonely", "p"]
    face.post("torrents/deleteTags", tags="lonely,unknown")
    assert face.row(sample).labels == ["p"]
    found = face.get("torrents/tags")
    assert "lonely" not in found
    assert {"x", "y", "z"} <= set(found)


def test_categories(face: Face) -> None:
    """409 for what exists, and for what does not."""
    path = str(face.daemon.downloads / "books")
    assert face.post("torrents/createCategory", category="books", savePath=path) == (200, "")
    assert face.get("torrents/categories")["books"] == {"name": "books", "savePath": path}
    assert face.post("torrents/createCategory", category="books")[0] == 409
    assert face.post("torrents/createCategory", category="a//b")[0] == 409
    assert face.post("torrents/createCategory", category="")[0] == 400
    assert face.post("torrents/createCategory", category="out", savePath="/somewhere/else")[0] == 409
    assert face.post("torrents/editCategory", category="unknown", savePath="")[0] == 409
    assert face.post("torrents/editCategory", category="books", savePath="relative") == (200, "")
    assert face.get("torrents/categories")["books"]["savePath"] == "relative"
    sample = face.add("book")
    assert face.post("torrents/setCategory", hashes=sample.torrent, category="unknown")[0] == 409
    assert face.post("torrents/setCategory", hashes=sample.torrent)[0] == 400
    face.post("torrents/setCategory", hashes=sample.torrent, category="books")
    assert face.row(sample).category == "books"
    face.post("torrents/removeCategories", categories="books\nunknown")
    assert face.row(sample).category is None
    assert "books" not in face.get("torrents/categories")


def test_a_category_path_counts_only_with_automatic_management(face: Face) -> None:
    """Without it, and by default, a torrent is stored at the default path."""
    path = str(face.daemon.downloads / "auto")
    face.post("torrents/createCategory", category="auto", savePath=path)
    face.post("torrents/createCategory", category="bare", savePath="")
    assert face.row(face.add("manual", category="auto")).save_path == str(face.daemon.downloads)
    assert face.row(face.add("bare", category="bare", autoTMM="true")).save_path == f"{face.daemon.downloads}/bare"
    sample = face.add("managed", category="auto", autoTMM="true", savepath="ignored")
    assert face.row(sample).save_path == path
    assert face.info(sample)["auto_tmm"] is True
    face.post("torrents/setSavePath", id=sample.torrent, path="elsewhere")
    assert face.row(sample).save_path == path
    face.post("torrents/setCategory", hashes=sample.torrent, category="bare")
    until(lambda: face.row(sample).save_path == f"{face.daemon.downloads}/bare", "the torrent follows its category")
    face.post("torrents/editCategory", category="bare", savePath="moved")
    face.post("torrents/setCategory", hashes=sample.torrent, category="auto")
    assert face.row(sample).save_path == f"{face.daemon.downloads}/bare"  # an edited category ends it
    assert face.info(sample)["auto_tmm"] is False


def test_locations(face: Face) -> None:
    """A path outside the download roots is 409."""
    sample = face.add("located")
    assert face.post("torrents/setLocation", hashes=sample.torrent, location="")[0] == 400
    assert face.post("torrents/setLocation", hashes=sample.torrent, location="/somewhere/else") == (
        409,
        "Cannot make save path",
    )
    assert face.post("torrents/setSavePath", id=sample.torrent, path="/etc")[0] == 403
    assert face.post("torrents/setSavePath", id=sample.torrent, path="/somewhere/else")[0] == 409
    assert face.post("torrents/setDownloadPath", id=sample.torrent, path="/somewhere/else")[0] == 409
    path = str(face.daemon.downloads / "there")
    assert face.post("torrents/setLocation", hashes=sample.torrent, location=path) == (200, "")
    path = str(face.daemon.downloads / "elsewhere")
    assert face.post("torrents/setLocation", hashes=sample.torrent, location="elsewhere") == (200, "")
    until(lambda: face.row(sample).save_path == path, "the torrent is there, after both moves")
    assert face.post("torrents/setDownloadPath", id=sample.torrent, path="incomplete") == (200, "")
    assert face.info(sample)["download_path"] == f"{face.daemon.downloads}/temp/incomplete"


def test_trackers_and_web_seeds(face: Face) -> None:
    """Empty lines begin a tier."""
    sample = face.add("tracked")
    face.post("torrents/addTrackers", hash=sample.torrent, urls="http://a.test/x\n\nudp://b.test:1\nbad")

    def trackers() -> dict[str, int]:
        return {each.url: each.tier for each in face.daemon.client.list_trackers(sample.torrent)}

    assert trackers() == {"http://a.test/x": 0, "udp://b.test:1": 1}
    edit = {"hash": sample.torrent, "origUrl": "udp://b.test:1"}
    assert face.post("torrents/editTracker", None, **edit, newUrl="with blanks")[0] == 400
    assert face.post("torrents/editTracker", None, **edit, newUrl="http://a.test/x")[0] == 409
    assert face.post("torrents/editTracker", None, **edit, newUrl="http://c.test/x")[0] == 200
    assert trackers() == {"http://a.test/x": 0, "http://c.test/x": 1}
    face.post("torrents/removeTrackers", hash=sample.torrent, urls="http://a.test/x|http://unknown.test/x")
    assert trackers() == {"http://c.test/x": 1}
    face.post("torrents/addWebSeeds", hash=sample.torrent, urls="http://a.test/s/")
    assert face.post("torrents/addWebSeeds", hash=sample.torrent, urls="bad")[0] == 409
    edit = {"hash": sample.torrent, "newUrl": "http://b.test/s/"}
    assert face.post("torrents/editWebSeed", None, **edit, origUrl="http://unknown.test/s/")[0] == 409
    assert face.post("torrents/editWebSeed", None, **edit, origUrl="http://a.test/s/")[0] == 200
    assert face.daemon.client.list_web_seeds(sample.torrent) == ["http://b.test/s/"]
    face.post("torrents/removeWebSeeds", hash=sample.torrent, urls="http://b.test/s/")
    assert face.daemon.client.list_web_seeds(sample.torrent) == []


def test_trackers_that_ouzel_cannot_use(face: Face) -> None:
    """They are listed as not working, and can be edited and removed, but the daemon does not have them."""
    sample = face.add("untracked")
    known = len(face.daemon.client.list_trackers(sample.torrent))

    def listed() -> dict[str, int]:
        rows = face.get(f"torrents/trackers?hash={sample.torrent}")
        return {each["url"]: each["status"] for each in rows if "://" not in each["url"] and each["tier"] >= 0}

    face.post("torrents/addTrackers", hash=sample.torrent, urls="127.0.0.1\n127.0.0.2")
    assert listed() == {"127.0.0.1": 4, "127.0.0.2": 4}
    assert face.post("torrents/editTracker", hash=sample.torrent, origUrl="127.0.0.1", newUrl="127.0.0.3")[0] == 200
    face.post("torrents/removeTrackers", hash=sample.torrent, urls="127.0.0.2")
    assert listed() == {"127.0.0.3": 4}
    assert len(face.daemon.client.list_trackers(sample.torrent)) == known
    edit = {"hash": sample.torrent, "origUrl": "127.0.0.3"}
    assert face.post("torrents/editTracker", None, **edit, newUrl="http://d.test/x")[0] == 200
    assert listed() == {}
    assert len(face.daemon.client.list_trackers(sample.torrent)) == known + 1


def test_files(face: Face) -> None:
    """Priorities are 0, 1, 6 and 7; a path that exists or leads outside is 409."""
    sample = face.add("filed")
    one = {"hash": sample.torrent}
    link = "4" * 40  # without metadata
    assert face.post("torrents/add", urls=f"magnet:?xt=urn:btih:{link}", stopped="true") == (200, "Ok.")
    assert face.post("torrents/filePrio", None, **one, id="0|1", priority=4)[0] == 400
    assert face.post("torrents/filePrio", None, **one, id="x", priority=1)[0] == 400
    assert face.post("torrents/filePrio", None, **one, id="9", priority=1)[0] == 409
    assert face.post("torrents/filePrio", None, hash=link, id="0", priority=1)[0] == 409
    face.post("torrents/filePrio", None, **one, id="0", priority=0)
    face.post("torrents/filePrio", None, **one, id="1", priority=7)
    assert face.daemon.client.get_torrent(sample.torrent).priorities == {"0": 0, "1": 7}
    for old, new in (("unknown", "x"), ("filed/a.bin", "filed/b.txt"), ("filed/a.bin", "../x"), ("filed/a.bin", "/x")):
        assert face.post("torrents/renameFile", None, **one, oldPath=old, newPath=new)[0] == 409
    assert face.post("torrents/renameFile", None, **one, oldPath="filed/a.bin", newPath="filed/c.bin") == (200, "")
    assert face.post("torrents/renameFolder", None, **one, oldPath="unknown", newPath="x")[0] == 409

    assert face.post("torrents/renameFolder", None, **one, oldPath="filed", newPath="folder") == (200, "")
    assert [each["name"] for each in face.get(f"torrents/files?hash={sample.torrent}")] == [
        "folder/c.bin",
        "folder/b.txt",
    ]
    assert face.post("torrents/rename", None, **one, name=" ")[0] == 409
    face.post("torrents/rename", None, **one, name="two\nlines ")
    assert face.row(sample).name == "two lines"
    assert face.ask("GET", f"torrents/export?hash={sample.torrent}")[0] == 200
    assert face.ask("GET", f"torrents/export?hash={link}")[0] == 409


def test_padding_files_do_not_count(face: Face) -> None:
    """Both interfaces name a file by its place in the list, which has no padding files (BEP 47)."""
    entries: list[Bencodable] = [
        {b"length": 20_000, b"path": [b"a"]},
        {b"attr": b"p", b"length": 12_768, b"path": [b".pad", b"12768"]},
        {b"length": 40_000, b"path": [b"b"]},
    ]
    info: dict[bytes, Bencodable] = {
        b"files": entries,
        b"name": b"padded",
        b"piece length": 16_384,
        b"pieces": bytes(100),
    }
    torrent = hashlib.sha1(bencode.encode(info)).hexdigest()
    file = [("padded.torrent", bencode.encode({b"info": info}))]
    assert face.post("torrents/add", file, stopped="true") == (200, "Ok.")

    assert face.post("torrents/filePrio", hash=torrent, id="1", priority=0) == (200, "")
    made = face.get(f"torrents/files?hash={torrent}")
    assert [(each["index"], each["name"]) for each in made] == [(0, "padded/a"), (1, "padded/b")]
    assert [each["priority"] for each in made] == [1, 0]
    assert made[1]["piece_range"] == [2, 4]
    rpc = RpcClient(f"http://127.0.0.1:{face.port}")
    rpc.call("torrent-set", ids=[torrent], files_wanted=[1], files_unwanted=[0])
    found = rpc.torrent(torrent, "wanted", "files")
    assert found["wanted"] == [0, 1]
    assert found["files"][1]["beginPiece"] == 2


def test_priorities_of_many_files_are_visible_at_once(face: Face) -> None:
    """A client that reads the list again sees what it has just chosen."""
    sample = SampleTorrent("many", {f"{number}": b"x" * 10 for number in range(3000)})
    assert face.post("torrents/add", [("many.torrent", sample.metainfo)], stopped="true") == (200, "Ok.")
    chosen = "|".join(map(str, range(0, 3000, 2)))
    assert face.post("torrents/filePrio", hash=sample.torrent, id=chosen, priority=0) == (200, "")
    assert [each["priority"] for each in face.get(f"torrents/files?hash={sample.torrent}")] == [0, 1] * 1500


def test_changes_are_accepted_while_the_engine_is_away(face: Face) -> None:
    """They are durable; an add is accepted or is 503, and never `Fails.`."""
    sample = face.add("survivor")
    face.daemon.kill_engine()
    assert face.post("torrents/start", hashes=sample.torrent) == (200, "")
    assert face.post("torrents/setCategory", hashes=sample.torrent, category="") == (200, "")
    answer = face.post("torrents/add", [("x.torrent", two_files("late").metainfo)], stopped="true")
    assert answer == (200, "Ok.") or answer[0] == 503
    assert not face.row(sample).paused
