"""Finds the directories that an engine's sandbox does not cover any more. Pure.

A sandbox covers the directories that existed when the engine was started. If a disk is mounted over a download root
later, or the directory is made anew, the engine cannot write there: only another engine can. A *place* is the identity
of a directory, including whether it is a mount point.
"""

from collections.abc import Iterable, Mapping

from protocol.host.place import is_mount


def outdated(covered: Mapping[str, str], wanted: Iterable[str], seen: Mapping[str, str | None]) -> dict[str, str]:
    """Returns the paths whose current place is not covered, with that place.

    A path is not outdated while its directory is missing or its disk is not mounted: the torrents there wait. When the
    disk is mounted again, its directory counts as another place.

    Args:
        covered: the places that the engine's sandbox covers, by path; empty without a sandbox; then no path is
            outdated.
        wanted: the paths below which the engine has to be able to write.
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
