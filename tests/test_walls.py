"""The walls that import-linter cannot see: what is loaded when a package is, in an interpreter of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
pytestmark = pytest.mark.process


def loaded_by(module: str) -> set[str]:
    """The top-level modules in memory after an import."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_supervisor_never_loads_libtorrent() -> None:
    """Native code cannot crash a process that it is not in; the engine's own code is not there either."""
    loaded = loaded_by("supervisor.service")
    assert "supervisor" in loaded
    assert not loaded & {"libtorrent", "engine_proc", "ouzel"}


def test_clients_load_neither_process() -> None:
    """The Python client and the command line need the protocol only."""
    assert not loaded_by("ouzel.cli.main") & {"libtorrent", "engine_proc", "supervisor"}


def test_the_engine_does_not_load_the_supervisor() -> None:
    """The child knows nothing of its parent's code, and stays lean."""
    loaded = loaded_by("engine_proc.libtorrent.libtorrent_session")
    assert "libtorrent" in loaded
    assert not loaded & {"supervisor", "ouzel", "structlog", "tenacity", "typer", "rich"}
