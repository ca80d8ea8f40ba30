"""The files of a torrent in libtorrent's `file_storage`: their paths, their priorities, and the selected bytes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import libtorrent

from engine_proc.files import content_layout, own_paths, selected_bytes, selection
from engine_proc.files.selected_bytes import FileSpan, SelectedBytes
from engine_proc.libtorrent_adapter.parsing.libtorrent_hashes import text_of
from engine_proc.session.session_port import InvalidSource, Layout
from protocol.wire.desired import ContentLayout, DesiredTorrent, Selection
from protocol.wire.events.torrent_events import FileEntry
from protocol.wire.metadata import TEXT_MAX, KnownMetadata, content_of

lt: Any = libtorrent
"""Untyped: the binding's type stubs require class instances where the binding itself accepts dictionaries."""

PATH_MAX: Final = 4095
"""The maximum length of a path in bytes, as in the Linux kernel."""

_LAST_S: Final = 2**53 // 1_000_000
"""The last time, in seconds since 1970, whose microseconds fit into an integer of the protocol."""

Choose = Callable[[DesiredTorrent, Sequence[str]], list[int]]
"""A function that computes the priority of each file from the desired state and the files' paths.

May raise NotSelected.
"""

_EVERYTHING: Final = Selection()


def choose_at_once(desired: DesiredTorrent, paths: Sequence[str]) -> list[int]:
    """The priority of each file. Blocks until the selection is evaluated."""
    return selection.priorities(paths, desired.selection, rooted=any("/" in path for path in paths))


def layout(info: Any, file_priorities: Sequence[int], renamed: Mapping[int, str], params: Any = None) -> Layout:
    """The files as stored on disk. Padding is left out, also in the total size.

    Args:
        renamed: as in `file_path`.
        params: the parameters, if there are any. They have the data of the .torrent file outside of the info
            dictionary.
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
        metadata=_metadata(info, [file.path for file in files], [file.size for file in files], params),
        files=files,
        torrent_paths=own_paths.differing(
            {file.index: file.path for file in files}, own_paths.own_paths(lt.bdecode(info.info_section()), padding)
        ),
    )


def lay_out(params: Any, layout: ContentLayout) -> None:
    """Renames files in the parameters to the paths of a content layout. Files with other names are skipped."""
    if layout == "original" or params.ti is None:
        return
    storage, pad = params.ti.layout(), params.ti.layout().flag_pad_file
    files = (index for index in range(storage.num_files()) if not storage.file_flags(index) & pad)
    names = content_layout.renamed(layout, {index: storage.file_path(index) for index in files})
    params.renamed_files = names | dict(params.renamed_files)


def known(params: Any) -> KnownMetadata:
    """The metadata of a torrent whose paths are decided, without padding files."""
    storage, renamed = params.ti.layout(), params.renamed_files
    pad = storage.flag_pad_file
    files = [index for index in range(storage.num_files()) if not storage.file_flags(index) & pad]
    paths = [renamed.get(index) or storage.file_path(index) for index in files]
    return _metadata(params.ti, paths, [storage.file_size(index) for index in files], params)


def _metadata(info: Any, paths: Sequence[str], sizes: Sequence[int], params: Any) -> KnownMetadata:
    seconds = 0 if params is None else params.creation_date
    return KnownMetadata(
        name=info.name(),
        size=sum(sizes),
        piece_length=info.piece_length(),
        files=len(sizes),
        pieces=info.num_pieces(),
        root=content_of(paths),
        private=info.priv(),
        comment="" if params is None else _text(params, "comment"),
        created_by="" if params is None else _text(params, "created_by"),
        created_us=seconds * 1_000_000 if 0 < seconds <= _LAST_S else None,
    )


def _text(params: Any, field: str) -> str:
    """A text in the .torrent file, cut to TEXT_MAX characters; empty if it is not UTF-8."""
    try:
        text: str = getattr(params, field)
    except UnicodeDecodeError:
        return ""
    return text[:TEXT_MAX]


def selected(info: Any, file_priorities: Sequence[int]) -> SelectedBytes | None:
    """The totals of a selection in bytes; None if all files are selected.

    Once a torrent has all pieces, libtorrent counts all pieces as selected.
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
    """The selection's priority of each file, including padding. Symbolic links (BEP 47) are never selected.

    libtorrent creates a link if the target's path is inside the torrent. But that path may contain another torrent's
    link, which leads elsewhere.
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
    """Whether the resume data has all pieces of all selected files."""
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
    """The paths that libtorrent may write, delete or read with these parameters; see `SourceInfo.paths`."""
    parts = part_path(params.save_path, params.part_file_dir, params.info_hashes)
    if params.ti is None:
        return [parts]
    return [parts, *file_paths(params.ti.layout(), params.renamed_files, params.save_path)]


def part_path(save_path: str, part_file_dir: str, info_hashes: Any) -> str:
    """The path of the part file, which need not exist."""
    name = f".{text_of(info_hashes.get_best())}.parts"
    return _stored_at(save_path, f"{part_file_dir}/{name}" if part_file_dir else name)


def file_path(storage: Any, renamed: Mapping[int, str], save_path: str, index: int) -> str:
    """The path of a file on disk.

    Args:
        renamed: by file index, paths that differ from the torrent's paths. If two files or folders have the same path,
            libtorrent renames a file. In resume data (`mapped_files`) a file may have any path.
    """
    return _stored_at(save_path, renamed.get(index) or storage.file_path(index))


def file_paths(storage: Any, renamed: Mapping[int, str], save_path: str, but: Collection[int] = ()) -> list[str]:
    """The paths of the files on disk, as in `SourceInfo`. Files with an index in `but` are left out."""
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
    """The path on disk of a path in a torrent, as libtorrent computes it."""
    return path if path.startswith("/") else f"{save_path}/{path}"


def check_paths(paths: Sequence[str]) -> None:
    """Raises InvalidSource if a path is too long for any file system."""
    for path in paths:
        if len(path.encode()) > PATH_MAX:
            raise InvalidSource(f"the path of a file is longer than {PATH_MAX} bytes: {path[:100]!r}...")
