"""What happens in the day, in order."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import ouzel
from protocol.wire.rows import TorrentState
from tools.engines.crashes import EXIT_CODE
from tools.engines.failpoints import Failpoint
from tools.metrics.day.stage import Stage
from tools.rig.waiting import until

PATIENCE_S: Final = 120.0
SCRAPED_S: Final = 2.5
SLOW_S: Final = 6.0
"""A failover of this duration is slow."""


class Step(NamedTuple):
    """One thing that happens.

    Fields:
        play: a context within which the alerts have to fire.
        fires: the names of these alerts.
        ends: whether they have to stop firing after the context. Alerts about the last minutes do not have to stop.
    """

    name: str
    play: Callable[[Stage], contextlib.AbstractContextManager[None]]
    fires: tuple[str, ...] = ()
    ends: bool = True


def _until_series(on: Stage, query: str, count: int) -> None:
    until(lambda: len(on.prometheus.query(query)) == count, f"{count} series of {query}", every_s=0.2)


def _until_progress(on: Stage, torrent: str, part: float) -> None:
    until(lambda: on.daemon.row(torrent).progress >= part, f"{part:.0%} of {torrent} are there")


def _until_another_engine(on: Stage, pid: int) -> None:
    until(lambda: on.daemon.client.health().engine.pid not in (pid, None), "the next engine runs")


def _fails_to_start(on: Stage) -> bool:
    """Kills the running engine. Returns whether an engine has failed to start."""
    if on.daemon.client.health().engine.state == "running":
        on.daemon.kill_engine()
    return any(record["exit_code"] == EXIT_CODE for record in on.daemon.logged("engine_exited"))


def _refuses(on: Stage) -> bool:
    """Changes a torrent. Returns whether the daemon has refused the change."""
    limit = 1000 + time.monotonic_ns() % 1000
    try:
        on.daemon.client.update_limits(on.samples[0].torrent, upload_bps=limit)
    except ouzel.OuzelError:
        return True
    return False


@contextmanager
def calm(on: Stage) -> Iterator[None]:
    """Nothing happens for some scrapes, and no alert is even pending."""
    _until_series(on, "count_over_time(ouzel_up[1m]) > 5", 2)
    assert on.prometheus.alerts() == [], on.prometheus.alerts()
    yield


@contextmanager
def seeding(on: Stage) -> Iterator[None]:
    """Torrents seed, and nobody has connected yet."""
    client = on.daemon.client
    client.put_category("films", save_path=None)
    for number, sample in enumerate(on.samples):
        sample.write(on.daemon.downloads)
        client.add_torrent(metainfo=sample.metainfo, seed_mode=True, category="films" if number % 2 else None)
    until(lambda: client.stats().torrents.get("seeding") == len(on.samples), "all samples seed")
    yield


@contextmanager
def download(on: Stage) -> Iterator[None]:
    """A download during which the engine is killed twice. Another program then downloads it from Ouzel."""
    client, made = on.daemon.client, on.made[0]
    client.update_limits(None, download_bps=50_000_000)
    client.add_torrent(metainfo=made.metainfo, peers=[on.seed.endpoint], category="films")
    for part in (0.2, 0.5):
        _until_progress(on, made.torrent, part)
        _until_another_engine(on, on.daemon.kill_engine())
        client.add_peers(made.torrent, [on.seed.endpoint])
    on.daemon.until_state(made.torrent, TorrentState.SEEDING, patience_s=PATIENCE_S)
    port = until(lambda: client.stats().session.listen_port, "the engine listens")
    target = on.daemon.root / "leech"
    on.leech.add(made.metainfo, target, peer=f"127.0.0.1:{port}", seed_mode=False)
    until(on.leech.finished, "the other program has all pieces", patience_s=PATIENCE_S)
    yield


@contextmanager
def hang(on: Stage) -> Iterator[None]:
    """The engine is stopped, and the supervisor replaces it."""
    pid = on.daemon.engine_pid()
    os.kill(pid, signal.SIGSTOP)
    _until_another_engine(on, pid)
    yield


@contextmanager
def poison(on: Stage) -> Iterator[None]:
    """A torrent crashes each engine that loads it."""
    torrent = on.samples[3].torrent
    on.failpoints.arm("poison", Failpoint(where="load", torrent=torrent))
    on.daemon.kill_engine()
    on.daemon.until_state(torrent, TorrentState.QUARANTINED, patience_s=PATIENCE_S)
    yield
    on.failpoints.lift("poison")
    on.daemon.client.release_torrent(torrent, wait="applied")


@contextmanager
def no_engine(on: Stage) -> Iterator[None]:
    """No engine can start for some time."""
    on.failpoints.arm("start", Failpoint(where="start", what="exit"))
    until(lambda: _fails_to_start(on), "no engine can start", every_s=0.2)
    began = time.monotonic()
    yield
    until(lambda: time.monotonic() > began + SLOW_S, "the failover is slow")
    on.failpoints.lift("start")


@contextmanager
def engine_again(on: Stage) -> Iterator[None]:
    """The slow failover ends."""
    until(lambda: on.daemon.client.health().engine.state == "running", "an engine runs")
    yield


@contextmanager
def full_disk(on: Stage) -> Iterator[None]:
    """The file system of a download is full. When there is space again, the download goes on by itself."""
    made = on.made[1]
    with on.small.full():
        on.daemon.client.add_torrent(metainfo=made.metainfo, save_path=str(on.small.path), peers=[on.seed.endpoint])
        until(lambda: on.daemon.logged("disk_full"), "the daemon reports the full disk", every_s=0.2)
        yield
    on.daemon.until_state(made.torrent, TorrentState.SEEDING, patience_s=PATIENCE_S)


@contextmanager
def no_disk(on: Stage) -> Iterator[None]:
    """The file system of a torrent is not mounted. When it is mounted again, the torrent goes on by itself."""
    torrent = on.made[1].torrent
    with on.small.absent():
        on.daemon.until_state(torrent, TorrentState.MISSING_STORAGE, patience_s=PATIENCE_S)
        yield
    on.daemon.until_state(torrent, TorrentState.SEEDING, patience_s=PATIENCE_S)


@contextmanager
def full_resume_dir(on: Stage) -> Iterator[None]:
    """The file system of the resume directory is full. Changes are refused."""
    with on.resume.full():
        until(lambda: _refuses(on), "changes are refused", every_s=0.2)
        yield


@contextmanager
def no_supervisor(on: Stage) -> Iterator[None]:
    """The daemon is stopped for some time."""
    on.daemon.stop()
    yield
    on.daemon.start()


@contextmanager
def restarts(on: Stage) -> Iterator[None]:
    """The supervisor is killed repeatedly."""
    uptime = "ouzel_supervisor_uptime_seconds"
    for _ in range(3):
        on.daemon.kill()
        killed = time.time()
        on.daemon.start()
        # Prometheus notices a restart only if it has scraped a longer uptime before. A scrape from before the kill does
        # not count: the supervisor of that scrape started earlier.
        query = f"{uptime} > {SCRAPED_S} and timestamp({uptime}) - {uptime} > {killed} and ouzel_up == 1"
        _until_series(on, query, 2)
    yield


@contextmanager
def no_gateway(on: Stage) -> Iterator[None]:
    """The gateway is gone."""
    on.gateway.close()
    yield


STEPS: Final = (
    Step("calm: no alert", calm),
    Step("torrents seed, no peer", seeding, ("OuzelNotConnectable",), ends=False),
    Step("download, two kills, upload", download, ("OuzelHooksFailing", "OuzelHealthProblem"), ends=False),
    Step("hang", hang, ("OuzelEngineHang",), ends=False),
    Step("poison torrent", poison, ("OuzelEngineCrashes", "OuzelTorrentQuarantined"), ends=False),
    Step("no engine starts", no_engine, ("OuzelEngineDown",)),
    Step("slow failover", engine_again, ("OuzelFailoverSlow",), ends=False),
    Step("full disk", full_disk, ("OuzelFreeSpaceLow",)),
    Step("disk not mounted", no_disk, ("OuzelTorrentError",)),
    Step("full resume directory", full_resume_dir, ("OuzelResumeDirectory",)),
    Step("daemon stopped", no_supervisor, ("OuzelDown",)),
    Step("supervisor killed three times", restarts, ("OuzelSupervisorRestarts",), ends=False),
    Step("gateway gone", no_gateway, ("OuzelMetricsMissing",), ends=False),
)
"""The day. The last step takes a gateway away, so it comes last."""
