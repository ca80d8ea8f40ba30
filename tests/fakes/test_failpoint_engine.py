"""The engine really ends as its failpoints say."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.internal.flight_recorder import Flight, FlightRecord
from protocol.internal.link_commands import EnsureTorrent
from protocol.internal.link_events import EngineReady, Heartbeat, TorrentApplied
from protocol.wire.rows import TorrentState
from supervisor.engine.process import flight
from tests.engine_proc.supervision import CONFIGURE, GEN, Supervision
from tools.engines.crashes import EXIT_CODE
from tools.engines.failpoints import Failpoint, Failpoints, What
from tools.rig.daemon import Daemon
from tools.rig.probe import DEADLINE_S
from tools.rig.samples import SampleTorrent
from tools.rig.scratch import scratch
from tools.rig.waiting import until

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
POISON = SampleTorrent("poison", {"a": b"poison"})
GOOD = SampleTorrent("good", {"a": b"good"})


@pytest.fixture
def failpoints(tmp_path: Path) -> Failpoints:
    """No failpoint is armed."""
    return Failpoints(tmp_path / "failpoints")


class Failing:
    """The failing engine, the supervisor's end of its link, and its flight recorder."""

    def __init__(self, process: subprocess.Popen[bytes], supervision: Supervision, flight_fd: int) -> None:
        self.process = process
        self.supervision = supervision
        self._flight_fd = flight_fd

    def load(self, directory: Path, *samples: SampleTorrent) -> None:
        """Has torrents loaded, each by a .torrent file."""
        for sample in samples:
            (directory / f"{sample.torrent}.torrent").write_bytes(sample.metainfo)
            sample.write(directory)
        ensure = (EnsureTorrent(desired=sample.desired(directory)) for sample in samples)
        self.supervision.send(CONFIGURE, *ensure)

    def end(self) -> int:
        """The exit code, or the negative number of a signal."""
        return self.process.wait(DEADLINE_S)

    def flight(self) -> Flight:
        return flight.read(self._flight_fd)


@contextmanager
def engine(failpoints: Failpoints, directory: Path) -> Iterator[Failing]:
    """The engine, started as by the supervisor; killed at the end if it still runs."""
    supervision = Supervision(directory)
    flight_fd = flight.make()
    argv = [sys.executable, "-m", "tools.engines.failpoint_engine", "--endpoint", supervision.endpoint]
    argv += ["--gen", str(GEN), "--parent-pid", str(os.getpid()), "--lifeline-fd", str(supervision.lifeline_fd)]
    argv += ["--flight-fd", str(flight_fd), "--resume-dir", str(directory)]
    environment = {**os.environ, **failpoints.environment}
    process = subprocess.Popen(
        argv, cwd=ROOT, env=environment, pass_fds=[supervision.lifeline_fd, flight_fd], stderr=subprocess.DEVNULL
    )
    try:
        yield Failing(process, supervision, flight_fd)
    finally:
        process.kill()
        process.wait()
        supervision.close()
        os.close(flight_fd)


def subject(record: FlightRecord | None) -> tuple[str, str | None] | None:
    """The failpoint's effect, without its trigger."""
    return None if record is None else (record.what, record.torrent)


ENDS: dict[What, int] = {
    "segv": -signal.SIGSEGV,
    "segv_here": -signal.SIGSEGV,
    "segv_network": -signal.SIGSEGV,
    "abort": -signal.SIGABRT,
    "stack": -signal.SIGSEGV,
    "exit": EXIT_CODE,
    "kill": -signal.SIGKILL,
    "memory": 1,
}


@pytest.mark.parametrize("what", ENDS)
def test_it_dies_as_it_is_told_when_a_torrent_is_loaded(failpoints: Failpoints, tmp_path: Path, what: What) -> None:
    """By exactly that signal or exit code; the recorder names the torrent and the call to libtorrent."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent, what=what))
    with engine(failpoints, tmp_path) as failing:
        failing.load(tmp_path, GOOD, POISON)
        assert failing.end() == ENDS[what]
        found = failing.flight()
    asked = "judged" if what == "memory" else "add"  # Python has unwound the call
    assert subject(found.sync) == (asked, POISON.torrent)
    assert ("add", POISON.torrent) in map(subject, found.under_way)
    assert {record.torrent for record in found.in_flight} <= {POISON.torrent, GOOD.torrent}


def test_it_lives_where_nothing_is_armed(failpoints: Failpoints, tmp_path: Path) -> None:
    """Other torrents are loaded, and a disarmed failpoint has no effect."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent))
    assert failpoints.lift("poison")
    assert not failpoints.lift("poison")
    with engine(failpoints, tmp_path) as failing:
        failing.load(tmp_path, GOOD, POISON)
        assert failing.supervision.take(EngineReady).pid == failing.process.pid
        assert failing.supervision.take(TorrentApplied).problem is None
        assert failing.supervision.take(TorrentApplied).problem is None
        assert failing.flight().under_way == []


