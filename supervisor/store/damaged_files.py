"""Lists, validates and restores the files in `damaged/`. The functions block, so call them in a thread."""

import contextlib
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, NamedTuple

from protocol.durable.durable import fsync_dir
from protocol.durable.integrity import Damaged, check_crc32, decode_record, read, unseal
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.results import DamagedKind, DamagedReport
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.damage import DamagedFile, put_aside_as
from supervisor.store.differences import REMOVED

_NAME: Final = re.compile(
    r"(?P<file>(?P<torrent>[0-9a-f]{40}|[0-9a-f]{64}|session)\.(?P<suffix>json|torrent|fastresume))"
    rf"(?P<removed>{re.escape(REMOVED)})?(?:\.(?P<number>[0-9]+))?"
)
_KINDS: Final[dict[str, DamagedKind]] = {"json": "record", "torrent": "metainfo", "fastresume": "resume_data"}


class Named(NamedTuple):
    """The parts of the name of a file in `damaged/`.

    Fields:
        file: the original name of the file.
        torrent: the id of its torrent; None for the session's file.
        removed: whether the file was put aside because its torrent had been removed.
    """

    name: str
    file: str
    torrent: str | None
    kind: DamagedKind
    removed: bool


class Restorable(NamedTuple):
    """The files of one restore.

    Fields:
        record: the record of the torrent or the session. None if only metainfo is restored.
        metainfo: the content of the torrent's .torrent file. None if the file is missing or damaged.
        resume: the content of the torrent's .fastresume file. None if the file is missing or damaged.
        used: the paths of these files in `damaged/`.
    """

    named: Named
    record: DesiredTorrent | DesiredSession | None
    metainfo: bytes | None = None
    resume: bytes | None = None
    used: tuple[Path, ...] = ()


