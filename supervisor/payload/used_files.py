"""Compares the paths that torrents use. Pure, for threads.

During a move, a torrent uses the present paths and the new paths.
"""

from collections.abc import Iterable
from typing import NamedTuple

from protocol.wire.desired import StorageMove
from supervisor.engine.torrents.observed.packed_files import Metadata


class UsedFiles(NamedTuple):
    """The files of a torrent.

    Fields:
        metadata: the files, with their present names.
        move: the move of the files; None if they are not being moved.
    """

    save_path: str
    metadata: Metadata
    move: StorageMove | None = None


def roots(save_path: str, paths: Iterable[str]) -> list[str]:
    """Returns the path of each root folder that has some of the files. Renamed files may be in several folders."""
    return [f"{save_path}/{root}" for root in dict.fromkeys(path.partition("/")[0] for path in paths)]


def with_one_of(paths: frozenset[str], theirs: dict[str, UsedFiles]) -> list[str]:
    """The torrents that use one of these paths."""
    return [torrent for torrent, files in theirs.items() if not paths.isdisjoint(_paths(files))]


def sharing(ours: UsedFiles, theirs: dict[str, UsedFiles]) -> list[str]:
    """The torrents that use a path of our files."""
    return with_one_of(frozenset(_paths(ours)), theirs)


def to_spare(
    ours: UsedFiles, theirs: "dict[str, UsedFiles | None]", places: dict[str, tuple[str, ...]]
) -> tuple[int, ...]:
    """The indices of our files that other torrents use. Only present paths count.

    If the files of another torrent are unknown (None), all our files at or below that torrent's places count as used.
    """
    numbers = {f"{ours.save_path}/{file.path}": file.index for file in ours.metadata.files()}
    spared: set[int] = set()
    for torrent, files in theirs.items():
        if files is not None:
            found = {numbers[path] for path in _paths(files) if path in numbers}
        else:
            found = {
                number
                for path, number in numbers.items()
                if any(path == place or path.startswith(f"{place}/") for place in places[torrent])
            }
        spared |= found
    return tuple(sorted(spared))


def _paths(files: UsedFiles) -> Iterable[str]:
    save_path, metadata, move = files
    for file in metadata.files():
        yield f"{save_path}/{file.path}"
    if move is not None:
        renames = dict(move.renames)
        for file in metadata.files():
            yield f"{move.save_path}/{renames.get(file.index, file.path)}"
