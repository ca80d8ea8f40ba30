"""Reads a profile of qBittorrent: the folder `BT_backup`, or the database `torrents.db` of 4.5 and later."""

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ouzel.cli.importing import bencode
from ouzel.cli.importing.moved_torrent import DEFAULT_PRIORITY, Found, Goal, MovedTorrent, Unusable, number, text

DATABASE: Final = "torrents.db"
BACKUP: Final = "BT_backup"
INCOMPLETE: Final = ".!qB"

_NORMAL: Final = 1
"""qBittorrent's usual priority of a file. It is below libtorrent's default."""

_GLOBAL, _NONE = -2, -1
_MINUTE: Final = 60


def read(directory: Path, _: Callable[[str], str] = str) -> Iterator[Found]:
    """Yields the torrents of a profile, in the order of their names. Raises Unusable if there is no profile."""
    for place in (directory, directory / "data", directory / "qBittorrent" / "data"):
        if (place / DATABASE).is_file():
            return _of_database(place / DATABASE)
        for folder in (place, place / BACKUP):
            try:
                files = sorted(folder.glob("*.fastresume"))
            except OSError as error:
                raise Unusable(f"{str(folder)!r} cannot be read: {error.strerror}") from None
            if files or (folder.name == BACKUP and folder.is_dir()):
                return _of_files(files)
    raise Unusable(f"{str(directory)!r} has neither *.fastresume nor {DATABASE} in it")


