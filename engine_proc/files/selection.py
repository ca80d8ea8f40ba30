"""Evaluates a selection: computes each file's priority from rules and explicit priorities. Pure.

Globs (`engine_proc.files.globs`) ignore case. A glob is matched against a file's path with and without the torrent's
root folder. A glob without a slash is matched against the file's name in any folder. Dot files have no special meaning.
The names are libtorrent's sanitized names. libtorrent may rename files of equal names. The selection does not change
after that.

A torrent may have 100,000 files, and a selection may have 1,000 globs. So `work` computes the cost beforehand, and
`decide` evaluates in slices.
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
"""The globs of files that `skip_fluff` excludes: notes, links, checksums, executables, previews, desktop metadata.
"""

SLICE: Final = 2_000_000
"""The number of steps between two pauses of `decide`. These steps take at most a few milliseconds.

A step compares one character of a path with one character of a glob.
"""

_PART: Final = 2_000
"""The number of characters of globs that are combined into one expression.

With more characters the evaluation is faster, but each call blocks the loop for longer.
"""


def work(paths: Sequence[str], selection: Selection) -> int:
    """The maximum number of steps of `decide`, without the steps for the trusted globs of `skip_fluff`."""
    globs_size = sum(map(len, selection.include)) + sum(map(len, selection.exclude))
    return globs_size * (globs.COMPILING + sum(map(len, paths))) if globs_size else 0


def priorities(paths: Sequence[str], selection: Selection, *, rooted: bool) -> list[int]:
    """The priority of each file, computed by `decide` without pauses."""
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
    """Computes whether the rules select each file, with a pause after each slice.

    `exclude` overrides `include` and `only`. Fluff is excluded only if other files are selected. So a torrent that has
    only notes is downloaded.

    Args:
        paths: the paths of the torrent's files, separated by `/`.
        selection: the rules.
        rooted: whether the paths begin with the torrent's root folder, as in multi-file torrents.
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
    """For each file, whether `Selection.only` contains its index. Indices beyond the last file cost nothing."""
    if only is None:
        return [True] * files
    named = [False] * files
    for span in only.split(","):
        first, _, last = span.partition("-")
        for index in range(int(first), min(int(last or first) + 1, files)):
            named[index] = True
    return named


def _matches(paths: Sequence[str], patterns: Sequence[str], rooted: bool) -> Generator[None, None, list[bool]]:
    """For each path, whether the path matches one of the globs."""
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
    """Splits the globs into lists of limited total length."""
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
    """A function that returns whether a path matches one of the globs.

    The globs are combined into two expressions: one for names, and one for paths. Matching each glob separately would
    take ten times longer.
    """
    deep = [pattern for pattern in patterns if "/" in pattern]
    for_names = _expression([pattern for pattern in patterns if "/" not in pattern])
    for_paths = _expression(deep)
    rooted = rooted and not all(pattern.startswith("**/") for pattern in deep)  # `**/` matches below the root, too
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
    """A regular expression that matches any text that one of the patterns matches. None without patterns."""
    return globs.compiled(patterns) if patterns else None
