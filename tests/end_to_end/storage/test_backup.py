"""`ouzel backup` and `ouzel restore` with real daemons. Two directories stand for two machines."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def cli(daemon: Daemon, *argv: str, code: int = 0) -> list[dict[str, Any]]:
    """The JSON documents that a command prints."""
    command = [sys.executable, "-m", "ouzel", *argv, "--config", str(daemon.config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in (done.stdout or done.stderr).splitlines()]


def test_a_backup_under_load_is_restored_on_another_machine(daemon: Daemon, root: Path) -> None:
    """Each change that was acknowledged before is in it, and only files that have changed are hashed."""
    made = {name: payload.make(daemon.downloads, name, {"x": 50_000, "y": 30_000}, piece_size=16384) for name in "abcd"}
    for each in made.values():
        daemon.client.add_torrent(metainfo=each.metainfo, seed_mode=True, labels=["kept"])
    daemon.client.put_category("films", str(daemon.downloads / "films"))
    for each in made.values():
        daemon.until_state(each.torrent, TorrentState.SEEDING)
    saved = daemon.resume_dir / "fastresume"
    until(lambda: all((saved / f"{each.torrent}.fastresume").is_file() for each in made.values()), "all are saved")
    daemon.client.remove_torrent(made["d"].torrent, wait="applied")

    stop, added = threading.Event(), list[str]()

    def load() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            added.append(daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{number:040x}", paused=True).torrent)
            daemon.client.update_limits(added[-1], download_bps=number)

    file, thread = root / "backup.tar.gz", threading.Thread(target=load)
    thread.start()
    try:
        until(lambda: len(added) > 20, "there is load")
        before = len(added) - 1
        [told] = cli(daemon, "backup", str(file))
    finally:
        stop.set()
        thread.join()
    assert told["left_out"] == 0
    assert not list(root.glob(".*"))

    with Daemon(root / "b") as other:
        assert "in use" in cli(other, "restore", str(file), code=1)[0]["error"]["message"]
        assert other.stop() == 0
        shutil.copytree(daemon.downloads, other.downloads, dirs_exist_ok=True)
        (other.downloads / "b/x").write_bytes(bytes(50_000))  # it has the size, and not the content
        (other.downloads / "c/y").unlink()
        moved = ("--map", f"{daemon.downloads}={other.downloads}")
        assert cli(other, "restore", str(file), "--dry-run")[-1]["outside_roots"] == told["torrents"]
        *rows, end = cli(other, "restore", str(file), *moved, "--dry-run")
        assert end["outside_roots"] == 0
        doubted = {row["name"]: row["doubted"] for row in rows if row["name"]}
        assert doubted == {"a": 0, "b": 1, "c": 1}
        assert (end["dry_run"], list(other.resume_dir.glob("*.torrent"))) == (True, [])
        assert len(rows) == told["torrents"]
        [end] = cli(other, "restore", str(file), *moved)
        assert (end["manifest"]["torrents"], end["doubted"]) == (told["torrents"], 2)
        assert "--replace" in cli(other, "restore", str(file), *moved, code=1)[0]["error"]["message"]
        other.start()
        ids = {row.torrent for row in other.client.list_torrents()}
        assert ids >= {*added[:before], *(made[name].torrent for name in "abc")}
        assert made["d"].torrent not in ids
        limits = [other.client.get_torrent(torrent).download_limit_bps for torrent in added[:before]]
        assert limits == list(range(1, before + 1))
        other.until_state(made["a"].torrent, TorrentState.SEEDING)
        row = other.client.get_torrent(made["a"].torrent)
        assert (row.labels, row.save_path, row.progress) == (["kept"], str(other.downloads), 1.0)
        assert [each.save_path for each in other.client.list_categories()] == [str(other.downloads / "films")]
        other.until_state(made["b"].torrent, TorrentState.DOWNLOADING)
        assert other.client.get_torrent(made["b"].torrent).bytes_done == 80_000 - 65_536
        other.until_state(made["c"].torrent, TorrentState.DOWNLOADING)
        assert other.client.get_torrent(made["c"].torrent).bytes_done == 49_152  # the pieces that are only in c/x
        lines = [json.loads(line) for line in other.log.read_text().splitlines()]
        hashed = {line["torrent"] for line in lines if line["event"] == "pieces_found"}
        assert made["a"].torrent not in hashed

        assert other.stop() == 0
        [end] = cli(other, "restore", str(file), *moved, "--replace")
        kept = Path(end["kept"])
        assert (kept / f"{made['a'].torrent}.json").is_file()
        file.write_bytes(file.read_bytes()[:-600])
        present = sorted(other.resume_dir.rglob("*"))
        assert "nothing was changed" in cli(other, "restore", str(file), "--replace", code=1)[0]["error"]["message"]
        assert sorted(other.resume_dir.rglob("*")) == present
