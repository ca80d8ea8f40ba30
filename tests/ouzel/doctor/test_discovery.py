"""How the daemon is found."""

import os
import threading
from pathlib import Path

import pytest

from ouzel.doctor import discovery
from protocol.configuration.config_file import ConfigFile
from protocol.wire.endpoints import COMMANDS_SOCKET
from tests.ouzel.scripted_daemon import SILENCE, ScriptedDaemon


def test_a_running_daemon_is_found_by_its_socket(
    daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its process, its environment and its answers."""
    monkeypatch.setattr(discovery, "ANSWER_S", 60.0)  # for a busy machine
    found = discovery.find(None, tmp_path)
    assert (found.pid, found.silence) == (os.getpid(), None)
    assert found.health is not None
    assert found.stats is not None
    assert found.environ is not None
    assert found.paths.runtime_dir == str(tmp_path)


def test_a_hung_daemon_is_found(daemon: ScriptedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is known, and the wait has a time limit."""
    monkeypatch.setattr(discovery, "ANSWER_S", 0.2)
    daemon.answers["health"] = lambda _: SILENCE
    found = discovery.find(None, tmp_path)
    assert (found.pid, found.health) == (os.getpid(), None)
    assert "did not answer" in str(found.silence)


def test_a_stopped_daemon_has_the_paths_of_its_file(tmp_path: Path) -> None:
    """Values that are no absolute paths are left out, because `ouzeld --check` reports them."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f'[paths]\nresume_dir = "{tmp_path}/r"\nstate_dir = "s"\nruntime_dir = "{tmp_path}"\n')
    found = discovery.find(file, None)
    assert (found.pid, found.silence) == (None, "no daemon is running")
    assert (found.paths.resume_dir, found.paths.state_dir) == (f"{tmp_path}/r", None)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """Everything else is still examined."""
    found = discovery.find(tmp_path / "missing.toml", None)
    assert "missing.toml" in str(found.config_problem)


def test_a_file_on_a_hung_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has a time limit."""
    freed = threading.Event()

    def hang(_: Path) -> None:
        freed.wait(60)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(discovery, "ANSWER_S", 0.05)
    monkeypatch.setattr(ConfigFile, "read", hang)
    found = discovery.find(tmp_path / "ouzel.toml", tmp_path)
    freed.set()
    assert "its disk may hang" in str(found.config_problem)


def test_nobody_listens_on_a_missing_socket(tmp_path: Path) -> None:
    """There is no process."""
    assert discovery.listener(tmp_path / COMMANDS_SOCKET) is None
