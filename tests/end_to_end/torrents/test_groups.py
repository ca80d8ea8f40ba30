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


def check_limit(seed: Seed) -> None:
    """Checks that a seed sends no faster than the limit of the group.

    libtorrent saves the quota of three seconds, and sends it at once. So the seed sends the amount of five seconds.
    """
    before, begun = seed.uploaded(), time.monotonic()
    until(lambda: seed.uploaded() - before > 5 * LIMIT_BPS, "the seed sends")
    assert time.monotonic() - begun > 0.5


def test_two_downloads_share_the_limit_of_their_group(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Also with a new daemon and a new engine. One alone has the whole limit. Without the group, there is none."""
    client, made = daemon.client, []
    group = client.put_group("night", download_bps=LIMIT_BPS, wait="applied")
    for name in ("one", "two"):
        made.append(payload.make(root / "seed", name, {"a.bin": 32 * MIB}))
        seed.add(made[-1].metainfo, made[-1].root)
        options = ouzel.TorrentOptions(group="night")
        client.add_torrent(metainfo=made[-1].metainfo, peers=[seed.endpoint], options=options)
    one, two = (each.torrent for each in made)
    check_limit(seed)
    client.pause(two, wait="applied")
    until(lambda: daemon.row(one).download_bps > 0.6 * LIMIT_BPS, "one has more than its half")
    daemon.kill()
    daemon.start()
    client = daemon.client
    client.resume(two)
    daemon.kill_engine()
    check_limit(seed)
    assert client.list_groups() == [group]
    assert {client.get_torrent(each).options.group for each in (one, two)} == {"night"}
    assert {daemon.row(each).download_limit_bps for each in (one, two)} == {0}
    client.remove_group("night", wait="applied")
    assert [client.get_torrent(each).options.group for each in (one, two)] == [None, None]
    before, begun = seed.uploaded(), time.monotonic()
    until(lambda: seed.uploaded() - before > LIMIT_BPS * max(5, 3 * (time.monotonic() - begun)), "nothing limits them")


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
    says("groups", "put", "day")
    assert json.loads(says("groups", "remove", "day", "none", "--json", code=1)[0]) == {"removed": ["day"]}
    assert says("groups", "remove", "night")[0] == "removed: night\n"
    assert says("groups")[0] == ""
