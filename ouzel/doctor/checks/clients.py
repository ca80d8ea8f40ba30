"""Other BitTorrent clients on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, info, ok, warning
from ouzel.doctor.processes import all_pids
from ouzel.doctor.target import Target

PROGRAMS: Final = frozenset(
    {
        "qbittorrent",
        "qbittorrent-nox",
        "transmission-daemon",
        "transmission-da",
        "transmission-gt",
        "transmission-qt",
        "deluged",
        "rtorrent",
        "aria2c",
        "rqbit",
        "ktorrent",
        "btpd",
    }
)
"""The process names of other clients. The kernel cuts names after 15 characters."""


def other_clients(target: Target) -> Iterator[Finding]:
    """Whether another BitTorrent client runs, and whether it uses files below the download roots."""
    roots = [os.path.realpath(root) for root in target.paths.download_roots]
    found = False
    for pid in all_pids(target.proc):
        name = _name(target.proc / str(pid) / "comm")
        if name not in PROGRAMS:
            continue
        found = True
        used = next((path for path in _open_files(target.proc / str(pid)) if _below(path, roots)), None)
        if used is not None:
            yield warning(
                f"{name} (pid {pid}) has {used} open, which is in a download root",
                "give each client its own files: two clients that download one file damage it",
                f"pid {pid}",
            )
        else:
            yield info(
                f"{name} (pid {pid}) runs, too",
                "give it other files and another port; `ouzel import` moves its torrents here",
                f"pid {pid}",
            )
    if not found:
        yield ok("no other BitTorrent client runs")


def _name(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _open_files(process: Path) -> Iterator[str]:
    """The paths of the open files of a process, as far as this user can see them."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        try:
            yield str(descriptor.readlink())
        except OSError:
            continue


def _below(path: str, roots: list[str]) -> bool:
    return any(Path(path).is_relative_to(root) for root in roots)
