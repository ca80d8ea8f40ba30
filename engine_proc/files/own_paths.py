"""What a torrent itself calls its files, before libtorrent makes names of it that a disk takes. Pure.

The info dictionary has a list of files (BEP 3), each with its `path`, and often `path.utf-8`, which goes first; or a
tree (BEP 52) in the order of its keys. libtorrent goes by the tree where there are both, and puts padding in itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

LONGEST: Final = 512
"""Characters that are told of a path; what is longer ends in an ellipsis. A disk takes a few hundred in all."""

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def own_paths(info: Any, padding: Sequence[bool]) -> list[str] | None:
    """The path of each file with the root folder, None where the info dictionary does not say it of every file.

    Args:
        info: the info dictionary, decoded.
        padding: which of libtorrent's files are padding; these have no path that matters, an empty one here.
    """
    if not isinstance(info, dict):
        return None
    name = _text(info.get(b"name.utf-8", info.get(b"name", b"")))
    if isinstance(tree := info.get(b"file tree"), dict):
        leaves = ["/".join(path) for path in _leaves(tree)]
        if len(leaves) != padding.count(False):
            return None
        files = iter([name] if leaves == [name] else [f"{name}/{path}" for path in leaves])
        return ["" if pad else _cut(next(files)) for pad in padding]
    listed = info.get(b"files")
    if not isinstance(listed, list):
        return [_cut(name)] if len(padding) == 1 else None
    paths = [_joined(file) for file in listed]
    return None if len(paths) != len(padding) else [_cut(f"{name}/{path}") for path in paths]


def differing(shown: Mapping[int, str], own: Sequence[str] | None) -> dict[str, str]:
    """By index, the torrent's own paths where they are not what is shown."""
    if own is None:
        return {}
    return {str(index): own[index] for index, path in shown.items() if own[index] != path}


def _joined(file: Any) -> str:
    path = file.get(b"path.utf-8", file.get(b"path")) if isinstance(file, dict) else None
    return "/".join(map(_text, path)) if isinstance(path, list) else _REPLACEMENT


def _leaves(tree: Mapping[bytes, Any]) -> Iterator[tuple[str, ...]]:
    """The files of a tree. It may be as deep as libtorrent reads, which is less than Python's own limit."""
    for name, below in tree.items():
        if not isinstance(below, dict):
            continue
        if b"" in below:
            yield (_text(name),)
        else:
            for path in _leaves(below):
                yield (_text(name), *path)


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else _REPLACEMENT


def _cut(path: str) -> str:
    return path if len(path) <= LONGEST else path[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
