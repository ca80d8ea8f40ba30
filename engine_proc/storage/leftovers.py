"""Finds a torrent's files that still exist after the deletion, and the reasons. Runs on the disk's thread.

libtorrent reports only the last of several errors, usually that a folder is not empty. So this module checks the disk.
A *leftover* is one of these:

- a file of the torrent that still exists;
- an empty folder of the torrent that cannot be deleted;
- a folder of the torrent with `.nfs...` files, which NFS keeps for open files.

A folder with other files is no leftover.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple


class Leftover(NamedTuple):
    """A path that still exists, and the reason, if known."""

    path: str
    why: str | None

    def __str__(self) -> str:
        return repr(self.path) if self.why is None else f"{self.path!r} ({self.why})"


def leftovers(paths: Sequence[str], save_path: str, mount_points: Collection[str] = ()) -> list[Leftover]:
    """The leftovers among these files, and among their folders below the save path.

    Args:
        paths: the absolute paths in `SourceInfo.paths`: the part file, each file, and the folders of symbolic links.
        save_path: the save path, which is not one of the torrent's folders.
        mount_points: the mount points, which cannot be deleted.
    """
    found = []
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                continue
            found.append(Leftover(path, error.strerror))
            continue
        if not is_folder:
            found.append(Leftover(path, _why(path, mount_points)))
    for folder in folders(paths, save_path):
        found += _left_of(folder)
    return found


def folders(paths: Iterable[str], save_path: str) -> list[str]:
    """The folders of the torrent, the deepest first."""
    found: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)  # noqa: PTH120  # making 100,000 Paths takes longer than the rest
        while folder.startswith(save_path.rstrip("/") + "/") and folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)  # noqa: PTH120
    return sorted(found, key=lambda folder: (-folder.count("/"), folder))


def _left_of(folder: str) -> list[Leftover]:
    try:
        if stat.S_ISLNK(os.lstat(folder).st_mode):
            return []
        names = os.listdir(folder)  # noqa: PTH208  # only names are needed
        if not names:
            os.rmdir(folder)  # noqa: PTH106  # to get the error; deleting an empty folder does no harm
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    except OSError as error:
        return [] if error.errno in (errno.ENOTEMPTY, errno.ENAMETOOLONG) else [Leftover(folder, error.strerror)]
    return [Leftover(f"{folder}/{name}", "somebody has it open") for name in sorted(names) if name.startswith(".nfs")]


def _why(path: str, mount_points: Collection[str]) -> str | None:
    """Why a file cannot be deleted.

    Calls rmdir(2), which never deletes a file. If unlink(2) would fail, rmdir(2) reports the same error.
    """
    if path in mount_points:
        return os.strerror(errno.EBUSY)
    try:
        os.rmdir(path)  # noqa: PTH106
    except OSError as error:
        return None if error.errno in (errno.ENOTDIR, errno.ENOENT) else error.strerror
    return None
