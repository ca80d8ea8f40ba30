"""That the engine really ends as its failpoints say."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.link import EngineReady, EnsureTorrent, TorrentApplied
from tests.engine_proc.probe import DEADLINE_S
from tests.engine_proc.samples import SampleTorrent
from tests.engine_proc.supervision import CONFIGURE, GEN, Supervision
from tests.fakes.crashes import EXIT_CODE
from tests.fakes.failpoints import Failpoint, Failpoints, What

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
POISON = SampleTorrent("poison", {"a": b"poison"})
GOOD = SampleTorrent("good", {"a": b"good"})


@pytest.fixture
def failpoints(tmp_path: Path) -> Failpoints:
    """None is armed."""
    return Failpoints(tmp_path / "failpoints")


@contextmanager
def engine(failpoints: Failpoints, directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], Supervision]]:
    """The engine that fails, and the supervisor's end of its link."""
    supervision = Supervision(directory)
    argv = [sys.executable, "-m", "tests.fakes.failpoint_engine", "--endpoint", supervision.endpoint]
    argv += ["--gen", str(GEN), "--parent-pid", str(os.getpid()), "--lifeline-fd", str(supervision.lifeline_fd)]
    argv += ["--resume-dir", str(directory)]
    environment = {**os.environ, **failpoints.environment}
    process = subprocess.Popen(
        argv, cwd=ROOT, env=environment, pass_fds=[supervision.lifeline_fd], stderr=subprocess.DEVNULL
    )
    try:
        yield process, supervision
    finally:
        process.kill()
        process.wait()
        supervision.close()


def load(supervision: Supervision, directory: Path, *samples: SampleTorrent) -> None:
    """Has torrents loaded, each by a .torrent file."""
    for sample in samples:
        (directory / f"{sample.torrent}.torrent").write_bytes(sample.metainfo)
        sample.write(directory)
    supervision.send(CONFIGURE, *(EnsureTorrent(desired=sample.desired(directory)) for sample in samples))


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
    """By that very signal, or with that exit code."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent, what=what))
    with engine(failpoints, tmp_path) as (process, supervision):
        load(supervision, tmp_path, GOOD, POISON)
        assert process.wait(DEADLINE_S) == ENDS[what]


def test_it_lives_where_nothing_is_armed(failpoints: Failpoints, tmp_path: Path) -> None:
    """Other torrents load, and a failpoint that was lifted does not count."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent))
    assert failpoints.lift("poison")
    assert not failpoints.lift("poison")
    with engine(failpoints, tmp_path) as (process, supervision):
        load(supervision, tmp_path, GOOD, POISON)
        assert supervision.take(EngineReady).pid == process.pid
        assert supervision.take(TorrentApplied).problem is None
        assert supervision.take(TorrentApplied).problem is None


@pytest.mark.parametrize("calm", [False, True])
def test_the_weak_variant_comes_later(failpoints: Failpoints, tmp_path: Path, calm: bool) -> None:
    """The torrent was added, and others after it."""
    failpoints.arm("poison", Failpoint(where="load", torrent=POISON.torrent, delay_ms=500, calm=calm))
    with engine(failpoints, tmp_path) as (process, supervision):
        load(supervision, tmp_path, POISON, GOOD)
        applied = {supervision.take(TorrentApplied).torrent for _ in range(2)}
        assert applied == {POISON.torrent, GOOD.torrent}
        assert process.wait(DEADLINE_S) == -signal.SIGSEGV
