"""The script, as far as it can run anywhere."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process


def test_it_says_plainly_that_it_cannot_run() -> None:
    """With an exit code of its own, before anything is made. In a user namespace root has no rights."""
    nobody = ["unshare", "--user"] if os.geteuid() == 0 else []
    argv = [*nobody, sys.executable, "-m", "tools.systemd"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr}")
    assert done.returncode == 77, done.stdout + done.stderr
    assert "cannot run here: only root can boot a container" in done.stdout
    assert done.stderr == ""
