"""Where a backup may be written, and what is in it."""

import fcntl
import os
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
import typer

from ouzel.cli.backup.backup_commands import backup, restore
from ouzel.cli.backup.gateway_store import LOCK
from tests.ouzel.cli.backup.test_gateway_store import names, open_store


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


def test_the_gateways_state_and_secrets_are_backed_up_and_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The configuration is in a backup, and is put back, only on request. A running gateway prevents a restore."""
    resume, store, config = tmp_path / "resume", tmp_path / "gateway" / "gateway.sqlite", tmp_path / "ouzel.toml"
    resume.mkdir(mode=0o700)
    (resume / ".lock").touch()
    config.write_text(f'[paths]\nstate_dir = "{tmp_path}"\n')
    with closing(open_store(store)) as running:
        running.execute("INSERT INTO value VALUES ('saved', '1')")
        backup(tmp_path / "plain.tar", config=config)
        backup(tmp_path / "all.tar", config=config, with_secrets=True)
        assert "keep it private" in capsys.readouterr().out
    with tarfile.open(tmp_path / "plain.tar") as plain, tarfile.open(tmp_path / "all.tar") as full:
        assert set(full.getnames()) - set(plain.getnames()) == {"secrets/config.toml"}
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    store.unlink()
    text = config.read_text()
    config.write_text(f"{text}# changed\n")
    with (store.parent / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(typer.Exit):
            restore(tmp_path / "all.tar", config=config)
    assert "in use by ouzel-gateway" in capsys.readouterr().err
    restore(tmp_path / "all.tar", config=config, dry_run=True)
    assert not store.exists()
    restore(tmp_path / "all.tar", config=config)
    assert "--with-secrets" in capsys.readouterr().err
    assert names(store) == ["saved"]
    assert config.read_text().endswith("# changed\n")
    restore(tmp_path / "all.tar", config=config, with_secrets=True)
    assert config.read_text() == text
    restore(tmp_path / "all.tar", resume_dir=resume)
    assert "name the configuration with --config" in capsys.readouterr().err
    with pytest.raises(typer.BadParameter):
        backup(tmp_path / "all.tar", resume_dir=resume, with_secrets=True)
