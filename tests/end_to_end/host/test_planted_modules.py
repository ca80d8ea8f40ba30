"""Modules are loaded only from where Ouzel is installed, not from the current directory or from PYTHON variables."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tools.rig.daemon import Daemon
from tools.rig.waiting import until

pytestmark = pytest.mark.process

PROJECT: Final = Path(__file__).parents[3]
SCRIPTS: Final = sorted(path.name for path in (PROJECT / "scripts").iterdir())
BIN: Final = Path(sys.executable).parent
OURS: Final = ("engine_proc", "ouzel", "protocol", "supervisor", "tests", "tools")
OTHERS: Final = (
    "_pytest",
    "importlinter",
    "libtorrent",
    "msgpack",
    "msgspec",
    "mypy",
    "pip",
    "pytest",
    "structlog",
    "zmq",
)
CUSTOM: Final = ("sitecustomize", "usercustomize")
PLANTED: Final = 'with open({mark!r}, "a") as mark:\n    mark.write(__name__ + "\\n")\n'

RECORDER: Final = """#!/bin/sh
# Stands for Python and for the tools: notes how it was started, and makes what `-m venv` would make.
set -eu
variables() { env | sed -n 's/^\\(PYTHON[A-Z]*\\)=.*/ +\\1/p' | tr -d '\\n'; }
line=$(printf '%s' "${0##*/}"; printf ' %s' "$@"; variables)
printf '%s\n' "$line" >>LOG # in one go: others may write at the same time
case "$*" in
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *" -c "*) exec REAL "$@" ;;
esac
"""


class Plants:
    """A directory of modules that record that they were loaded, and an environment that points to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._mark = directory / "loaded"
        user = (
            directory
            / "home"
            / ".local"
            / "lib"
            / f"python{sys.version_info[0]}.{sys.version_info[1]}"
            / "site-packages"
        )
        user.mkdir(parents=True)
        code = PLANTED.format(mark=str(self._mark))
        for name in {*sys.stdlib_module_names, *OURS, *OTHERS, *CUSTOM} - {
            "encodings"
        }:  # no file can be written without this
            (directory / f"{name}.py").write_text(code)
        for package in OURS:
            (directory / package).mkdir()
            for file in ("__init__", "__main__", "cli"):
                (directory / package / f"{file}.py").write_text(code)
        for place in (directory, user):
            (place / "planted.pth").write_text(f"import os; open({str(self._mark)!r}, 'a').write('pth\\n')\n")
            (place / "usercustomize.py").write_text(code)
        self.environment = {
            "HOME": str(directory / "home"),
            "PYTHONHOME": str(directory),
            "PYTHONPATH": f"{directory}::.",
            "PYTHONPLATLIBDIR": str(directory),
            "PYTHONSTARTUP": str(directory / "sitecustomize.py"),
            "PYTHONUSERBASE": str(directory / "home" / ".local"),
            "PYTHONINSPECT": "1",
            "PYTHONEXECUTABLE": str(directory / "python"),
            "PYTHONPYCACHEPREFIX": str(directory),
        }

    def loaded(self) -> str:
        """The modules that were loaded; an empty list is right."""
        return self._mark.read_text() if self._mark.exists() else ""


@pytest.fixture
def plants(root: Path) -> Plants:
    """A directory to start programs in."""
    directory = root / "planted"
    directory.mkdir()
    return Plants(directory)


def test_they_are_loaded_where_nothing_prevents_it(plants: Plants) -> None:
    """This shows that the other tests can fail."""
    environment = {"PYTHONPATH": str(plants.directory), "PATH": os.defpath}
    subprocess.run([sys.executable, "-c", "pass"], env=environment, check=False, capture_output=True)
    assert "sitecustomize" in plants.loaded()


def test_the_daemon_and_its_engines_load_none(root: Path, plants: Plants) -> None:
    """Neither do the supervisor, the first engine, the next spare, and the command line."""
    command = [str(BIN / "ouzeld")]
    with Daemon(root / "d", environment=plants.environment, command=command, cwd=plants.directory) as daemon:
        first = daemon.kill_engine()
        until(lambda: daemon.client.health().engine.pid not in (None, first), "another engine")
        for name in ("ouzel", "linked"):
            if name == "linked":  # as pipx and administrators do
                (plants.directory / name).symlink_to(BIN / "ouzel")
            program = BIN / name if name == "ouzel" else plants.directory / name
            asked = subprocess.run(
                [program, "--runtime-dir", daemon.runtime_dir, "health"],
                cwd=plants.directory,
                env={**os.environ, **plants.environment},
                capture_output=True,
                text=True,
                check=False,
            )
            assert asked.returncode == 0, asked.stderr
        assert plants.loaded() == ""


def test_a_script_s_own_modules_are_found_all_the_same(plants: Plants) -> None:
    """It can be started from any directory."""
    ran = subprocess.run(
        [PROJECT / "scripts" / "bench", "--help"],
        cwd=plants.directory,
        env={**os.environ, **plants.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, plants.loaded()) == (0, ""), ran.stderr
    assert "failover" in ran.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_starts_python_isolated(root: Path, plants: Plants, script: str) -> None:
    """By `-I`, or without any PYTHON variable.

    A copy of the project is set up and run, with recorders in place of programs.
    """
    project, log = root / "project", root / "log"
    project.mkdir()
    for folder in ("packaging", "scripts"):
        shutil.copytree(PROJECT / folder, project / folder)
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(PROJECT / name, project)
    (project / "clients").mkdir()
    for name in ("python", "ruff", "mypy", "lint-imports", "ouzeld"):
        recorder = project / ".venv" / "bin" / name
        recorder.parent.mkdir(parents=True, exist_ok=True)
        recorder.write_text(RECORDER.replace("LOG", str(log)).replace("REAL", sys.executable))
        recorder.chmod(0o755)
    (project / "clients" / "build").symlink_to(project / ".venv" / "bin" / "ruff")
    shutil.copy(project / ".venv" / "bin" / "python", root / "chosen")
    environment = {**os.environ, **plants.environment, "PYTHON": str(root / "chosen")}
    ran = subprocess.run(
        [project / "scripts" / script],
        cwd=plants.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert plants.loaded() == ""
    started = [line for line in log.read_text().splitlines() if not line.startswith("ouzeld")]  # it isolates itself
    assert started
    for line in started:
        _, *arguments = line.split()
        assert arguments[:1] == ["-I"] or not {word for word in arguments if word[0] == "+"} - {"+PYTHON"}, line
