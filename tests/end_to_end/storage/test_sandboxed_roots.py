"""Download roots that appear, disappear and change under a running daemon whose engine is confined to them by the
kernel.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ouzel
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon, sandboxed
from tools.rig.mounts import loop_ext4
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [
    pytest.mark.process,
    pytest.mark.network,
    pytest.mark.skipif(not sandboxed(), reason="this kernel cannot confine an engine"),
]


def shared(root: Path, seed: Seed, name: str) -> Torrent:
    """A torrent that the seed shares."""
    made = payload.make(root / "seed", name, {"": MIB}, piece_size=65536)
    seed.add(made.metainfo, made.root)
    return made


def reload(daemon: Daemon, edit: Callable[[str], str]) -> None:
    """Changes the file, and waits until the reload has ended."""
    taken = len(daemon.logged("reloaded"))
    daemon.config.write_text(edit(daemon.config.read_text()))
    os.kill(daemon.pid, signal.SIGHUP)
    until(lambda: len(daemon.logged("reloaded")) > taken, f"it is taken; the log is {daemon.log}")


def downloaded(daemon: Daemon, seed: Seed, made: Torrent, save_path: Path) -> None:
    """The torrent is complete at this place."""
    daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint], save_path=str(save_path))
    daemon.until_state(made.torrent, TorrentState.SEEDING)
    assert (save_path / made.name).stat().st_size == MIB


def renewed(daemon: Daemon, restarts: int) -> None:
    """Waits until another engine has replaced the previous one, which saved and exited."""
    until(lambda: daemon.client.health().engine.restarts == restarts, f"another engine; the log is {daemon.log}")
    until(daemon.healthy, "the daemon is healthy")
    until(lambda: daemon.logged("engine_exited"), "the log tells of it")
    assert {each["exit_code"] for each in daemon.logged("engine_exited")} == {0}


def settled(daemon: Daemon) -> None:
    """Waits until the next spare is ready, too."""
    until(lambda: daemon.logged("spare_ready"), "the spare is ready")


def test_roots_come_and_go_with_a_reload(root: Path, seed: Seed) -> None:
    """The next engine is ready before the running one exits. A missing root is made, as at a start."""
    one, two, three = (shared(root, seed, name) for name in ("one.bin", "two.bin", "three.bin"))
    added = root / "added" / "below"
    with Daemon(root / "d") as daemon:
        downloaded(daemon, seed, one, daemon.downloads)
        with pytest.raises(ouzel.OuzelError, match="path_not_allowed"):
            daemon.client.add_torrent(metainfo=two.metainfo, save_path=str(added))
        settled(daemon)
        reload(daemon, lambda text: text.replace(f'["{daemon.downloads}"]', f'["{daemon.downloads}", "{added}"]'))
        renewed(daemon, 1)
        assert [each["warm"] for each in daemon.logged("engine_spawned")] == [False, True]
        downloaded(daemon, seed, two, added)
        daemon.until_state(one.torrent, TorrentState.SEEDING)
        reload(daemon, lambda text: text.replace(f'["{daemon.downloads}", "{added}"]', f'["{added}"]'))
        daemon.until_state(one.torrent, TorrentState.ERROR)
        downloaded(daemon, seed, three, added)
        with pytest.raises(ouzel.OuzelError, match="path_not_allowed"):
            daemon.client.add_torrent(metainfo=three.metainfo, save_path=str(daemon.downloads))


def test_a_file_that_is_refused_leaves_the_roots_as_they_were(root: Path) -> None:
    """Because a root cannot be made (the error names the key), or because the next engine refuses a setting."""
    new = root / "new"
    with Daemon(root / "d") as daemon:
        (root / "file").touch()
        text = daemon.config.read_text()
        for added, setting, named in (
            (f"{root}/file/below", "", "paths.download_roots[1]"),
            (str(new), "no_such = 1", "engine.no_such"),
        ):
            wanted = text.replace(f'["{daemon.downloads}"]', f'["{daemon.downloads}", "{added}"]')
            daemon.config.write_text(wanted.replace("[engine]", f"[engine]\n{setting}"))
            os.kill(daemon.pid, signal.SIGHUP)

            def is_refused(named: str = named) -> bool:
                return any(named in each["problem"] for each in daemon.logged("config_refused"))

            until(is_refused, f"{named} is refused")
            until(lambda: daemon.client.health().engine.state == "running", "an engine runs")
            with pytest.raises(ouzel.OuzelError, match="path_not_allowed"):
                daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}", save_path=added)
        assert {each["exit_code"] for each in daemon.logged("engine_exited")} <= {0}


def test_a_root_that_was_made_anew_is_used_by_another_engine(root: Path, seed: Seed) -> None:
    """It is replaced once, although the check is repeated."""
    made = shared(root, seed, "one.bin")
    with Daemon(root / "d") as daemon:
        until(daemon.healthy, "the daemon is healthy")
        daemon.downloads.rename(root / "elsewhere")
        daemon.downloads.mkdir()
        renewed(daemon, 1)
        downloaded(daemon, seed, made, daemon.downloads)
        assert daemon.client.health().engine.restarts == 1


@pytest.mark.mounts
def test_a_disk_over_a_root_is_used_by_another_engine_and_one_below_at_once(root: Path, seed: Seed) -> None:
    """A disk that is unmounted causes no new engine; one that is mounted again does."""
    one, two = shared(root, seed, "one.bin"), shared(root, seed, "two.bin")
    with Daemon(root / "d", restart={"budget": 1000}) as daemon:
        until(daemon.healthy, "the daemon is healthy")
        (daemon.downloads / "below").mkdir()
        with loop_ext4(daemon.downloads / "below", 8 * MIB):
            downloaded(daemon, seed, one, daemon.downloads / "below")
            daemon.client.remove_torrent(one.torrent, delete_files=True, wait="applied")
        assert daemon.client.health().engine.restarts == 0
        with loop_ext4(daemon.downloads, 8 * MIB) as mount:
            renewed(daemon, 1)
            downloaded(daemon, seed, two, daemon.downloads)
            with mount.absent():
                row = daemon.until_state(two.torrent, TorrentState.MISSING_STORAGE)
                assert f"{daemon.downloads} is not mounted: mount it" in (row.error or "")
                assert daemon.client.health().engine.restarts == 1
            renewed(daemon, 2)
            daemon.until_state(two.torrent, TorrentState.SEEDING)
            daemon.client.remove_torrent(two.torrent, wait="applied")


def test_a_link_that_is_made_after_the_look_leads_nowhere(root: Path, daemon: Daemon, seed: Seed) -> None:
    """Nothing is written to the link's target.

    It is an error of that torrent alone, and `resume` works once the link is gone.
    """
    held = payload.make(root / "seed", "held", {"sub/a": MIB, "sub/b": MIB}, piece_size=65536)
    other = shared(root, seed, "other.bin")
    daemon.client.add_torrent(metainfo=held.metainfo)
    daemon.until_state(held.torrent, TorrentState.DOWNLOADING)
    (daemon.downloads / "held").mkdir(exist_ok=True)
    (daemon.downloads / "held" / "sub").symlink_to(daemon.resume_dir)
    seed.add(held.metainfo, held.root)
    daemon.client.add_peers(held.torrent, [seed.endpoint])
    row = daemon.until_state(held.torrent, TorrentState.ERROR)
    until(lambda: "not where torrents may be stored" in (daemon.row(held.torrent).error or ""), f"why; {row.error}")
    assert {"a", "b"}.isdisjoint(path.name for path in daemon.resume_dir.iterdir())
    downloaded(daemon, seed, other, daemon.downloads)
    assert daemon.healthy()
    (daemon.downloads / "held" / "sub").unlink()
    daemon.client.resume(held.torrent)
    daemon.client.add_peers(held.torrent, [seed.endpoint])
    daemon.until_state(held.torrent, TorrentState.SEEDING)


def test_what_is_required_and_cannot_be_had_ends_the_start(root: Path) -> None:
    """It exits with 78, the key and the cause: records in a root could be reached. `auto` continues and reports it."""
    for mode, runs in (("require", False), ("auto", True)):
        daemon = Daemon(root / "d", sandbox={"mode": mode})
        within = str(daemon.downloads / "resume")
        daemon.config.write_text(daemon.config.read_text().replace(str(daemon.resume_dir), within))
        if not runs:
            argv = [sys.executable, "-m", "supervisor", "--config", str(daemon.config)]
            ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
            assert ended.returncode == 78
            assert "sandbox.mode: it is required" in ended.stderr
            continue
        with daemon:
            until(daemon.healthy, "an engine is ready")
            sandbox = daemon.client.health().sandbox
            assert sandbox is not None
            assert (sandbox.mode, sandbox.landlock > 0) == (mode, mode == "auto")
            assert ("the resume directory lies in" in (sandbox.problem or "")) == (mode == "auto")
