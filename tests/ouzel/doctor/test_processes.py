"""Which command lines are those of daemons."""

import os
import time

import pytest

from ouzel.doctor import processes
from ouzel.doctor.target import PROC


@pytest.mark.parametrize(
    ("line", "daemon"),
    [
        ("/opt/ouzel/bin/python -I /opt/ouzel/bin/ouzeld --config /etc/ouzel/ouzel.toml", True),
        ("/x/.venv/bin/python -I -m supervisor --config a.toml", True),
        ("/x/.venv/bin/python -I -m supervisor --check --json", False),
        ("/x/.venv/bin/python -I -m engine_proc", False),
        ("vi ouzeld", False),
        ("", False),
    ],
)
def test_a_daemon_is_known_by_its_command_line(line: str, daemon: bool) -> None:
    """A check of the configuration is not a daemon."""
    assert processes.is_daemon(line.split()) is daemon


@pytest.mark.parametrize("line", ["ouzeld --config /a.toml", "ouzeld --core --config=/a.toml"])
def test_the_configuration_file_is_in_the_command_line(line: str) -> None:
    """In both forms of the option."""
    assert processes.config_argument(line.split()) == "/a.toml"
    assert processes.config_argument(["ouzeld"]) is None


def test_facts_about_this_process() -> None:
    """A process that does not exist has none."""
    started = processes.started_at(os.getpid(), PROC)
    assert started is not None
    assert started <= time.time() + 1
    assert processes.parent_of(os.getpid(), PROC) == os.getppid()
    assert processes.limit_of("self", "Max open files", PROC) is not None
    assert processes.started_at(2**22 + 1, PROC) is None
    assert processes.limit_of(2**22 + 1, "Max open files", PROC) is None
