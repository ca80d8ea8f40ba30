"""Computes the paths of a torrent's files for a content layout: with a root folder, or without. Pure.

libtorrent has sanitized the given paths (ADR 022), and the computed paths consist of the same names. So all computed
paths are in the save path.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from protocol.wire.desired import ContentLayout


def renamed(layout: ContentLayout, paths: Mapping[int, str]) -> dict[int, str]:
    """Returns, by file index, the paths that differ from the original paths.

    - `subfolder`: a torrent of a single file gets a folder. The folder has the file's name without the extension.
    - `no_subfolder`: if all files are in one root folder, that folder is removed.

    Args:
        paths: libtorrent's paths of all files, without padding.
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
