"""The table of the compared programs."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from tools.compare.metrics import OUZEL, WORKS
from tools.compare.programs import cargo
from tools.compare.programs.aria2 import Aria2
from tools.compare.programs.bare import Bare
from tools.compare.programs.ouzel_program import Ouzel
from tools.compare.programs.program import Program
from tools.compare.programs.qbittorrent import Qbittorrent
from tools.compare.programs.rqbit import Rqbit
from tools.compare.programs.transmission import Transmission
from tools.interop import packages
from tools.interop.network import Peer
from tools.interop.packages import CannotRun

NETWORK: Final = ("ip", "nsenter", "setpriv", "unshare")
"""The commands that the namespaces need."""


@dataclass(frozen=True)
class Row:
    """A program that can be compared.

    Fields:
        name: its name for people. The first word in lower case is the name on the command line.
        start: makes the program in a namespace, with an empty home.
        ready: installs the program if it is missing, and returns its version. Raises CannotRun.
        works: the works that the program can do.
        has_api: whether the program has an API and saves its torrents.
    """

    name: str
    start: Callable[[Peer, Path], Program]
    ready: Callable[[], str]
    works: Collection[str] = WORKS
    has_api: bool = True

    @property
    def key(self) -> str:
        """The name on the command line."""
        return self.name.split()[0].lower()


def _debian(command: str) -> Callable[[], str]:
    def ready() -> str:
        return packages.prepare([command])[packages.COMMANDS[command]]

    return ready


ROWS: Final = (
    Row(OUZEL, Ouzel, lambda: metadata.version("ouzel")),
    Row(
        "libtorrent (bare)",
        Bare,
        lambda: metadata.version("libtorrent"),
        works=tuple(work for work in WORKS if work != "crash"),
        has_api=False,
    ),
    Row("qBittorrent", Qbittorrent, _debian("qbittorrent-nox")),
    Row("Transmission", Transmission, _debian("transmission-daemon")),
    Row("aria2", Aria2, _debian("aria2c")),
    Row("rqbit", Rqbit, cargo.build),
)


def ready(rows: Collection[Row]) -> tuple[dict[str, str], dict[str, str]]:
    """Installs missing programs. Returns the versions by name, and the reasons why programs cannot run here.

    Raises CannotRun if the namespaces cannot be made.
    """
    packages.prepare(NETWORK)
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    for row in rows:
        try:
            versions[row.name] = row.ready()
        except CannotRun as reason:
            missing[row.name] = str(reason)
    return versions, missing


def chosen(names: str) -> list[Row]:
    """The rows with these names, separated by commas. All rows if there is no name. Raises ValueError."""
    by_key: Mapping[str, Row] = {row.key: row for row in ROWS}
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in by_key]:
        raise ValueError(f"no program {unknown[0]}; there are {', '.join(by_key)}")
    return [row for row in ROWS if not wanted or row.key in wanted]
