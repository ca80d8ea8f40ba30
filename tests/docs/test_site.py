"""The site builds without warnings, and each shell line of the pages is known."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.storage.test_stored_files import COMMANDS
from tools.docs.shell_lines import refused, shell_lines

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OUZEL: Final = ("ouzel", "ouzeld", "ouzel-gateway", ".venv/bin/ouzel", ".venv/bin/ouzel-gateway", "sudo")
OTHERS: Final = {
    "podman": "cannot start containers in each environment; scripts/container-test runs the image",
    "docker": "has the options of podman",
    "pipx": "scripts/install-test runs it",
    "uv": "scripts/install-test runs it",
    ".venv/bin/python": "scripts/install-test runs it",
    "curl": "tests of the gateway send the same requests",
    "flood": "scripts/interop runs it",
    "systemctl": "scripts/systemd-test runs it",
    "journalctl": "reads the journal only",
    "install": "scripts/systemd-test runs it",
    "systemd-sysusers": "scripts/systemd-test runs it",
    "rm": "scripts/systemd-test runs it",
    "userdel": "scripts/systemd-test runs it",
    "scripts/package": "scripts/systemd-test --story package runs it",
    "scripts/demo": "tests/demo runs the same module",
    "scp": "copies to another machine",
    "rsync": "copies to another machine",
    "scripts/chaos": "tests/chaos runs the same module",
    "grep": "reads only",
    "scripts/run": "the suite of CI is set up by the same script",
    "LIBTORRENT_WHEEL=/path/to/libtorrent-2.1.1-cp314-cp314-linux_x86_64.whl": "needs a wheel",
    "apt": "is Debian's",
    "apt-get": "is Debian's",
    "dpkg": "is Debian's",
}
"""Programs that are not parsed here, each with the reason."""


def named(page: Path) -> str:
    """A page as test ids show it."""
    return str(page.relative_to(ROOT))


def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    """Broken links and anchors are warnings, too. It loads no script, style or font of another host."""
    argv = [sys.executable, "-I", "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "true"}
    done = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    start = (tmp_path / "getting-started.html").read_text()
    assert 'src="http' not in start
    assert 'rel="stylesheet" href="http' not in start
    assert (tmp_path / "source/packaging/ouzel.toml.txt").is_file()


@pytest.mark.parametrize("page", [page for page in PAGES if shell_lines(page)], ids=named)
def test_each_shell_line_is_run_or_parsed(page: Path) -> None:
    """Ouzel's lines are parsed; a line of another program is in a table of tests or of reasons."""
    for line in shell_lines(page):
        program = line.split()[0]
        if program in OUZEL:
            assert refused(line) is None, line
        else:
            assert line in COMMANDS or program in OTHERS, line


@pytest.mark.parametrize("line", ["ouzel ls --no-such-option", "ouzel no-such-command", "ouzeld --no-such-option"])
def test_a_wrong_line_is_refused(line: str) -> None:
    """Otherwise the test above could not fail."""
    assert refused(line) is not None
