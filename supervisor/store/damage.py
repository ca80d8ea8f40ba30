"""Lists damaged and unreadable files for `health`. Pure.

A few files are listed by name. The others are only counted. A damaged file is listed until the file is restored or
deleted from `damaged/`. A removal or another add of its torrent also ends the listing. After a restart, a damaged file
is listed only if no other file has replaced it.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

SHOWN: Final = 10
MORE: Final = "damaged"
"""The subject of all files that are not shown by name."""

MORE_UNREADABLE: Final = "unreadable"

_ASIDE: Final = "put aside as "


class DamagedFile(NamedTuple):
    """A damaged file. It has a name, a torrent, the problem, and a text about its present place.

    An `orphan` is not damaged, but its record is missing.
    """

    name: str
    torrent: str | None
    what: str
    done: str
    orphan: bool = False

    @property
    def is_put_aside(self) -> bool:
        """Whether the file is in `damaged/` now."""
        return self.done.startswith(_ASIDE)


def put_aside_as(path: object) -> str:
    """The text for a file that was put aside under this path."""
    return f"{_ASIDE}{path}"


class Damage:
    """The damaged or unreadable files, by name, each with its problem.

    Args:
        more: the subject of all files that are not shown by name.
        what: the problem of these files.
    """

    def __init__(
        self, more: str = MORE, what: str = "more files were damaged; `ouzel damaged list` shows what was put aside"
    ) -> None:
        self._more = more
        self._what = what
        self._files: dict[str, str] = {}
        self._aside: set[str] = set()
        self._told: frozenset[str] = frozenset()

    def add(self, file: str, what: str, *, aside: bool = False) -> None:
        """Adds a problem of a file. `aside` says whether the file is in `damaged/`."""
        self._files[file] = what
        if aside:
            self._aside.add(file)

    def remove(self, file: str) -> None:
        """Removes a file's problem."""
        self._files.pop(file, None)
        self._aside.discard(file)

    def retain(self, lying: Collection[str]) -> None:
        """Removes files that are no longer in `damaged/`. They were restored or deleted."""
        for file in self._aside - set(lying):
            self.remove(file)

    def __contains__(self, file: str) -> bool:
        return file in self._files

    def discard(self, torrent: str) -> None:
        """Removes the problems of this torrent."""
        for kind in ("json", "torrent", "fastresume"):
            self.remove(f"{torrent}.{kind}")

    def changes(self) -> dict[str, str | None]:
        """Returns changed problems by subject. The problem is None if the subject no longer has one."""
        problems = dict(list(self._files.items())[:SHOWN])
        if more := len(self._files) - len(problems):
            problems[self._more] = f"{more} {self._what}"
        gone, self._told = self._told - problems.keys(), frozenset(problems)
        return {**problems, **dict.fromkeys(gone)}
