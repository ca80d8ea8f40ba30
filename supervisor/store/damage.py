"""Files that were put aside, or cannot be read, as `health` shows them: the first by name, the rest by number. Pure.

What was put aside stays until its torrent is added again or removed, or the file is restored or deleted from
`damaged/`; after a restart, until something is in its place.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

SHOWN: Final = 10
MORE: Final = "damaged"
"""The subject of all that is not shown by name."""

MORE_UNREADABLE: Final = "unreadable"

_ASIDE: Final = "put aside as "


class DamagedFile(NamedTuple):
    """A file that was put aside: its name, whose it is, why, and where it is now.

    An `orphan` is not damaged itself: the record that would speak of it is not there.
    """

    name: str
    torrent: str | None
    what: str
    done: str
    orphan: bool = False

    @property
    def lies_aside(self) -> bool:
        """Whether it is in `damaged/` now."""
        return self.done.startswith(_ASIDE)


def put_aside_as(path: object) -> str:
    """What was done with a file, in words."""
    return f"{_ASIDE}{path}"


class Damage:
    """Files by name, each with what is wrong and where it is now.

    Args:
        more: the subject of all that is not shown by name.
        what: what is wrong with those.
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
        """Something is wrong with a file, which is in `damaged/` where it was put aside."""
        self._files[file] = what
        if aside:
            self._aside.add(file)

    def remove(self, file: str) -> None:
        """Nothing is wrong with a file any more."""
        self._files.pop(file, None)
        self._aside.discard(file)

    def keep_aside(self, lying: Collection[str]) -> None:
        """Only these files are in `damaged/`: the others were restored or deleted."""
        for file in self._aside - set(lying):
            self.remove(file)

    def __contains__(self, file: str) -> bool:
        return file in self._files

    def forget(self, torrent: str) -> None:
        """What was damaged of this torrent is of no interest any more."""
        for kind in ("json", "torrent", "fastresume"):
            self.remove(f"{torrent}.{kind}")

    def changes(self) -> dict[str, str | None]:
        """What to report now: problems by subject, None for a subject that has none any more."""
        problems = dict(list(self._files.items())[:SHOWN])
        if more := len(self._files) - len(problems):
            problems[self._more] = f"{more} {self._what}"
        gone, self._told = self._told - problems.keys(), frozenset(problems)
        return {**problems, **dict.fromkeys(gone)}
