"""Finds the directories that an engine's sandbox no longer covers. Pure.

A sandbox covers the directories that existed when the engine was started. Later, a disk may be mounted over a download
root, or the directory may be made anew. In that case, this engine cannot write there, but a new engine can. A *place*
is the identity of a directory. It includes whether the directory is a mount point.
"""

from collections.abc import Iterable, Mapping

from protocol.host.place import is_mount


def outdated(covered: Mapping[str, str], wanted: Iterable[str], seen: Mapping[str, str | None]) -> dict[str, str]:
    """Returns the paths that are outdated, each with its current place. The sandbox does not cover this place.

    If a directory is missing or its disk is not mounted, the path is not outdated. Torrents below such a path wait.
    When the disk is mounted again, its directory counts as another place.

    Args:
        covered: the places that the engine's sandbox covers, by path. It is empty without a sandbox, and then no path
            is outdated.
        wanted: the paths below which the engine must be able to write.
        seen: the current place at each path; None if there is no directory.
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
