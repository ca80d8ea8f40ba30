"""Files of a torrent by libtorrent's `file_storage`: where they are, which are wanted, and what that comes to."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.files import own_paths, selected_bytes, selection
from engine_proc.files.selected_bytes import FileSpan, SelectedBytes
from engine_proc.session.session_port import InvalidSource, Layout
from protocol.wire.desired import DesiredTorrent, KnownMetadata, Selection
from protocol.wire.events import FileEntry

lt: Any = libtorrent
"""Untyped: the binding's stubs want class instances where the binding itself takes dictionaries."""

PATH_MAX: Final = 4095
"""Bytes of a path, as the system takes it."""

Choose = Callable[[DesiredTorrent, Sequence[str]], list[int]]
"""The priority of each file by what is desired, given the files' paths. May raise NotSelected."""

_EVERYTHING: Final = Selection()


def choose_at_once(desired: DesiredTorrent, paths: Sequence[str]) -> list[int]:
    """The priority of each file, however long that takes."""
    return selection.priorities(paths, desired.selection, rooted=any("/" in path for path in paths))


def layout(info: Any, file_priorities: Sequence[int], renamed: Mapping[int, str]) -> Layout:
    """The files as they are on the disk; padding is left out, of the size too.

    Args:
        renamed: as in `file_path`.
    """
    storage = info.layout()
    padding = [bool(storage.file_flags(index) & storage.flag_pad_file) for index in range(storage.num_files())]
    files = [
        FileEntry(
            index=index,
            path=renamed.get(index) or storage.file_path(index),
            size=storage.file_size(index),
            priority=int(file_priorities[index]) if index < len(file_priorities) else selection.DEFAULT,
        )
        for index, pad in enumerate(padding)
        if not pad
    ]
    return Layout(
        name=info.name(),
        size=sum(file.size for file in files),
        piece_length=info.piece_length(),
        files=files,
        torrent_paths=own_paths.differing(
            {file.index: file.path for file in files}, own_paths.own_paths(lt.bdecode(info.info_section()), padding)
        ),
    )


def known(info: Any) -> KnownMetadata:
    """What the info dictionary says; padding is left out."""
    storage = info.layout()
    pad = storage.flag_pad_file
    sizes = [storage.file_size(index) for index in range(storage.num_files()) if not storage.file_flags(index) & pad]
    return KnownMetadata(name=info.name(), size=sum(sizes), piece_length=info.piece_length(), files=len(sizes))


def selected(info: Any, file_priorities: Sequence[int]) -> SelectedBytes | None:
    """What a selection comes to in bytes; None where all is wanted.

    Once a torrent has all pieces, libtorrent takes all of them for wanted, whatever the selection.
    """
    if selection.UNWANTED not in file_priorities:
        return None
    storage = info.layout()
    pad = storage.flag_pad_file
    spans = (
        FileSpan(storage.file_offset(index), storage.file_size(index), file_priorities[index] != selection.UNWANTED)
        for index in range(min(storage.num_files(), len(file_priorities)))
        if not storage.file_flags(index) & pad
    )
    return selected_bytes.of(spans, storage.piece_length())


def priorities(storage: Any, desired: DesiredTorrent, choose: Choose = choose_at_once) -> list[int]:
    """The selection's verdict on each file, padding files too. Symbolic links (BEP 47) are never wanted.

    libtorrent makes a link whose target is, going by names, in the torrent; through a link that lies there already, of
    another torrent's say, it leads elsewhere.
    """
    files = range(storage.num_files())
    if desired.selection == _EVERYTHING:
        verdict = [selection.DEFAULT] * len(files)
    else:
        paths = [storage.file_path(index) for index in files]
        verdict = choose(desired, paths)
    link = storage.flag_symlink
    for index in files:
        if storage.file_flags(index) & link:
            verdict[index] = selection.UNWANTED
    return verdict


def has_all_wanted(params: Any) -> bool:
    """Whether the resume data has every piece of every wanted file. `have_pieces` is padded to whole bytes."""
    if params.ti is None:
        return False
    storage, have = params.ti.layout(), params.have_pieces
    for index in range(storage.num_files()):
        size = storage.file_size(index)
        if size == 0 or params.file_priorities[index] == selection.UNWANTED:
            continue
        first = storage.piece_index_at_file(index)
        last = (storage.file_offset(index) + size - 1) // storage.piece_length()
        if last >= len(have) or not all(have[first : last + 1]):
            return False
    return True


def paths(params: Any) -> list[str]:
    """Where libtorrent may write, delete or read with these parameters, as in `SourceInfo`."""
    parts = part_path(params.save_path, params.part_file_dir, params.info_hashes)
    if params.ti is None:
        return [parts]
    return [parts, *file_paths(params.ti.layout(), params.renamed_files, params.save_path)]


def part_path(save_path: str, part_file_dir: str, info_hashes: Any) -> str:
    """Where the parts of unwanted files are, if there are any."""
    name = f".{info_hashes.get_best()}.parts"
    return _stored_at(save_path, f"{part_file_dir}/{name}" if part_file_dir else name)


def file_path(storage: Any, renamed: Mapping[int, str], save_path: str, index: int) -> str:
    """Where a file is.

    Args:
        renamed: names by file index, where they are not what the torrent says. libtorrent gives files others where two
            have the same, or one is another's directory; resume data (`mapped_files`) may name any path at all.
    """
    return _stored_at(save_path, renamed.get(index) or storage.file_path(index))


def file_paths(storage: Any, renamed: Mapping[int, str], save_path: str, but: Collection[int] = ()) -> list[str]:
    """Where the files are, as in `SourceInfo`, without those of some indices."""
    found = []
    for index in range(storage.num_files()):
        if index in but:
            continue
        flags, path = storage.file_flags(index), file_path(storage, renamed, save_path, index)
        if flags & storage.flag_symlink:
            found.append(path.rpartition("/")[0])
        elif not flags & storage.flag_pad_file:
            found.append(path)
    return found


def _stored_at(save_path: str, path: str) -> str:
    """Where libtorrent has a path of a torrent's."""
    return path if path.startswith("/") else f"{save_path}/{path}"


def check_paths(paths: Sequence[str]) -> None:
    """Refuses what no disk can hold. Raises InvalidSource."""
    for path in paths:
        if len(path.encode()) > PATH_MAX:
            raise InvalidSource(f"the path of a file is longer than {PATH_MAX} bytes: {path[:100]!r}...")
