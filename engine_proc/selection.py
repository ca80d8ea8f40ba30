"""Which files of a torrent are wanted: rules and explicit priorities in, a priority for each file out.

Globs are matched without regard to case, against a file's path with and without the torrent's root folder; a glob
without a slash is matched against the file's name in any folder; `**` crosses folders and dot files are files like
others.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from wcmatch import glob

from protocol.desired import Selection

UNWANTED: Final = 0
DEFAULT: Final = 4

FLUFF: Final = (
    "*.nfo",
    "*.url",
    "*.lnk",
    "*.website",
    "*.sfv",
    "*.exe",
    "*.bat",
    "*.txt",
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
    "sample.*",
    "*-sample.*",
    "*.sample.*",
    "**/sample/**",
    "**/samples/**",
    "**/proof/**",
)
"""What `skip_fluff` leaves out: notes, links, checksums, executables, previews, and what file managers leave behind."""

_FLAGS: Final = glob.GLOBSTAR | glob.MATCHBASE | glob.DOTGLOB | glob.IGNORECASE | glob.FORCEUNIX


def priorities(paths: Sequence[str], selection: Selection, *, rooted: bool) -> list[int]:
    """The priority of each file.

    Explicit priorities beat `exclude`, which beats `include`. Fluff is left out only while something else is wanted: a
    torrent of nothing but notes is downloaded.

    Args:
        paths: the files' paths as the torrent has them, with `/`.
        selection: the rules.
        rooted: the paths begin with the torrent's root folder, as those of multi-file torrents do.
    """
    wanted = [
        (not selection.include or _matches(path, selection.include, rooted))
        and not _matches(path, selection.exclude, rooted)
        for path in paths
    ]
    if selection.skip_fluff:
        without = [want and not _matches(path, FLUFF, rooted) for path, want in zip(paths, wanted, strict=True)]
        wanted = without if any(without) else wanted
    return [selection.priorities.get(str(index), DEFAULT if want else UNWANTED) for index, want in enumerate(wanted)]


def _matches(path: str, globs: Iterable[str], rooted: bool) -> bool:
    patterns = list(globs)
    if not patterns:
        return False
    inside = path.partition("/")[2] if rooted else path
    return bool(glob.globmatch(path, patterns, flags=_FLAGS) or glob.globmatch(inside or path, patterns, flags=_FLAGS))
