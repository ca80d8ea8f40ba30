"""autobrr, by its library go-qbittorrent."""

import time
from typing import Any, Final

from tools.interop.clients.play import Scene
from tools.interop.clients.played.web import Web
from tools.rig.waiting import until

NAME: Final = "A release-GROUP"
WORKING: Final = 2
"""The status of a working tracker."""
BUILD_KEYS: Final = ("qt", "libtorrent", "boost", "openssl")


def play(scene: Scene) -> None:
    """Adds a release of an announce channel, and waits until its tracker works."""
    stage, step = scene.stage, scene.steps.step
    web = Web(stage.port, "autobrr/1.70.0")
    made = stage.make(NAME)

    def row() -> dict[str, Any]:
        [found] = web.info(hashes=made.torrent)
        return found

    with step("the test of the connection"):
        assert web.login() == "Ok."
        assert web.text("app/webapiVersion") == "2.11.4"
        build = web.get("app/buildInfo")
        assert all(build[key] for key in BUILD_KEYS), build
        assert build["bitness"]
    with step("the queue is switched on, and off again"):
        assert web.get("app/preferences")["queueing_enabled"] is False
        web.post("app/setPreferences", json='{"queueing_enabled": true}')
        assert web.get("app/preferences")["queueing_enabled"] is True
        web.post("app/setPreferences", json='{"queueing_enabled": false}')
        assert web.get("app/preferences")["queueing_enabled"] is False
    with step("no downloads are active"):
        assert web.info(filter="downloading") == []
    with step("add with all its options"):
        form = {
            "category": "race",
            "tags": "autobrr,race",
            "paused": "false",
            "stopped": "false",
            "skip_checking": "false",
            "contentLayout": "Original",
            "autoTMM": "false",
            "savepath": f"{stage.daemon.downloads}/race",
            "ratioLimit": "2.00",
            "seedingTimeLimit": "60",
            "upLimit": "1048576",
            "dlLimit": "104857600",
            "firstLastPiecePrio": "true",
        }
        assert web.upload("torrents/add", stage.file(made), **form) == "Ok."
        found = row()
        assert found["category"] == "race"
        assert found["tags"] == "autobrr, race"
        assert found["save_path"] == f"{stage.daemon.downloads}/race"
        assert (found["ratio_limit"], found["seeding_time_limit"]) == (2, 60)
        assert (found["up_limit"], found["dl_limit"]) == (1_048_576, 104_857_600)
        kept = stage.row(made)
        assert kept.category == "race"
        assert kept.upload_limit_bps == 1_048_576
    with step("the tracker works, after a reannounce"):
        trackers: list[dict[str, Any]] = []
        for _ in range(50):
            trackers = web.get("torrents/trackers", hash=made.torrent)
            if any(each["url"] == stage.tracker.http and each["status"] == WORKING for each in trackers):
                break
            web.post("torrents/reannounce", hashes=made.torrent)
            time.sleep(0.2)
        else:
            raise AssertionError(f"autobrr would delete the torrent: {trackers}")
        [ours] = [each for each in trackers if each["url"] == stage.tracker.http]
        assert isinstance(ours["num_seeds"], int)
        assert {"** [DHT] **", "** [PeX] **", "** [LSD] **"} <= {each["url"] for each in trackers}
    with step("the engine killed half way"):
        stage.kill_half_way(made)
        assert row()["hash"] == made.torrent
        assert web.info(filter="downloading")
        stage.complete(made)
        until(lambda: row()["state"] in ("uploading", "stalledUP"), "it seeds")
        assert row()["category"] == "race"
        assert row()["ratio_limit"] == 2
    with step("pause, resume and force"):
        web.post("torrents/pause", hashes=made.torrent)
        until(lambda: row()["state"] == "stoppedUP", "it is stopped")
        web.post("torrents/start", hashes=made.torrent)
        until(lambda: row()["state"] in ("uploading", "stalledUP"), "it seeds again")
        web.post("torrents/setForceStart", hashes=made.torrent, value="true")
        until(lambda: row()["force_start"] is True, "it is forced")
    with step("a free-space rule"):
        space = web.get("sync/maindata")["server_state"]["free_space_on_disk"]
        assert isinstance(space, int)
        assert space > 0
    with step("delete without the files"):
        web.post("torrents/delete", hashes=made.torrent, deleteFiles="false")
        assert web.info(hashes=made.torrent) == []
        assert (stage.daemon.downloads / "race" / NAME / "film.mkv").exists()
