"""Files that were put aside, as `health` shows them: the first by name, the rest by number. Pure.

Each stays until its torrent is added again or removed, or the supervisor is restarted: it is for people to look at, and
nothing that Ouzel does makes the old content whole.
"""

from typing import Final, NamedTuple

SHOWN: Final = 10
MORE: Final = "damaged"
"""The subject of all that is not shown by name."""


class DamagedFile(NamedTuple):
    """A file that was put aside: its name, whose it is, why, and where it is now.

    An `orphan` is not damaged itself: the record that would speak of it is not there.
    """

    name: str
    torrent: str | None
    what: str
    done: str
    orphan: bool = False


class Damage:
    """Damaged files by name, each with what is wrong and where it is now."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._told: frozenset[str] = frozenset()

    def add(self, file: str, what: str) -> None:
        """A file was put aside."""
        self._files[file] = what

    def forget(self, torrent: str) -> None:
        """What was damaged of this torrent is of no interest any more."""
        for kind in ("json", "torrent", "fastresume"):
            self._files.pop(f"{torrent}.{kind}", None)

    def changes(self) -> dict[str, str | None]:
        """What to report now: problems by subject, None for a subject that has none any more."""
        problems = dict(list(self._files.items())[:SHOWN])
        if more := len(self._files) - len(problems):
            problems[MORE] = f"{more} more files were damaged; `reconciled` events name them"
        gone, self._told = self._told - problems.keys(), frozenset(problems)
        return {**problems, **dict.fromkeys(gone)}
