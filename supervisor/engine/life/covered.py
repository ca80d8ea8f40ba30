"""The places that an engine's sandbox does not cover any more. Pure.

The sandbox holds for the directories that there were when the engine was started. A disk that was mounted over a
download root, or a directory that was made anew, is another place, in which that engine can write nothing: it takes
another one.
"""

from collections.abc import Iterable, Mapping

from protocol.host.place import is_mount


def outdated(covered: Mapping[str, str], wanted: Iterable[str], seen: Mapping[str, str | None]) -> dict[str, str]:
    """The paths of which the place that is there now is not the one that is covered, and the place.

    Where there is nothing now, or a disk was unmounted, there is nothing to write either: the torrents there wait, and
    the disk that comes back is another place.

    Args:
        covered: the engine's, by path; empty where it has no sandbox, and then nothing is outdated.
        wanted: the paths that it is to write below.
        seen: what is there, by path; None for nothing.
    """
    if not covered:
        return {}
    found = {}
    for path in wanted:
        now, before = seen.get(path), covered.get(path)
        if now is None or now == before or (before is not None and is_mount(before) and not is_mount(now)):
            continue
        found[path] = now
    return found
