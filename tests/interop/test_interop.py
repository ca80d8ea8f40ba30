"""The script, as far as it can run anywhere."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.interop.transfers import equal

pytestmark = pytest.mark.process


def test_it_says_plainly_that_it_cannot_run() -> None:
    """With an exit code of its own, before anything is made. In a user namespace root has no rights."""
    nobody = ["unshare", "--user"] if os.geteuid() == 0 else []
    argv = [*nobody, sys.executable, "-m", "tools.interop"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr}")
    assert done.returncode == 77, done.stdout + done.stderr
    assert "cannot run here: network namespaces take Linux, and root" in done.stderr
    assert done.stdout == ""


def test_files_are_equal_by_their_content(tmp_path: Path) -> None:
    """Further files in the copy, such as padding, do not matter; a missing, shorter or different one does."""
    content, copy = tmp_path / "content", tmp_path / "copy"
    for directory in (content, copy):
        (directory / "a").mkdir(parents=True)
        (directory / "a/b").write_bytes(hashlib.sha256(b"b").digest())
    assert equal(content, copy)
    (copy / ".pad").write_bytes(bytes(10))
    assert equal(content, copy)
    (copy / "a/b").write_bytes(hashlib.sha256(b"c").digest())
    assert not equal(content, copy)
    (copy / "a/b").write_bytes(b"b")
    assert not equal(content, copy)
    (copy / "a/b").unlink()
    assert not equal(content, copy)
