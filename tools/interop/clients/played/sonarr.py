"""Sonarr, Radarr, Lidarr and Prowlarr. They share one client of qBittorrent, and one client of Transmission."""

import shutil
import time
from pathlib import Path
from typing import Any, Final

from tools.interop.clients.play import Scene
from tools.interop.clients.played.web import Web
from tools.rig.payload import Torrent
from tools.rig.waiting import until

CATEGORY: Final = "tv-sonarr"
IMPORTED: Final = "tv-imported"
NAME: Final = "A series S01 (2024)"
POLLS: Final = 10
"""How often Sonarr asks for a torrent that it has added, with `PAUSE_S` between."""
PAUSE_S: Final = 0.1
NO_ETA: Final = 8_640_000


def play(scene: Scene) -> None:
    """From the test of the connection to the removal of an imported torrent."""
    stage, step = scene.stage, scene.steps.step
    web = Web(stage.port, "Sonarr/4.0.16")
    made = stage.make(NAME)
    library = stage.root / "library"
    library.mkdir()

    def row(category: str = CATEGORY) -> dict[str, Any]:
        [found] = [each for each in web.info(category=category) if each["hash"] == made.torrent]
        return found

    with step("without a session"):
        assert web.status("app/webapiVersion") == 403
    with step("the test of the connection"):
        assert web.login() == "Ok."
        assert tuple(map(int, web.text("app/webapiVersion").split("."))) >= (2, 8, 1)
        assert web.text("app/version").startswith("v")
        preferences = web.get("app/preferences")
        limited = preferences["max_ratio_enabled"] or preferences["max_seeding_time_enabled"]
        assert not (limited and preferences["max_ratio_act"] in (1, 3))
        assert isinstance(preferences["dht"], bool)
        assert Path(preferences["save_path"]) == stage.daemon.downloads
    with step("the category"):
        assert CATEGORY not in web.get("torrents/categories")
        web.post("torrents/createCategory", category=CATEGORY)
        web.post("torrents/createCategory", category=IMPORTED)
        assert {CATEGORY, IMPORTED} <= set(web.get("torrents/categories"))
        assert web.info(category=CATEGORY) == []
    with step("add with category and tags"):
        added = {"category": CATEGORY, "tags": "sonarr,anime", "stopped": "false"}
        assert web.upload("torrents/add", stage.file(made), **added) == "Ok."
        _poll(web, made)
        assert row()["tags"] == "anime, sonarr"
        assert stage.row(made).category == CATEGORY
    with step("the limit of the indexer"):
        limits = {"ratioLimit": -2, "seedingTimeLimit": 1, "inactiveSeedingTimeLimit": -2}
        web.post("torrents/setShareLimits", hashes=made.torrent, **limits)
        assert row()["seeding_time_limit"] == 1
        web.post("torrents/setShareLimits", hashes=made.torrent, **{**limits, "seedingTimeLimit": -2})
        web.post("torrents/setShareLimits", hashes=made.torrent, **{**limits, "ratioLimit": 0, "seedingTimeLimit": -2})
        assert row()["ratio_limit"] == 0
        web.post("torrents/setShareLimits", hashes=made.torrent, **{**limits, "seedingTimeLimit": -2})
    with step("polled while the engine is killed half way"):
        stage.kill_half_way(made)
        for _ in range(POLLS):
            found = row()
            assert found["state"] in {"downloading", "stalledDL", "queuedDL", "checkingResumeData"}, found["state"]
            assert 0 < found["progress"] < 1
            assert 0 < found["eta"] <= NO_ETA
            time.sleep(PAUSE_S)
        stage.complete(made)
    with step("complete"):
        done = until(lambda: found if _imports((found := row())["state"]) else None, "Sonarr imports it")
        assert done["progress"] == 1
        assert done["size"] == made.size
        assert Path(done["content_path"]) == stage.daemon.downloads / NAME
        assert done["content_path"] != done["save_path"]
    with step("import"):
        shutil.copytree(done["content_path"], library / NAME)
        web.post("torrents/setCategory", hashes=made.torrent, category=IMPORTED)
        assert [each["hash"] for each in web.info(category=CATEGORY)] == []
        assert row(IMPORTED)["category"] == IMPORTED
        stage.until_row(made, lambda found: found.category == IMPORTED, "the category is set")
    with step("not removed before the limit is reached"):
        assert not _removes(row(IMPORTED), preferences)
    with step("the limit is reached: the torrent stops"):
        limits = {"ratioLimit": 0, "seedingTimeLimit": -2, "inactiveSeedingTimeLimit": -2}
        web.post("torrents/setShareLimits", hashes=made.torrent, **limits)
        until(lambda: row(IMPORTED)["state"] == "stoppedUP", "it is stopped")
        assert _removes(row(IMPORTED), preferences), row(IMPORTED)
        assert stage.row(made).paused
    with step("delete with the files"):
        web.post("torrents/delete", hashes=made.torrent, deleteFiles="true")
        assert web.info(category=IMPORTED) == []
        until(lambda: not (stage.daemon.downloads / NAME).exists(), "the files are deleted")
        assert not stage.knows(made)
        assert (library / NAME / "film.mkv").stat().st_size
    with step("the same torrent added twice"):
        assert web.upload("torrents/add", stage.file(made), category=CATEGORY, stopped="true") == "Ok."
        assert web.upload("torrents/add", stage.file(made), category=CATEGORY) == "Ok."
        assert web.upload("torrents/add", stage.file(made), category="radarr") == "Fails."
        assert row()["category"] == CATEGORY
    with step("a magnet link"):
        web.post("torrents/delete", hashes=made.torrent)
        assert web.upload("torrents/add", None, urls=made.magnet, category=CATEGORY) == "Ok."
        _poll(web, made)
        until(lambda: row()["state"] == "metaDL", "it fetches the metadata")
        assert row()["content_path"] == ""
        stage.connect(made)
        until(lambda: _imports(row()["state"]), "it is complete")
        assert Path(row()["content_path"]) == stage.daemon.downloads / NAME
    with step("first in the queue"):
        status, _ = web.try_post("torrents/topPrio", hashes=made.torrent)
        assert status in (200, 409), status


def _poll(web: Web, made: Torrent) -> None:
    """Asks for the properties until the torrent has them, as often as Sonarr does."""
    for _ in range(POLLS):
        status = web.status("torrents/properties", hash=made.torrent)
        if status == 200:
            return
        assert status == 404, status
        time.sleep(PAUSE_S)
    raise AssertionError("the torrent is not there when Sonarr gives up")


def _imports(state: str) -> bool:
    return state.endswith("UP") and state != "checkingUP"


def _removes(row: dict[str, Any], preferences: dict[str, Any]) -> bool:
    """Whether Sonarr would remove the torrent, because the torrent is stopped and a limit is reached."""
    if row["state"] not in ("pausedUP", "stoppedUP"):
        return False
    if row["ratio_limit"] >= 0:
        return bool(row["ratio"] >= row["ratio_limit"])
    if row["ratio_limit"] == -2 and preferences["max_ratio_enabled"] and row["ratio"] >= preferences["max_ratio"]:
        return True
    limit = row["seeding_time_limit"]
    if limit == -2 and preferences["max_seeding_time_enabled"]:
        limit = preferences["max_seeding_time"]
    return bool(limit >= 0 and row["seeding_time"] >= limit * 60)
