"""What is left on the disk of a torrent whose files were to be deleted, and why. Asked by a disk's own thread.

libtorrent names one error of many, the last one, which is as a rule that a folder is not empty. So the disk is asked:
a file of the torrent that is still there is left. A folder is left where it is empty, or where NFS keeps what somebody
has open (`.nfs...`). One in which there are files of others is none of this torrent's.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple


class Leftover(NamedTuple):
    """A path that is still there, and why, as far as that can be told."""

    path: str
    why: str | None

    def __str__(self) -> str:
        return repr(self.path) if self.why is None else f"{self.path!r} ({self.why})"


def leftovers(paths: Sequence[str], save_path: str, mount_points: Collection[str] = ()) -> list[Leftover]:
    """What is left of these files, and of the folders below the save path that they were in.

    Args:
        paths: absolute, as `SourceInfo.paths` has them: the part file, each file, and for symbolic links their folders.
        save_path: which is not one of the torrent's folders.
        mount_points: what cannot be deleted since something is mounted on it.
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
    for folder in _folders(paths, save_path):
        found += _left_of(folder)
    return found


def _folders(paths: Iterable[str], save_path: str) -> list[str]:
    """The folders of the torrent, the deepest first."""
    found: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)  # noqa: PTH120  # a Path for each of 100,000 files takes longer than all else
        while folder.startswith(save_path.rstrip("/") + "/") and folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)  # noqa: PTH120
    return sorted(found, key=lambda folder: (-folder.count("/"), folder))


def _left_of(folder: str) -> list[Leftover]:
    try:
        if stat.S_ISLNK(os.lstat(folder).st_mode):
            return []
        names = os.listdir(folder)  # noqa: PTH208  # names are what is wanted
        if not names:
            os.rmdir(folder)  # noqa: PTH106  # for what is wrong with it; nothing is lost where nothing is
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    except OSError as error:
        return [] if error.errno in (errno.ENOTEMPTY, errno.ENAMETOOLONG) else [Leftover(folder, error.strerror)]
    return [Leftover(f"{folder}/{name}", "somebody has it open") for name in sorted(names) if name.startswith(".nfs")]


def _why(path: str, mount_points: Collection[str]) -> str | None:
    """Why a file cannot be deleted: as a folder it cannot be in any case, but for what forbids both first."""
    if path in mount_points:
        return os.strerror(errno.EBUSY)
    try:
        os.rmdir(path)  # noqa: PTH106
    except OSError as error:
        return None if error.errno in (errno.ENOTDIR, errno.ENOENT) else error.strerror
    return None
