"""Rules that import-linter cannot check: what is loaded with a package, in a separate interpreter."""

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
    """Native code cannot crash a process that has not loaded it; the engine's own code is not loaded either."""
    loaded = loaded_by("supervisor.service")
    assert "supervisor" in loaded
    assert not loaded & {"libtorrent", "engine_proc", "ouzel"}


@pytest.mark.parametrize("module", ["supervisor.__main__", "ouzel.cli.main", "ouzel.client.aio"])
def test_only_the_gateway_loads_what_its_extra_installs(module: str) -> None:
    """Without the extra `gateway`, the daemon and the clients run."""
    assert not loaded_by(module) & {"gateway", "h11", "multipart", "python_multipart", "starlette", "uvicorn"}


def test_the_gateway_loads_neither_process() -> None:
    """It is a client like any other one."""
    loaded = loaded_by("gateway.main")
    assert "starlette" in loaded
    assert not loaded & {"libtorrent", "engine_proc", "supervisor"}


def test_clients_load_neither_process() -> None:
    """The Python client and the command line need only the protocol."""
    assert not loaded_by("ouzel.cli.main") & {"libtorrent", "engine_proc", "supervisor"}


def test_the_engine_does_not_load_the_supervisor() -> None:
    """The child does not depend on its parent's code, and stays small."""
    loaded = loaded_by("engine_proc.libtorrent_adapter.libtorrent_session")
    assert "libtorrent" in loaded
    assert not loaded & {"supervisor", "ouzel", "structlog", "tenacity", "typer", "rich"}
