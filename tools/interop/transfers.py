"""Transfers between Ouzel and the other programs, one at a time."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.wire.rows import TorrentState
from tools.interop import makers
from tools.interop.makers import Made
from tools.interop.network import Peer
from tools.interop.programs import PORT, PROGRAMS, Job, Program, seeding_or_downloading
from tools.interop.tracker import ANNOUNCE, OpenTracker
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import MIB
from tools.rig.waiting import until

FILES: Final = {"a.bin": 16 * MIB + 17, "b c/d ü.bin": 5 * MIB - 1, "b c/e.txt": 100}
"""The sizes of the payload's files. Only the first file begins at the beginning of a piece."""

TRANSFER_S: Final = 120.0

_OUZELS_PEER: Final = 2
_OTHERS_PEER: Final = 3


@dataclass(frozen=True)
class Case:
    """A transfer to run: a torrent, the other program, and whether Ouzel seeds."""

    made: Made
    program: Program
    ouzel_seeds: bool
    tracker: str


@dataclass(frozen=True)
class Outcome:
    """How a transfer went.

    Fields:
        seconds: from the start of the downloading side until all files were whole. None if that did not happen.
        payload_bytes: the uploaded or downloaded payload that Ouzel has counted.
        client: the name of the other program in Ouzel's `list_peers`. Empty if it was not seen.
        problem: why the transfer failed. Empty if it did not fail.
    """

    case: Case
    seconds: float | None
    payload_bytes: int
    client: str
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the files are equal."""
        return self.seconds is not None


def cases(daemon: Daemon) -> list[Case]:
    """Makes the torrents, with the payload in a daemon's download directory. Returns the transfers by program."""
    found: list[Case] = []
    for program in PROGRAMS:
        ways = [(True, makers.OUZEL, "http", each) for each in program.formats]
        ways += [(False, program.maker, program.tracker, each) for each in program.formats]
        for ouzel_seeds, maker, tracker, format_ in ways:
            output = daemon.downloads / f"{len(found)}.torrent"
            made = makers.make(maker, daemon, output, format_, ANNOUNCE[tracker])
            found.append(Case(made, program, ouzel_seeds, tracker))
    return found


def run(case: Case, root: Path, content: Path, tracker: OpenTracker) -> Outcome:
    """Runs one transfer in an empty directory. It is complete when both sides have equal files."""
    file = root / "torrent.torrent"
    file.write_bytes(case.made.metainfo)
    other = root / "other"
    other.mkdir()
    client, counted = "", 0
    with ExitStack() as stack:
        ours, theirs = stack.enter_context(Peer(_OUZELS_PEER)), stack.enter_context(Peer(_OTHERS_PEER))
        daemon = stack.enter_context(ouzel(ours, root / "d"))
        source, target = (daemon.downloads, other) if case.ouzel_seeds else (other, daemon.downloads)
        shutil.copytree(content, source / content.name)
        job = Job(file, other, root / "home", seeding=not case.ouzel_seeds)
        torrent = case.made.torrent

        def add() -> None:
            daemon.client.add_torrent(metainfo=case.made.metainfo)

        def start() -> None:
            stack.enter_context(seeding_or_downloading(case.program, theirs, job))

        def whole() -> bool:
            nonlocal client
            for peer in daemon.client.list_peers(torrent):
                if peer.endpoint.rpartition(":")[0] == theirs.address:
                    client = peer.client or client
            if not case.ouzel_seeds and daemon.row(torrent).state is not TorrentState.SEEDING:
                return False
            return equal(content, target / content.name)

        seed, download = (add, start) if case.ouzel_seeds else (start, add)
        seconds, problem = None, ""
        try:
            seed()
            until(lambda: tracker.seeds(case.made.tracked), "the tracker knows the seed", patience_s=TRANSFER_S)
            began = time.monotonic()
            download()
            until(whole, "all files are whole", patience_s=TRANSFER_S, every_s=0.1)
            seconds = time.monotonic() - began
        except AssertionError as error:
            problem = f"{error}; {_last_words(job.home / 'log')}"
        if torrent in daemon.client.list_ids():
            counted = _counted(daemon, case)
    return Outcome(case, seconds, counted, client, problem)


def equal(content: Path, copy: Path) -> bool:
    """Whether all files of a directory have copies of the same SHA-1. Further files are allowed, such as padding."""
    files = [path.relative_to(content) for path in content.rglob("*") if path.is_file()]
    if any(not (copy / each).is_file() or (copy / each).stat().st_size != (content / each).stat().st_size
           for each in files):  # fmt: skip
        return False
    return all(payload.sha1(copy / each) == payload.sha1(content / each) for each in files)


@contextmanager
def ouzel(peer: Peer, root: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[Daemon]:
    """A context within which an Ouzel runs in a namespace, with further environment variables."""
    command = [*peer.inside, sys.executable, "-I", "-m", "supervisor"]
    engine = {"listen_interfaces": f"{peer.address}:{PORT}"}
    with Daemon(root, engine=engine, command=command, environment=environment) as daemon:
        until(daemon.healthy, "Ouzel is healthy")
        yield daemon


def _counted(daemon: Daemon, case: Case) -> int:
    """The payload bytes that Ouzel has counted. Waits until they cover the payload, because the count is delayed."""
    size = sum(FILES.values())

    def counted() -> int:
        row = daemon.row(case.made.torrent)
        return row.uploaded if case.ouzel_seeds else row.downloaded

    try:
        until(lambda: counted() >= size, "the bytes are counted", patience_s=5)
    except AssertionError:
        return counted()
    return counted()


def _last_words(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else "it was not started"
