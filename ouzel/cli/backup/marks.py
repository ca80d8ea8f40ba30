"""Payload marks: the sizes and modification times of a torrent's files, when a backup was made.

A mark says that the claims in the fast-resume data fit this state of the file. If the file has another mark after a
restore, its claims are in doubt, and its pieces are hashed. Where the paths of files are not certain, all are doubted.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from ouzel.cli.backup.snapshot import TorrentFiles
from ouzel.cli.importing import bencode
from protocol.durable import doubted

PATIENCE_S: Final = 5.0
"""The time that a disk may take to answer. A disk that does not answer is not asked again."""

Mark = tuple[int, int]
"""The size of a file, and its modification time in nanoseconds."""

_SECOND: Final = 1_000_000_000


class Marked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A file of a torrent: its path below the save path, and its mark. None if the file did not exist.

    Padding (BEP 47) is never stored. Its path is empty.
    """

    path: str
    mark: Mark | None


class PayloadMarks(msgspec.Struct, frozen=True, kw_only=True):
    """The marks of one torrent.

    Fields:
        certain: whether the position of a file in `files` is its index in the torrent.
    """

    certain: bool
    files: list[Marked]


class Disks:
    """Asks disks for marks. A disk that hangs delays a backup only once."""

    def __init__(self) -> None:
        self._hung: set[str] = set()
        self._thread: _Asker | None = None

    def mark(self, mount_point: str, paths: Sequence[str]) -> list[Mark | None] | None:
        """Returns the marks of files. None if their disk does not answer, or a file cannot be examined."""
        if mount_point in self._hung:
            return None
        asker = self._thread = self._thread or _Asker()
        try:
            return asker.ask(lambda: [_mark(path) for path in paths])
        except queue.Empty:
            self._hung.add(mount_point)
            self._thread = None  # the thread may hang for ever
            return None
        except OSError:
            return None


class _Asker:
    """A thread that answers one question at a time."""

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[Callable[[], list[Mark | None]]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[Mark | None] | OSError] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="marks", daemon=True).start()

    def ask(self, question: Callable[[], list[Mark | None]]) -> list[Mark | None]:
        """Returns the answer. Raises OSError, and queue.Empty if there is no answer in time."""
        self._questions.put(question)
        answer = self._answers.get(timeout=PATIENCE_S)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def _run(self) -> None:
        while True:
            question = self._questions.get()
            try:
                self._answers.put(question())
            except (OSError, ValueError) as error:  # ValueError: a text that cannot be a path
                self._answers.put(error if isinstance(error, OSError) else OSError(str(error)))


def of(files: TorrentFiles, disks: Disks) -> PayloadMarks | None:
    """Returns the marks of a torrent. None if its files are not known, or cannot be examined."""
    if files.resume is None:
        return None
    try:
        certain, paths = _paths(files)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    found = disks.mark(files.desired.mount_point, [f"{files.desired.save_path}/{path}" for path in paths])
    if found is None:
        return None
    marked = [Marked(path=path, mark=mark if path else None) for path, mark in zip(paths, found, strict=True)]
    return PayloadMarks(certain=certain, files=marked)


def doubts(marks: PayloadMarks | None, save_path: str, mount_point: str, disks: Disks) -> list[int]:
    """Returns the indices of the files that are not as they were. `doubted.ALL` stands for all files.

    A file that did not exist is doubted, too. libtorrent may store it under another name, or in its part file.

    Args:
        marks: the marks in the backup. None if the backup has none for the torrent.
        save_path: the directory of the files now.
    """
    if marks is None:
        return [doubted.ALL]
    found = disks.mark(mount_point, [f"{save_path}/{each.path}" for each in marks.files])
    if found is None:
        return [doubted.ALL]
    both = enumerate(zip(marks.files, found, strict=True))
    changed = [index for index, (each, now) in both if each.path and not _same(each.mark, now)]
    return [doubted.ALL] if changed and not marks.certain else changed


def _same(then: Mark | None, now: Mark | None) -> bool:
    """Whether a file is unchanged. Some tools copy modification times without the fraction of a second."""
    if then is None or now is None or then[0] != now[0]:
        return False
    return then[1] == now[1] or (now[1] % _SECOND == 0 and then[1] // _SECOND == now[1] // _SECOND)


def _mark(path: str) -> Mark | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # called for each file of each torrent
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size, found.st_mtime_ns


def _paths(files: TorrentFiles) -> tuple[bool, list[str]]:
    """Returns the paths of a torrent's files below the save path, and whether their indices are certain."""
    assert files.resume is not None, "checked before"
    resume = bencode.decode(files.resume)
    if files.metainfo is None and b"info" not in resume:
        return True, []  # a magnet link without metadata has no files
    info = bencode.decode(files.metainfo)[b"info"] if files.metainfo is not None else resume[b"info"]
    name = _text(info, b"name")
    if b"files" in info:
        paths = [
            "" if b"p" in each.get(b"attr", b"") else "/".join([name, *(part.decode() for part in _parts(each))])
            for each in info[b"files"]
        ]
    elif b"length" in info:
        paths = [name]
    else:
        tree = list(_tree(info[b"file tree"], ()))
        paths = [name] if len(tree) == 1 else [f"{name}/{path}" for path in tree]
    for index, renamed in enumerate(resume.get(b"mapped_files", [])):
        if renamed and index < len(paths) and paths[index]:
            paths[index] = renamed.decode()
    for index, path in files.desired.renames:
        if index < len(paths) and paths[index]:
            paths[index] = path
    return b"file tree" not in info, paths


def _text(info: dict[bytes, Any], key: bytes) -> str:
    value: bytes = info.get(key + b".utf-8", info[key])
    return value.decode()


def _parts(each: dict[bytes, Any]) -> list[bytes]:
    found: list[bytes] = each.get(b"path.utf-8", each[b"path"])
    return found


def _tree(tree: dict[bytes, Any], above: tuple[str, ...]) -> Iterator[str]:
    for name, below in tree.items():
        if name == b"":
            yield "/".join(above)
        else:
            yield from _tree(below, (*above, name.decode()))
