"""Checks on disk whether a move is possible. Runs in a thread, because a disk may hang.

The preflight gives the client a clear error at once. The engine repeats the check before it copies.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from protocol.wire.errors import ErrorKind, OuzelError
from supervisor.commands.moves.new_paths import PATH_MAX

SPARE: Final = 16 * 1024 * 1024
"""The free space that a copy leaves on its file system."""


class Preflight(NamedTuple):
    """What the check has found.

    Fields:
        made: the topmost missing directory of the new save path; None if no directory is missing.
    """

    made: str | None


def check(torrent: str, save_path: str, pairs: Sequence[tuple[str, str]], field: str) -> Preflight:
    """Checks on disk whether a move is possible.

    The checks are:
    - No file exists at a new path.
    - The new paths are possible.
    - There is space for the files.

    Args:
        save_path: the new save path. Links are resolved.
        pairs: the present and the new path of each known file.
        field: the argument that errors name.

    Raises:
        OuzelError: INVALID_ARGUMENT, FILE_EXISTS, NO_SPACE.
    """
    staged = f"{save_path}/.ouzel-moving-{torrent}/{'0' * 32}.part"
    longest = max([staged, *(new for present, new in pairs if _length(present) <= PATH_MAX)], key=_length)
    if _length(longest) > PATH_MAX:
        problem = f"{field}: {save_path[:200]!r} is too long: the path of a file would be longer than {PATH_MAX} bytes"
        raise OuzelError(ErrorKind.INVALID_ARGUMENT, problem, field=field)
    for _, new in pairs:
        if os.path.lexists(new):
            raise OuzelError(ErrorKind.FILE_EXISTS, f"{field}: {new!r} exists already", field=field)
    made, there = None, Path(save_path)
    while not there.exists() and there != there.parent:
        made, there = str(there), there.parent
    device = there.stat().st_dev
    needed = 0
    for present, _ in pairs:
        try:
            found = os.stat(present)  # noqa: PTH116  # a Path for each of a torrent's files takes longer than the call
        except (OSError, ValueError):
            continue
        if found.st_dev != device:
            needed += min(found.st_size, found.st_blocks * 512)
    space = os.statvfs(there)
    free = space.f_bavail * space.f_frsize
    if needed and needed + SPARE > free:
        problem = f"{field}: {save_path!r} has {free} bytes free, and {needed + SPARE} are needed"
        raise OuzelError(ErrorKind.NO_SPACE, problem, field=field)
    return Preflight(made)


def _length(path: str) -> int:
    return len(os.fsencode(path))