def list_names(directory: ResumeDir) -> frozenset[str]:
    """The names of the files in `damaged/`. Raises OSError."""
    try:
        return frozenset(path.name for path in directory.damaged.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def unreplaced(directory: ResumeDir, names: Collection[str], known: Callable[[str], bool]) -> list[DamagedFile]:
    """The files in `damaged/` that no other file has replaced. After a restart, only these files are reported.

    Args:
        names: the names of the files in `damaged/`.
        known: whether a torrent exists.
    """
    found = {}
    for named in sorted(filter(None, map(_named, names))):
        if named.removed:
            continue
        if named.kind == "record":
            gone = not known(named.torrent or "")
        elif named.torrent is None:
            gone = not os.path.lexists(directory.session)
        else:
            gone = known(named.torrent) and not os.path.lexists(_home(directory, named))
        if gone:
            done = put_aside_as(directory.damaged / named.name)
            found[named.file] = DamagedFile(
                named.file, named.torrent, f"{named.file} was damaged, and nothing is in its place", done
            )
    return list(found.values())


def reports(directory: ResumeDir, known: Callable[[str], bool]) -> list[DamagedReport]:
    """Lists all files in `damaged/`, each with its problem if it cannot be restored. Raises OSError."""
    found = []
    for name in sorted(list_names(directory)):
        path = directory.damaged / name
        with contextlib.suppress(FileNotFoundError):
            state = path.lstat()
            named = _named(name)
            found.append(
                DamagedReport(
                    name=name,
                    torrent=None if named is None else named.torrent,
                    kind="other" if named is None else named.kind,
                    size=state.st_size,
                    put_aside_us=state.st_ctime_ns // 1000,
                    problem=_problem(directory, name, known),
                )
            )
    return found


def _problem(directory: ResumeDir, name: str, known: Callable[[str], bool]) -> str | None:
    """Why a file cannot be restored. None if the file can be restored."""
    try:
        prepare(directory, name, known)
    except OuzelError as error:
        return error.message.removeprefix("args.name: ")
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None


def prepare(
    directory: ResumeDir,
    name: str,
    known: Callable[[str], bool],
    desired: Callable[[str], DesiredTorrent | None] = lambda torrent: None,
) -> Restorable:
    """Reads and validates the files of a restore. Changes nothing.

    Args:
        name: the name of a file in `damaged/`.
        known: whether a torrent exists.
        desired: returns the desired state of a torrent, or None.

    Raises:
        OuzelError: UNKNOWN_DAMAGED: there is no such file.
        OuzelError: NOT_RESTORABLE: the file is damaged, or was replaced.
        OSError: the file cannot be read.
    """
    named = _named(name)
    path = directory.damaged / name
    if "/" in name or name in ("", ".", "..") or not os.path.lexists(path):
        raise OuzelError(ErrorKind.UNKNOWN_DAMAGED, f"args.name: damaged/ has no {name!r}", field="args.name")
    if named is None:
        totals = name.startswith("totals")
        raise _not_restorable("totals go on without it" if totals else "it is no file of a resume directory")
    try:
        content = read(path)
        if named.kind == "session":
            record = decode_record(content, DesiredSession)
            if os.path.lexists(directory.session):
                raise _not_restorable("there is a session.json in its place")
            return Restorable(named, record, used=(path,))
        assert named.torrent is not None
        if named.kind == "record":
            return _prepare_record(directory, named, decode_record(content, DesiredTorrent), known)
        if not known(named.torrent):
            raise _not_restorable("it belongs to no torrent; restore the torrent's .json, or add the torrent again")
        if named.kind == "resume_data":
            raise _not_restorable("the engine has made new resume data, or is about to")
        if os.path.lexists(directory.metainfo(named.torrent)):
            raise _not_restorable("there is a .torrent file in its place")
        there = desired(named.torrent)
        if there is not None and there.metainfo_crc32 is not None:
            check_crc32(content, there.metainfo_crc32)
        return Restorable(named, None, metainfo=content, used=(path,))
    except FileNotFoundError:
        raise OuzelError(ErrorKind.UNKNOWN_DAMAGED, f"args.name: damaged/ has no {name!r}", field="args.name") from None
    except Damaged as error:
        raise _not_restorable(f"it is damaged: {error}") from error


def _prepare_record(
    directory: ResumeDir, named: Named, record: DesiredTorrent, known: Callable[[str], bool]
) -> Restorable:
    """The record of a torrent, and the torrent's other files.

    The latest valid file of each kind in `damaged/` is used.
    """
    torrent = record.torrent
    if torrent != named.torrent:
        raise Damaged(f"it is of torrent {torrent!r}")
    if known(torrent):
        raise _not_restorable("there is a torrent of this id")
    latest: dict[DamagedKind, tuple[bytes, Path]] = {}
    beside = sorted(filter(None, map(_named, list_names(directory))), key=lambda each: _age(directory, each))
    for each in beside:
        if each.torrent != torrent or each.kind == "record":
            continue
        path = directory.damaged / each.name
        with contextlib.suppress(Damaged, FileNotFoundError):
            content = read(path)
            if each.kind == "resume_data":
                unseal(content)
            elif record.metainfo_crc32 is not None:
                check_crc32(content, record.metainfo_crc32)
            latest[each.kind] = content, path
    contents = {kind: content for kind, (content, _) in latest.items()}
    used = (directory.damaged / named.name, *sorted(path for _, path in latest.values()))
    return Restorable(named, record, contents.get("metainfo"), contents.get("resume_data"), used)


def discard(directory: ResumeDir, used: Collection[Path]) -> None:
    """Deletes restored files from `damaged/`. Errors are ignored, because the restored copies are in place."""
    with contextlib.suppress(OSError):
        for path in used:
            path.unlink(missing_ok=True)
        fsync_dir(directory.damaged)


def _named(name: str) -> Named | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    torrent, suffix = match["torrent"], match["suffix"]
    if torrent == "session":
        return Named(name, match["file"], None, "session", bool(match["removed"])) if suffix == "json" else None
    return Named(name, match["file"], torrent, _KINDS[suffix], bool(match["removed"]))


def _home(directory: ResumeDir, named: Named) -> Path:
    assert named.torrent is not None
    return (directory.metainfo if named.kind == "metainfo" else directory.fastresume)(named.torrent)


def _age(directory: ResumeDir, named: Named) -> int:
    try:
        return (directory.damaged / named.name).lstat().st_ctime_ns
    except OSError:
        return 0


def _not_restorable(why: str) -> OuzelError:
    return OuzelError(ErrorKind.NOT_RESTORABLE, f"args.name: {why}", field="args.name")
