"""The pending questions to disks, each with a deadline. Pure."""

import itertools
import math
from enum import Enum
from typing import Final, NamedTuple

from engine_proc.resume.pieces import Examined
from engine_proc.storage.homes import Home
from protocol.wire.desired import DesiredTorrent

NEVER: Final = math.inf
"""The deadline of a question that has no time limit."""


class Kind(Enum):
    """The kind of question."""

    __hash__ = object.__hash__  # members are singletons; Enum's __hash__ is a call in Python

    LOOK = "look"
    """Whether a torrent's files exist."""
    CONFINE = "confine"
    """Whether paths lead out of the download roots."""
    LEFTOVERS = "leftovers"
    """Which files still exist after a deletion."""
    PROBE = "probe"
    """Whether files can be opened."""


class Looking(NamedTuple):
    """The subject of a `LOOK`: the torrent's desired state, its mount, and the claims of its resume data."""

    desired: DesiredTorrent
    home: Home
    examined: Examined


class Question(NamedTuple):
    """A pending question.

    Fields:
        subject: the torrent of the question, or another value that the caller of `ask` chose.
        token: identifies the question in its answer.
        until: the deadline in monotonic seconds, after which the disk counts as silent.
        looking: the subject of a `LOOK`; otherwise None.
    """

    kind: Kind
    subject: str | int
    token: int
    mount_point: str
    until: float
    looking: Looking | None = None


class Questions:
    """The pending questions: for each kind and subject, the latest."""

    def __init__(self) -> None:
        self._tokens = itertools.count(1)
        self._asked: dict[int, Question] = {}
        self._latest: dict[tuple[Kind, str | int], int] = {}
        self._earliest = NEVER
        """A lower bound of all deadlines."""

    def ask(
        self, kind: Kind, subject: str | int, mount_point: str, until: float, looking: Looking | None = None
    ) -> int:
        """Adds a question, and returns its token. Withdraws an earlier question of the same kind and subject."""
        self.withdraw(kind, subject)
        token = next(self._tokens)
        self._asked[token] = Question(kind, subject, token, mount_point, until, looking)
        self._latest[kind, subject] = token
        self._earliest = min(self._earliest, until)
        return token

    def answered(self, token: int) -> Question | None:
        """Removes and returns the question of an answer; None if the question was withdrawn."""
        question = self._asked.pop(token, None)
        if question is not None:
            del self._latest[question.kind, question.subject]
        return question

    def withdraw(self, kind: Kind, subject: str | int) -> None:
        """Withdraws a question. Its answer will be ignored."""
        token = self._latest.pop((kind, subject), None)
        if token is not None:
            del self._asked[token]

    def under_way(self, kind: Kind, subject: str | int) -> bool:
        """Whether a question is pending."""
        return (kind, subject) in self._latest

    def any_looks(self) -> bool:
        """Whether any `LOOK` is pending."""
        return any(question.kind is Kind.LOOK for question in self._asked.values())

    def overdue(self, now: float) -> list[Question]:
        """The questions that were not answered before their deadline. Each is returned once.

        Removes these questions. A `LOOK` is kept, because its late answer is still used.
        """
        if now < self._earliest:
            return []
        late = [question for question in self._asked.values() if question.until <= now]
        for question in late:
            if question.kind is Kind.LOOK:
                self._asked[question.token] = question._replace(until=NEVER)
            else:
                self.answered(question.token)
        self._earliest = min((question.until for question in self._asked.values()), default=NEVER)
        return late
