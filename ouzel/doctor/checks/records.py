"""The stored state: damaged files, quarantined torrents, and crashes."""

import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, denied, error, info, ok, warning
from ouzel.doctor.target import Target
from protocol.durable.format_version import NewerFormat, check_format
from protocol.durable.integrity import Damaged, decode_record
from protocol.wire.desired import DesiredTorrent

DAY_S: Final = 86_400.0
LOOP_CRASHES: Final = 3
LOOP_S: Final = 600.0
"""A crash loop is a number of crashes within this time."""

DAMAGED: Final = "damaged"
CRASHES: Final = "crashes"
SCANNED_MAX: Final = 5000
"""The maximum number of records that are read."""

_REMOVED: Final = re.compile(r"\.removed(\.\d+)?$")
_RECORD: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.json")
_REPORT: Final = re.compile(r"(?P<time>\d{8}T\d{6}\.\d{6})Z-gen\d+\.json")


def damaged(target: Target) -> Iterator[Finding]:
    """The files that were put aside because they are damaged."""
    if target.paths.resume_dir is None:
        return
    try:
        names = names_in(Path(target.paths.resume_dir) / DAMAGED)
    except FileNotFoundError:
        yield ok("no file was put aside")
        return
    except OSError as problem:
        yield denied(f"{target.paths.resume_dir}/{DAMAGED}", problem)
        return
    present = sorted(name for name in names if not _REMOVED.search(name))
    if present:
        more = f" and {len(present) - 3} more" if len(present) > 3 else ""
        yield warning(
            f"{len(present)} damaged files were put aside: {', '.join(present[:3])}{more}",
            "`ouzel damaged list` says which can be restored; check the disk (`smartctl -a`) and the memory",
        )
    else:
        yield ok("no file of a present torrent is damaged")


def records(target: Target) -> Iterator[Finding]:
    """The records of a stopped daemon: their format, whether each is intact, and whether its torrent is quarantined."""
    if target.health is not None:
        count = 0 if target.stats is None else target.stats.torrents.get("quarantined", 0)
        yield from _quarantined(count)
        return
    if target.paths.resume_dir is None:
        return
    try:
        check_format(Path(target.paths.resume_dir))
    except NewerFormat as problem:
        yield error(str(problem), "ouzeld does not start before that")
        return
    except OSError as problem:
        yield denied(problem.filename or target.paths.resume_dir, problem)
        return
    bad, quarantined, seen = [], 0, 0
    try:
        with os.scandir(target.paths.resume_dir) as entries:
            for entry in entries:
                if _RECORD.fullmatch(entry.name) is None:
                    continue
                seen += 1
                if seen > SCANNED_MAX:
                    break
                try:
                    record = decode_record(Path(entry.path).read_bytes(), DesiredTorrent)
                    quarantined += record.quarantine is not None
                except Damaged:
                    bad.append(entry.name)
    except FileNotFoundError:
        yield ok("there are no records yet")
        return
    except OSError as problem:
        yield denied(problem.filename or target.paths.resume_dir, problem)
        return
    if seen > SCANNED_MAX:
        yield info(f"only the first {SCANNED_MAX} records were read", "start ouzeld, which reads all records")
    if bad:
        yield error(
            f"{len(bad)} records are damaged: {', '.join(sorted(bad)[:3])}",
            "ouzeld puts them aside when it starts, and `ouzel damaged list` shows them; or restore them from a backup",
        )
    yield from _quarantined(quarantined)


def crashes(target: Target, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """The crashes of engines in the last day, and crash loops."""
    if target.paths.state_dir is None:
        return
    directory = Path(target.paths.state_dir) / CRASHES
    try:
        names = names_in(directory)
    except FileNotFoundError:
        names = []
    except OSError as problem:
        yield denied(str(directory), problem)
        return
    times = sorted(at for name in names if (at := _time(name)) is not None and now() - at < DAY_S)
    if not times:
        yield ok("no engine has crashed in the last 24 hours")
        return
    last = f"the last one {_ago(now() - times[-1])} ago"
    loops = [
        at for index, at in enumerate(times) if (first := index - LOOP_CRASHES + 1) >= 0 and at - times[first] <= LOOP_S
    ]
    advice = "`ouzel crashes` lists the reports, and `ouzel crashes show NAME` shows one"
    if loops:
        yield error(f"crash loop: {len(times)} engines have crashed in the last 24 hours, {last}", advice)
    else:
        yield info(f"{len(times)} engines have crashed in the last 24 hours, {last}", advice)


def names_in(directory: Path) -> list[str]:
    """The names of a directory's entries. Raises OSError."""
    return [each.name for each in directory.iterdir()]


def _quarantined(count: int) -> Iterator[Finding]:
    if count:
        yield warning(
            f"{count} torrents are in quarantine because they crash the engine",
            "`ouzel ls --state quarantined` lists them; `ouzel release ID` loads one again",
        )
    else:
        yield ok("no torrent is in quarantine")


def _time(name: str) -> float | None:
    found = _REPORT.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found["time"], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC).timestamp()
    except ValueError:  # the digits are no time
        return None


def _ago(seconds: float) -> str:
    minutes = int(max(0.0, seconds) // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
