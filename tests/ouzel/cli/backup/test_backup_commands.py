"""Where a backup may be written."""

import os
from pathlib import Path

import pytest
import typer

from ouzel.cli.backup.backup_commands import backup


def test_only_a_regular_file_outside_of_the_resume_directory_is_written(tmp_path: Path) -> None:
    """A pipe would be replaced. A backup in the resume directory would get into the next backup."""
    resume = tmp_path / "resume"
    resume.mkdir(mode=0o700)
    (resume / ".lock").touch()
    os.mkfifo(tmp_path / "pipe.tar")
    (tmp_path / "folder.tar").mkdir()
    for file in (tmp_path / "pipe.tar", tmp_path / "folder.tar", resume / "x.tar"):
        with pytest.raises(typer.Exit):
            backup(file, resume_dir=resume)
    assert (tmp_path / "pipe.tar").is_fifo()
    assert {path.name for path in resume.iterdir()} == {".lock"}
    backup(tmp_path / "x.tar", resume_dir=resume)
    backup(tmp_path / "x.tar", resume_dir=resume)
    assert (tmp_path / "x.tar").is_file()
