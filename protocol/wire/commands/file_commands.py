"""The public commands about where a torrent's files are stored.

As in `protocol.wire.commands`, a Struct's tag is the `op`.
"""

from typing import Annotated

import msgspec

from protocol.wire.commands.kinds import Mutation, SavePath, TorrentId

FilePath = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class MoveStorage(Mutation, frozen=True, kw_only=True, tag="move_storage"):
    """Moves a torrent's files to another save path.

    The move is durable: if a process dies, the move continues. During the move the torrent is not loaded. Its state is
    `queued`, and `moving` in its row shows the progress. On the same file system the files are linked, which takes
    moments. To another file system they are copied. Once all files are in place, the originals are deleted. Then
    `save_path` changes, `storage_moved` is published, and the torrent is loaded again without hashing. Files that exist
    at the new path are never overwritten. If the move fails, `session_error` (`move_failed`) says why. Then the torrent
    continues at its present save path.

    To cancel a move while the files are being copied, move the torrent to its present save path. With `"wait":
    "applied"` the command is answered once the move has begun.

    Fields:
        save_path: an absolute path in the download roots. It is created if it does not exist.
    """

    torrent: TorrentId
    save_path: SavePath


class RelocateStorage(Mutation, frozen=True, kw_only=True, tag="relocate_storage"):
    """Changes the save path of a torrent whose files are at another path already. No file is moved or changed.

    For example, a disk was mounted elsewhere. The daemon looks for the files at the new path. If the torrent is
    complete, all its files must be there with their sizes. If it is incomplete, at least one of its files must be
    there. Then the torrent is unloaded for a moment, `storage_moved` is published, and the torrent is loaded at the new
    path. Only files that may have changed are hashed. A file may have changed if the file at the old path has another
    modification time. It may also have changed if it is newer than the torrent's resume data.

    Fields:
        save_path: an absolute path in the download roots.
        dry_run: whether nothing is changed. The reply is the same.
        force: whether the save path is changed even if files are missing at the new path.
    """

    torrent: TorrentId
    save_path: SavePath
    dry_run: bool = False
    force: bool = False


class RenameFile(Mutation, frozen=True, kw_only=True, tag="rename_file"):
    """Renames a file of a torrent, or moves it to another folder below the save path.

    The torrent is unloaded for a moment, and its peers are disconnected. Then `files_renamed` is published, and
    `list_files` shows the new path. Globs of the selection still apply to the name in the torrent. A file that exists
    at the new path is never overwritten.

    Fields:
        index: the file's index in the torrent, from 0.
        path: the new path, relative to the save path. It includes the root folder. Its separator is a slash.
    """

    torrent: TorrentId
    index: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    path: FilePath


class RenameFolder(Mutation, frozen=True, kw_only=True, tag="rename_folder"):
    """Renames a folder of a torrent with all files in it. For its effects see `rename_file`.

    Fields:
        path: the present path, relative to the save path. It includes the root folder. Its separator is a slash.
        new_path: the new path in the same form. The folder may exist, but no file in it is overwritten.
    """

    torrent: TorrentId
    path: FilePath
    new_path: FilePath
