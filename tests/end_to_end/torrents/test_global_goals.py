"""Global seeding goals that clients set, as the peer shows them, through the death of both processes."""

import json
import os
import signal
from pathlib import Path

import pytest

import ouzel
from ouzel.cli.main import run
from protocol.wire.rows import TorrentState
from tests.end_to_end.torrents.test_goals import SIZE, given_no_more, reached, seeding
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def goals_of(daemon: Daemon) -> dict[str, tuple[object, str]]:
    """The global goals, each with who set it."""
    found = daemon.client.get_goals()
    return {name: (getattr(found, name).value, getattr(found, name).source.value) for name in found.__struct_fields__}


def test_a_clients_goal_pauses_a_seed_and_survives_both_processes(root: Path, daemon: Daemon) -> None:
    """The peer gets no more. After kills of both processes the goal pauses the next torrent."""
    with Seed() as leech:
        made = seeding(daemon, leech, root)
        until(lambda: leech.downloaded() > 0, "the peer downloads")
        found = daemon.client.update_goals(ratio=0.1, wait="applied")
        assert (found.ratio.value, found.ratio.source) == (0.1, ouzel.SettingSource.CLIENT)
        daemon.until_state(made.torrent, TorrentState.PAUSED)
        assert SIZE // 10 <= given_no_more(leech) < SIZE
        assert reached(daemon) == [("ratio", "pause")]

        daemon.client.update_goals(ratio="none", seeding_time_s=1, action="remove")
        daemon.kill_engine()
        daemon.kill()
        daemon.start()
        set_by_client = {"ratio": (None, "client"), "seeding_time_s": (1, "client"), "action": ("remove", "client")}
        assert goals_of(daemon) == {**set_by_client, "inactive_time_s": (None, "default")}
        other = payload.make(daemon.downloads, "other", {"a.bin": 40_000})
        daemon.client.add_torrent(metainfo=other.metainfo, seed_mode=True)
        until(lambda: [row.torrent for row in daemon.client.list_torrents()] == [made.torrent], "it is removed")
        assert (daemon.downloads / "other").is_dir()
        assert daemon.client.get_torrent(made.torrent).paused


def test_a_changed_file_does_not_override_a_client(daemon: Daemon) -> None:
    """The event names the overridden goal. `file` returns to the goal that the file has by then."""
    client = daemon.client
    client.update_goals(ratio=3)
    with client.events() as events:
        daemon.config.write_text(f"{daemon.config.read_text()}\n[goals]\nratio = 1.5\nseeding_time_s = 60\n")
        os.kill(daemon.pid, signal.SIGHUP)
        told = next(each for each in events if isinstance(each, ouzel.Event) and each.type == "settings_changed")
    assert (told.data["changed"], told.data["overridden"]) == (["goals.ratio", "goals.seeding_time_s"], ["goals.ratio"])
    assert goals_of(daemon)["ratio"] == (3.0, "client")
    assert goals_of(daemon)["seeding_time_s"] == (60, "file")
    client.update_goals(ratio="file")
    assert goals_of(daemon)["ratio"] == (1.5, "file")


def test_global_goals_on_the_command_line(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """They are shown and set without a torrent, also while no engine runs. A torrent without own goals has them."""

    def ouzel_says(*argv: str) -> tuple[int, str, str]:
        code = run(["--runtime-dir", str(daemon.runtime_dir), *argv])
        return (code, *capsys.readouterr())

    made = payload.make(daemon.downloads, "set", {"a.bin": 40_000})
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)
    assert ouzel_says("goals")[1] == "ratio: none\nseeding time: none\ninactivity: none\naction: pause\n"
    daemon.kill_engine()
    code, out, _ = ouzel_says("goals", "--ratio", "2", "--seeding-time", "7d", "--action", "remove")
    assert (code, out.splitlines()) == (
        0,
        [
            "ratio: 2 (set by a client)",
            "seeding time: 7 d (set by a client)",
            "inactivity: none",
            "action: remove (set by a client)",
        ],
    )
    assert ouzel_says("goals", made.torrent)[1] == f"{made.torrent}: ratio 2 or seeding time 7 d, then remove\n"
    assert ouzel_says("goals", "--ratio", "none", "--seeding-time", "file", "--action", "file")[0] == 0
    found = json.loads(ouzel_says("goals", "--json")[1])
    assert found["ratio"] == {"value": None, "source": "client"}
    assert found["action"] == {"value": "pause", "source": "default"}
    assert ouzel_says("goals", made.torrent)[1] == f"{made.torrent}: none\n"
    for argv in (("--ratio", "global"), ("--action", "global"), (made.torrent, "--ratio", "file")):
        code, _, problem = ouzel_says("goals", *argv)
        assert (code, "`" in problem) == (2, True)
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.update_goals(inactive_time_s=0)
    assert refused.value.body.field == "args.inactive_time_s"
