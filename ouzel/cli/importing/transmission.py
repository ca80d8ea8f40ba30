"""Reads a profile of Transmission 3 and 4: the folders `torrents` and `resume`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ouzel.cli.importing import bencode, claims
from ouzel.cli.importing.moved_torrent import (
    DEFAULT_PRIORITY,
    Found,
    Goal,
    Info,
    MovedTorrent,
    Unusable,
    info_of,
    number,
    text,
)

PARTIAL: Final = ".part"
WRITTEN_AFTER_S: Final = 5.0
"""A file is trusted if it was written at most this time after the resume data. Clocks of disks are coarse."""

_PRIORITIES: Final = {-1: 1, 0: DEFAULT_PRIORITY, 1: 7}
_SINGLE, _UNLIMITED = 1, 2


def read(directory: Path, local: Callable[[str], str] = str) -> Iterator[Found]:
    """Yields the torrents of a profile, in the order of their names. Raises Unusable if there is no profile.

    Args:
        local: returns the path at which this process can see the files of a save path.
    """
    if not (directory / "torrents").is_dir():
        raise Unusable(f"{str(directory)!r} has no folder `torrents` in it")
    try:
        files = sorted(each for each in (directory / "torrents").iterdir() if each.suffix in (".torrent", ".magnet"))
    except OSError as error:
        raise Unusable(f"{str(directory / 'torrents')!r} cannot be read: {error.strerror}") from None
    renames = _renames_partial_files(directory)
    return (_read(path, directory / "resume" / f"{path.stem}.resume", renames, local) for path in files)


def _read(source: Path, resume: Path, renames: bool, local: Callable[[str], str]) -> Found:
    try:
        content = source.read_bytes()
        data = bencode.decode(resume.read_bytes()) if resume.exists() else {}
        saved_at = resume.stat().st_mtime if data else 0.0
        return _moved(source, content, data, saved_at, renames, local)
    except (OSError, ValueError, Unusable) as error:
        return source.stem, Unusable(str(error))


def _moved(
    source: Path,
    content: bytes,
    data: Mapping[bytes, Any],
    saved_at: float,
    renames: bool,
    local: Callable[[str], str],
) -> MovedTorrent:
    idle, ratio = data.get(b"idle-limit", {}), data.get(b"ratio-limit", {})
    options: dict[str, Any] = {
        "named": source.stem,
        "paused": bool(data.get(b"paused", 0)),
        "sequential": bool(data.get(b"sequentialDownload", 0)),
        "download_bps": _limit(data.get(b"speed-limit-down", {})),
        "upload_bps": _limit(data.get(b"speed-limit-up", {})),
        "labels": [text(label) for label in data.get(b"labels", [])],
        "added_us": number(data.get(b"added-date")) * 1_000_000 or None,
        "ratio_goal": _goal(ratio.get(b"ratio-mode"), float(ratio.get(b"ratio-limit", 0))),
        "inactive_time_goal_s": _goal(idle.get(b"idle-mode"), number(idle.get(b"idle-limit")) * 60),
    }
    save_path = text(data.get(b"destination", b""))
    if source.suffix == ".magnet":
        name = text(data.get(b"name", b"")) or source.stem
        return MovedTorrent(name=name, save_path=save_path, magnet=content.decode().strip(), **options)
    info, notes = info_of(content), []
    have, partial = _progress(info, data.get(b"progress", {}))
    names = _names(info, data)
    incomplete = text(data.get(b"incomplete-dir", b""))
    place = Path(local(incomplete))
    there = (path for name in names for path in (place / name, place / f"{name}{PARTIAL}"))
    if incomplete and any(_mtime(path) for path in there):
        notes.append(f"it is in the folder for incomplete torrents, and stays there instead of {save_path}")
        save_path = incomplete
    place = Path(local(save_path))
    stored = _stored(info, names, have, place, renames)
    if any(each.endswith(PARTIAL) and each != name for each, name in zip(stored, names, strict=True)):
        notes.append(f"incomplete files keep their names, which end in {PARTIAL}")
    changed = [index for index, path in enumerate(stored) if _mtime(place / path) > saved_at + WRITTEN_AFTER_S]
    if changed:
        notes.append(f"{len(changed)} files were written after its progress was stored, and are hashed")
        have, partial = claims.without(info, have, changed), {}
    renamed = {index: path for index, path in enumerate(stored) if path != info.files[index][0]}
    return MovedTorrent(
        name=text(data.get(b"name", b"")) or info.name,
        save_path=save_path,
        metainfo=content,
        resume=claims.resume_data(info, have, partial, renamed=renamed, totals=_totals(data)),
        progress=sum(have) / len(have) if have else 0.0,
        priorities=_priorities(data.get(b"dnd", []), data.get(b"priority", [])),
        notes=notes,
        **options,
    )


def _progress(info: Info, progress: Mapping[bytes, Any]) -> tuple[list[bool], dict[int, list[bool]]]:
    blocks = progress.get(b"blocks", progress.get(b"bitfield", b"none"))
    if blocks == b"all" or progress.get(b"have") == b"all":
        return [True] * info.pieces, {}
    if blocks == b"none" or not isinstance(blocks, bytes):
        return [False] * info.pieces, {}
    return claims.of_blocks(info, blocks)


def _names(info: Info, data: Mapping[bytes, Any]) -> list[str]:
    """The paths of the files. The user may have renamed the files."""
    given = data.get(b"files", [])
    names = [path for path, _ in info.files]
    return [text(given[at]) if at < len(given) and given[at] else name for at, name in enumerate(names)]


def _stored(info: Info, names: Sequence[str], have: Sequence[bool], place: Path, renames: bool) -> list[str]:
    """Returns the paths of the files on disk. If the directory is not visible, guesses which files end in `.part`."""
    seen, offset, stored = place.is_dir(), 0, []
    for name, (_, size) in zip(names, info.files, strict=True):
        first, last = offset // info.piece_length, (offset + size - 1) // info.piece_length
        offset += size
        if seen:
            there = not _mtime(place / name) and bool(_mtime(place / f"{name}{PARTIAL}"))
        else:
            there = renames and size > 0 and not all(have[first : last + 1])
        stored.append(f"{name}{PARTIAL}" if there else name)
    return stored


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _renames_partial_files(directory: Path) -> bool:
    try:
        settings = json.loads((directory / "settings.json").read_text())
        return bool(settings.get("rename-partial-files", True))
    except (OSError, ValueError, AttributeError):
        return True


def _limit(limit: Mapping[bytes, Any]) -> int:
    """The limit in bytes per second, if it is in use."""
    if not limit.get(b"use-speed-limit", 0):
        return 0
    return max(0, number(limit.get(b"speed-Bps"), number(limit.get(b"speed")) * 1000))


def _goal(mode: Any, value: float) -> Goal:
    if mode == _UNLIMITED:
        return "none"
    return value if mode == _SINGLE else "global"


def _priorities(unwanted: Sequence[Any], given: Sequence[Any]) -> dict[int, int]:
    found = {index: _PRIORITIES.get(number(each), DEFAULT_PRIORITY) for index, each in enumerate(given)}
    found |= {index: 0 for index, each in enumerate(unwanted) if each}
    return {index: priority for index, priority in found.items() if priority != DEFAULT_PRIORITY}


def _totals(data: Mapping[bytes, Any]) -> dict[bytes, int]:
    downloading, seeding = number(data.get(b"downloading-time-seconds")), number(data.get(b"seeding-time-seconds"))
    return {
        b"total_uploaded": number(data.get(b"uploaded")),
        b"total_downloaded": number(data.get(b"downloaded")),
        b"active_time": downloading + seeding,
        b"seeding_time": seeding,
        b"finished_time": seeding,
        b"completed_time": number(data.get(b"done-date")),
    }
