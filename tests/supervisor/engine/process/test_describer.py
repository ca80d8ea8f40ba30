"""Stored data of torrents that no engine has loaded is read by a separate process, which may die or hang."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from protocol.internal.link import decode_events
from protocol.internal.link_events import FilesRestored
from protocol.wire.events.torrent_events import Progress
from supervisor.engine.process import describer, helper
from supervisor.engine.process.describer import Describer
from tools.rig.daemon import sandboxed
from tools.rig.samples import two_files
from tools.rig.waiting import until

SAMPLE = two_files()

pytestmark = pytest.mark.process


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A resume directory with one .torrent file."""
    (tmp_path / f"{SAMPLE.torrent}.torrent").write_bytes(SAMPLE.metainfo)
    return tmp_path


async def test_files_and_bytes_are_told_of_what_can_be_read(stored: Path) -> None:
    """And nothing about the others."""
    other = two_files("other")
    found = await Describer(stored, "auto").describe([SAMPLE.desired(), other.desired()])
    files, progress = found
    assert isinstance(files, FilesRestored)
    assert [file.path for file in files.files] == ["sample/a.bin", "sample/b.txt"]
    assert isinstance(progress, Progress)
    assert (progress.bytes_done, progress.bytes_total) == (0, SAMPLE.size)


@pytest.mark.parametrize("module", ["no_such_module", "this"])
async def test_one_that_dies_or_says_something_else_tells_nothing(
    stored: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """Whatever its standard output is."""
    monkeypatch.setattr(describer, "MODULE", module)
    assert await Describer(stored, "auto").describe([SAMPLE.desired()]) == []


async def test_one_that_hangs_is_ended(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and then the next one runs."""
    monkeypatch.setattr(describer, "PATIENCE_S", 0.2)
    one = Describer(stored, "auto")
    with monkeypatch.context() as hanging:
        hanging.setattr(sys, "executable", "/bin/sh")
        hanging.setattr(describer, "MODULE", "-c")
        hanging.setattr(helper, "ARGUMENTS", ("-c", "sleep 60"))
        assert await one.describe([SAMPLE.desired()]) == []
    monkeypatch.setattr(describer, "PATIENCE_S", 20.0)
    assert len(await one.describe([SAMPLE.desired()])) == 2


async def test_what_never_ends_its_answer_is_ended(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker may control its output, which must not fill the supervisor's memory."""
    monkeypatch.setattr(describer, "ANSWER_MAX_BYTES", 1 << 20)
    monkeypatch.setattr(describer, "PATIENCE_S", 60.0)
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    monkeypatch.setattr(describer, "MODULE", "-c")
    monkeypatch.setattr(helper, "ARGUMENTS", ("-c", "cat > /dev/null; exec cat /dev/zero"))
    assert await Describer(stored, "auto").describe([SAMPLE.desired()]) == []


def status_of(pid: int) -> dict[str, str]:
    """The process's status in /proc."""
    lines = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {key: value.strip() for key, _, value in lines}


@pytest.mark.skipif(not sandboxed(), reason="this kernel cannot confine an engine")
def test_it_is_confined_before_it_reads_what_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No way leads outside and nothing can be written, even where engines may; it describes all the same."""
    outside, inside, resume_dir = tmp_path / "outside", tmp_path / "inside", tmp_path / "resume"
    (outside / "empty").mkdir(parents=True)
    (resume_dir / "fastresume").mkdir(parents=True)
    inside.mkdir()
    for file in (outside / "file", outside / "other", inside / "file", resume_dir / "record.json"):
        file.write_bytes(b"content")
    (inside / "way_out").symlink_to(outside)
    (resume_dir / "record.torrent").write_bytes(b"content")
    (resume_dir / f"{SAMPLE.torrent}.torrent").write_bytes(SAMPLE.metainfo)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(describer, "MODULE", "tests.fakes.escaping_describer")
    told = {"outside": str(outside), "inside": str(inside), "resume_dir": str(resume_dir)}
    process = subprocess.Popen(
        describer.command(resume_dir, "require"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "ESCAPES": json.dumps(told)},
    )
    with process:
        until(lambda: status_of(process.pid)["Seccomp"] == "2", "it is confined")
        assert status_of(process.pid)["NoNewPrivs"] == "1"
        assert resource.prlimit(process.pid, resource.RLIMIT_CPU)[1] <= 60
        assert resource.prlimit(process.pid, resource.RLIMIT_AS)[1] == 4 << 30
        answer, said = process.communicate(msgspec.msgpack.encode([SAMPLE.desired()]))
    assert process.returncode == 0, said
    assert len(decode_events(answer).events) == 2
    lines = [json.loads(line) for line in said.splitlines()]
    tried = [each for each in lines if each["event"] == "escape"]
    assert len(tried) >= 100
    assert [each["way"] for each in tried if not each["refused"]] == []
    assert {each["code"] for each in tried} <= {"EPERM", "EACCES", "EXDEV"}, tried
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(not sandboxed(), reason="this kernel cannot confine an engine")
@pytest.mark.parametrize(("mode", "code", "seccomp"), [("require", 78, None), ("auto", 0, "2"), ("off", 0, "0")])
def test_where_it_cannot_be_confined_the_mode_says_what_is_done(
    stored: Path, monkeypatch: pytest.MonkeyPatch, mode: str, code: int, seccomp: str | None
) -> None:
    """Without Landlock, `require` reads nothing, `auto` uses what there is, and `off` uses nothing."""
    monkeypatch.setattr(describer, "MODULE", "tests.fakes.escaping_describer")
    process = subprocess.Popen(
        describer.command(stored, mode),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_LANDLOCK": "1"},
    )
    with process:
        if seccomp is not None:
            until(lambda: status_of(process.pid)["Seccomp"] == seccomp, "it has what it can have")
        answer, said = process.communicate(msgspec.msgpack.encode([SAMPLE.desired()]))
    assert process.returncode == code, said
    assert bool(answer) == (code == 0)
    assert (b"not_confined" in said) == (code != 0)
