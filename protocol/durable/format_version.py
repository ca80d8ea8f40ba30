"""The format of the resume directory, and the refusal of a newer format.

The number grows only with a change that an earlier program would misread. A new member of a record is no such change,
because a program keeps members that it does not know. See docs/adr/064.

- Format 0 has no `format.json`. Versions of Ouzel before format 1 did not write this file.
- Format 1 has `format.json`. Its records are those of format 0.
"""

import contextlib
import os
from pathlib import Path
from typing import Any, Final

import msgspec

FORMAT: Final = 1
"""The format that this program writes. It also reads all earlier formats."""

FIRST: Final = 1
"""The format of a record that does not name its format."""

FORMAT_FILE: Final = "format.json"
FORMAT_MEMBER: Final = "format"
_MAX_BYTES: Final = 4096


class NewerFormat(OSError):
    """A newer version of Ouzel has written a directory. The message says which formats differ, and what to do.

    The error is an OSError, because the directory cannot be read until a newer version is installed.

    Args:
        what: the path of the directory.
        found: the format of the directory.
        written_by: the version of Ouzel that wrote the directory; empty if unknown.
    """

    def __init__(self, what: str, found: int, written_by: str) -> None:
        writer = f"Ouzel {written_by}" if written_by else "a newer version of Ouzel"
        again = f"Ouzel {written_by}" if written_by else "that version"
        super().__init__(
            f"{what} was written by {writer} in format {found}, and this version reads format {FORMAT} at most; "
            f"nothing was changed; install {again} or a later one, or restore a backup from before its upgrade"
        )


class DirectoryFormat(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `format.json`.

    Fields:
        format: the format of the directory.
        written_by: the version of Ouzel that last opened the directory.
    """

    format: int
    written_by: str = ""


def format_of(members: dict[str, Any]) -> int:
    """The format that a record names. A record without a number has the first format."""
    found = members.get(FORMAT_MEMBER, FIRST)
    return found if isinstance(found, int) else FIRST


def read_format(file: Path) -> DirectoryFormat | None:
    """The content of `format.json`. None if there is no such file, or if it is damaged.

    A damaged file is no error, because the records name their formats, too. Raises OSError if the file cannot be read.
    """
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        content = os.read(fd, _MAX_BYTES)
    finally:
        os.close(fd)
    with contextlib.suppress(msgspec.MsgspecError, RecursionError):
        return msgspec.json.decode(content, type=DirectoryFormat)
    return None


def check_format(directory: Path) -> None:
    """Raises NewerFormat if a newer version has written the resume directory. Changes nothing. Raises OSError."""
    found = read_format(directory / FORMAT_FILE)
    if found is not None and found.format > FORMAT:
        raise NewerFormat(str(directory), found.format, found.written_by)