def categories(directory: Path) -> dict[str, str]:
    """The save path of each category in the profile's `categories.json`. Empty if the file is not found."""
    places = [directory, directory / "qBittorrent", *list(directory.parents)[:2]]
    for path in (*(place / "config" / "categories.json" for place in places), directory / "categories.json"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return {str(name): str(each.get("save_path") or "") for name, each in json.loads(path.read_text()).items()}
    return {}


def _of_files(files: list[Path]) -> Iterator[Found]:
    for path in files:
        named = path.stem
        try:
            resume = path.read_bytes()
            source = path.with_suffix(".torrent")
            metainfo = source.read_bytes() if source.exists() else None
            yield _moved(named, resume, metainfo, _settings_in(bencode.decode(resume)))
        except (OSError, ValueError, Unusable) as error:
            yield named, Unusable(str(error))


def _of_database(path: Path) -> Iterator[Found]:
    """Reads a copy of the database, because SQLite may write to a database that it opens."""
    with tempfile.TemporaryDirectory(prefix="ouzel-import-") as scratch:
        try:
            for each in (path, path.with_name(path.name + "-wal")):
                if each.exists():
                    shutil.copyfile(each, Path(scratch) / each.name)
            with contextlib.closing(sqlite3.connect(Path(scratch) / path.name)) as database:
                database.row_factory = sqlite3.Row
                rows = database.execute("SELECT * FROM torrents ORDER BY torrent_id").fetchall()
        except (OSError, sqlite3.Error) as error:
            raise Unusable(f"{str(path)!r} cannot be read: {error}") from None
    for row in rows:
        named = str(row["torrent_id"])
        try:
            settings = _settings_of(dict(row))
            yield _moved(named, bytes(row["libtorrent_resume_data"]), row["metadata"], settings)
        except (IndexError, KeyError, TypeError, ValueError, Unusable) as error:
            yield named, Unusable(str(error))


def _settings_in(resume: Mapping[bytes, Any]) -> dict[str, Any]:
    """qBittorrent's own settings of a torrent, in its resume data."""
    own = {key[len(b"qBt-") :].decode(): value for key, value in resume.items() if key.startswith(b"qBt-")}
    return {
        "name": text(own.get("name", b"")),
        "category": text(own.get("category", b"")),
        "tags": [text(tag) for tag in own.get("tags", [])],
        "save_path": text(own.get("savePath", b"")),
        "download_path": text(own.get("downloadPath", b"")),
        "ratio": number(own.get("ratioLimit"), _GLOBAL * 1000),
        "minutes": number(own.get("seedingTimeLimit"), _GLOBAL),
        "idle_minutes": number(own.get("inactiveSeedingTimeLimit"), _GLOBAL),
        "first_last": bool(own.get("firstLastPiecePriority", 0)),
        "paused": bool(resume.get(b"paused", 0)) and not resume.get(b"auto_managed", 0),
        "forced": not resume.get(b"paused", 0) and not resume.get(b"auto_managed", 1),
    }


def _settings_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """qBittorrent's own settings of a torrent, in its database."""
    return {
        "name": row.get("name") or "",
        "category": row.get("category") or "",
        "tags": [tag for tag in (row.get("tags") or "").split(",") if tag],
        "save_path": row.get("target_save_path") or "",
        "download_path": row.get("download_path") or "",
        "ratio": row["ratio_limit"],
        "minutes": row["seeding_time_limit"],
        "idle_minutes": row.get("inactive_seeding_time_limit", _GLOBAL),
        "first_last": bool(row.get("has_outer_pieces_priority")),
        "paused": bool(row["stopped"]),
        "forced": row.get("operating_mode") == "Forced",
    }


def _moved(named: str, encoded: bytes, metainfo: bytes | None, own: Mapping[str, Any]) -> MovedTorrent:
    resume = bencode.decode(encoded)
    pieces, notes = resume.get(b"pieces", b""), []
    if any(isinstance(path, bytes) and path.endswith(INCOMPLETE.encode()) for path in resume.get(b"mapped_files", [])):
        notes.append(f"incomplete files keep their names, which end in {INCOMPLETE}")
    stored_at = text(resume.get(b"save_path", b"")) or own["save_path"]
    if own["download_path"] and stored_at == own["download_path"] != own["save_path"]:
        notes.append(f"it is in the folder for incomplete torrents, and stays there instead of {own['save_path']}")
    if not metainfo and b"info" in resume:
        metainfo = bencode.encode({b"info": resume[b"info"]})
    return MovedTorrent(
        named=named,
        name=own["name"] or text(resume.get(b"name", b"")) or named,
        save_path=stored_at,
        magnet=None if metainfo else _magnet(resume),
        metainfo=metainfo or None,
        resume=encoded if metainfo else None,
        progress=sum(piece & 1 for piece in pieces) / len(pieces) if pieces else 0.0,
        paused=own["paused"],
        sequential=bool(resume.get(b"sequential_download", 0)),
        first_last_piece_first=own["first_last"],
        forced=own["forced"],
        download_bps=max(0, number(resume.get(b"download_rate_limit"))),
        upload_bps=max(0, number(resume.get(b"upload_rate_limit"))),
        labels=own["tags"],
        category=own["category"],
        priorities=_priorities(resume.get(b"file_priority", [])),
        added_us=number(resume.get(b"added_time")) * 1_000_000 or None,
        ratio_goal=_goal(own["ratio"], 1000, 1 / 1000),
        seeding_time_goal_s=_goal(own["minutes"], 1, _MINUTE),
        inactive_time_goal_s=_goal(own["idle_minutes"], 1, _MINUTE),
        notes=notes,
    )


def _priorities(given: Any) -> dict[int, int]:
    found = {index: priority for index, priority in enumerate(given) if isinstance(priority, int)}
    found = {index: DEFAULT_PRIORITY if priority == _NORMAL else priority for index, priority in found.items()}
    return {index: min(7, max(0, each)) for index, each in found.items() if each != DEFAULT_PRIORITY}


def _goal(value: int, scale: int, factor: float) -> Goal:
    """Converts a seeding goal of qBittorrent.

    In qBittorrent, -2 means the global goal, and -1 means no goal.

    Args:
        value: the goal in qBittorrent's profile. Every goal there is multiplied by `scale`.
        scale: the factor of `value`, for example 1000 for a ratio.
        factor: converts `value` to Ouzel's unit.
    """
    if value == _NONE * scale:
        return "none"
    return value * factor if value >= 0 else "global"


def _magnet(resume: Mapping[bytes, Any]) -> str:
    """The magnet link of a torrent without metadata. Raises Unusable."""
    v1, v2 = resume.get(b"info-hash", b""), resume.get(b"info-hash2", b"")
    topics = [f"xt=urn:btih:{v1.hex()}"] if any(v1) else []
    topics += [f"xt=urn:btmh:1220{v2.hex()}"] if any(v2) else []
    if not topics:
        raise Unusable("it has neither metadata nor an info-hash")
    name = resume.get(b"name", b"")
    parts = [*topics, *([f"dn={quote(name)}"] if name else [])]
    parts += [f"tr={quote(url, safe='')}" for tier in resume.get(b"trackers", []) for url in tier]
    parts += [f"ws={quote(url, safe='')}" for url in resume.get(b"url-list", [])]
    return "magnet:?" + "&".join(parts)
