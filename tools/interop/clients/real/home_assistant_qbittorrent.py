"""Home Assistant's integration of qBittorrent, by the library that it uses: qbittorrent-api."""

from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.clients.real.libraries import scripted
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

NAME: Final = "A document"
PREAMBLE: Final = """
import json
from qbittorrentapi import Client
client = Client(host="http://127.0.0.1:{port}", username="{user}", password="{password}", VERIFY_WEBUI_CERTIFICATE=True)
client.auth_log_in()
"""
STATES: Final = "[each['state'] for each in client.sync_maindata()['torrents'].values()]"


def play(scene: Scene) -> None:
    """Reads the sensors, and uses the switch."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)
    run = scripted(scene, PREAMBLE, user=USERNAME, password=PASSWORD)

    with step("the configuration is tried"):
        assert run("client.app.version") == "v5.1.4"
        wrong = scripted(scene, PREAMBLE.replace("client.auth_log_in()", ""), user=USERNAME, password="wrong")
        assert (
            wrong(
                "\ntry:\n    client.auth_log_in()\n    answer = 'in'\nexcept Exception as error:\n"
                "    answer = type(error).__name__"
            )
            == "LoginFailed"
        )
    with step("the sensors without torrents"):
        state = run("dict(client.sync_maindata()['server_state'])")
        assert state["connection_status"] in ("connected", "firewalled", "disconnected")
        for name in ("dl_info_speed", "up_info_speed", "alltime_dl", "alltime_ul", "dht_nodes"):
            assert type(state[name]) is int, name
        assert run("dict(client.sync_maindata().get('torrents', {}))") == {}
    with step("add by the library"):
        added = (
            f"client.torrents_add(torrent_files=open({str(stage.file(made))!r}, 'rb'), tags=['house'], category='home')"
        )
        assert run(added) == "Ok."
        assert stage.row(made).category == "home"
    with step("the sensors, the engine killed half way"):
        stage.connect(made)
        until(lambda: run("client.sync_maindata()['server_state']['dl_info_speed']") > 0, "a rate is shown")
        stage.kill_half_way(made)
        assert len(run(STATES)) == 1
        stage.complete(made)
        until(lambda: run(STATES) in (["stalledUP"], ["uploading"]), "it seeds")
        state = run("dict(client.sync_maindata()['server_state'])")
        assert state["alltime_dl"] > made.size // 2
    with step("the switch of the alternative limits"):
        assert run("client.transfer_speed_limits_mode()") == "0"
        run("\nclient.transfer_toggle_speed_limits_mode()\nanswer = 0")
        assert run("client.transfer_speed_limits_mode()") == "1"
        assert run("client.sync_maindata()['server_state']['use_alt_speed_limits']") is True
        run("\nclient.transfer_toggle_speed_limits_mode()\nanswer = 0")
        assert run("client.transfer_speed_limits_mode()") == "0"
    with step("the action that lists torrents"):
        for name in ("all", "active", "inactive", "paused", "resumed", "completed", "errored", "seeding"):
            found = run(f"[each['hash'] for each in client.torrents_info(status_filter={name!r})]")
            assert (made.torrent in found) == (name in ("all", "inactive", "resumed", "completed", "seeding")), name
    with step("remove"):
        run(f"\nclient.torrents_delete(delete_files=True, torrent_hashes={made.torrent!r})\nanswer = 0")
        assert run("dict(client.sync_maindata().get('torrents', {}))") == {}
        until(lambda: not (stage.daemon.downloads / NAME).exists(), "the files are deleted")
