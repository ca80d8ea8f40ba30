"""Reads a resume directory at a start. Finds the records, the unreadable files, and the damaged files."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from protocol.durable.format_version import check_format
from protocol.durable.integrity import Damaged, NewerRecord, cannot_be_read, decode_record, read
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.damage import DamagedFile, put_aside_as


class Unreadable(NamedTuple):
    """A file that exists but cannot be read. It has a name, a torrent, and the problem."""

    name: str
    torrent: str | None
    problem: str


Found = DesiredTorrent | Unreadable | DamagedFile | None
"""The outcome of reading a record; None if the record is missing."""


class Stored(NamedTuple):
    """The content of a resume directory.

    Fields:
        torrents: the records. Records of torrents that are being removed are included.
        session: the desired state of the session.
        unreadable: the records that cannot be read yet. The files of their torrents are not changed meanwhile.
        damaged: the files that were put aside.
        not_moved: fast-resume data of earlier versions that could not be moved to its new directory. Each item has the
            file's name and the error.
    """

    torrents: list[DesiredTorrent]
    session: DesiredSession
    unreadable: list[Unreadable]
    damaged: list[DamagedFile]
    not_moved: list[tuple[str, OSError]]


def read_all(directory: ResumeDir) -> Stored:
    """Reads the whole directory. Raises OSError if the directory cannot be listed. Raises NewerFormat if its format is
    newer.

    Damaged files, and files without a torrent, are put aside. Earlier versions stored fast-resume data next to the
    records. This data is moved to the engine's own directory.
    """
    check_format(directory.root)
    with contextlib.suppress(OSError):  # the warden makes it as soon as it can be made
        directory.make_engine_dir()
    stored = Stored([], DesiredSession(), [], [], directory.migrate())
    torrents, leftovers = directory.torrents(), directory.leftovers()
    known = set(torrents)
    for torrent in torrents:
        match read_torrent(directory, torrent):
            case DesiredTorrent() as desired:
                stored.torrents.append(desired)
            case Unreadable() as unreadable:
                stored.unreadable.append(unreadable)
            case DamagedFile() as damaged:
                stored.damaged.append(damaged)
                known.discard(torrent)
            case None:
                known.discard(torrent)
    match read_session(directory):
        case DesiredSession() as session:
            stored = stored._replace(session=session)
        case Unreadable() as unreadable:
            stored.unreadable.append(unreadable)
        case DamagedFile() as damaged:
            stored.damaged.append(damaged)
    if os.path.lexists(directory.staged) and (directory.staged.is_symlink() or not directory.staged.is_dir()):
        aside(directory, directory.staged)
    for staged in _staged_names(directory):  # files that the previous supervisor did not move to `damaged/`
        torrent = staged.partition(".")[0]
        owner = torrent if torrent in known else None
        name = staged if owner is None else directory.fastresume(owner).name
        try:
            done = put_aside_as(directory.take_staged(staged))
        except OSError as error:
            done = f"left where it is ({error})"
        stored.damaged.append(DamagedFile(name, owner, f"{name} is damaged", done, orphan=owner is None))
    for path in directory.orphans(known):
        if path.suffix != ".json":
            what = f"{path.name} belongs to no torrent"
            stored.damaged.append(DamagedFile(path.name, path.stem, what, aside(directory, path), orphan=True))
    for path in leftovers:
        _clear(directory, path)
    return stored


def _staged_names(directory: ResumeDir) -> list[str]:
    """The files that an engine has put aside.

    If these files cannot be listed, the result is empty, because records do not depend on these files.
    """
    try:
        return directory.staged_names()
    except OSError:
        return []


def cannot_be_listed(error: OSError) -> str:
    """The text of the problem while the directory cannot be listed."""
    return f"the resume directory cannot be listed, and no torrent is known until it can ({error})"


def read_torrent(directory: ResumeDir, torrent: str) -> Found:
    """Reads a torrent's record. A damaged record is put aside."""
    try:
        desired = decode_record(read(directory.desired_name(torrent)), DesiredTorrent)
        if desired.torrent != torrent:
            raise Damaged(f"it is of torrent {desired.torrent!r}")
    except FileNotFoundError:
        return None
    except NewerRecord as error:
        return _newer(directory.desired(torrent), torrent, error)
    except Damaged as error:
        return _put_aside(directory, directory.desired(torrent), torrent, error)
    except OSError as error:
        path = directory.desired(torrent)
        return Unreadable(path.name, torrent, cannot_be_read(path, error))
    return desired


def read_session(directory: ResumeDir) -> DesiredSession | Unreadable | DamagedFile:
    """Reads the session's record. Without a record, returns the default. A damaged record is put aside."""
    path = directory.session
    try:
        return decode_record(read(path), DesiredSession)
    except FileNotFoundError:
        return DesiredSession()
    except NewerRecord as error:
        return _newer(path, None, error)
    except Damaged as error:
        return _put_aside(directory, path, None, error)
    except OSError as error:
        return Unreadable(path.name, None, cannot_be_read(path, error))


def aside(directory: ResumeDir, path: Path) -> str:
    """Puts a file aside. Returns a text with the file's new path, or with the error."""
    try:
        return put_aside_as(directory.put_aside(path))
    except OSError as error:
        return f"left where it is ({error})"


def _put_aside(directory: ResumeDir, path: Path, torrent: str | None, damage: Damaged) -> DamagedFile | Unreadable:
    """Puts a damaged record aside. If that fails, the record counts as unreadable, so it is not overwritten."""
    what = f"{path.name} is damaged: {damage}"
    try:
        return DamagedFile(path.name, torrent, what, put_aside_as(directory.put_aside(path)))
    except OSError as error:
        return Unreadable(path.name, torrent, f"{what}; it could not be put aside ({error}), which is tried again")


def _newer(path: Path, torrent: str | None, error: NewerRecord) -> Unreadable:
    """A record that a newer version has written. The record is not moved or overwritten."""
    problem = f"{path} was written by a newer version of Ouzel ({error}); it is left alone: install that version again"
    return Unreadable(path.name, torrent, problem)


def _clear(directory: ResumeDir, path: Path) -> None:
    """Deletes the temporary file of an interrupted write, which would block a new write.

    If there is a directory instead of a file, puts the directory aside.
    """
    if path.is_dir() and not path.is_symlink():
        aside(directory, path)
        return
    with contextlib.suppress(OSError):  # harmless: if the error lasts, the next write reports it
        path.unlink()
