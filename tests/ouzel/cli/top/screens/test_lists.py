"""The lists about one torrent, and their keys."""

from pathlib import Path

import pytest

from protocol.wire.peer_rows import PeerConnection, PeerFlag, PeerRow, TrackerRow, TrackerStatus
from tests.ouzel import samples
from tests.ouzel.cli.top.conftest import HOSTILE, UBUNTU
from tests.ouzel.cli.top.rendered import Shown, run
from tests.ouzel.cli.top.screens.test_dialogs import fill
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow

TRACKER = "http://tracker.example.org/0123456789abcdef0123456789abcdef/announce"


def test_files_are_selected_and_get_priorities(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Other priorities are kept. The daemon replaces all of them at once."""
    name = torrents.rows[UBUNTU].name
    files = {0: samples.file_row(0), 1: samples.file_row(1, path=HOSTILE)}

    def select(args: dict[str, dict[str, int]]) -> object:
        for index, priority in args["priorities"].items():
            files[int(index)] = samples.file_row(int(index), priority=priority)
        return {}

    torrents.answers["list_files"] = lambda _: {"files": list(files.values()), "cursor": None}
    torrents.answers["get_torrent"] = lambda _: samples.detail(UBUNTU, name=name, priorities={"1": 7})
    torrents.answers["update_selection"] = select

    async def play(shown: Shown) -> None:
        await shown.press("down", "f")
        await shown.see("2 files")
        await shown.check("files")
        await shown.press("space")
        await shown.see("file 0: not downloaded")
        await shown.press("6")
        await shown.see("file 0: priority 6")

    run(tmp_path, play)
    sent = [each.args["priorities"] for each in torrents.requests if each.op == "update_selection"]
    assert sent == [{"0": 0, "1": 7}, {"0": 6, "1": 7}]


def test_peers_are_banned_after_a_question(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """Any key but y bans nobody."""
    peer = PeerRow(
        endpoint="192.0.2.7:6881",
        client=HOSTILE,
        flags=[PeerFlag.SEED],
        progress=1.0,
        download_bps=1000,
        upload_bps=0,
        downloaded=5000,
        uploaded=0,
        connection=PeerConnection.TCP,
    )
    torrents.answers["list_peers"] = lambda _: {"peers": [peer]}
    torrents.answers["ban_peer"] = lambda args: {"address": "192.0.2.7"}
    torrents.answers["add_peers"] = lambda args: {"added": 1}

    async def play(shown: Shown) -> None:
        await shown.press("down", "o")
        await shown.see("192.0.2.7:6881")
        for answer in ("n", "y"):
            await shown.press("b")
            await shown.see("Ban 192.0.2.7:6881 for all torrents?")
            await shown.press(answer)
            await shown.gone("Ban 192.0.2.7:6881")
        await shown.see("banned: 192.0.2.7:6881")
        await shown.press("a")
        await shown.see("Connect to a peer")
        await fill(shown, "nowhere")
        await shown.see("peer: ")
        await shown.press("escape")

    run(tmp_path, play)
    assert [each.args["peer"] for each in torrents.requests if each.op == "ban_peer"] == ["192.0.2.7:6881"]


def test_trackers_hide_passkeys(torrents: ScriptedDaemon, tmp_path: Path) -> None:
    """They are added, removed and announced to."""
    row = TrackerRow(url=TRACKER, tier=0, status=TrackerStatus.ERROR, message="refused")
    torrents.answers["list_trackers"] = lambda _: {"trackers": [row]}
    torrents.answers["update_trackers"] = torrents.answers["reannounce"] = lambda _: {}

    async def play(shown: Shown) -> None:
        await shown.press("down", "t")
        await shown.see("tracker.example.org")
        assert "0123456789abcdef" not in shown.text()
        await shown.press("A")
        await shown.see("announced")
        await shown.press("a")
        await shown.see("Add a tracker")
        await fill(shown, "udp://other.example.org:1", "x")
        await shown.see("tier: a number from 0 to 255")
        await fill(shown, "udp://other.example.org:1", "3")
        await shown.see("tracker added")
        await shown.press("d")
        await shown.see("Remove http://tracker.example.org")
        await shown.press("y")
        await shown.see("tracker removed")

    run(tmp_path, play)
    sent = [each.args for each in torrents.requests if each.op in ("update_trackers", "reannounce")]
    assert [(each.get("tracker"), each.get("add"), each.get("remove")) for each in sent] == [
        (TRACKER, None, None),
        (None, [{"url": "udp://other.example.org:1", "tier": 3}], []),
        (None, [], [TRACKER]),
    ]
