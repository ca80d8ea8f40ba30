"""A resume directory that disappears, fills up, turns read-only or slow under a real daemon, on real small file
systems.

`degraded` meanwhile, changes refused by name, reads and running torrents as ever; and all of it over by itself.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import ouzel
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.reports import HealthStatus, Reason
from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.mounts import Mount, loop_ext4, tmpfs
from tools.rig.payload import MIB, Torrent
from tools.rig.seed import Seed
from tools.rig.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.network]

SIZE = 8 * MIB


class Scene:
    """A daemon that downloads a torrent slowly while its resume directory has a problem."""

    def __init__(self, daemon: Daemon, made: Torrent) -> None:
        self.daemon = daemon
        self.made = made
        self.limit = 0

    def change(self) -> None:
        """A durable change that differs from all earlier ones."""
        self.limit += 1
        self.daemon.client.update_limits(torrent=self.made.torrent, upload_bps=10_000_000 + self.limit)

    def on_disk(self) -> int | None:
        """The limit in the record on disk."""
        try:
            record = json.loads((self.daemon.resume_dir / f"{self.made.torrent}.json").read_text())
        except FileNotFoundError:
            return None
        return int(record["upload_bps"]) - 10_000_000

    def saved(self) -> bool:
        """Whether the torrent's resume data exists."""
        return ResumeDir(self.daemon.resume_dir).fastresume(self.made.torrent).exists()

    def trouble(self) -> Reason:
        """Waits until `health` reports the directory's problem; the service must be degraded, and not worse."""
        reason = until(lambda: self.reason("directory"), "the directory's trouble is told of")
        assert self.daemon.client.health().status is HealthStatus.DEGRADED
        return reason

    def refused(self, words: str) -> None:
        """A change is refused at once with the cause, and nothing is changed."""
        with pytest.raises(ouzel.OuzelError, match="storage_unavailable") as refusal:
            self.daemon.client.pause(self.made.torrent)
        assert words in str(refusal.value)
        assert not self.daemon.row(self.made.torrent).paused

    def goes_on(self) -> None:
        """The torrent's bytes still arrive."""
        before = self.daemon.row(self.made.torrent).downloaded
        until(lambda: self.daemon.row(self.made.torrent).downloaded > before, "the download goes on")
        assert self.daemon.client.health().engine.restarts == 0

    def heals(self) -> None:
        """The problem ends by itself. Then changes are accepted again, and are on disk."""
        until(self.daemon.healthy, "the daemon is healthy again")
        self.change()
        assert self.on_disk() == self.limit

    def survives(self) -> None:
        """Everything that was acknowledged is there after a SIGKILL of both processes."""
        self.daemon.kill()
        self.daemon.start()
        assert self.daemon.row(self.made.torrent).upload_limit_bps == 10_000_000 + self.limit

    def reason(self, subject: str) -> Reason | None:
        """The reason that `health` gives for this subject."""
        reasons = self.daemon.client.health().reasons
        return next((each for each in reasons if (each.component, each.subject) == ("resume_dir", subject)), None)


def delete(directory: Path) -> None:
    """Deletes a directory by one call, so that nobody writes to it meanwhile."""
    doomed = directory.with_name("doomed")
    directory.rename(doomed)
    shutil.rmtree(doomed)


@contextmanager
def playing(root: Path) -> Iterator[Scene]:
    """A daemon in `root / "d"`, and a torrent that takes two minutes."""
    made = payload.make(root / "seed", "one.bin", {"": 32 * MIB}, piece_size=65536)
    with Seed(upload_bps=250_000) as seed, Daemon(root / "d", restart={"budget": 1000}) as daemon:
        seed.add(made.metainfo, made.root)
        daemon.client.add_torrent(metainfo=made.metainfo, peers=[seed.endpoint])
        scene = Scene(daemon, made)
        daemon.until_state(made.torrent, TorrentState.DOWNLOADING)
        until(scene.saved, "resume data is saved")
        until(daemon.healthy, "the daemon is healthy")
        scene.change()
        yield scene


@pytest.mark.mounts
@pytest.mark.parametrize("make", [tmpfs, loop_ext4])
def test_trouble_of_the_file_system_is_degraded_and_heals(
    root: Path, make: Callable[[Path, int], AbstractContextManager[Mount]]
) -> None:
    """One trouble after the other. Nothing is written below a file system that is not mounted."""
    with make(root / "d" / "resume", SIZE) as mount, playing(root) as scene:
        for trouble, words in (
            (mount.full, "No space left"),
            (mount.read_only, "Read-only"),
            (mount.absent, "not mounted"),
        ):
            with trouble():
                assert words in scene.trouble().message
                scene.refused(words)
                scene.goes_on()
                if words == "not mounted":
                    assert list(scene.daemon.resume_dir.iterdir()) == []
            scene.heals()
        scene.survives()


