"""The command line: exit codes and what is printed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import __main__
from gateway.access import password

pytestmark = pytest.mark.process


def run(
    *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the gateway's command line to its end."""
    argv = [sys.executable, "-I", "-m", "gateway", *arguments]
    env = {**os.environ, **(environment or {})}
    return subprocess.run(argv, input=stdin, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose directories do not exist yet."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f'[paths]\nstate_dir = "{tmp_path}/state"\nruntime_dir = "{tmp_path}/run"\n[gateway]\n')
    return file


def test_a_password_is_hashed() -> None:
    """It is read from standard input, if that is no terminal."""
    ran = run("--hash-password", stdin="secret\n")
    assert ran.returncode == 0
    assert password.matches("secret", ran.stdout.strip())


def test_api_keys_are_made_and_listed(config: Path) -> None:
    """Without a gateway that runs."""
    made = run("--config", str(config), "--new-api-key", "sonarr")
    assert made.stdout.startswith("ouzel_")
    assert run("--config", str(config), "--list-api-keys").stdout.startswith("sonarr\t")
    again = run("--config", str(config), "--revoke-api-key", "radarr")
    assert (again.returncode, "no key 'radarr'" in again.stderr) == (1, True)
    [file] = config.parent.glob("state/gateway/*.sqlite")
    assert file.stat().st_mode & 0o077 == 0


def test_a_wrong_configuration_ends_the_gateway(config: Path) -> None:
    """With 78."""
    config.write_text(f'{config.read_text()}password = ""\n')
    ran = run("--config", str(config), "--check")
    assert (ran.returncode, "gateway.password: is empty" in ran.stderr) == (78, True)


def test_a_right_configuration_is_right(config: Path) -> None:
    """The check makes nothing."""
    assert run("--config", str(config), "--check").stdout == "the configuration is right\n"
    assert list(config.parent.iterdir()) == [config]


def test_an_address_in_use_ends_the_gateway(config: Path) -> None:
    """With 69, since a later start may succeed."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        ran = run("--config", str(config), environment={"OUZEL_GATEWAY_LISTEN": listen})
    assert ran.returncode == 69
    assert f"another program uses {listen} already" in ran.stderr


def test_a_directory_that_cannot_be_made_ends_the_gateway(config: Path) -> None:
    """With 73."""
    (config.parent / "state").write_text("a file")
    ran = run("--config", str(config))
    assert ran.returncode == 73
    assert "[gateway] state_dir" in ran.stderr


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon runs without it."""
    monkeypatch.setitem(sys.modules, "gateway.main", None)
    with pytest.raises(SystemExit):
        __main__.main()
    assert "pip install 'ouzel[gateway]'" in capsys.readouterr().err
