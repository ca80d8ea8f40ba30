"""The programs that make .torrent files."""

import hashlib
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from protocol.wire.making_results import JobState
from tools.interop.packages import PATH
from tools.rig import bencode
from tools.rig.daemon import Daemon
from tools.rig.waiting import until

NAME: Final = "payload"
"""The folder that torrents are made of."""

OUZEL: Final = "Ouzel"
PIECE_LENGTH: Final = 256 * 1024
MAKE_S: Final = 300.0

_DEBIAN_LIBTORRENT: Final = """
import os, sys
import libtorrent as lt
content, output, piece_length, flags, tracker = sys.argv[1:]
files = lt.file_storage()
lt.add_files(files, content)
creator = lt.create_torrent(files, int(piece_length), int(flags))
creator.add_tracker(tracker)
lt.set_piece_hashes(creator, os.path.dirname(content))
with open(output, "wb") as out:
    out.write(lt.bencode(creator.generate()))
"""

_FLAGS: Final = {"v1": 64, "v2": 32, "hybrid": 0}
"""`create_torrent`'s flags in libtorrent 2.0 for each format."""


@dataclass(frozen=True)
class Made:
    """A .torrent file.

    Fields:
        maker: the program that has made it.
        format: v1, v2 or hybrid.
        info: the info dictionary.
        tracked: the 20 bytes by which trackers know the torrent. They are the v1 info-hash, or the beginning of the v2
            info-hash.
        torrent: Ouzel's id for the torrent.
    """

    maker: str
    format: str
    metainfo: bytes
    info: Mapping[bytes, Any]
    tracked: bytes
    torrent: str


Maker = Callable[[Path, Path, str, str], object]
"""Makes a .torrent file of a folder and writes it to a file, with a format and a tracker."""


def make(maker: str, daemon: Daemon, output: Path, format_: str, tracker: str) -> Made:
    """Lets a program make a .torrent file of the payload in the daemon's download directory.

    Args:
        maker: OUZEL, or one of MAKERS.
        output: a new file in that directory.
    """
    content = daemon.downloads / NAME
    if maker == OUZEL:
        _by_ouzel(daemon, content, output, format_, tracker)
    else:
        MAKERS[maker](content, output, format_, tracker)
    metainfo = output.read_bytes()
    info: Any = bencode.decode(metainfo)
    info = info[b"info"]
    v1 = hashlib.sha1(bencode.encode(info), usedforsecurity=False).digest()
    v2 = hashlib.sha256(bencode.encode(info)).digest()
    found = "v1" if b"meta version" not in info else "hybrid" if b"pieces" in info else "v2"
    assert found == format_, f"{maker} has made {found}, not {format_}"
    v2_only = found == "v2"
    return Made(maker, found, metainfo, info, (v2 if v2_only else v1)[:20], (v2 if v2_only else v1).hex())


def _by_transmission(content: Path, output: Path, format_: str, tracker: str) -> None:
    _run("transmission-create", "-o", str(output), "-s", str(PIECE_LENGTH // 1024), "-t", tracker, str(content))


def _by_mktorrent(content: Path, output: Path, format_: str, tracker: str) -> None:
    _run("mktorrent", "-l", str(PIECE_LENGTH.bit_length() - 1), "-a", tracker, "-o", str(output), str(content))


def _by_debian_libtorrent(content: Path, output: Path, format_: str, tracker: str) -> None:
    values = (str(content), str(output), str(PIECE_LENGTH), str(_FLAGS[format_]), tracker)
    _run("/usr/bin/python3", "-I", "-c", _DEBIAN_LIBTORRENT, *values)


def _by_ouzel(daemon: Daemon, content: Path, output: Path, format_: str, tracker: str) -> None:
    client = daemon.client
    wanted: Any = format_
    job = client.create_torrent(
        str(content), format=wanted, piece_length=PIECE_LENGTH, trackers=[[tracker]], output=str(output)
    )
    ended = until(
        lambda: next((row for row in client.list_jobs() if row.job == job and row.ended_us is not None), None),
        "the job has ended",
        patience_s=MAKE_S,
    )
    assert ended.state is JobState.FINISHED, ended.problem


MAKERS: Final[Mapping[str, Maker]] = {
    "transmission-create": _by_transmission,
    "mktorrent": _by_mktorrent,
    "libtorrent 2.0": _by_debian_libtorrent,
}
"""The other makers by name. qBittorrent 4.5 cannot make torrents without a display, but its libtorrent can."""


def _run(*argv: str) -> None:
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, timeout=MAKE_S, env={"PATH": PATH, "LANG": "C.UTF-8"}
    )
    assert done.returncode == 0, f"{argv[0]}: {(done.stdout + done.stderr).strip()}"