@pytest.mark.parametrize("engine_dies", [False, True])
def test_a_directory_that_was_renamed_away_and_back(root: Path, engine_dies: bool) -> None:
    """While it is missing, it is not made.

    An engine that starts meanwhile loads its torrents once the directory is back.
    """
    with playing(root) as scene:
        away = root / "elsewhere"
        scene.daemon.resume_dir.rename(away)
        assert "No such file" in scene.trouble().message
        scene.refused("No such file")
        if engine_dies:
            killed = scene.daemon.kill_engine()
            until(lambda: scene.daemon.client.health().engine.pid not in (None, killed), "another engine")
            scene.daemon.until_state(scene.made.torrent, TorrentState.ERROR)
        else:
            scene.goes_on()
        assert not scene.daemon.resume_dir.exists()
        away.rename(scene.daemon.resume_dir)
        scene.daemon.until_state(scene.made.torrent, TorrentState.DOWNLOADING)
        scene.heals()
        scene.survives()


def test_a_directory_that_was_deleted_and_made_again_has_everything_again(root: Path) -> None:
    """Records from memory, resume data from the engine, and the .torrent from that data; each record is reported."""
    with playing(root) as scene:
        daemon, torrent = scene.daemon, scene.made.torrent
        daemon.client.update_limits(download_bps=123_456_789)
        other = daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}").torrent
        with daemon.client.events() as events:
            delete(daemon.resume_dir)
            scene.trouble()
            scene.refused("")
            daemon.resume_dir.mkdir(mode=0o700)
            scene.heals()
            mended = set[str]()
            for event in events:
                if isinstance(event, ouzel.Event) and event.type == "reconciled":
                    mended.add(str(event.data["what"]))
                if len(mended) == 3:
                    break
        assert mended == {f"{torrent}.json is missing", f"{other}.json is missing", "session.json is missing"}
        until(scene.saved, "resume data is saved again")
        scene.survives()
        assert daemon.client.get_torrent(other).magnet is not None
        assert json.loads((daemon.resume_dir / "session.json").read_text())["download_bps"] == 123_456_789
        daemon.until_state(torrent, TorrentState.DOWNLOADING, TorrentState.CHECKING)


def test_an_older_copy_in_the_directorys_place_gets_what_was_acknowledged_since(root: Path) -> None:
    """Changed records are written again, and a torrent that was removed since then does not come back."""
    with playing(root) as scene:
        daemon = scene.daemon
        other = daemon.client.add_torrent(magnet=f"magnet:?xt=urn:btih:{'ab' * 20}").torrent
        copy = root / "copy"
        shutil.copytree(daemon.resume_dir, copy, ignore=shutil.ignore_patterns("*.tmp"))
        daemon.client.remove_torrent(other, wait="applied")
        until(lambda: not (daemon.resume_dir / f"{other}.json").exists(), "the last of it is gone")
        scene.change()
        daemon.resume_dir.rename(root / "elsewhere")
        copy.rename(daemon.resume_dir)
        until(lambda: scene.on_disk() == scene.limit, "the record is the latest")
        scene.heals()
        scene.survives()
        assert [row.torrent for row in daemon.client.list_torrents()] == [scene.made.torrent]


def test_a_directory_of_somebody_elses_is_not_taken_over(root: Path) -> None:
    """If the directory has unknown torrents, only a restart adopts it."""
    with playing(root) as scene:
        daemon = scene.daemon
        elsewhere, theirs = root / "elsewhere", root / "theirs"
        theirs.mkdir()
        (theirs / f"{'cd' * 20}.json").write_text("{}")
        daemon.resume_dir.rename(elsewhere)
        theirs.rename(daemon.resume_dir)
        until(lambda: "not known here" in scene.trouble().message, "what is wrong is told")
        scene.refused("restart ouzeld")
        assert [path.name for path in daemon.resume_dir.iterdir()] == [f"{'cd' * 20}.json"]
        delete(daemon.resume_dir)
        elsewhere.rename(daemon.resume_dir)
        scene.heals()


@pytest.mark.mounts
def test_a_slow_disk_delays_nobody_but_who_waits_for_it(root: Path) -> None:
    """Reads are answered, events arrive, and the torrent goes on.

    The change misses its deadline, and takes effect later.
    """
    with loop_ext4(root / "d" / "resume", SIZE) as mount, playing(root) as scene:
        client, torrent = scene.daemon.client, scene.made.torrent
        slowest = 0.0
        with mount.frozen():
            [late] = client.request_many([("pause", {"torrent": torrent})], deadline_ms=300)
            assert "deadline_exceeded" in str(late)
            until(lambda: scene.reason("slow"), "it is told of as slow")
            for _ in range(50):
                began = time.monotonic()
                client.ping()
                client.list_torrents()
                slowest = max(slowest, time.monotonic() - began)
            assert not scene.daemon.row(torrent).paused
            scene.goes_on()
        until(lambda: scene.daemon.row(torrent).paused, "the change takes effect")
        until(scene.daemon.healthy, "the daemon is healthy again")
        assert slowest < 1
