"""The engine as a process of its own, with real libtorrent."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libtorrent
import pytest

from protocol.durable.resume_dir import ResumeDir
from protocol.internal.exit_codes import EXIT_NOT_UTF8, EXIT_ORPHANED
from protocol.internal.link_commands import Drain, EnsureTorrent
from protocol.internal.link_events import EngineReady, Heartbeat, TorrentApplied
from protocol.wire.events.session_events import LimitsApplied
from protocol.wire.events.torrent_events import Completed, Progress
from tests.engine_proc.loopback import address, seed
from tests.engine_proc.supervision import CONFIGURE, GEN, Supervision
from tools.rig.probe import DEADLINE_S
from tools.rig.samples import two_files

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


@pytest.fixture
def supervision(tmp_path: Path) -> Iterator[Supervision]:
    """The supervisor's end."""
    supervision = Supervision(tmp_path)
    yield supervision
    supervision.close()


@contextmanager
def engine_process(
    supervision: Supervision, resume_dir: Path, parent_pid: int | None = None, log_fd: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """An engine, started as by the supervisor; killed at the end if it still runs."""
    resume_dir.mkdir(exist_ok=True)
    ResumeDir(resume_dir).make_engine_dir()
    argv = [sys.executable, "-m", "engine_proc", "--endpoint", supervision.endpoint, "--gen", str(GEN)]
    argv += ["--parent-pid", str(parent_pid or os.getpid()), "--lifeline-fd", str(supervision.lifeline_fd)]
    argv += ["--resume-dir", str(resume_dir)]
    process = subprocess.Popen(argv, cwd=ROOT, pass_fds=[supervision.lifeline_fd], stderr=log_fd)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.network
def test_a_torrent_is_downloaded_drained_and_restored(supervision: Supervision, tmp_path: Path) -> None:
    """From the first command to the exit, and again in the next generation, which downloads nothing."""
    sample = two_files()
    resume_dir = tmp_path / "resume"
    resume_dir.mkdir()
    (resume_dir / f"{sample.torrent}.torrent").write_bytes(sample.metainfo)
    with seed(sample, tmp_path / "seed") as seeding, engine_process(supervision, resume_dir) as process:
        supervision.send(CONFIGURE)
        ready = supervision.take(EngineReady)
        assert (ready.pid, ready.libtorrent) == (process.pid, libtorrent.__version__)
        assert ready.listen_port > 0
        desired = sample.desired(tmp_path / "files", peers=(address(seeding),))
        supervision.send(EnsureTorrent(desired=desired))
        assert supervision.take(TorrentApplied).problem is None
        assert supervision.take(Completed).bytes_done == sample.size
        for path, content in sample.contents.items():
            assert (tmp_path / "files" / path).read_bytes() == content
        supervision.send(Drain())
        assert process.wait(DEADLINE_S) == 0
    again = Supervision(tmp_path / "resume")
    try:
        with engine_process(again, resume_dir):
            again.send(CONFIGURE, EnsureTorrent(desired=sample.desired(tmp_path / "files")))
            assert again.take(Progress, lambda event: event.bytes_done > 0).progress == 1.0
            assert again.waiting(Completed) == []
    finally:
        again.close()


def test_limits_are_read_back_from_libtorrent(supervision: Supervision, tmp_path: Path) -> None:
    """The session's limits."""
    with engine_process(supervision, tmp_path / "resume"):
        supervision.send(
            type(CONFIGURE)(settings=CONFIGURE.settings, download_bps=1000, upload_bps=2000, torrents=0, revision=1)
        )
        assert supervision.take(LimitsApplied) == LimitsApplied(download_bps=1000, upload_bps=2000)


def test_an_engine_without_a_supervisor_leaves(supervision: Supervision, tmp_path: Path) -> None:
    """When the lifeline breaks, by itself."""
    with engine_process(supervision, tmp_path / "resume") as process:
        supervision.take(Heartbeat)
        supervision.cut_lifeline()
        assert process.wait(DEADLINE_S) == 0


def test_an_engine_without_a_supervisor_leaves_though_nobody_reads_its_log(
    supervision: Supervision, tmp_path: Path
) -> None:
    """The pipe of its log has no reader, either; this is no error at the exit."""
    reading, writing = os.pipe()
    with engine_process(supervision, tmp_path / "resume", log_fd=writing) as process:
        os.close(writing)
        supervision.send(CONFIGURE)
        supervision.take(EngineReady)
        os.close(reading)
        supervision.cut_lifeline()
        assert process.wait(DEADLINE_S) == 0


def test_an_engine_that_was_orphaned_before_it_started_does_nothing(supervision: Supervision, tmp_path: Path) -> None:
    """Its parent is not the one in its arguments."""
    with engine_process(supervision, tmp_path / "resume", parent_pid=1) as process:
        assert process.wait(DEADLINE_S) == EXIT_ORPHANED


def test_an_engine_whose_names_would_not_be_written_as_they_are_ends_at_once() -> None:
    """Before it loads libtorrent, with a line that has the cause."""
    code = (
        "import sys; from engine_proc import startup as engine\n"
        "def none(): raise engine.utf8.NotUtf8('no UTF-8 locale can be had')\n"
        "engine.utf8.use_utf8_locale = none\n"
        "sys.argv += ['--endpoint=ipc://x', '--gen=1', f'--parent-pid={engine.os.getppid()}', '--lifeline-fd=0', "
        "'--resume-dir=/nowhere']\n"
        "engine.run()"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == EXIT_NOT_UTF8
    assert json.loads(ran.stderr)["problem"] == "no UTF-8 locale can be had"
