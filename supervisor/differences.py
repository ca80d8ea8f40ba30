"""What a resume directory lacks of what is in memory, when it is back or another one has taken its place."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from protocol.desired import DesiredSession, DesiredTorrent
from protocol.durable import Change
from protocol.integrity import Damaged, encode_record, read
from protocol.resume_dir import ResumeDir


class Record(NamedTuple):
    """A record in memory, and the file that shall hold it; `torrent` is None for the session's."""

    torrent: str | None
    path: Path
    value: DesiredTorrent | DesiredSession


class Mended(NamedTuple):
    """What was wrong with a file, and what was done about it."""

    torrent: str | None
    what: str
    done: str


def differences(
    directory: ResumeDir, records: Sequence[Record], removed: Collection[str]
) -> tuple[list[Change], list[Mended]]:
    """What has to be written so that the directory holds these records, and what is told of it.

    Records of removed torrents, as an older snapshot of the directory has them, are put aside. Raises OSError.
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
            what, done = f"is damaged: {error}", f"put aside as {directory.put_aside(path)}; {done}"
        changes.append(Change(path, content))
        mended.append(Mended(torrent, f"{path.name} {what}", done))
    for torrent in removed:
        for path in (directory.desired(torrent), directory.metainfo(torrent), directory.fastresume(torrent)):
            try:
                aside = directory.put_aside(path)
            except FileNotFoundError:
                continue
            mended.append(Mended(torrent, f"{path.name} is of a removed torrent", f"put aside as {aside}"))
    return changes, mended
