"""Checks of the state at checkpoints. Pure."""

from collections import Counter
from typing import Final

from tools.chaos.checker.registers import DEFAULTS, operations
from tools.chaos.checker.violation import Violation
from tools.chaos.history.entries import Aborted, Checkpoint, FaultBit
from tools.chaos.history.recorder import History

TWICE_PER_DEATH: Final = 1_000_000
"""The bytes of all downloads together that may be downloaded twice after each death of an engine."""

TWICE_PER_DOWNLOAD: Final = 1_000_000
"""The bytes that may be downloaded twice in each life of a download: blocks requested from two peers at its end."""


def check_checkpoints(history: History) -> list[Violation]:
    """Checks each checkpoint separately."""
    found: list[Violation] = []
    for entry in history.entries:
        if isinstance(entry, Checkpoint):
            found += _check(entry)
        elif isinstance(entry, Aborted):
            found.append(Violation("recovers", f"the run ended early: {entry.problem}", entry.at))
    return found


def _check(entry: Checkpoint) -> list[Violation]:
    found = [Violation("table", each, entry.at) for each in entry.table]
    found += [Violation("outside", each, entry.at) for each in entry.outside]
    found += [Violation("outside", f"nobody has added {each}", entry.at) for each in entry.strangers]
    found += [Violation("innocent", f"torrent {each} is in quarantine", entry.at) for each in entry.quarantined]
    found += [
        Violation("files", f"download {index} has a wrong SHA-1", entry.at)
        for index, right in entry.files.items()
        if not right
    ]
    if entry.recovered_s is None:
        found.append(Violation("recovers", "; ".join(entry.troubles), entry.at))
    for index, values in entry.torrents.items():
        stored = entry.disk.get(index, {})
        for field in DEFAULTS:
            if values.get(field) != stored.get(field):
                message = f"torrent {index}: {field} is {values.get(field)!r}, on disk {stored.get(field)!r}"
                found.append(Violation("disk", message, entry.at))
    return found


def check_twice(history: History, sizes: dict[int, int]) -> list[Violation]:
    """Checks that the seed has not uploaded too much.

    The seed may upload each download once for each time that the torrent was added. Deaths of engines and lying peers
    allow more uploads.

    Args:
        sizes: the size of each download in bytes.
    """
    lives: Counter[int] = Counter()
    deaths = lies = 0
    found = []
    steps = sorted([*operations(history), *_marks(history)], key=_time)
    for each in steps:
        if isinstance(each, FaultBit):
            deaths += each.deaths
            lies += each.fault == "peers_lying"
        elif isinstance(each, Checkpoint):
            allowed = deaths * TWICE_PER_DEATH + sum(
                lives[index] * (size + TWICE_PER_DOWNLOAD) + lies * size for index, size in sizes.items()
            )
            uploaded = sum(each.uploaded.values())
            if uploaded > allowed:
                message = f"{uploaded} bytes were uploaded, {allowed} are explained ({deaths} deaths)"
                found.append(Violation("fetched_twice", message, each.at))
        elif each.op.op == "add_torrent" and (each.end is None or not (each.end.end == "fail" or each.end.duplicate)):
            lives[each.op.torrent] += 1
    return found


def _marks(history: History) -> list[FaultBit | Checkpoint]:
    return [entry for entry in history.entries if isinstance(entry, FaultBit | Checkpoint)]


def _time(each: object) -> float:
    at = getattr(each, "at", None)
    return float(at if at is not None else each.invoked.at)  # type: ignore[attr-defined]  # it is an operation
