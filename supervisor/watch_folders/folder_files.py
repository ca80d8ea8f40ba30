"""Reads and renames the files of a watch folder. The functions block, so call them in a thread."""

import contextlib
import itertools
import os
import stat
from pathlib import Path
from typing import Final

from protocol.wire.codec import MAX_FRAME_BYTES
from supervisor.watch_folders.pending_files import SUFFIXES, Stamp

ADDED: Final = ".added"
INVALID: Final = ".invalid"
REASON: Final = ".txt"

FILE_BYTES_MAX: Final = MAX_FRAME_BYTES
LINKS_MAX: Final = 1000
"""The maximum number of links in a .magnet file."""


class Unusable(Exception):
    """The file can never be added. The message says why."""


def scan(folder: Path) -> dict[str, Stamp] | str:
    """Returns the files that may be added, and their stamps. If the folder cannot be read, returns a problem."""
    found: dict[str, Stamp] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith("."):
                    with contextlib.suppress(OSError):  # it has gone, or is a link to nothing
                        status = entry.stat()
                        if stat.S_ISREG(status.st_mode):
                            found[entry.name] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    except FileNotFoundError:
        return "the folder does not exist"
    except OSError as error:
        return f"the folder cannot be read: {error.strerror}"
    return found


def read(file: Path) -> bytes | list[str]:
    """The metainfo in a .torrent file, or the links in a .magnet file.

    Raises:
        OSError: the file cannot be read.
        Unusable: its content is not metainfo or links.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unusable("it is not a regular file")
        with open(descriptor, "rb", closefd=False) as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(content) > FILE_BYTES_MAX:
        raise Unusable(f"it has more than {FILE_BYTES_MAX >> 20} MiB")
    if not file.name.lower().endswith(".magnet"):
        return content
    try:
        links = [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise Unusable("it is not a text in UTF-8") from None
    if not links:
        raise Unusable("it has no magnet link")
    if len(links) > LINKS_MAX:
        raise Unusable(f"it has more than {LINKS_MAX} lines")
    return links


def mark(file: Path, stamp: Stamp, suffix: str, reason: str | None = None) -> bool:
    """Adds a suffix to a file's name, and a number if the new name is in use. If there is a `reason`, writes the reason
    to a text file.

    If the file was replaced meanwhile, returns False, and does not rename the file. Raises OSError.
    """
    status = file.stat()
    if (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns) != stamp:
        return False
    names = (f"{file.name}{suffix}{f'.{number}' if number else ''}" for number in itertools.count())
    new = next(each for each in map(file.with_name, names) if not os.path.lexists(each))
    if reason is not None:
        new.with_name(new.name + REASON).write_text(reason + "\n", encoding="utf-8")
    file.rename(new)
    return True
