import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervisor.config_check import Checked, check
from tools.rig.daemon import sandboxed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A valid configuration whose directories do not exist yet."""
    paths = {key: str(tmp_path / key) for key in ("resume_dir", "runtime_dir", "state_dir")}
    lines = [f'{key} = "{path}"' for key, path in paths.items()]
    lines += [f'download_roots = ["{tmp_path / "downloads"}"]', "[engine]", "enable_dht = false"]
    made = tmp_path / "ouzel.toml"
    made.write_text("\n".join(["[paths]", *lines, ""]))
    return made


def changed(file: Path, before: str, after: str) -> Checked:
    """The problems after a change of the file."""
    file.write_text(file.read_text().replace(before, after))
    return check(file, {})


@pytest.mark.process
def test_what_is_right_makes_nothing(file: Path, tmp_path: Path) -> None:
    """No directory, no lock."""
    assert check(file, {}) == Checked(ok=True, problems=[])
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.process
def test_libtorrent_is_asked(file: Path) -> None:
    """Each setting that it would refuse is named with its line, and a similar name."""
    found = changed(file, "enable_dht = false", "enable_dhtt = false\nconnections_limit = 'many'\nzzz = 1")
    assert found.exit_code == 78
    assert [(each.key, each.line) for each in found.problems] == [
        ("engine.enable_dhtt", 7),
        ("engine.connections_limit", 8),
        ("engine.zzz", 9),
    ]
    told = [each.message for each in found.problems]
    assert told[0].endswith("did you mean enable_dht?")
    assert "did you mean" not in told[2]


@pytest.mark.process
@pytest.mark.skipif(not sandboxed(), reason="this kernel has no sandbox at all")
def test_the_kernel_is_asked(file: Path, tmp_path: Path) -> None:
    """Whether a required sandbox is possible."""
    file.write_text(file.read_text() + '[sandbox]\nmode = "require"\n')
    assert check(file, {}).ok
    found = changed(file, str(tmp_path / "downloads"), str(tmp_path))
    assert [(each.key, each.line) for each in found.problems] == [("sandbox.mode", 9)]


@pytest.mark.process
@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda path: (path / "runtime_dir" / "commands.ipc").mkdir(parents=True), "paths.runtime_dir"),
        (lambda path: (path / "runtime_dir").touch(), "paths.runtime_dir"),
        (lambda path: (path / "downloads").touch(), "paths.download_roots[0]"),
        (lambda path: (path / "downloads").symlink_to(path / "none"), "paths.download_roots[0]"),
        (lambda path: (path / "resume_dir" / ".lock").mkdir(parents=True), "paths.resume_dir"),
        (lambda path: (path / "state_dir").symlink_to(path / "state_dir"), "paths.state_dir"),
    ],
)
def test_directories_are_judged_as_the_start_does(file: Path, tmp_path: Path, make: Any, key: str) -> None:
    """One line each, and the daemon exits with the same code."""
    make(tmp_path)
    found = check(file, {})
    assert ([each.key for each in found.problems], found.exit_code) == ([key], 73)
    argv = [sys.executable, "-I", "-m", "supervisor", "--config", str(file)]
    started = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (started.returncode, started.stderr.count("\n")) == (73, 1)


@pytest.mark.process
def test_the_command_line(file: Path, tmp_path: Path) -> None:
    """One problem a line, or one object; an existing socket file is no problem."""
    (tmp_path / "runtime_dir").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(tmp_path / "runtime_dir" / "commands.ipc"))
    argv = [sys.executable, "-I", "-m", "supervisor", "--config", str(file), "--check"]
    environ = {**os.environ, "OUZEL_LIMITS_DOWNLOAD": "5"}
    fine = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (fine.returncode, fine.stdout) == (0, "the configuration is right\n")
    wrong = subprocess.run([*argv, "--json"], capture_output=True, text=True, env=environ, check=False)
    assert wrong.returncode == 78
    found = msgspec.json.decode(wrong.stdout, type=Checked)
    assert (found.ok, [each.variable for each in found.problems]) == (False, ["OUZEL_LIMITS_DOWNLOAD"])
    lines = subprocess.run(argv, capture_output=True, text=True, env=environ, check=False).stdout.splitlines()
    assert lines == [str(each) for each in found.problems]


@pytest.mark.process
def test_a_path_of_any_bytes_can_be_told_in_json(tmp_path: Path) -> None:
    """A file's name need not be UTF-8, and JSON is."""
    argv = [sys.executable, "-I", "-m", "supervisor", "--check", "--json", "--config", str(tmp_path / "\udcff")]
    asked = subprocess.run(argv, capture_output=True, check=False)
    found = msgspec.json.decode(asked.stdout, type=Checked)
    assert [str(problem) for problem in found.problems] == [f"{tmp_path}/?: No such file or directory"]


@pytest.mark.process
def test_a_newer_resume_directory_is_refused(file: Path, tmp_path: Path) -> None:
    """By the check and by a start, with the same words. Neither touches the directory."""
    there = tmp_path / "resume_dir"
    there.mkdir(mode=0o755)
    (there / "format.json").write_text('{"format": 99, "written_by": "9.9"}')
    checked = check(file, {})
    [problem] = checked.problems
    assert (problem.key, checked.exit_code) == ("paths.resume_dir", 78)
    argv = [sys.executable, "-m", "supervisor", "--config", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (78, "")
    assert problem.message in done.stderr
    assert "written by Ouzel 9.9 in format 99" in done.stderr
    assert [path.name for path in there.iterdir()] == ["format.json"]
    assert there.stat().st_mode & 0o777 == 0o755
