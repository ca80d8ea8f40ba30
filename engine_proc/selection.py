"""Which files of a torrent are wanted: rules and explicit priorities in, a priority for each file out.

Globs are matched without regard to case, against a file's path with and without the torrent's root folder; a glob
without a slash is matched against the file's name in any folder; `**` crosses folders and dot files are files like
others.
"""

import functools
import re
from collections.abc import Callable, Iterable, Sequence
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

_FLAGS: Final = glob.GLOBSTAR | glob.DOTGLOB | glob.IGNORECASE | glob.FORCEUNIX


def priorities(paths: Sequence[str], selection: Selection, *, rooted: bool) -> list[int]:
    """The priority of each file.

    Explicit priorities beat `exclude`, which beats `include` and `only`. Fluff is left out only while something else is
    wanted: a torrent of nothing but notes is downloaded.

    Args:
        paths: the files' paths as the torrent has them, with `/`.
        selection: the rules.
        rooted: the paths begin with the torrent's root folder, as those of multi-file torrents do.
    """
    included = _matcher(selection.include, rooted)
    excluded = _matcher(selection.exclude, rooted)
    named = _named(selection.only, len(paths))
    wanted = [
        (not selection.include or included(path)) and not excluded(path) and named[index]
        for index, path in enumerate(paths)
    ]
    if selection.skip_fluff:
        fluff = _matcher(FLUFF, rooted)
        without = [want and not fluff(path) for path, want in zip(paths, wanted, strict=True)]
        wanted = without if any(without) else wanted
    return [selection.priorities.get(str(index), DEFAULT if want else UNWANTED) for index, want in enumerate(wanted)]


def _named(only: str | None, files: int) -> list[bool]:
    """Which of so many files the indices of `Selection.only` name. What lies beyond them costs nothing."""
    if only is None:
        return [True] * files
    named = [False] * files
    for span in only.split(","):
        first, _, last = span.partition("-")
        for index in range(int(first), min(int(last or first) + 1, files)):
            named[index] = True
    return named


def _matcher(globs: Iterable[str], rooted: bool) -> Callable[[str], bool]:
    """Whether a path matches one of the globs.

    A torrent may have 100,000 files, and the loop waits: all globs become two expressions, one for names and one for
    paths, which is ten times as fast as to ask for each glob whether it matches the path.
    """
    patterns = list(globs)
    deep = [pattern for pattern in patterns if "/" in pattern]
    for_names = _expression([pattern for pattern in patterns if "/" not in pattern])
    for_paths = _expression(deep)
    rooted = rooted and not all(pattern.startswith("**/") for pattern in deep)  # these match below the root, too
    whole_folders = all(pattern.endswith("/**") for pattern in deep)

    def matches_path(path: str) -> bool:
        assert for_paths is not None
        inside = path.partition("/")[2] if rooted else ""
        return bool(for_paths.match(path) or (inside and for_paths.match(inside)))

    matches_folder = functools.cache(lambda folder: matches_path(f"{folder}/any"))

    def matches(path: str) -> bool:
        folder, _, name = path.rpartition("/")
        if for_names is not None and for_names.match(name):
            return True
        return for_paths is not None and (matches_folder(folder) if whole_folders else matches_path(path))

    return matches


def _expression(patterns: list[str]) -> re.Pattern[str] | None:
    """What matches where one of the patterns does, None for no patterns."""
    if not patterns:
        return None
    positive, _ = glob.translate(patterns, flags=_FLAGS)
    return re.compile("|".join(positive))
