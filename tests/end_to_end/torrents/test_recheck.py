"""Files that changed on the disk: `recheck` with real libtorrent finds them, and wrong pieces are downloaded again."""

import json
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until
from tools.rig.watcher import Watcher

pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.fixture
def daemon(daemon: Daemon) -> Daemon:
    """A daemon that connects to a lost peer again within a second."""
    daemon.client.update_settings({"min_reconnect_time": 1}, wait="applied")
    return daemon


def complete(root: Path, daemon: Daemon, seed: Seed) -> Torrent:
    """A torrent that was downloaded from the seed."""
    made = payload.make(root / "seed", "set", {"a.bin": 6 * MIB, "b.bin": 2 * MIB + 17})
    seed.add(made.metainfo, made.root)
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    return made


def spoil(daemon: Daemon) -> None:
    """Overwrites a part of a file, without changing its size."""
    with (daemon.downloads / "set/a.bin").open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"spoilt" * 1000)


def asked(daemon: Daemon, made: Torrent) -> int | None:
    """The record's field about an unfinished recheck."""
    text = (daemon.resume_dir / f"{made.torrent}.json").read_text()
    found: int | None = json.loads(text).get("recheck")
    return found


def test_what_was_spoilt_is_fetched_again(root: Path, daemon: Daemon, seed: Seed) -> None:
    """The torrent is shown as checking, then the files are right again, and the recheck is over."""
    made = complete(root, daemon, seed)
    spoil(daemon)
    states: list[str] = []
    with daemon.client.events(torrent=made.torrent) as events:
        daemon.client.recheck(made.torrent, wait="applied")
        for event in events:
            if isinstance(event, ouzel.Event) and event.type == "state_changed":
                states.append(event.data["state"])
                if "checking" in states and states[-1] == "seeding":
                    break
    assert states[0] == "checking"
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")
    until(lambda: asked(daemon, made) is None, "the record says that it is over")
    revision = daemon.client.get_torrent(made.torrent).revision
    daemon.kill_engine()
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert daemon.client.get_torrent(made.torrent).revision == revision


def test_a_paused_torrent_is_hashed_and_stands_still_again(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Nothing is downloaded for it."""
    made = complete(root, daemon, seed)
    daemon.client.pause(made.torrent, wait="applied")
    daemon.until_state(made.torrent, TorrentState.PAUSED)
    spoil(daemon)
    daemon.client.recheck(made.torrent)
    until(lambda: daemon.row(made.torrent).bytes_done < made.size and asked(daemon, made) is None, "it was hashed")
    row = daemon.until_state(made.torrent, TorrentState.PAUSED)
    assert made.size - MIB <= row.bytes_done < made.size
    daemon.client.resume(made.torrent)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert payload.sha1(daemon.downloads / "set") == payload.sha1(made.root / "set")


def test_it_is_done_though_the_engine_dies(root: Path, daemon: Daemon, seed: Seed) -> None:
    """If it was accepted, the next engine starts it again."""
    made = complete(root, daemon, seed)
    seed.close()
    spoil(daemon)
    daemon.client.recheck(made.torrent)
    daemon.kill_engine()
    until(lambda: daemon.row(made.torrent).bytes_done < made.size, "what was spoilt is known")
    until(lambda: asked(daemon, made) is None, "the record says that it is over")


def test_whole_files_stay_complete(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Also after two rechecks in a row; each has a revision of its own."""
    made = complete(root, daemon, seed)
    before = daemon.client.get_torrent(made.torrent).revision
    with Watcher(daemon.runtime_dir) as watcher:
        for _ in range(2):
            daemon.client.recheck(made.torrent)
        assert daemon.client.get_torrent(made.torrent).revision == before + 2
        until(lambda: asked(daemon, made) is None, "the record says that it is over")
        row = daemon.until_state(made.torrent, TorrentState.SEEDING)
        assert row.bytes_done == made.size
        assert "completed" not in [seen.event.type for seen in watcher.seen]


def test_files_that_are_out_of_reach_are_not_called_missing(root: Path, daemon: Daemon, seed: Seed) -> None:
    """A recheck while the root is away waits for it. Nothing is downloaded again, and the files are hashed then."""
    made = complete(root, daemon, seed)
    sent = seed.uploaded()
    away = root / "away"
    daemon.downloads.rename(away)
    daemon.client.recheck(made.torrent)
    daemon.until_state(made.torrent, TorrentState.MISSING_STORAGE)
    assert not daemon.downloads.exists()
    assert asked(daemon, made) is not None
    away.rename(daemon.downloads)
    daemon.client.resume(made.torrent)
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    until(lambda: asked(daemon, made) is None, "it was hashed")
    assert daemon.row(made.torrent).bytes_done == made.size
    assert seed.uploaded() == sent


def test_a_link_without_metadata_has_nothing_to_hash(root: Path, daemon: Daemon) -> None:
    """The recheck is refused, and nothing changes."""
    made = payload.make(root / "seed", "set", {"a.bin": MIB})
    daemon.client.add_torrent(magnet=made.magnet)
    with pytest.raises(ouzel.Refused) as refused:
        daemon.client.recheck(made.torrent)
    assert refused.value.body.name == "no_metadata"
    assert asked(daemon, made) is None
