"""Kills processes at random moments of moves between file systems, and checks what is left on disk."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from protocol.wire.rows import TorrentState
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.payload import Torrent
from tools.rig.waiting import until

Victim = Literal["engine", "supervisor", "both"]

PATIENCE_S: Final = 120.0
PLACING_S: Final = 0.02
"""The approximate time in which the copies get their names and the originals are deleted."""


class Killed(NamedTuple):
    """The outcome of one kill during a move.

    Fields:
        phase: the phase of the move at the kill, according to the record.
        whole: whether all files were whole at one of the two places after the kill. At the end they must be whole at
            the new place.
        left: the paths that are left over, relative to the roots.
        recovered_s: from the kill to the end of the move.
    """

    victim: Victim
    phase: str
    whole: bool
    left: list[str]
    recovered_s: float


def everything(root: Path) -> set[str]:
    """The paths of all files and directories below a directory, relative to it."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def kill_repeatedly(
    daemon: Daemon, made: Torrent, places: tuple[Path, Path], victims: list[Victim], chance: random.Random
) -> Iterator[Killed]:
    """Moves a torrent to and fro. Kills the next victim at a random moment of each move, until all were killed.

    A kill after the end of the move does not count. A random moment is rarely in the phase after the copies are
    complete. So every third kill is made at the beginning of this phase. The torrent must be at the first place.
    """
    took_s = dict.fromkeys(places, PATIENCE_S)
    for _ in range(2):  # the first moves may take longer, while the disk still writes what was downloaded
        for pair in (places, places[::-1]):
            took_s[pair[1]] = min(took_s[pair[1]], _undisturbed_s(daemon, made, *pair))
    expected = payload.sha1(made.root / made.name)
    names = everything(made.root / made.name)
    wanted = {made.name, *(f"{made.name}/{name}" for name in names)}
    others = {place: everything(place) - wanted for place in places}
    source, target = places
    left_to_do = list(victims)
    for number in range(5 * len(victims)):
        if not left_to_do:
            return
        victim, moment = left_to_do[0], chance.random()
        daemon.client.move_storage(made.torrent, str(target))
        if number % 3 == 2:
            until(lambda: _phase(daemon, made) != "copying", "all is copied", every_s=0.001, patience_s=PATIENCE_S)
            time.sleep(moment * PLACING_S)
        else:
            time.sleep(moment * took_s[target])
        killed_at = time.monotonic()
        phase, whole = _kill(daemon, made, victim, (source, target), expected)
        _wait(daemon, made.torrent, target)
        recovered_s = time.monotonic() - killed_at
        whole = whole and payload.sha1(target / made.name) == expected
        left = sorted((everything(source) - others[source]) | (everything(target) - wanted - others[target]))
        if phase is not None or left or not whole:
            left_to_do.pop(0)
            yield Killed(victim, phase or "none", whole, left, recovered_s)
        source, target = target, source


def _wait(daemon: Daemon, torrent: str, place: Path) -> None:
    """Waits until a torrent is moved to a place, and seeds."""

    def arrived() -> bool:
        row = daemon.row(torrent)
        return row.save_path == str(place) and row.moving is None and row.state is TorrentState.SEEDING

    until(arrived, f"the torrent is at {place}; the daemon's log is {daemon.log}", every_s=0.02, patience_s=PATIENCE_S)


def _undisturbed_s(daemon: Daemon, made: Torrent, source: Path, target: Path) -> float:
    """The duration of a move."""
    began = time.monotonic()
    daemon.client.move_storage(made.torrent, str(target))
    until(lambda: _phase(daemon, made) is None, "it is moved", every_s=0.002, patience_s=PATIENCE_S)
    took = time.monotonic() - began
    _wait(daemon, made.torrent, target)
    assert not (source / made.name).exists()
    return took


def _phase(daemon: Daemon, made: Torrent) -> str | None:
    """The phase of the move in the torrent's record. None if there is no move."""
    move = json.loads((daemon.resume_dir / f"{made.torrent}.json").read_bytes()).get("move")
    return None if move is None else str(move.get("phase", "copying"))


def _kill(
    daemon: Daemon, made: Torrent, victim: Victim, places: tuple[Path, Path], expected: str
) -> tuple[str | None, bool]:
    """Kills one process or both. If the supervisor was killed, starts the daemon again.

    Returns:
        The phase of the move at that moment, and whether the torrent was whole at one of the two places. If only the
        engine is killed, the next engine may already have moved the files.
    """
    engine = daemon.engine_pid()
    if victim == "engine":
        os.kill(engine, signal.SIGKILL)
        return _phase(daemon, made), any(_is_whole(made, place, expected) for _ in range(3) for place in places)
    if victim == "both":
        os.kill(engine, signal.SIGKILL)
    daemon.kill()
    until(lambda: not Path(f"/proc/{engine}").exists(), "the engine ends with its supervisor", every_s=0.005)
    found = _phase(daemon, made), any(_is_whole(made, place, expected) for place in places)
    daemon.start()
    return found


def _is_whole(made: Torrent, place: Path, expected: str) -> bool:
    try:
        return payload.sha1(place / made.name) == expected
    except OSError:
        return False
