"""`ouzel relocate` with real libtorrent: files that have another path get another save path, and are not touched."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]


def relocate(daemon: Daemon, old: Path, new: Path, *more: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """The outcomes of the command, by the names of torrents and categories."""
    command = [sys.executable, "-m", "ouzel", "--runtime-dir", str(daemon.runtime_dir), "relocate"]
    done = subprocess.run(
        [*command, "--from", str(old), "--to", str(new), *more, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {each.get("name") or each["category"]: each for each in told}


def test_a_disk_that_is_mounted_elsewhere_needs_no_hashing(daemon: Daemon) -> None:
    """Torrents with missing files stay, and files that have changed are hashed."""
    old, new, older = daemon.downloads / "old", daemon.downloads / "new", daemon.downloads / "older"
    ids = {}
    for name, place in {"a": old, "b": old, "c": old / "sub", "d": old, "e": older}.items():
        place.mkdir(exist_ok=True)
        made = payload.make(place, name, {"x": 50_000, "y": 30_000}, piece_size=16384)
        daemon.client.add_torrent(metainfo=made.metainfo, seed_mode=True, save_path=str(place))
        ids[name] = made.torrent
    daemon.client.put_category("films", str(old / "films"))
    for torrent in ids.values():
        daemon.until_state(torrent, TorrentState.SEEDING)
    saved = daemon.resume_dir / "fastresume"
    until(lambda: all((saved / f"{torrent}.fastresume").is_file() for torrent in ids.values()), "all are saved")
    assert daemon.stop() == 0
    old.rename(new)
    (new / "b/x").unlink()
    (new / "d/x").write_bytes(bytes(50_000))
    daemon.start()
    daemon.until_state(ids["a"], TorrentState.MISSING_STORAGE)
    daemon.until_state(ids["c"], TorrentState.MISSING_STORAGE)
    offset = daemon.log.stat().st_size

    told = relocate(daemon, old, new, "--dry-run", code=1)
    outcomes = {name: each["outcome"] for name, each in told.items()}
    would = dict.fromkeys(("films", "a", "c", "d"), "would_relocate")
    assert outcomes == would | {"b": "would_not_relocate"}
    assert told["b"]["missing"] == ["b/x"]
    assert daemon.client.get_torrent(ids["a"]).save_path == str(old)

    told = relocate(daemon, old, new, code=1)
    assert {name: each["outcome"] for name, each in told.items()} == {
        **dict.fromkeys(("films", "a", "c", "d"), "relocated"),
        "b": "not_relocated",
    }
    assert told["b"]["error"]["name"] == "storage_missing"
    for name, place in {"a": new, "c": new / "sub"}.items():
        daemon.until_state(ids[name], TorrentState.SEEDING)
        row = daemon.client.get_torrent(ids[name])
        assert (row.save_path, row.progress) == (str(place), 1.0)
    assert [category.save_path for category in daemon.client.list_categories()] == [str(new / "films")]
    daemon.until_state(ids["d"], TorrentState.DOWNLOADING)
    assert daemon.client.get_torrent(ids["d"]).bytes_done == 80_000 - 65_536  # the last of five pieces is only in d/y
    daemon.until_state(ids["e"], TorrentState.SEEDING)
    assert daemon.client.get_torrent(ids["e"]).save_path == str(older)
    with daemon.log.open() as log:
        log.seek(offset)
        hashed = [line["torrent"] for line in map(json.loads, log) if line["event"] == "pieces_found"]
    assert hashed == [ids["d"]]

    assert relocate(daemon, old, new, "--force")["b"]["outcome"] == "relocated"
    assert relocate(daemon, old, new) == {}
    until(lambda: daemon.client.get_torrent(ids["b"]).save_path == str(new), "it was forced")
    daemon.kill()  # what is acknowledged holds
    daemon.start()
    assert daemon.client.get_torrent(ids["b"]).save_path == str(new)
