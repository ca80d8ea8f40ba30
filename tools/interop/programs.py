"""Starts each of the other programs to seed or to download one torrent. Programs find peers only by the tracker."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tools.interop.network import Peer
from tools.interop.processes import running

PORT: Final = 6881
"""The port on which a program listens for peers."""


class Job(NamedTuple):
    """What a program has to do.

    Fields:
        file: the .torrent file.
        directory: where the data is, or where it will be.
        home: an empty directory for the program's own files.
        seeding: whether the program seeds the data. Otherwise it downloads the data.
    """

    file: Path
    directory: Path
    home: Path
    seeding: bool


@dataclass(frozen=True)
class Program:
    """A BitTorrent program.

    Fields:
        name: the program's name.
        package: the program's Debian package.
        formats: the formats that the program can exchange. aria2 1.36 and Transmission 3.00 cannot exchange hybrid
            torrents. aria2 announces another info-hash, and Transmission refuses the file. Both fail with empty keys.
        maker: the maker of the torrents that the program seeds.
        tracker: the protocol by which the program announces. aria2 has UDP trackers only together with the DHT.
        argv: writes the necessary configuration, and returns the command line.
    """

    name: str
    package: str
    formats: Collection[str]
    maker: str
    tracker: str
    argv: Callable[[Job], list[str]]


@contextmanager
def seeding_or_downloading(program: Program, peer: Peer, job: Job) -> Iterator[None]:
    """A context within which a program works on a torrent. Its output is in `log` below its home."""
    job.home.mkdir()
    with running([*peer.inside, *program.argv(job)], job.home):
        yield


def _aria2(job: Job) -> list[str]:
    role = ["--check-integrity=true", "--seed-ratio=0.0"] if job.seeding else ["--seed-time=0"]
    off = [f"--{name}=false" for name in ("enable-dht", "enable-dht6", "bt-enable-lpd", "enable-peer-exchange")]
    quiet = ["--show-console-readout=false", "--file-allocation=none"]
    return ["aria2c", "--no-conf=true", f"--listen-port={PORT}", f"--dir={job.directory}", *off, *quiet, *role,
            str(job.file)]  # fmt: skip


def _qbittorrent(job: Job) -> list[str]:
    config = job.home / "qBittorrent/config/qBittorrent.conf"
    config.parent.mkdir(parents=True)
    session = {
        "AddExtensionToIncompleteFiles": "false",
        "DHTEnabled": "false",
        "LSDEnabled": "false",
        "PeXEnabled": "false",
        "Port": str(PORT),
    }
    config.write_text(
        "[BitTorrent]\n"
        + "".join(f"Session\\{name}={value}\n" for name, value in session.items())
        + "[LegalNotice]\nAccepted=true\n[Network]\nPortForwardingEnabled=false\n[Preferences]\nWebUI\\Enabled=true\n"
    )
    return ["qbittorrent-nox", f"--profile={job.home}", f"--save-path={job.directory}", "--skip-dialog=true",
            str(job.file)]  # fmt: skip


def _transmission(job: Job) -> list[str]:
    watched = job.home / "watched"
    watched.mkdir()
    (watched / job.file.name).write_bytes(job.file.read_bytes())
    return ["transmission-daemon", "--foreground", "--log-info", "-g", str(job.home / "config"), "-w",
            str(job.directory), "-c", str(watched), "-P", str(PORT), "--no-dht", "--no-lpd", "--no-portmap",
            "--no-incomplete-dir"]  # fmt: skip


PROGRAMS: Final = (
    Program("aria2", "aria2", ("v1",), "mktorrent", "http", _aria2),
    Program("qBittorrent", "qbittorrent-nox", ("v1", "v2", "hybrid"), "libtorrent 2.0", "udp", _qbittorrent),
    Program("Transmission", "transmission-daemon", ("v1",), "transmission-create", "udp", _transmission),
)
