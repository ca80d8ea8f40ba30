"""Home Assistant's integration of Transmission, by the library that it uses: transmission-rpc."""

from typing import Any, Final

from tools.interop.clients.play import Scene
from tools.interop.clients.real.libraries import scripted
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

NAME: Final = "A recording"
PREAMBLE: Final = """
import json
import transmission_rpc
client = transmission_rpc.Client(
    protocol="http", username="{user}", password="{password}", host="127.0.0.1", port={port}, path="/transmission/rpc"
)
"""
ALL: Final = """
answer = [
    dict(id=each.id, hash=each.hash_string, name=each.name, status=each.status.value, done=each.percent_done,
         progress=each.progress, ratio=each.ratio, eta=each.eta and each.eta.total_seconds(), labels=each.labels,
         added=each.added_date.isoformat(), finished=each.done_date and each.done_date.isoformat(),
         left=each.left_until_done, error=each.error, stalled=each.is_stalled, download_dir=each.download_dir,
         files=[file.name for file in each.get_files()], trackers=[tracker.announce for tracker in each.tracker_stats])
    for each in client.get_torrents()
]
"""


def play(scene: Scene) -> None:
    """Reads the sensors, and uses the switches and the actions."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)
    run = scripted(scene, PREAMBLE, user=USERNAME, password=PASSWORD)

    def shown() -> dict[str, Any]:
        [found] = run(ALL)
        assert isinstance(found, dict)
        return found

    with step("the configuration is tried"):
        session = run("[client.get_session().version, client.get_session().rpc_version, client.rpc_version]")
        assert session[0].startswith("4.0.6")
        assert session[1] == 17
        bad = scripted(
            scene,
            f"try:{PREAMBLE.replace(chr(10), chr(10) + '    ')}\n    answer = 'in'\n"
            "except transmission_rpc.TransmissionAuthError:\n    answer = 'refused'\n",
            user=USERNAME,
            password="wrong",
        )
        assert bad("\nanswer = answer") == "refused"
    with step("the sensors without torrents"):
        stats = run(
            "\nfound = client.session_stats()\nanswer = [found.download_speed, found.upload_speed, found.torrent_count,"
            " found.active_torrent_count, found.paused_torrent_count]"
        )
        assert stats == [0, 0, 0, 0, 0]
        assert run(ALL) == []
    with step("add a torrent"):
        file, where = str(stage.file(made)), str(stage.more)
        added = f"\nwith open({file!r}, 'rb') as file:\n"
        added += f"    answer = client.add_torrent(file, download_dir={where!r}, labels=['home']).hash_string"
        assert run(added) == made.torrent
        found = shown()
        assert found["labels"] == ["home"]
        assert found["left"] > 0
        assert stage.row(made).save_path == where
    with step("the sensors, the engine killed half way"):
        stage.kill_half_way(made)
        found = shown()
        assert 0 < found["done"] < 1
        stage.complete(made)
        until(lambda: shown()["status"] == "seeding", "it seeds")
        found = shown()
        assert found["progress"] == 100
        assert found["finished"] is not None
        assert f"{NAME}/film.mkv" in found["files"]
        assert found["trackers"] == [stage.tracker.http]
        total = "client.session_stats().cumulative_stats.downloaded_bytes"
        until(lambda: run(total) > made.size // 2, "the total is shown")
    with step("the switch of all torrents"):
        run(f"\nclient.stop_torrent([{found['id']}])\nanswer = 0")
        assert shown()["status"] == "stopped"
        assert stage.row(made).paused
        run(f"\nclient.start_torrent([{found['id']}])\nanswer = 0")
        until(lambda: shown()["status"] == "seeding", "it seeds")
    with step("the turtle mode"):
        assert run("client.get_session().alt_speed_enabled") is False
        run("\nclient.set_session(alt_speed_enabled=True)\nanswer = 0")
        assert run("client.get_session().alt_speed_enabled") is True
        run("\nclient.set_session(alt_speed_enabled=False)\nanswer = 0")
        assert run("client.get_session().alt_speed_enabled") is False
    with step("change, verify, move, rename"):
        run(f"\nclient.change_torrent({found['id']}, seed_ratio_limit=3.0, seed_ratio_mode=1)\nanswer = 0")
        assert run(f"client.get_torrent({found['id']}).seed_ratio_limit") == 3.0
        run(f"\nclient.verify_torrent({found['id']})\nanswer = 0")
        until(lambda: shown()["status"] == "seeding" and shown()["done"] == 1, "it seeds")
        to = str(stage.daemon.downloads)
        run(f"\nclient.move_torrent_data({found['id']}, {to!r})\nanswer = 0")
        until(lambda: shown()["download_dir"] == to and (stage.daemon.downloads / NAME).exists(), "it is moved")
        run(f"\nclient.rename_torrent_path({found['id']}, {NAME!r}, 'Renamed')\nanswer = 0")
        assert shown()["name"] == "Renamed"
        assert (stage.daemon.downloads / "Renamed/film.mkv").exists()
        assert run(f"client.free_space({to!r})") > 0
    with step("remove with the files"):
        run(f"\nclient.remove_torrent({found['id']}, delete_data=True)\nanswer = 0")
        assert run(ALL) == []
        until(lambda: not (stage.daemon.downloads / "Renamed").exists(), "the files are deleted")