@pytest.mark.parametrize("calm", [False, True])
def test_the_weak_variant_comes_later(failpoints: Failpoints, tmp_path: Path, calm: bool) -> None:
    """The torrent was added, and others after it; nothing in flight names it."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent, delay_ms=500, calm=calm))
    with engine(failpoints, tmp_path) as failing:
        failing.load(tmp_path, POISON, GOOD)
        applied = {failing.supervision.take(TorrentApplied).torrent for _ in range(2)}
        assert applied == {POISON.torrent, GOOD.torrent}
        assert failing.end() == -signal.SIGSEGV
        found = failing.flight()
    assert found.under_way == []
    assert found.sync is None or found.sync.torrent is None


PLACES: dict[str, tuple[Failpoint, tuple[str, str | None] | None]] = {
    "start": (Failpoint(where="start"), None),
    "command": (Failpoint(where="command", nth=2), ("command ensure_torrent", GOOD.torrent)),
    "alert": (
        Failpoint(where="alert", torrent=POISON.torrent, alert="add_torrent_alert"),
        ("alert add_torrent", None),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_dies_where_it_is_told(failpoints: Failpoints, tmp_path: Path, place: str) -> None:
    """And the recorder names the place."""
    failpoint, sync = PLACES[place]
    failpoints.arm("here", failpoint)
    with engine(failpoints, tmp_path) as failing:
        if place != "start":
            failing.load(tmp_path, GOOD, POISON)
        assert failing.end() == -signal.SIGSEGV
        found = failing.flight()
    assert subject(found.sync) == sync
    assert (("add", POISON.torrent) in map(subject, found.under_way)) == (place == "alert")


def test_an_engine_with_the_gil_held_says_nothing_more(failpoints: Failpoints, tmp_path: Path) -> None:
    """It lives, and its recorder names the call."""
    failpoints.arm("hang", Failpoint(where="load", torrent=POISON.torrent, what="hang_gil"))
    with engine(failpoints, tmp_path) as failing:
        failing.load(tmp_path, POISON)
        until(lambda: subject(failing.flight().sync) == ("add", POISON.torrent), "it hangs")
        before = until(lambda: _later(failing.flight().sync, 500_000), "it has hung for a while")
        assert failing.process.poll() is None
        failing.supervision.listen()
        heard = len(failing.supervision.heard)
        until(lambda: _later(failing.flight().sync, before.age_us + 500_000), "it has hung for longer")
        failing.supervision.listen()
        assert len(failing.supervision.heard) == heard


def test_an_engine_whose_libtorrent_hangs_says_so(failpoints: Failpoints, tmp_path: Path) -> None:
    """Its own loop goes on and reports since when libtorrent has not answered; the add stays in flight."""
    failpoints.arm("hang", Failpoint(where="load", torrent=POISON.torrent, what="hang_network"))
    with engine(failpoints, tmp_path) as failing:
        failing.load(tmp_path, POISON)
        failing.supervision.take(Heartbeat, lambda beat: beat.native_age_ms > 1000)
        assert ("add", POISON.torrent) in map(subject, failing.flight().under_way)
        assert failing.process.poll() is None


def test_the_daemon_comes_back_from_a_crash_of_the_real_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """After one crash, in libtorrent's own thread; the failpoint is then disarmed."""
    with scratch() as root:
        failpoints = Failpoints(root / "failpoints")
        for name, value in failpoints.environment.items():
            monkeypatch.setenv(name, value)
        once = Failpoint(where="load", torrent=POISON.torrent, what="segv_network", once=True)
        failpoints.arm("poison", once)
        with Daemon(root / "d", engine_module="tools.engines.failpoint_engine") as daemon:
            POISON.write(daemon.downloads)
            daemon.client.add_torrent(metainfo=POISON.metainfo)
            daemon.until_state(POISON.torrent, TorrentState.SEEDING)
            assert failpoints.armed() == {}
            assert [exited["signal"] for exited in daemon.logged("engine_exited")] == ["SIGSEGV"]


def _later(record: FlightRecord | None, age_us: int) -> FlightRecord | None:
    return record if record is not None and record.age_us > age_us else None
