"""The problems of a configuration. Each has a place, a key and a sentence. Pure."""

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem of the configuration.

    Fields:
        message: a sentence with the problem and its remedy.
        key: `section.key`, or only a section. None if the problem is of the whole file.
        file: the configuration file that the problem is in.
        line: the line in the file, from 1 on; None if unknown.
        variable: the environment variable that the problem is in.
    """

    message: str
    key: str | None = None
    file: str | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        """Returns the problem in one line.

        The form is `FILE:LINE: section.key: sentence` or `VARIABLE: section.key: sentence`.
        """
        place = self.variable or self.file
        if place is not None and self.line is not None:
            place = f"{place}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.message) if part)


class InvalidConfig(Exception):
    """The configuration cannot be used. The message names the place and the key of the first problem.

    Fields:
        problems: all problems, at least one.
    """

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = [Problem(message=problems)] if isinstance(problems, str) else list(problems)
        more = len(self.problems) - 1
        others = f" (and {more} more; `ouzeld --check` names all)" if more else ""
        super().__init__(f"{self.problems[0]}{others}")
