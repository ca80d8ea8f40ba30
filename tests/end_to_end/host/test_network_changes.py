"""Changes of addresses and routes, in a network namespace."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.network]

NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]


def test_sockets_follow_addresses_and_routes(root: Path) -> None:
    """The daemon listens at addresses that it did not have when it started."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare may not make a network namespace here")
    argv = [*NAMESPACE, sys.executable, "-m", "tests.end_to_end.host.network_changes", str(root)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
