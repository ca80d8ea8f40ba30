"""Directories that other users made, can write to, or can redirect are refused at the start: one line, exit code 73."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.rig.daemon import Daemon

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users"),
]

STRANGER = 65534


def open_parent(path: Path) -> Path:
    """The parent directory is world-writable, so its entries can be replaced."""
    path.parent.chmod(0o777)
    return path.parent


def sticky_link(path: Path) -> Path:
    """A link of another user, such as anybody can make in /tmp, leads to a directory of ours."""
    path.parent.chmod(0o1777)
    (path.parent / "ours").mkdir()
    path.symlink_to("ours")
    os.lchown(path, STRANGER, STRANGER)
    return path


def made_first(path: Path) -> Path:
    """Another user made the directory first."""
    path.parent.chmod(0o1777)
    path.mkdir()
    path.chmod(0o777)
    os.chown(path, STRANGER, STRANGER)
    return path


def given_away(path: Path) -> Path:
    """The directory is another user's, in a directory of root's."""
    path.mkdir(mode=0o700)
    os.chown(path, STRANGER, STRANGER)
    return path


def open_once(path: Path) -> Path:
    """The directory is ours and world-writable."""
    path.mkdir()
    path.chmod(0o777)
    return path


def planted_lock(path: Path) -> Path:
    """The directory is ours and private now, but a file from before is still in it."""
    path.mkdir(mode=0o700)
    (path / ".lock").symlink_to(path.parent / "precious")
    return path / ".lock"


@pytest.mark.parametrize(
    ("key", "plant"),
    [
        ("resume_dir", open_parent),
        ("resume_dir", open_once),
        ("resume_dir", planted_lock),
        ("runtime_dir", sticky_link),
        ("runtime_dir", given_away),
        ("state_dir", made_first),
    ],
)
def test_it_is_refused_and_nothing_is_touched(root: Path, key: str, plant: Callable[[Path], Path]) -> None:
    """The line names the path, and its content is unchanged."""
    root.chmod(0o755)
    daemon, above = Daemon(root / "d"), root / "above"
    above.mkdir(mode=0o755)
    (above / "precious").write_text("precious")
    named = plant(above / "own")
    text = daemon.config.read_text()
    [line] = [line for line in text.splitlines() if line.startswith(key)]
    daemon.config.write_text(text.replace(line, f'{key} = "{above / "own"}"'))
    argv = [sys.executable, "-I", "-m", "supervisor", "--config", str(daemon.config)]
    before = sorted((str(path), path.lstat().st_mode) for path in above.rglob("*"))
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 73, ran.stderr
    assert ran.stderr.startswith(f"ouzeld: {named}: "), ran.stderr
    assert ran.stderr.count("\n") == 1
    assert sorted((str(path), path.lstat().st_mode) for path in above.rglob("*")) == before
    assert (above / "precious").read_text() == "precious"
