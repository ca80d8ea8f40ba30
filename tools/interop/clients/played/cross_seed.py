"""cross-seed: injects a torrent of data that is here already, rechecks it, and resumes it."""

import hashlib
import shutil
from typing import Any, Final

from tools.interop.clients.play import Scene
from tools.interop.clients.played.web import Web
from tools.rig import bencode
from tools.rig.payload import Torrent
from tools.rig.waiting import until

NAME: Final = "A season pack (2024)"
MARK: Final = "cross-seed"


def play(scene: Scene) -> None:
    """Downloads a torrent, and injects another torrent with the same data."""
    stage, step = scene.stage, scene.steps.step
    web = Web(stage.port, "CrossSeed")
    first = stage.make(NAME)
    links = stage.more / "cross-seeds"
    other, metainfo = _elsewhere(first, f"{stage.tracker.http}?elsewhere")

    def row(torrent: str) -> dict[str, Any]:
        [found] = web.read("torrents/info", hashes=torrent)
        assert isinstance(found, dict)
        return found

    with step("the test of the connection"):
        assert web.login() == "Ok."
        assert web.text("app/version") == "v5.1.4"
        assert web.get("app/preferences")["resume_data_storage_type"] in ("Legacy", "SQLite")
        assert web.read("torrents/info") == []
    with step("a torrent is downloaded, the engine killed half way"):
        assert web.upload("torrents/add", stage.file(first), category="tv") == "Ok."
        stage.kill_half_way(first)
        assert len(web.read("torrents/info")) == 1
        stage.complete(first)
        until(lambda: row(first.torrent)["state"] in ("uploading", "stalledUP"), "it seeds")
    with step("what it searches by"):
        found = row(first.torrent)
        assert found["infohash_v1"] == first.torrent
        assert found["infohash_v2"] == ""
        assert found["amount_left"] == 0
        assert found["tracker"] == stage.tracker.http
        [one] = [each for each in web.read("torrents/trackers", hash=first.torrent) if each["tier"] >= 0]
        assert one["url"] == stage.tracker.http
        names = {each["name"] for each in web.read("torrents/files", hash=first.torrent)}
        assert names == {f"{NAME}/film.mkv", f"{NAME}/notes/read me.txt"}
        exported = web.text("torrents/export", hash=first.torrent)
        assert "4:info" in exported
    with step("a search for a match it has already"):
        assert web.read("torrents/info", hashes=other) == []
    with step("inject, stopped, with a tag"):
        shutil.copytree(stage.served / NAME, links / NAME)
        file = stage.root / "injected.torrent"
        file.write_bytes(metainfo)
        web.post("torrents/createTags", tags=MARK)
        form = {
            "savepath": str(links),
            "autoTMM": "false",
            "category": f"tv.{MARK}",
            "tags": MARK,
            "paused": "true",
            "stopped": "true",
            "skip_checking": "false",
            "contentLayout": "Original",
        }
        assert web.upload("torrents/add", file, **form) == "Ok."
        until(lambda: web.read("torrents/info", hashes=other), "it is listed")
        assert row(other)["save_path"] == str(links)
        assert row(other)["tags"] == MARK
    with step("stop, recheck, wait until it is stopped"):
        web.post("torrents/stop", hashes=other)
        web.post("torrents/recheck", hashes=other)
        until(
            lambda: (found := row(other))["state"].startswith("stopped") and found["amount_left"] == 0,
            "it is stopped and whole",
        )
        assert row(other)["state"] == "stoppedUP", (row(other), stage.daemon.row(other))
    with step("resume"):
        web.post("torrents/start", hashes=other)
        until(lambda: row(other)["state"] in ("uploading", "stalledUP"), "it seeds")
        assert stage.daemon.row(other).downloaded == 0
    with step("recheck with a damaged file, the engine killed meanwhile"):
        web.post("torrents/stop", hashes=other)
        until(lambda: row(other)["state"] == "stoppedUP", "it is stopped")
        with (links / NAME / "film.mkv").open("r+b") as damaged:
            damaged.write(b"\0" * 1024)
        web.post("torrents/recheck", hashes=other)
        gen = stage.daemon.client.health().engine.gen
        stage.daemon.kill_engine()
        assert len(web.read("torrents/info")) == 2
        until(lambda: stage.daemon.client.health().engine.gen > gen, "the next engine runs")
        until(
            lambda: (found := row(other))["state"] == "stoppedDL" and found["amount_left"] > 0,
            "it is stopped, with a piece missing",
        )
        assert 0 < row(other)["progress"] < 1
    with step("remove the injected torrent with its data"):
        web.post("torrents/delete", hashes=other, deleteFiles="true")
        until(lambda: not (links / NAME).exists(), "the data is deleted")
        assert [each["hash"] for each in web.read("torrents/info")] == [first.torrent]
        assert (stage.daemon.downloads / NAME / "film.mkv").exists()


def _elsewhere(made: Torrent, tracker: str) -> tuple[str, bytes]:
    """The id and the metainfo of the same data at another tracker: the info dictionary names the source."""
    metainfo: Any = bencode.decode(made.metainfo)
    metainfo[b"announce"] = tracker.encode()
    metainfo[b"info"][b"source"] = b"elsewhere"
    info = bencode.encode(metainfo[b"info"])
    return hashlib.sha1(info, usedforsecurity=False).hexdigest(), bencode.encode(metainfo)
