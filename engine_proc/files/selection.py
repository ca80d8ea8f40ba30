"""Which files of a torrent are wanted: rules and explicit priorities in, a priority for each file out. Pure.

Globs (`engine_proc.files.globs`) are matched without regard to case, against a file's path with and without the
torrent's root folder; a glob without a slash is matched against the file's name in any folder. Dot files are files like
others.
The names are those that libtorrent has cleaned, before it numbers files of one name: a rename changes nothing.

A torrent may have 100,000 files and a selection 1,000 globs. So what it takes is known before (`work`), and it can be
done in slices (`decide`).
"""

import functools
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final

from engine_proc.files import globs
from protocol.wire.desired import Selection

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
"""The files that `skip_fluff` leaves out: notes, links, checksums, executables, previews, and files of file managers.
"""

SLICE: Final = 2_000_000
"""Steps between two pauses of `decide`, each a character of a path times one of a glob: a few milliseconds at worst."""

_PART: Final = 2_000
"""The characters of globs that become one expression: more are matched faster together, and block for longer."""


def work(paths: Sequence[str], selection: Selection) -> int:
    """The maximum number of steps of `decide`. `skip_fluff` is not counted: its globs are ours."""
    globs_size = sum(map(len, selection.include)) + sum(map(len, selection.exclude))
    return globs_size * (globs.COMPILING + sum(map(len, paths))) if globs_size else 0


def priorities(paths: Sequence[str], selection: Selection, *, rooted: bool) -> list[int]:
    """The priority of each file, by `decide`, without pauses."""
    deciding = decide(paths, selection, rooted=rooted)
    while True:
        try:
            next(deciding)
        except StopIteration as end:
            wanted: list[bool] = end.value
            return with_priorities(wanted, selection)


def with_priorities(wanted: Iterable[bool], selection: Selection) -> list[int]:
    """The priority of each file: explicit priorities override the rules."""
    chosen = [DEFAULT if want else UNWANTED for want in wanted]
    for index, priority in selection.priorities.items():
        if int(index) < len(chosen):
            chosen[int(index)] = priority
    return chosen


def decide(paths: Sequence[str], selection: Selection, *, rooted: bool) -> Generator[None, None, list[bool]]:
    """Whether the rules want each file, computed with a pause after each slice.

    `exclude` overrides `include` and `only`. Fluff is left out only while something else is wanted: a torrent of
    nothing but notes is downloaded.

    Args:
        paths: the torrent's paths, with `/`.
        selection: the rules.
        rooted: the paths begin with the torrent's root folder, as those of multi-file torrents do.
    """
    wanted = _named(selection.only, len(paths))
    if selection.include:
        included = yield from _matches(paths, selection.include, rooted)
        wanted = [want and into for want, into in zip(wanted, included, strict=True)]
    if selection.exclude:
        excluded = yield from _matches(paths, selection.exclude, rooted)
        wanted = [want and not out for want, out in zip(wanted, excluded, strict=True)]
    if selection.skip_fluff:
        fluff = _matcher(FLUFF, rooted)
        without = [want and not fluff(path) for path, want in zip(paths, wanted, strict=True)]
        wanted = without if any(without) else wanted
    return wanted


def _named(only: str | None, files: int) -> list[bool]:
    """Which files the indices of `Selection.only` name. Indices beyond the files cost nothing."""
    if only is None:
        return [True] * files
    named = [False] * files
    for span in only.split(","):
        first, _, last = span.partition("-")
        for index in range(int(first), min(int(last or first) + 1, files)):
            named[index] = True
    return named


def _matches(paths: Sequence[str], patterns: Sequence[str], rooted: bool) -> Generator[None, None, list[bool]]:
    """Whether each path matches one of the globs."""
    found = [False] * len(paths)
    left = SLICE
    for part in _parts(patterns):
        matches = _matcher(part, rooted)
        yield
        size = sum(map(len, part))
        for index, path in enumerate(paths):
            if not found[index]:
                found[index] = matches(path)
                left -= size * len(path)
                if left <= 0:
                    left = SLICE
                    yield
    return found


def _parts(patterns: Iterable[str]) -> list[list[str]]:
    """The globs, a few at a time."""
    parts: list[list[str]] = []
    size = _PART
    for pattern in dict.fromkeys(patterns):
        if size + len(pattern) > _PART:
            parts.append([])
            size = 0
        parts[-1].append(pattern)
        size += len(pattern)
    return parts


def _matcher(patterns: Sequence[str], rooted: bool) -> Callable[[str], bool]:
    """Whether a path matches one of the globs.

    All become two expressions, one for names and one for paths, which is ten times as fast as to ask for each glob
    whether it matches the path.
    """
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
    return globs.compiled(patterns) if patterns else None
