import asyncio
import os
from pathlib import Path

import pytest

from protocol.durable.resume_dir import ResumeDir
from supervisor.store import ip_filter_copy
from supervisor.store.ip_filter_copy import IpFilterCopy


class Copying:
    """A copy of `list`, and what was last reported."""

    def __init__(self, directory: Path) -> None:
        (directory / "resume").mkdir()
        self.source = directory / "list"
        self.file: str | None = str(self.source)
        self.problem: str | None = None
        self.dir = ResumeDir(directory / "resume")
        self.copy = IpFilterCopy(self.dir, file=lambda: self.file, report=self._report)

    def _report(self, problem: str | None) -> None:
        self.problem = problem

    async def look(self) -> str | None:
        """The content of the copy after a look."""
        await self.copy._look(settled=True)
        return self.dir.ip_filter.read_text() if self.dir.ip_filter.exists() else None


async def test_a_changed_file_is_copied_once_it_has_settled(tmp_path: Path) -> None:
    """The first time at once. A copy that is missing is made again."""
    copying = Copying(tmp_path)
    copying.source.write_text("one")
    await copying.copy.prepare()
    assert copying.dir.ip_filter.read_text() == "one"
    copying.source.write_text("three")
    assert await copying.look() == "one"
    copying.source.write_text("three and more")
    assert await copying.look() == "one"
    assert await copying.look() == "three and more"
    copying.dir.ip_filter.unlink()
    assert await copying.look() == "three and more"


async def test_a_file_that_cannot_be_read_is_reported_and_the_copy_stays(tmp_path: Path) -> None:
    """Missing, or no file. Without a configured file, there is no copy any more."""
    copying = Copying(tmp_path)
    copying.source.write_text("one")
    await copying.copy.prepare()
    copying.source.unlink()
    assert await copying.look() == "one"
    assert copying.problem == f"the IP filter {copying.source} cannot be read: No such file or directory"
    os.mkfifo(copying.source)
    assert await copying.look() == "one"
    assert copying.problem == f"the IP filter {copying.source} cannot be read: it is no file"
    copying.file = None
    assert await copying.look() is None
    assert copying.problem is None


async def test_a_file_may_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is bounded, since it is read as a whole."""
    monkeypatch.setattr(ip_filter_copy, "BYTES_MAX", 2)
    copying = Copying(tmp_path)
    copying.source.write_text("one")
    await copying.copy.prepare()
    assert "has more than" in str(copying.problem)


async def test_a_copy_goes_into_no_other_directory(tmp_path: Path) -> None:
    """One that is at the path of the resume directory, such as that of a disk that is not mounted."""
    copying = Copying(tmp_path)
    copying.source.write_text("one")
    copying.dir.bind("1:2")
    assert await copying.look() is None
    assert await copying.look() is None
    assert "cannot be read" in str(copying.problem)
    await asyncio.sleep(0)
