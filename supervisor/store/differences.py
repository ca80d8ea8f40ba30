"""The differences between a resume directory and the state in memory, and their repairs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from protocol.durable.durable import Change
from protocol.durable.integrity import Damaged, cannot_be_read, check_crc32, encode_record, read
from protocol.durable.resume_dir import ResumeDir
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from supervisor.store.damage import DamagedFile, put_aside_as

REMOVED: Final = ".removed"
"""The suffix of files that were put aside because their torrents were removed. These files are not reported."""


class Record(NamedTuple):
    """A record in memory, and its file. `torrent` is None for the session's record."""

    torrent: str | None
    path: Path
    value: DesiredTorrent | DesiredSession


class Mended(NamedTuple):
    """A repair of a file: the problem, and the action against the problem."""

    torrent: str | None
    what: str
    done: str


def differences(
    directory: ResumeDir, records: Sequence[Record], removed: Collection[str]
) -> tuple[list[Change], list[Mended]]:
    """Returns the writes that make the directory agree with these records. Also returns the repairs to report.

    An older copy of the directory may have records of removed torrents. These records are put aside. Raises OSError.
    """
    changes, mended = [], []
    for torrent, path, value in records:
        content, done = encode_record(value), "written again from memory"
        try:
            if read(path) == content:
                continue
            what = "is not what was acknowledged last"
        except FileNotFoundError:
            what = "is missing"
        except Damaged as error:
            what, done = f"is damaged: {error}", f"{put_aside_as(directory.put_aside(path))}; {done}"
        except OSError as error:
            what = f"cannot be read ({error.strerror})"  # the file is overwritten with the acknowledged state in memory
        changes.append(Change(path, content))
        mended.append(Mended(torrent, f"{path.name} {what}", done))
    for torrent in removed:
        for path in (
            directory.desired(torrent),
            directory.metainfo(torrent),
            directory.fastresume(torrent),
            directory.old_fastresume(torrent),
        ):
            try:
                aside = directory.put_aside(path, mark=REMOVED)
            except FileNotFoundError:
                continue
            mended.append(Mended(torrent, f"{path.name} is of a removed torrent", f"put aside as {aside}"))
    if removed:
        directory.sync_put_aside()  # this includes files that an earlier attempt has put aside
    return changes, mended


class Checked(NamedTuple):
    """The outcome of a check of .torrent files. It has the damaged files, and the errors of unreadable files by
    torrent.
    """

    damaged: list[DamagedFile]
    unreadable: dict[str, str]


def check_metainfo(directory: ResumeDir, torrents: Mapping[str, DesiredTorrent], chosen: Iterable[str]) -> Checked:
    """Puts .torrent files aside that do not match the checksums in their records.

    Without this check, damage could stay undetected until the engine reads the file.

    Args:
        torrents: all torrents. The mapping may change meanwhile.
        chosen: the ids of the torrents to check.
    """
    found = Checked([], {})
    for torrent in chosen:
        desired, path = torrents.get(torrent), directory.metainfo(torrent)
        try:
            if desired is not None and desired.metainfo_crc32 is not None:
                check_crc32(read(path), desired.metainfo_crc32)
        except Damaged as error:
            if torrents.get(torrent) is desired and (aside := _put_aside(directory, path)) is not None:
                found.damaged.append(DamagedFile(path.name, torrent, f"{path.name} is damaged: {error}", aside))
        except FileNotFoundError:
            continue
        except OSError as error:
            found.unreadable[torrent] = cannot_be_read(path, error)
    return found


def refused_metainfo(
    directory: ResumeDir, torrents: Mapping[str, DesiredTorrent], torrent: str, problem: str
) -> DamagedFile | None:
    """Puts a .torrent file aside, because an engine reports damage. Returns None if the file is not damaged any more.

    Args:
        torrents: all torrents. The mapping may change meanwhile.
        problem: the engine's message.
    """
    desired, path = torrents.get(torrent), directory.metainfo(torrent)
    if desired is None:
        return None
    if desired.metainfo_crc32 is not None:
        return next(iter(check_metainfo(directory, torrents, [torrent]).damaged), None)
    aside = _put_aside(directory, path)
    return None if aside is None else DamagedFile(path.name, torrent, f"{path.name} is damaged: {problem}", aside)


def move_staged(directory: ResumeDir, done: str, staged: str) -> str:
    """Moves a file that an engine has put aside to `damaged/`. Returns the engine's text with the new path."""
    try:
        return done.replace(f"put aside as {directory.staged / staged}", put_aside_as(directory.take_staged(staged)))
    except OSError:
        return done


def _put_aside(directory: ResumeDir, path: Path) -> str | None:
    """Puts a file aside. Returns a text with the file's new path. None if another thread has moved the file already."""
    try:
        return put_aside_as(directory.put_aside(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"left where it is ({error})"
