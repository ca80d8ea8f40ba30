import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ouzel.client import whereabouts
from protocol.wire.endpoints import COMMANDS_SOCKET

NOWHERE = FileNotFoundError(2, "No such file or directory")


@pytest.fixture
def system_dir() -> Iterator[Path]:
    """A runtime directory with a listener that its group may use."""
    path = Path(tempfile.mkdtemp(prefix="ouzel-"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path / COMMANDS_SOCKET))
        listening.listen()
        path.chmod(0o750)
        yield path
    shutil.rmtree(path)


def test_a_daemon_of_the_system_is_found(tmp_path: Path, system_dir: Path) -> None:
    """The message says how to name it; no client connects by itself."""
    told = whereabouts.advice(tmp_path / COMMANDS_SOCKET, NOWHERE, system_dir)
    named = f"--runtime-dir {system_dir}, or OUZEL_PATHS_RUNTIME_DIR={system_dir}"
    assert told == f"there is one in {system_dir}: name it with {named}"


def test_where_there_is_none_either_nothing_is_said(tmp_path: Path, system_dir: Path) -> None:
    """Nor about the place that was tried already."""
    assert whereabouts.advice(tmp_path / COMMANDS_SOCKET, NOWHERE, tmp_path / "none") is None
    assert whereabouts.advice(system_dir / COMMANDS_SOCKET, NOWHERE, system_dir) is None


def told_as(uid: int, groups: list[int], system_dir: Path, path: Path) -> str:
    """The message for another user."""
    program = (
        "import os, sys; from pathlib import Path; from ouzel.client import whereabouts\n"
        "path, system_dir, uid, *groups = sys.argv[1:]\n"
        "os.setgroups([*map(int, groups)]); os.setgid(int(uid)); os.setuid(int(uid))\n"
        "try: whereabouts.knock(Path(path))\n"
        "except OSError as error: print(whereabouts.advice(Path(path), error, Path(system_dir)))"
    )
    argv = [sys.executable, "-I", "-c", program, str(path), str(system_dir), str(uid), *map(str, groups)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_who_may_not_use_it_is_told_the_group(system_dir: Path) -> None:
    """By name for the default directory and a named one; without the group's permission, the owner."""
    uid, gid = 54321, 54320
    socket_path, elsewhere = system_dir / COMMANDS_SOCKET, Path("/nonexistent") / COMMANDS_SOCKET
    os.chown(system_dir, 0, gid)
    join = f"this user may not use it: join the group {gid} (`sudo usermod -aG {gid} {uid}`), and log in again"
    assert told_as(uid, [], system_dir, socket_path) == join
    assert told_as(uid, [], system_dir, elsewhere).startswith(f"there is one in {system_dir}, and {join}; then name it")
    os.chown(socket_path, 0, gid)
    socket_path.chmod(0o600)
    assert "run the command as root" in told_as(uid, [gid], system_dir, socket_path)
    socket_path.chmod(0o660)
    assert told_as(uid, [gid], system_dir, socket_path) == ""
    os.chown(system_dir, 0, 0)
    assert "run the command as root" in told_as(uid, [gid], system_dir, socket_path)


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_the_command_line_tells_it_of_a_directory_that_was_named(system_dir: Path) -> None:
    """Although that directory cannot even be read."""
    os.chown(system_dir, 0, 54320)
    system_dir.chmod(0o750)
    program = (
        "import os, sys; from ouzel.cli import main\n"
        "main.run(['--runtime-dir', '/nonexistent', 'health'])\n"  # all is loaded, which another user may not read
        "os.setgroups([]); os.setgid(54321); os.setuid(54321)\n"
        "raise SystemExit(main.run(['--runtime-dir', sys.argv[1], 'health']))"
    )
    argv = [sys.executable, "-I", "-c", program, str(system_dir)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode == 3, ran.stderr
    assert "join the group 54320" in ran.stderr
