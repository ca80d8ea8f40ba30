"""The suite: its installation, and a run against a server."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tools.interop.packages import CannotRun
from tools.interop.webapi import left_out
from tools.interop.webapi.place import TMP

PACKAGE: Final = "qbittorrent-api==2026.10.1"
TOOLS: Final = ("pytest==9.1.1", "pytest-timeout")
FOLDER: Final = "qbittorrent-api"
"""The suite requires this name of its folder."""
PORT: Final = 8080
"""Some tests have this port in their text."""
USERNAME: Final = "admin"
PASSWORD: Final = "adminadmin"
LOADED: Final = "tests/_resources/ubuntu-22.04.1-desktop-amd64.iso.torrent"
"""The torrent that the suite expects. The suite would fetch it from the Internet."""

INSTALL_S: Final = 600.0
RUN_S: Final = 1800.0
TEST_S: Final = 120
"""The longest time of one test."""

ALL_PASSED: Final = 0
SOME_FAILED: Final = 1
"""The exit codes of pytest after a whole run."""

_LOAD: Final = """
from qbittorrentapi import Client
with Client(host="localhost:{port}", username="{username}", password="{password}") as client:
    with open("{torrent}", "rb") as torrent:
        client.torrents_add(torrent_files=torrent, upload_limit=10, download_limit=10)
"""


class Outcome(Enum):
    """The outcome of a test. An error before or after the test counts as a failure."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


Outcomes = dict[str, Outcome]
"""The outcomes by the tests' ids."""


@dataclass(frozen=True)
class Suite:
    """The installed suite.

    Fields:
        python: the interpreter of its environment.
        folder: the folder with its sources.
    """

    python: Path
    folder: Path

    def load(self) -> None:
        """Adds the torrent that the suite expects to the server."""
        script = _LOAD.format(port=PORT, username=USERNAME, password=PASSWORD, torrent=LOADED)
        subprocess.run([self.python, "-c", script], check=True, cwd=self.folder, timeout=120)

    def run(self, log: Path, only: Sequence[str] = ()) -> Outcomes:
        """Runs the suite against the server at `PORT`. Its output is in `log`.

        Args:
            log: the file for the output.
            only: files and ids of tests. If it is empty, all tests are run.

        Raises:
            CannotRun: the suite did not finish.
        """
        results = log.with_suffix(".xml")
        environ = {
            **os.environ,
            "HOME": str(TMP),
            "QBITTORRENTAPI_HOST": f"localhost:{PORT}",
            "QBITTORRENTAPI_USERNAME": USERNAME,
            "QBITTORRENTAPI_PASSWORD": PASSWORD,
        }
        options = ["-p", "no:cacheprovider", "-W", "default", f"--timeout={TEST_S}", f"--basetemp={TMP / 'pytest'}"]
        argv = [str(self.python), "-m", "pytest", *options, f"--junitxml={results}", *left_out.arguments(), *only]
        with log.open("wb") as output:
            done = subprocess.run(
                argv, check=False, cwd=self.folder, env=environ, stdout=output, stderr=output, timeout=RUN_S
            )
        if done.returncode not in (ALL_PASSED, SOME_FAILED):
            raise CannotRun(f"the suite ended early: {' '.join(log.read_text().splitlines()[-5:])}")
        return outcomes(results)


def install(directory: Path) -> Suite:
    """Downloads and installs the suite. Raises CannotRun."""
    environment = directory / "environment"
    _run(sys.executable, "-m", "venv", str(environment))
    python = environment / "bin/python"
    source = ["--no-deps", "--no-binary", ":all:"]
    _run(str(python), "-m", "pip", "-q", "download", *source, "--dest", str(directory), PACKAGE)
    [archive] = directory.glob("qbittorrent_api-*.tar.gz")
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(directory)], check=True)
    folder = archive.with_name(archive.name.removesuffix(".tar.gz")).rename(directory / FOLDER)
    _run(str(python), "-m", "pip", "-q", "install", str(folder), *TOOLS)
    return Suite(python, folder)


def outcomes(results: Path) -> Outcomes:
    """Reads the outcomes from a report in JUnit's form."""
    found: Outcomes = {}
    for case in ElementTree.parse(results).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        tags = {child.tag for child in case}
        if tags & {"failure", "error"}:
            found[name] = Outcome.FAILED
        elif found.get(name) is not Outcome.FAILED:
            found[name] = Outcome.SKIPPED if "skipped" in tags else Outcome.PASSED
    return found


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=INSTALL_S)
    if done.returncode:
        raise CannotRun(f"{' '.join(argv)}: {' '.join(done.stderr.splitlines()[-3:])}")
