"""A user that is not in passwd and has no HOME, as in a container that runs with an arbitrary uid."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tools.rig.daemon import Daemon

pytestmark = pytest.mark.process

BIN: Final = Path(sys.executable).parent
STRANGER: Final = ["unshare", "--user", "--map-user=54321", "--map-group=54321", "env", "-i"]
"""In a user namespace of its own: our files belong to this user."""


def run(*argv: str | Path) -> tuple[int, list[str]]:
    """Returns the exit code and the lines on stderr."""
    ran = subprocess.run([*STRANGER, *argv], capture_output=True, text=True, cwd="/", check=False)
    return ran.returncode, ran.stderr.splitlines()


@pytest.fixture(autouse=True)
def possible() -> None:
    """Some machines have no user namespaces, or an `unshare` without the mapping of users."""
    code, said = run("true")
    if code:
        pytest.skip(f"no user namespaces here: {said}")


def test_a_daemon_whose_paths_are_configured_needs_neither(root: Path) -> None:
    """Neither does a command line that is told the runtime directory."""
    with Daemon(root / "d", command=[*STRANGER, str(BIN / "ouzeld")]) as daemon:
        assert daemon.engine_pid()
        assert run(BIN / "ouzel", "--runtime-dir", daemon.runtime_dir, "ls") == (0, [])


@pytest.mark.parametrize(
    ("argv", "code", "first"),
    [
        (("ouzeld",), 78, "ouzeld: paths.resume_dir: there is no default for it: HOME is not set"),
        (("ouzel", "ls"), 2, "error: Invalid value for --runtime-dir: there is no default for it: HOME is not set"),
        (
            ("ouzel", "--install-completion", "bash"),
            2,
            "error: Invalid value for --install-completion: there is no",
        ),
    ],
)
def test_what_needs_one_says_so(argv: tuple[str, ...], code: int, first: str) -> None:
    """The error is a line that says what to do, without a traceback."""
    program, *arguments = argv
    # A shell is the parent, since completion is installed for the shell that the command was called from.
    returned, said = run("bash", "-c", '"$@"; exit $?', "bash", BIN / program, *arguments)
    assert returned == code, said
    assert said[0].startswith(first)
    assert "set HOME" in said[0]
    assert len(said) <= 2
