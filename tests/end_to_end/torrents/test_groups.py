"""Bandwidth groups: what a real seed sends, and what is left of a group after crashes."""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

import ouzel
from ouzel.cli.main import run
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

LIMIT_BPS: Final = 1_000_000


def holds(seed: Seed) -> bool:
    """Whether the seed sends at the limit of the group for a while. libtorrent sends in bursts."""
    before, begun = seed.uploaded(), time.monotonic()
    until(lambda: time.monotonic() - begun > 0.8, "the time is over")
    rate = (seed.uploaded() - before) / (time.monotonic() - begun)
    return 0.7 * LIMIT_BPS < rate < 1.3 * LIMIT_BPS


def test_two_downloads_share_the_limit_of_their_group(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Also one alone, with a new engine and a new daemon. Without the group, nothing is limited."""
    client, made = daemon.client, []
    client.put_group("night", download_bps=LIMIT_BPS, wait="applied")
    for name in ("one", "two"):
        made.append(payload.make(root / "seed", name, {"a.bin": 30 * MIB}))
        seed.add(made[-1].metainfo, made[-1].root)
        options = ouzel.TorrentOptions(group="night")
        client.add_torrent(metainfo=made[-1].metainfo, peers=[seed.endpoint], options=options)
    one, two = (each.torrent for each in made)
    until(lambda: holds(seed), "they have the limit together")
    until(lambda: min(daemon.row(each).download_bps for each in (one, two)) > 0.25 * LIMIT_BPS, "each has its part")
    client.pause(two, wait="applied")
    until(lambda: holds(seed), "one has it alone")
    client.resume(two)
    daemon.kill_engine()
    until(lambda: daemon.healthy() and holds(seed), "the next engine keeps the limit")
    daemon.kill()
    daemon.start()
    until(lambda: daemon.healthy() and holds(seed), "the next daemon keeps the limit")
    assert {daemon.client.get_torrent(each).options.group for each in (one, two)} == {"night"}
    assert {daemon.row(each).download_limit_bps for each in (one, two)} == {0}
    daemon.client.remove_group("night", wait="applied")
    before, begun = seed.uploaded(), time.monotonic()
    until(lambda: seed.uploaded() - before > LIMIT_BPS * max(4, 4 * (time.monotonic() - begun)), "nothing limits them")
    assert [daemon.client.get_torrent(each).options.group for each in (one, two)] == [None, None]
    assert daemon.client.list_groups() == []


def test_groups_on_the_command_line(root: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """They are made, listed, assigned, and removed; and errors say what is wrong."""
    made = payload.make(root / "seed", "one", {"a.bin": 40_000})
    daemon.client.add_torrent(metainfo=made.metainfo, paused=True)

    def says(*arguments: str, code: int = 0) -> tuple[str, str]:
        assert run(["--runtime-dir", str(daemon.runtime_dir), *arguments]) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    assert says("groups", "put", "night", "--down", "10M")[0] == "night: 10.0 MB/s down, none up\n"
    says("groups", "put", "night", "--up", "5k")
    listed: Any = json.loads(says("groups", "--json")[0])
    assert listed == {"groups": [{"name": "night", "download_bps": 10_000_000, "upload_bps": 5000}]}
    says("groups", "assign", "night", made.torrent)
    assert daemon.client.get_torrent(made.torrent).options.group == "night"
    assert "night" in says("options", made.torrent)[0]
    says("options", made.torrent, "--group", "")
    assert daemon.client.get_torrent(made.torrent).options.group is None
    says("options", made.torrent, "--group", "night")
    assert (
        "args.upload_bps: a limit of a group is at least 1000" in says("groups", "put", "night", "--up", "9", code=1)[1]
    )
    assert "there is no bandwidth group 'day'" in says("groups", "assign", "day", made.torrent, code=1)[1]
    assert says("groups", "remove", "night")[0] == "removed: night\n"
    assert says("groups")[0] == ""
