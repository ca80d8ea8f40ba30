"""What is stored of torrents that no engine has loaded is read by a process of its own, which may die or hang."""

import sys
from pathlib import Path

import pytest

from protocol.events import Progress
from protocol.link import FilesRestored
from supervisor import describer
from supervisor.describer import Describer
from tests.engine_proc.samples import two_files

SAMPLE = two_files()

pytestmark = pytest.mark.process


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A resume directory with one .torrent file."""
    (tmp_path / f"{SAMPLE.torrent}.torrent").write_bytes(SAMPLE.metainfo)
    return tmp_path


async def test_files_and_bytes_are_told_of_what_can_be_read(stored: Path) -> None:
    """And nothing of the others."""
    other = two_files("other")
    found = await Describer(stored).describe([SAMPLE.desired(), other.desired()])
    files, progress = found
    assert isinstance(files, FilesRestored)
    assert [file.path for file in files.files] == ["sample/a.bin", "sample/b.txt"]
    assert isinstance(progress, Progress)
    assert (progress.bytes_done, progress.bytes_total) == (0, SAMPLE.size)


@pytest.mark.parametrize("module", ["no_such_module", "this"])
async def test_one_that_dies_or_says_something_else_tells_nothing(
    stored: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """Whatever comes on its standard output."""
    monkeypatch.setattr(describer, "MODULE", module)
    assert await Describer(stored).describe([SAMPLE.desired()]) == []


async def test_one_that_hangs_is_ended(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and then the next one gets its turn."""
    monkeypatch.setattr(describer, "PATIENCE_S", 0.2)
    one = Describer(stored)
    with monkeypatch.context() as hanging:
        hanging.setattr(sys, "executable", "/bin/sh")
        hanging.setattr(describer, "MODULE", "-c")
        hanging.setattr(describer, "ARGUMENTS", ("-c", "sleep 60"))
        assert await one.describe([SAMPLE.desired()]) == []
    monkeypatch.setattr(describer, "PATIENCE_S", 20.0)
    assert len(await one.describe([SAMPLE.desired()])) == 2
