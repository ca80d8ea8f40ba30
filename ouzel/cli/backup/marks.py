"""Payload marks: the sizes and modification times of a torrent's files, when a backup was made.

A mark says that the claims in the fast-resume data fit this state of the file. If the file has another mark after a
restore, its claims are in doubt, and its pieces are hashed. If the paths of a torrent's files are not certain, all its
files are doubted.
"""

import os
import queue
import stat
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ouzel.cli.backup.snapshot import TorrentFiles
from ouzel.cli.importing import bencode
from protocol.durable import doubted

PATIENCE_S: Final = 5.0
"""The time that a disk may take to answer. A disk that does not answer is not asked again."""

Mark = tuple[int, int]
"""The size of a file, and its modification time in nanoseconds."""

_MAPPED: Final = b"mapped_files"
"""The member of the fast-resume data with the names of renamed files."""
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


class Question(NamedTuple):
    """Asks for the marks of one torrent's files, which are all on one disk."""

    mount_point: str
    paths: Sequence[str]


Answer = list[Mark | None] | None
"""The marks of the files of a question. None if their disk does not answer, or a file cannot be examined."""


class Disks:
    """Asks disks for marks. A disk that hangs delays a backup only once.

    A thread examines the files. Ask many questions at once, because each call has to wait for the thread.
    """

    def __init__(self) -> None:
        self._hung: set[str] = set()
        self._thread: _Asker | None = None

    def marks(self, questions: Sequence[Question]) -> list[Answer]:
        """Returns the answers, in the order of the questions."""
        answers: list[Answer] = [None] * len(questions)
        for mount_point in {question.mount_point for question in questions} - self._hung:
            chosen = [index for index, question in enumerate(questions) if question.mount_point == mount_point]
            asker = self._thread = self._thread or _Asker()
            found = asker.ask([questions[index].paths for index in chosen])
            for index, answer in zip(chosen, found, strict=False):
                answers[index] = answer
            if len(found) < len(chosen):
                self._hung.add(mount_point)
                self._thread = None  # the thread may hang for ever
        return answers


class _Asker:
    """A thread that examines files of one disk at a time."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[Sequence[Sequence[str]], list[Answer]]] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._examined = 0
        threading.Thread(target=self._run, name="marks", daemon=True).start()

    def ask(self, questions: Sequence[Sequence[str]]) -> list[Answer]:
        """Returns the answers. If no file was examined for PATIENCE_S, some answers are missing."""
        answers: list[Answer] = []
        before = self._examined
        self._asked.put((questions, answers))
        while True:
            try:
                self._answered.get(timeout=PATIENCE_S)
            except queue.Empty:
                if self._examined == before:
                    return answers.copy()
                before = self._examined
            else:
                return answers

    def _run(self) -> None:
        while True:
            questions, answers = self._asked.get()
            for paths in questions:
                answers.append(self._answer(paths))
            self._answered.put(None)

    def _answer(self, paths: Sequence[str]) -> Answer:
        found = []
        for path in paths:
            try:
                found.append(_mark(path))
            except (OSError, ValueError):  # ValueError: a text that cannot be a path
                return None
            finally:
                self._examined += 1
        return found


def of(batch: Sequence[TorrentFiles], disks: Disks) -> list[PayloadMarks | None]:
    """Returns the marks of torrents. None if a torrent's files are not known, or cannot be examined."""
    known = [_files_of(files) for files in batch]
    questions = [
        Question(files.desired.mount_point, [f"{files.desired.save_path}/{path}" for path in paths])
        for files, (_, paths) in zip(batch, known, strict=True)
    ]
    marks: list[PayloadMarks | None] = []
    for (certain, paths), found in zip(known, disks.marks(questions), strict=True):
        if certain is None or found is None:
            marks.append(None)
            continue
        pairs = zip(paths, found, strict=True)
        marks.append(PayloadMarks(certain=certain, files=[Marked(path=path, mark=mark) for path, mark in pairs]))
    return marks


def question(marks: PayloadMarks | None, save_path: str, mount_point: str) -> Question:
    """Returns the question for the present marks of a torrent. `save_path` is the present directory of the files."""
    return Question(mount_point, [f"{save_path}/{each.path}" for each in marks.files] if marks is not None else [])


def doubts(marks: PayloadMarks | None, found: Answer) -> list[int]:
    """Returns the indices of the files that have changed since the backup. `doubted.ALL` stands for all files.

    A file that did not exist at the backup is doubted, too. libtorrent may store it under another name, or in its part
    file.

    Args:
        marks: the marks in the backup. None if the backup has none for the torrent.
        found: the present marks.
    """
    if marks is None or found is None:
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
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _files_of(files: TorrentFiles) -> tuple[bool | None, list[str]]:
    """Returns the paths of a torrent's files, and whether their indices are certain. None if nothing is known."""
    if files.resume is None:
        return None, []
    try:
        certain, paths = _paths(files)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None, []
    return certain, paths


def _paths(files: TorrentFiles) -> tuple[bool, list[str]]:
    """Returns the paths of a torrent's files below the save path, and whether their indices are certain.

    Raises ValueError if libtorrent has to store a file under another name than the torrent gives it.
    """
    assert files.resume is not None, "checked before"
    # Decoding takes most of the time of a backup. The data of most torrents has nothing that is needed here.
    resume = bencode.decode(files.resume) if files.metainfo is None or _MAPPED in files.resume else {}
    if files.metainfo is None and b"info" not in resume:
        return True, []  # a magnet link without metadata has no files
    info = bencode.decode(files.metainfo)[b"info"] if files.metainfo is not None else resume[b"info"]
    name = _text(info, b"name")
    if b"files" in info:
        paths = [
            "" if b"p" in each.get(b"attr", b"") else "/".join([name, *map(_component, _parts(each))])
            for each in info[b"files"]
        ]
    elif b"length" in info:
        paths = [name]
    else:
        tree = list(_tree(info[b"file tree"], ()))
        paths = [name] if tree == [name] else [f"{name}/{path}" for path in tree]
    stored = [path for path in paths if path]
    if len(set(stored)) < len(stored):
        raise ValueError("two files have the same path")
    for index, renamed in enumerate(resume.get(_MAPPED, [])):
        if renamed and index < len(paths) and paths[index]:
            paths[index] = renamed.decode()
    for index, path in files.desired.renames:
        if index < len(paths) and paths[index]:
            paths[index] = path
    return b"file tree" not in info, paths


def _text(info: dict[bytes, Any], key: bytes) -> str:
    value: bytes = info.get(key + b".utf-8", info[key])
    return _component(value)


def _parts(each: dict[bytes, Any]) -> list[bytes]:
    found: list[bytes] = each.get(b"path.utf-8", each[b"path"])
    return found


def _component(name: bytes) -> str:
    """A component of a path. Raises ValueError if a torrent must not have such a component."""
    if name in (b"", b".", b"..") or b"/" in name:
        raise ValueError("it is no name of a file")
    return name.decode()


def _tree(tree: dict[bytes, Any], above: tuple[str, ...]) -> Iterator[str]:
    for name, below in tree.items():
        if name == b"":
            yield "/".join(above)
        else:
            yield from _tree(below, (*above, _component(name)))
