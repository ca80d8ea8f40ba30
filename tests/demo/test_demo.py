"""The demonstration on a small scale."""

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.process, pytest.mark.network]


def test_the_demonstration_ends_well() -> None:
    """Its exit code is 0. When its output is a pipe, it writes lines without control characters."""
    argv = [sys.executable, "-m", "tools.demo", "--size", "64", "--mbps", "20"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert "SIGKILL to engine pid" in done.stdout
    assert "healthy -> degraded -> healthy" in done.stdout
    assert "WRONG" not in done.stdout
