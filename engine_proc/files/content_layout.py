"""Computes the paths of a torrent's files for a content layout: with a root folder, or without. Pure.

The paths in a torrent are sanitized already (ADR 022), and the computed ones consist of the same names. So they stay
in the save path like the original ones.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from protocol.wire.desired import ContentLayout


def renamed(layout: ContentLayout, paths: Mapping[int, str]) -> dict[int, str]:
    """Returns the paths that differ from the original ones, by file index.

    - `subfolder`: a torrent that is a single file gets a folder, named like the file without its extension.
    - `no_subfolder`: the root folder is removed, if all files are in it.

    Args:
        paths: the paths of all files but padding, as libtorrent stores them.
    """
    roots = {path.partition("/")[0] for path in paths.values()}
    rooted = len(roots) == 1 and all("/" in path for path in paths.values())
    if layout == "subfolder" and not rooted:
        return {index: f"{_folder(path)}/{path}" for index, path in paths.items() if "/" not in path}
    if layout == "no_subfolder" and rooted:
        return {index: path.partition("/")[2] for index, path in paths.items()}
    return {}


def _folder(path: str) -> str:
    return PurePosixPath(path).stem or path
