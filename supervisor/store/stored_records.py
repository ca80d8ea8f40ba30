"""What a resume directory holds, as it is read at a start: records, and what cannot be read or was put aside."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from protocol.internal.integrity import Damaged, cannot_be_read, decode_record, read
from protocol.internal.resume_dir import ResumeDir
from protocol.wire.desired import DesiredSession, DesiredTorrent
from supervisor.store.damage import DamagedFile, put_aside_as


class Unreadable(NamedTuple):
    """A file that is there, and of which nobody can say what it holds: its name, whose it is, and why."""

    name: str
    torrent: str | None
    problem: str


Found = DesiredTorrent | Unreadable | DamagedFile | None
"""What became of reading a record; None where it is not there any more."""


class Stored(NamedTuple):
    """All that a resume directory holds.

    Fields:
        torrents: the records, also of torrents that are leaving.
        session: what clients asked for of the whole session.
        unreadable: the records that wait until they can be read; nothing of their torrents is touched meanwhile.
        damaged: what was put aside.
        not_moved: resume data that had to be left where earlier versions had it, by name, and why.
    """

    torrents: list[DesiredTorrent]
    session: DesiredSession
    unreadable: list[Unreadable]
    damaged: list[DamagedFile]
    not_moved: list[tuple[str, OSError]]


def read_all(directory: ResumeDir) -> Stored:
    """Reads all there is. Raises OSError where the directory cannot be listed.

    What was read and is wrong is put aside; so are files that belong to no torrent. Resume data that still lies beside
    the records is moved to the engine's own directory.
    """
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
    for staged in _staged_names(directory):  # the supervisor before was not told, or had no time for it
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
    """What an engine has put aside; nothing where that cannot be listed, as it is no record."""
    try:
        return directory.staged_names()
    except OSError:
        return []


def cannot_be_listed(error: OSError) -> str:
    """What people are told while nothing is known of what a directory holds."""
    return f"the resume directory cannot be listed, and no torrent is known until it can ({error})"


def read_torrent(directory: ResumeDir, torrent: str) -> Found:
    """A torrent's record; one that was read and is wrong is put aside."""
    path = directory.desired(torrent)
    try:
        desired = decode_record(read(path), DesiredTorrent)
        if desired.torrent != torrent:
            raise Damaged(f"it speaks of torrent {desired.torrent!r}")
    except FileNotFoundError:
        return None
    except Damaged as error:
        return _put_aside(directory, path, torrent, error)
    except OSError as error:
        return Unreadable(path.name, torrent, cannot_be_read(path, error))
    return desired


def read_session(directory: ResumeDir) -> DesiredSession | Unreadable | DamagedFile:
    """The session's record, likewise; the default where there is none."""
    path = directory.session
    try:
        return decode_record(read(path), DesiredSession)
    except FileNotFoundError:
        return DesiredSession()
    except Damaged as error:
        return _put_aside(directory, path, None, error)
    except OSError as error:
        return Unreadable(path.name, None, cannot_be_read(path, error))


def aside(directory: ResumeDir, path: Path) -> str:
    """Puts a file aside, and says where it is now."""
    try:
        return put_aside_as(directory.put_aside(path))
    except OSError as error:
        return f"left where it is ({error})"


def _put_aside(directory: ResumeDir, path: Path, torrent: str | None, damage: Damaged) -> DamagedFile | Unreadable:
    """Puts a damaged record aside. Where that cannot be done it waits, so that nothing is written in its place."""
    what = f"{path.name} is damaged: {damage}"
    try:
        return DamagedFile(path.name, torrent, what, put_aside_as(directory.put_aside(path)))
    except OSError as error:
        return Unreadable(path.name, torrent, f"{what}; it could not be put aside ({error}), which is tried again")


def _clear(directory: ResumeDir, path: Path) -> None:
    """Deletes a temporary file; what nobody wrote stands in the way of what shall be written."""
    if path.is_dir() and not path.is_symlink():
        aside(directory, path)
        return
    with contextlib.suppress(OSError):  # it is in nobody's way; what keeps it there will be told of
        path.unlink()
